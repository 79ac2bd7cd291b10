package screen

import (
	"fmt"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/mvrun/mvrun/viewer"
)

// draw makes the picture of the model, and tells where the cursor is seen, if
// anywhere.
func (m *model) draw() (*canvas, *point) {
	c := newCanvas(m.width, m.height)
	l := m.layout(c)
	m.drawTabs(l.tabs)
	m.drawFilter(l.filter)
	var cursor *point
	switch m.mode {
	case filtering:
		cursor = m.drawForm(l.body)
	case helping:
		m.drawHelp(l.body)
	case reading:
		m.drawDetails(l.body, false)
	default:
		m.drawTitles(l.titles)
		m.drawRows(l.rows)
		m.drawDetails(l.details, l.beside)
	}
	if at := m.drawStatus(l.status); at != nil {
		cursor = at
	}
	return c, cursor
}

// tabPlaces are the columns at which the tabs' names begin, and where the last one
// ends. Where there is no room for all names, only the open tab has one.
func (m *model) tabPlaces() (places [6]int, names [5]string) {
	for _, short := range []bool{false, true} {
		x := 0
		for i, l := range m.listings {
			names[i] = fmt.Sprintf(" %d %s ", i+1, m.word(strings.ToUpper(string(l.kind))))
			if short && i != m.tab {
				names[i] = fmt.Sprintf(" %d ", i+1)
			}
			places[i] = x
			x += displaywidth.String(names[i])
		}
		if places[5] = x; x <= m.width {
			break
		}
	}
	return places, names
}

func (m *model) tabAt(x int) int {
	places, _ := m.tabPlaces()
	for i := range m.listings {
		if x >= places[i] && x < places[i+1] {
			return i
		}
	}
	return -1
}

func (m *model) drawTabs(a area) {
	places, names := m.tabPlaces()
	for i, name := range names {
		s := style{}
		if i == m.tab {
			s = style{bold: true, reverse: true}
		}
		a.put(places[i], 0, name, s)
	}
	text, s := m.liveness()
	room := a.width - places[5] - 2
	width := displaywidth.String(text)
	if width > room {
		return
	}
	a.put(a.width-width-1, 0, text, s)
	if where := "mvrun  " + printable(m.database) + "  "; displaywidth.String(where) <= room-width-1 {
		a.put(a.width-width-1-displaywidth.String(where), 0, where, style{faint: true})
	}
}

// liveness says whether new records are shown as they are written.
func (m *model) liveness() (string, style) {
	switch l := m.list(); {
	case l.failure != nil:
		return m.symbols.dot + m.word("not read"), style{color: red, bold: true}
	case l.reading && m.ticks >= slowSeconds:
		return fmt.Sprintf(m.symbols.dot+m.word("reading, %d s"), m.ticks), style{color: yellow}
	case l.reading:
		return m.symbols.dot + m.word("reading"), style{color: yellow}
	case l.live:
		return m.symbols.dot + m.word("live"), style{color: green}
	}
	return m.symbols.dot + m.word("past"), style{faint: true}
}

// slowSeconds is how long reading may last before its seconds are counted.
const slowSeconds = 2

// drawFilter shows the fields that are filled in.
func (m *model) drawFilter(a area) {
	x := a.put(1, 0, m.word("Filter")+"  ", style{faint: true})
	begin := x
	shown := m.filter
	if m.form != nil {
		shown = m.form.filter()
	}
	for i, text := range shown {
		if strings.TrimSpace(text) == "" {
			continue
		}
		label, value := style{color: cyan}, style{bold: true}
		if !applies(m.list().kind, i) {
			label, value = style{faint: true}, style{faint: true}
		}
		x = a.put(x, 0, m.word(fieldNames[i])+" ", label)
		x = a.put(x, 0, fit(printable(text), min(40, a.width-x)), value)
		x = a.put(x, 0, "  ", style{})
	}
	if x == begin {
		x = a.put(x, 0, m.word("the last 7 days"), style{})
	} else if strings.TrimSpace(shown[fieldBegin]) == "" {
		x = a.put(x, 0, fit(m.word("the last 7 days"), a.width-x), style{faint: true})
	}
	hint := m.word("f: change")
	if m.mode == browsing && x+displaywidth.String(hint)+3 <= a.width {
		a.put(a.width-displaywidth.String(hint)-1, 0, hint, style{faint: true})
	}
}

// drawTitles shows the titles of the columns, with an arrow at that by which the
// listing is sorted.
func (m *model) drawTitles(a area) {
	l := m.list()
	a.fill(0, 0, style{bold: true, underlined: true})
	places := m.places(a.width)
	// There are columns that are not seen.
	if l.shift > 0 {
		a.put(0, 0, m.symbols.left, style{color: cyan, bold: true, underlined: true})
	}
	if len(places)+l.shift < len(l.titles) {
		a.put(a.width-1, 0, m.symbols.right, style{color: cyan, bold: true, underlined: true})
	}
	for _, place := range places {
		s := style{bold: true, underlined: true}
		title := l.titles[place.column]
		if place.column == l.ordered.column {
			s.color = cyan
			title += " " + m.arrow()
		}
		a.put(place.x, 0, fit(title, place.width), s)
	}
}

func (m *model) arrow() string {
	if m.list().ordered.descending {
		return m.symbols.down
	}
	return m.symbols.up
}

func (m *model) drawRows(a area) {
	l := m.list()
	places := m.places(a.width)
	for y := range a.height {
		i := l.top + y
		if i >= len(l.shown) {
			break
		}
		cells := l.entries[l.shown[i]].Cells()
		selected := style{reverse: true}
		if i == l.selected {
			a.fill(0, y, selected)
		}
		for _, place := range places {
			s := toneStyle(cells[place.column].Tone)
			if i == l.selected {
				s = selected
			}
			m.drawCell(a, place, y, cells[place.column].Text, s)
		}
	}
	if len(l.shown) == 0 {
		m.drawEmpty(a)
	}
}

// drawCell marks what is searched for.
func (m *model) drawCell(a area, place columnPlace, y int, text string, s style) {
	text = fit(text, place.width)
	a.put(place.x, y, text, s)
	if m.searched == "" {
		return
	}
	wanted := strings.ToLower(m.searched)
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return // some characters have other lengths in lower case
	}
	for from := 0; ; {
		i := strings.Index(lower[from:], wanted)
		if i < 0 {
			return
		}
		from += i
		mark := s
		mark.color, mark.bold, mark.underlined = yellow, true, true
		a.put(place.x+displaywidth.String(text[:from]), y, text[from:from+len(wanted)], mark)
		from += len(wanted)
	}
}

func toneStyle(tone viewer.Tone) style {
	switch tone {
	case viewer.Quiet:
		return style{faint: true}
	case viewer.Good:
		return style{color: green}
	case viewer.Caution:
		return style{color: yellow}
	case viewer.Bad:
		return style{color: red}
	case viewer.Worst:
		return style{color: red, bold: true}
	}
	return style{}
}

// drawEmpty says why there are no rows.
func (m *model) drawEmpty(a area) {
	l := m.list()
	text, s := m.word("nothing here; f changes the filter, F clears it"), style{faint: true}
	switch {
	case l.failure != nil:
		text, s = printable(l.failure.Error()), style{color: red}
	case l.reading:
		text = m.word("reading")
	case l.kind == viewer.Monitor:
		text = m.word("no items; f changes the filter, F clears it")
	}
	for i, part := range wrap(text, max(a.width-4, 1)) {
		a.put(2, 1+i, part, s)
	}
}
