package heartbeat

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The fields of a crontab, see crontab(5); H is that of Jenkins, "a hash of the
// job's name": a value that is always the same and not known here.

// span is the values from lo to hi. Where they differ, one of them is meant, and
// nobody knows which.
type span struct{ lo, hi int }

func (s span) exact() bool { return s.lo == s.hi }

// field is what a field admits, in order.
type field []span

func (f field) has(value int) bool {
	return slices.ContainsFunc(f, func(s span) bool { return s.lo <= value && value <= s.hi })
}

// exact reports whether every value is known.
func (f field) exact() bool { return !slices.ContainsFunc(f, func(s span) bool { return !s.exact() }) }

// whole is the span from the first to the last value.
func (f field) whole() span {
	last := f[len(f)-1].hi
	for _, s := range f {
		last = max(last, s.hi)
	}
	return span{f[0].lo, last}
}

// fieldKind says which values a field may have.
type fieldKind struct {
	name     string
	lo, hi   int
	hashHigh int // the highest value that an H stands for
	names    []string
}

var (
	secondField = fieldKind{"second", 0, 59, 59, nil}
	minuteField = fieldKind{"minute", 0, 59, 59, nil}
	hourField   = fieldKind{"hour", 0, 23, 23, nil}
	dayField    = fieldKind{"day of the month", 1, 31, 28, nil}
	monthField  = fieldKind{"month", 1, 12, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}}
	weekField   = fieldKind{"day of the week", 0, 7, 6, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}
)

// looksLikeCron tells fields from words: words of people do not begin with a
// digit, a star or an H that stands alone, five times.
func looksLikeCron(text string) bool {
	fields := strings.Fields(text)
	if len(fields) < 5 || len(fields) > 6 {
		return false
	}
	for _, word := range fields[:len(fields)-2] {
		if word != "?" && !strings.ContainsAny(word[:1], "*0123456789H") {
			return false
		}
	}
	return true
}

// parseCron reads five fields, or six with the seconds first.
func parseCron(text string) (*calendar, error) {
	words := strings.Fields(text)
	if len(words) == 5 {
		words = append([]string{"0"}, words...)
	}
	if len(words) != 6 {
		return nil, fmt.Errorf("has %d fields; a crontab has 5: minute, hour, day of the month, month, day of the week", len(words))
	}
	c := &calendar{}
	kinds := [...]fieldKind{secondField, minuteField, hourField, dayField, monthField, weekField}
	into := [...]*field{&c.second, &c.minute, &c.hour, &c.day, &c.month, &c.weekday}
	var faults []error
	for i, word := range words {
		found, err := parseField(word, kinds[i])
		if err != nil {
			faults = append(faults, err)
			continue
		}
		*into[i] = found
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	c.weekday = sundays(c.weekday)
	// Vixie's rule: where neither of the two day fields begins with a star, one of
	// them is enough. Jenkins wants both.
	free := func(word string) bool { return word[0] == '*' || word[0] == '?' }
	c.eitherDay = !free(words[3]) && !free(words[5]) && !slices.ContainsFunc(words, hasHash)
	return c, nil
}

// hasHash reports whether a field has an H of Jenkins in it; that of THU is none.
func hasHash(word string) bool {
	return slices.ContainsFunc(strings.Split(word, ","), func(part string) bool { return part[:min(len(part), 1)] == "H" })
}

// sundays makes 0 of 7.
func sundays(f field) field {
	for i, s := range f {
		if s == (span{7, 7}) {
			f[i] = span{0, 0}
		}
	}
	return normal(f)
}

func normal(f field) field {
	slices.SortFunc(f, func(a, b span) int { return cmp.Or(cmp.Compare(a.lo, b.lo), cmp.Compare(a.hi, b.hi)) })
	return slices.Compact(f)
}

// parseField reads a list of values, ranges and steps.
func parseField(word string, kind fieldKind) (field, error) {
	var found field
	for _, part := range strings.Split(word, ",") {
		spans, err := parsePart(part, kind)
		if err != nil {
			return nil, err
		}
		found = append(found, spans...)
	}
	return normal(found), nil
}

func parsePart(part string, kind fieldKind) (field, error) {
	what, stepText, stepped := strings.Cut(part, "/")
	step := 1
	if stepped {
		var err error
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > kind.hi {
			return nil, fmt.Errorf("%s %q: the step behind / is a number from 1 to %d", kind.name, part, kind.hi)
		}
	}
	if what == "H" || strings.HasPrefix(what, "H(") {
		return parseHash(what, step, stepped, kind)
	}
	values, err := parseRange(what, kind, stepped)
	if err != nil {
		return nil, err
	}
	var spans field
	for value := values.lo; value <= values.hi; value += step {
		spans = append(spans, span{value, value})
	}
	return spans, nil
}

// parseHash reads H, H(0-29) and H/15. Of H/7 only the sevens that are whole have
// a value in them for certain.
func parseHash(what string, step int, stepped bool, kind fieldKind) (field, error) {
	values := span{kind.lo, kind.hashHigh}
	if what != "H" {
		inner, closed := strings.CutSuffix(what[2:], ")")
		from, to, ok := strings.Cut(inner, "-")
		lo, errLo := strconv.Atoi(from)
		hi, errHi := strconv.Atoi(to)
		if !closed || !ok || errLo != nil || errHi != nil || lo > hi || lo < kind.lo || hi > kind.hi {
			return nil, fmt.Errorf("%s %q: write H(LOW-HIGH) with numbers from %d to %d", kind.name, what, kind.lo, kind.hi)
		}
		values = span{lo, hi}
	}
	if !stepped {
		return field{values}, nil
	}
	var spans field
	for lo := values.lo; lo+step-1 <= values.hi; lo += step {
		spans = append(spans, span{lo, lo + step - 1})
	}
	if len(spans) == 0 {
		spans = field{values}
	}
	return spans, nil
}

// parseRange reads *, a value, or two with a dash between them. A value with a
// step begins there and goes to the end.
func parseRange(text string, kind fieldKind, stepped bool) (span, error) {
	last := kind.hi
	if last == 7 {
		last = 6 // Sunday is named twice
	}
	if text == "*" || text == "?" && !stepped {
		return span{kind.lo, last}, nil
	}
	from, to, isRange := strings.Cut(text, "-")
	lo, okLo := parseValue(from, kind)
	hi, okHi := lo, okLo
	switch {
	case isRange:
		hi, okHi = parseValue(to, kind)
		if kind.hi == 7 && hi == 0 && lo > 0 {
			hi = 7 // as in fri-sun
		}
	case stepped:
		hi = last
	}
	if !okLo || !okHi {
		return span{}, fmt.Errorf("%s %q: write numbers from %d to %d, a range such as %d-%d, a list with commas, or *%s",
			kind.name, text, kind.lo, kind.hi, kind.lo, kind.hi, named3(kind))
	}
	if lo > hi {
		return span{}, fmt.Errorf("%s %q: the range is upside down", kind.name, text)
	}
	return span{lo, hi}, nil
}

func named3(kind fieldKind) string {
	if len(kind.names) == 0 {
		return ""
	}
	return ", or names such as " + kind.names[1]
}

func parseValue(text string, kind fieldKind) (int, bool) {
	if i := slices.Index(kind.names, strings.ToLower(text)); i >= 0 {
		return i + kind.lo, true
	}
	value, err := strconv.Atoi(text)
	return value, err == nil && kind.lo <= value && value <= kind.hi && text[0] != '+'
}
