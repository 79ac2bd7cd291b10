package screen

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// formTop is the first field that is seen where not all have room.
func (m *model) formTop(height int) int { return max(0, m.form.field-max(height, 1)+1) }

// drawForm shows the fields of the filter one below the other, and below them what
// may be typed or is wrong.
func (m *model) drawForm(a area) *point {
	f := m.form
	labels := 0
	for _, name := range fieldNames {
		labels = max(labels, displaywidth.String(m.word(name)))
	}
	top := m.formTop(a.height)
	var cursor *point
	for y := 0; y < a.height && top+y < len(fieldNames); y++ {
		field := top + y
		label, s := style{color: cyan}, style{}
		if field == f.field {
			label = style{bold: true, reverse: true}
		} else if !applies(m.list().kind, field) {
			label, s = style{faint: true}, style{faint: true}
		}
		name := m.word(fieldNames[field])
		a.put(1, y, " "+name+strings.Repeat(" ", labels-displaywidth.String(name))+" ", label)
		x := labels + 4
		text, at := f.lines[field].view(a.width - x - 1)
		end := a.put(x, y, text, s)
		if field == f.field {
			cursor = &point{a.x + min(x+at, a.width-1), a.y + y}
		}
		if hint := m.fieldHint(field); text == "" {
			a.put(end+1, y, fit(hint, a.width-end-2), style{faint: true})
		}
	}
	m.drawFormHelp(a.part(2, len(fieldNames)-top+1, a.width-3, a.height))
	return cursor
}

// drawFormHelp shows what is wrong, or what the field can be completed with.
func (m *model) drawFormHelp(a area) {
	f := m.form
	y := 0
	show := func(text string, s style) {
		for _, part := range wrap(printable(text), max(a.width, 1)) {
			a.put(0, y, part, s)
			y++
		}
	}
	switch {
	case f.problem != "":
		show(f.problem, style{color: red, bold: true})
		show(f.hint, style{})
	case len(f.candidates) > 0:
		for y < a.height && y < len(f.candidates) {
			// The choice stays in sight.
			i := y + max(0, min(f.choice-a.height/2, len(f.candidates)-a.height))
			if i >= len(f.candidates) {
				break
			}
			s := style{}
			if i == f.choice {
				s = style{reverse: true}
			}
			a.put(0, y, fit(printable(f.candidates[i]), a.width), s)
			y++
		}
	default:
		show(m.word("Several words are separated by blanks; \"quotes\" hold them together."), style{faint: true})
	}
}

// fieldHint says what a field takes, while it is empty.
func (m *model) fieldHint(field int) string {
	switch field {
	case fieldBegin:
		return m.word("7d, 12h, yesterday, 2024-10-25, 2024-10-25 08:00; empty: 7 days ago")
	case fieldEnd:
		return m.word("as begin; a date means to its end; empty: new ones come in")
	case fieldDirection, fieldItem:
		return m.word("names or patterns such as check_*; Tab completes")
	case fieldLevel:
		return m.word("of LOG and ALARM; Tab completes")
	case fieldReceivers:
		return m.word("of MONITOR and ALARM; one of them")
	case fieldKeyword:
		return m.word("all of these are in the record")
	case fieldNot:
		return m.word("none of these is in the record")
	}
	return m.word("the id of a run")
}
