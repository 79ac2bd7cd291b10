package screen

import (
	"errors"

	"github.com/mvrun/mvrun/viewer"
)

// form is the filter while it is being changed.
type form struct {
	lines [len(fieldNames)]line
	field int
	// candidates are what Tab found for the field, and choice the one that is in it
	// now; -1 for none yet.
	candidates []string
	choice     int
	stem       string // the field before Tab went through the candidates
	problem    string
	hint       string
}

func newForm(f filter, field int) *form {
	form := &form{field: field, choice: -1}
	for i, text := range f {
		form.lines[i] = newLine(text)
	}
	return form
}

func (f *form) filter() filter {
	var asked filter
	for i := range f.lines {
		asked[i] = f.lines[i].text()
	}
	return asked
}

// known are the names that fields can be completed with.
type known struct {
	directions, items, levels, receivers []string
}

func (k known) of(field int) []string {
	switch field {
	case fieldBegin, fieldEnd:
		return []string{"today", "yesterday", "now", "12h", "7d", "30d"}
	case fieldDirection:
		return k.directions
	case fieldItem:
		return k.items
	case fieldLevel:
		return k.levels
	case fieldReceivers:
		return k.receivers
	}
	return nil
}

// tab completes the field; where there is nothing more to complete, it goes on to
// the next one. More Tabs go through the candidates.
func (f *form) tab(names known) {
	line := &f.lines[f.field]
	if len(f.candidates) > 1 {
		f.choice = (f.choice + 1) % len(f.candidates)
		*line = newLine(f.stem + quoteWord(f.candidates[f.choice]))
		return
	}
	text := line.text()
	completed, candidates := complete(text, names.of(f.field))
	switch {
	case len(candidates) == 0, len(candidates) == 1 && isWord(text, candidates[0]):
		f.goTo(f.field + 1)
	case text == "" && f.field <= fieldEnd: // an empty date is well as it is
		f.goTo(f.field + 1)
	default:
		*line = newLine(completed)
		if len(candidates) > 1 {
			f.candidates, f.choice, f.stem = candidates, -1, completed[:lastWord(completed)]
		}
	}
}

// isWord reports whether the last word of a field is a name already.
func isWord(text, name string) bool { return text[lastWord(text):] == quoteWord(name) }

func (f *form) goTo(field int) {
	f.field = (field + len(fieldNames)) % len(fieldNames)
	f.candidates, f.choice = nil, -1
}

// edit types into the field.
func (f *form) edit(k key) {
	if f.lines[f.field].edit(k) {
		f.candidates, f.choice, f.problem, f.hint = nil, -1, "", ""
	}
}

// refuse shows what is wrong with a field.
func (f *form) refuse(field int, err error) {
	f.goTo(field)
	f.problem, f.hint = err.Error(), ""
	if input, ok := errors.AsType[*viewer.InputError](err); ok {
		f.hint = input.Hint
	}
}
