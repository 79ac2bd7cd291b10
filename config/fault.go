package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fault is one thing that is wrong with a config file. Its texts are safe to
// print on a terminal.
type Fault struct {
	File string
	// Line and Column count from 1; both are 0 for a fault of the whole file.
	Line, Column int
	// Key is the setting, as in "rules[2].pattern"; "" where there is none.
	Key string
	// Problem says what is wrong, Hint what would be right.
	Problem, Hint string
}

// Error gives the fault on one line, as in
//
//	mvrun.yaml:12: db_layout: "perhost" is not a layout; use auto, direct or per-host
func (f Fault) Error() string {
	var b strings.Builder
	b.WriteString(printable(f.File))
	if f.Line > 0 {
		b.WriteString(":" + strconv.Itoa(f.Line))
	}
	b.WriteString(": ")
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	b.WriteString(f.Problem)
	if f.Hint != "" {
		b.WriteString("; " + f.Hint)
	}
	return b.String()
}

// Faults is all that is wrong with one config file, in the order of its lines.
// An empty Faults must not be returned as an error.
type Faults []Fault

// Error gives one fault a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted puts the faults into the order of the file; faults of the whole file
// come first.
func (f Faults) sorted() Faults {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f
}

// maxQuotedRunes bounds how much of a wrong value a fault repeats.
const maxQuotedRunes = 60

// quoted repeats a value of the file in a fault: on one line, without control
// characters, and not at any length.
func quoted(value string) string {
	if utf8.RuneCountInString(value) > maxQuotedRunes {
		value = string([]rune(value)[:maxQuotedRunes]) + "…"
	}
	return strconv.Quote(value)
}

// keyText is a key as faults name it: as it is where that is a plain word.
func keyText(key string) string {
	if key == "" || utf8.RuneCountInString(key) > maxQuotedRunes || printable(key) != key || strings.ContainsAny(key, " .:;\"'") {
		return quoted(key)
	}
	return key
}

// printable quotes a text that would not print as one harmless line.
func printable(text string) string {
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return strconv.Quote(text)
		}
	}
	return text
}

// listed writes words as a sentence does: "a, b or c".
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
