package screen

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// The fields of the filter, by the names of their flags.
var fieldNames = [...]string{"begin", "end", "direction", "item", "level", "receivers", "keyword", "not", "run"}

// filter is what is asked for, as it is typed into the fields.
type filter [len(fieldNames)]string

const (
	fieldBegin = iota
	fieldEnd
	fieldDirection
	fieldItem
	fieldLevel
	fieldReceivers
	fieldKeyword
	fieldNot
	fieldRun
)

// filterOf makes fields of the flags of a command line.
func filterOf(f viewer.Filter) filter {
	return filter{
		f.Begin, f.End, joinWords(f.Directions), joinWords(f.Items), joinWords(f.Levels), joinWords(f.Receivers),
		joinWords(f.Keywords), joinWords(f.Not), f.Run,
	}
}

// applies reports whether a field means anything to a kind; see viewer.Filter.
func applies(kind record.Kind, field int) bool {
	switch field {
	case fieldLevel:
		return kind == record.Log || kind == record.Alarm
	case fieldReceivers:
		return kind == record.Alarm || kind == viewer.Monitor
	case fieldRun:
		return kind != viewer.Monitor
	}
	return true
}

// query makes a query of what is asked for, as far as it concerns a kind. The error
// is a *viewer.InputError, which names the field.
func (f filter) query(kind record.Kind, now time.Time, levels []string) (record.Query, error) {
	for i := range f {
		if !applies(kind, i) {
			f[i] = ""
		}
	}
	asked := viewer.Filter{
		Kind: string(kind), Begin: f[fieldBegin], End: f[fieldEnd], Directions: splitWords(f[fieldDirection]), Items: splitWords(f[fieldItem]),
		Levels: splitWords(f[fieldLevel]), Receivers: splitWords(f[fieldReceivers]), Keywords: splitWords(f[fieldKeyword]),
		Not: splitWords(f[fieldNot]), Run: strings.TrimSpace(f[fieldRun]),
	}
	q, err := asked.Query(now, levels)
	if strings.TrimSpace(f[fieldEnd]) == "" {
		q.End = time.Time{} // new records go on to come, also after midnight
	}
	return q, err
}

// CheckFilter refuses what cannot be asked for. The error is a *viewer.InputError.
func CheckFilter(f viewer.Filter, now time.Time, levels []string) error {
	_, err := filterOf(f).check(now, levels)
	return err
}

// firstTab is the tab that is opened first: the one that the fields are about.
func (f filter) firstTab() int {
	switch {
	case f[fieldRun] != "":
		return slices.Index(viewer.Kinds, record.Run)
	case f[fieldLevel] != "":
		return slices.Index(viewer.Kinds, record.Log)
	}
	return 0
}

// check looks at all fields, also those that do not concern the tab that is open.
func (f filter) check(now time.Time, levels []string) (field int, err error) {
	for _, kind := range viewer.Kinds {
		if _, err := f.query(kind, now, levels); err != nil {
			if input, ok := errors.AsType[*viewer.InputError](err); ok {
				return max(0, slices.Index(fieldNames[:], input.Name)), err
			}
			return 0, err
		}
	}
	return 0, nil
}

// splitWords takes a field apart at blanks and commas; "quotes" hold them together,
// and a \ in front of a quote makes it one of the text.
func splitWords(text string) []string {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text) && (text[i+1] == '"' || quoted && text[i+1] == '\\'):
			i++
			word.WriteByte(text[i])
			begun = true
		case c == '"':
			quoted, begun = !quoted, true
		case !quoted && strings.IndexByte(" ,\t", c) >= 0:
			if begun && word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}

// joinWords is the other way round.
func joinWords(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quoteWord(word)
	}
	return strings.Join(quoted, " ")
}

func quoteWord(word string) string {
	if !strings.ContainsAny(word, " ,\t\"") {
		return word
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}

// complete finds what the last word of a field may be meant to be. The field is
// given with as much as all candidates have in common.
func complete(text string, names []string) (completed string, candidates []string) {
	start := lastWord(text)
	typed := strings.ToLower(strings.TrimPrefix(text[start:], `"`))
	for _, name := range names {
		if strings.HasPrefix(strings.ToLower(name), typed) {
			candidates = append(candidates, name)
		}
	}
	if len(candidates) == 0 {
		for _, name := range names {
			if strings.Contains(strings.ToLower(name), typed) {
				candidates = append(candidates, name)
			}
		}
	}
	switch len(candidates) {
	case 0:
		return text, nil
	case 1:
		return text[:start] + quoteWord(candidates[0]), candidates
	}
	if common := commonPrefix(candidates); len(common) > len(typed) {
		return text[:start] + strings.TrimSuffix(quoteWord(common), `"`), candidates
	}
	return text, candidates
}

// lastWord is where the last word of a field begins.
func lastWord(text string) int {
	start, quoted := 0, false
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(" ,\t", text[i]) >= 0:
			start = i + 1
		}
	}
	return start
}

// commonPrefix is what all names begin with, by whole characters.
func commonPrefix(names []string) string {
	common := names[0]
	for _, name := range names[1:] {
		for !strings.HasPrefix(name, common) {
			runes := []rune(common)
			common = string(runes[:len(runes)-1])
		}
	}
	return common
}
