package record

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Masker replaces secrets in a text by "***". The zero value knows the built-in
// patterns: values of password, secret, token, key and the like, in assignments,
// options, JSON and URLs; Authorization headers; passwords in URLs; the paths of
// chat webhooks; private keys. It is safe for concurrent use.
//
// It errs on the side of masking: a bare value goes to the next white space.
type Masker struct {
	extra []*regexp.Regexp
}

// NewMasker adds patterns (RE2) to the built-in ones. If a pattern has a group,
// only the first group is masked, else all that the pattern matches. The error
// names all patterns that cannot be read.
func NewMasker(extra []string) (*Masker, error) {
	m := new(Masker)
	var faults []error
	for _, pattern := range extra {
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			faults = append(faults, fmt.Errorf("mask pattern %q: %w", pattern, err))
			continue
		}
		m.extra = append(m.extra, compiled)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return m, nil
}

const masked = "***"

// Mask returns the text with its secrets masked.
func (m *Masker) Mask(text string) string {
	if hints := findHints(text); hints != 0 {
		for _, p := range builtInPatterns() {
			if hints&p.hint != 0 {
				text = maskMatches(p.pattern, text, -1)
			}
		}
	}
	for _, pattern := range m.extra {
		text = maskMatches(pattern, text, 1)
	}
	return text
}

// MaskArgs returns a copy of a command line with its secrets masked. A secret
// may be a word of its own after the option that names it.
func (m *Masker) MaskArgs(args []string) []string {
	if args == nil {
		return nil
	}
	result := make([]string, len(args))
	for i, arg := range args {
		before := ""
		if i > 0 {
			before = args[i-1]
		}
		result[i] = m.maskArg(before, arg)
	}
	return result
}

// maskArg masks a word of a command line. The whole of a value is secret there,
// blanks included.
func (m *Masker) maskArg(before, arg string) string {
	if findHints(before)&hintName != 0 && secretOption().MatchString(before) {
		return masked
	}
	if before == "-u" || before == "--user" || before == "--proxy-user" {
		if user, _, ok := strings.Cut(arg, ":"); ok {
			return user + ":" + masked
		}
	}
	if findHints(arg)&hintName != 0 {
		if name := secretSetting().FindString(arg); name != "" && len(name) < len(arg) {
			return name + masked
		}
	}
	return m.Mask(arg)
}

// maskMatches masks the groups that matched, at most so many of them (-1: all);
// the whole match where there is none.
func maskMatches(pattern *regexp.Regexp, text string, groups int) string {
	matches := pattern.FindAllStringSubmatchIndex(text, -1)
	if matches == nil {
		return text
	}
	var b strings.Builder
	done := 0
	for _, at := range matches {
		for _, span := range secretSpans(at, groups) {
			if begin, end := span[0], span[1]; begin >= done && begin < end {
				b.WriteString(text[done:begin])
				b.WriteString(masked)
				done = end
			}
		}
	}
	b.WriteString(text[done:])
	return b.String()
}

// secretSpans tells which parts of a match are secret.
func secretSpans(at []int, groups int) [][2]int {
	var spans [][2]int
	for i := 2; i+1 < len(at) && groups != 0; i += 2 {
		if at[i] >= 0 {
			spans = append(spans, [2]int{at[i], at[i+1]})
		}
		groups--
	}
	if spans == nil {
		spans = append(spans, [2]int{at[0], at[1]})
	}
	return spans
}
