package screen

import (
	"fmt"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/viewer"
)

// drawStatus draws the last line: what is asked for, or else a message, or how many
// rows there are; and a few of the keys.
func (m *model) drawStatus(a area) *point {
	switch m.mode {
	case searching:
		return m.drawPrompt(a, m.word("Search")+": ")
	case exporting:
		return m.drawPrompt(a, m.word("Export to (.csv .json .tsv)")+": ")
	case confirming:
		a.put(1, 0, fit(fmt.Sprintf(m.word("overwrite it? y/n  %s is there already"), printable(m.saving.path)), a.width-1), style{bold: true, color: yellow})
		return nil
	}
	text, s := m.status(), style{}
	if m.message != "" {
		text, s = m.message, style{bold: true}
		if m.bad {
			s.color = red
		}
	}
	x := a.put(1, 0, fit(text, a.width-2), s)
	m.drawHints(a, x+2)
	return nil
}

func (m *model) drawPrompt(a area, label string) *point {
	// What is wrong stands before the label, so that the line goes on to be seen.
	if m.message != "" {
		label = m.message + "  " + label
	}
	const leastTyped = 20
	label = fit(label, max(0, a.width-leastTyped-1))
	s := style{bold: true}
	if m.bad && m.message != "" {
		s.color = red
	}
	x := a.put(1, 0, label, s)
	text, cursor := m.prompt.view(a.width - x - 1)
	a.put(x, 0, text, style{})
	return &point{min(a.x+x+cursor, a.width-1), a.y}
}

// drawHints names as many keys as there is room for.
func (m *model) drawHints(a area, from int) {
	hints := [...]string{"?: keys", "q: quit", "Enter: details", "/: search", "s: sort", "f: filter", "e: export"}
	switch m.mode {
	case filtering:
		hints = [...]string{"Enter: apply", "Esc: cancel", "Tab: complete", "", "", "", ""}
	case reading:
		hints = [...]string{"Esc: back", "?: keys", "", "", "", "", ""}
	case helping:
		hints = [...]string{"Esc: back", "", "", "", "", "", ""}
	}
	text := ""
	for _, hint := range hints {
		longer := m.word(hint)
		if text != "" && hint != "" {
			longer = text + "  " + longer
		} else if hint == "" {
			break
		}
		if from+displaywidth.String(longer)+1 > a.width {
			break
		}
		text = longer
	}
	a.put(a.width-displaywidth.String(text)-1, 0, text, style{faint: true})
}

// status says how many rows there are, and what of them is not so.
func (m *model) status() string {
	l := m.list()
	if l.failure != nil {
		return m.word("not read") + ": " + printable(l.failure.Error())
	}
	skipped, unread := sortNotes(l.notes)
	parts := append([]string{m.count(l)}, skipped...)
	if len(unread) > 1 {
		parts = append(parts, fmt.Sprintf(m.word("%d not read"), len(unread)))
	}
	if l.fresh > 0 {
		parts = append(parts, fmt.Sprintf(m.word("%s%s new above"), m.symbols.up, viewer.Grouped(l.fresh)))
	}
	if column := l.ordered.column; column >= 0 {
		text := fmt.Sprintf(m.word("by %s %s"), l.titles[column], m.arrow())
		if l.more {
			text += m.word(", of these only")
		}
		parts = append(parts, text)
	}
	switch {
	case l.more && l.full():
		parts = append(parts, m.word("older ones: f, end"))
	case l.more:
		parts = append(parts, m.word("more below"))
	}
	if len(unread) > 0 {
		parts = append(parts, printable(unread[0])) // last, as its path may be longer than the line
	}
	return strings.Join(parts, m.symbols.between)
}

// sortNotes tells the newest note of how many lines were skipped from those of what was
// not read.
func sortNotes(notes []string) (skipped, unread []string) {
	for _, note := range notes {
		if strings.HasPrefix(note, "Skipped ") {
			skipped = []string{note}
		} else {
			unread = append(unread, note)
		}
	}
	return skipped, unread
}

func (m *model) count(l *listing) string {
	n := len(l.shown)
	noun := m.word("records")
	if l.kind == viewer.Monitor {
		noun = m.word("items")
	}
	if n == 1 && m.language != heartbeat.Chinese {
		noun = strings.TrimSuffix(noun, "s")
	}
	position := ""
	if n > 0 {
		position = viewer.Grouped(l.selected+1) + "/"
	}
	if l.more {
		noun = m.word("newest") + " " + noun
	}
	return position + viewer.Grouped(n) + " " + noun
}
