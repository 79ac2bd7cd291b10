package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mvrun/mvrun/words"
)

// maxNameBytes is the longest name of a direction: it becomes a folder.
const maxNameBytes = 128

// nameProblem says why a name cannot be a folder of the database, "" if it can.
func nameProblem(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxNameBytes:
		return fmt.Sprintf("is %d bytes long, at most %d are allowed", len(name), maxNameBytes)
	case name[0] == '.':
		return "begins with a dot"
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	}
	for _, c := range name {
		switch {
		case c == '/':
			return "contains a slash"
		case unicode.IsSpace(c):
			return "contains white space"
		case unicode.IsControl(c):
			return "contains a control character"
		}
	}
	return ""
}

func hasControl(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }

// choice reads one of a few words; otherwise stands for an absent or wrong one.
func (r *reader) choice(e entry, what string, choices []string, otherwise string) string {
	hint := "use " + listed(choices)
	text, ok := r.text(e, hint)
	if !ok {
		return otherwise
	}
	for _, c := range choices {
		if strings.TrimSpace(text) == c {
			return c
		}
	}
	article := "a "
	if strings.ContainsRune("aeiou", rune(what[0])) {
		article = "an "
	}
	r.fault(e, quoted(text)+" is not "+article+what, hint)
	return otherwise
}

// words reads receivers: a text with several, see [words.Split], or a list. They
// come back separated by single blanks.
func (r *reader) words(e entry, example string) (string, bool) {
	var names []string
	for _, element := range r.elements(e, true, example) {
		text, ok := r.text(element, example)
		if !ok {
			continue
		}
		for _, name := range words.Split(text) {
			if hasControl(name) {
				r.fault(element, quoted(name)+" holds a control character", example)
				continue
			}
			names = append(names, name)
		}
	}
	return strings.Join(names, " "), len(names) > 0
}

// duration reads a time span; otherwise stands for an absent or wrong one.
func (r *reader) duration(e entry, otherwise time.Duration) time.Duration {
	const example = "write a duration such as 10s, 5m or 1h30m"
	text, ok := r.text(e, example)
	if !ok {
		return otherwise
	}
	d, err := parseDuration(strings.TrimSpace(text))
	if err != nil {
		r.fault(e, quoted(text)+" "+err.Error(), example)
		return otherwise
	}
	return d
}

var (
	errNoDuration = errors.New("is no duration")
	errTooLong    = errors.New("is too long")
	errNoUnit     = errors.New("has no unit")
)

// parseDuration understands what time.ParseDuration does, days in front of it
// (1d12h), and bare numbers as seconds, as timeout(1) does.
func parseDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, errNoDuration
	}
	if strings.Trim(text, "-0123456789.") == "" {
		text += "s"
	}
	var days time.Duration
	if number, rest, ok := strings.Cut(text, "d"); ok {
		count, err := strconv.ParseUint(number, 10, 63)
		if err != nil {
			return 0, errNoDuration
		}
		if count > uint64(math.MaxInt64/(24*time.Hour)) {
			return 0, errTooLong
		}
		if days = time.Duration(count) * 24 * time.Hour; rest == "" {
			return days, nil
		}
		text = rest
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, errNoDuration
	case d < 0:
		return 0, errors.New("is negative")
	case d > math.MaxInt64-days:
		return 0, errTooLong
	}
	return days + d, nil
}

// count reads a whole number of at least least.
func (r *reader) count(e entry, least int) (int, bool) {
	example := fmt.Sprintf("write a whole number from %d on", least)
	text, ok := r.text(e, example)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	switch {
	case err != nil || n > math.MaxInt32:
		r.fault(e, quoted(text)+" is no whole number", example)
	case n < least:
		r.fault(e, strconv.Itoa(n)+" is too small", example)
	default:
		return n, true
	}
	return 0, false
}

// truth reads a truth value, also in the words of older YAML.
func (r *reader) truth(e entry) (value, ok bool) {
	text, ok := r.text(e, "write true or false")
	if !ok {
		return false, false
	}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	r.fault(e, quoted(text)+" is neither true nor false", "write true or false")
	return false, false
}

// pattern reads an RE2 pattern; secret keeps its text out of the faults.
func (r *reader) pattern(e entry, secret bool) (string, bool) {
	const example = "write an RE2 pattern in single quotes (https://github.com/google/re2/wiki/Syntax)"
	pattern, ok := r.text(e, example)
	if !ok {
		return "", false
	}
	if pattern == "" {
		r.fault(e, "is an empty pattern, which would match every line", example)
		return "", false
	}
	if problem := patternProblem(pattern, secret); problem != "" {
		r.fault(e, "is no valid pattern: "+problem, example)
		return "", false
	}
	return pattern, true
}
