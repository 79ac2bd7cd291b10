package record

import (
	"regexp"
	"strings"
	"sync"
)

// style is one of YAML's ways to write a text on one line.
type style int

const (
	stylePlain style = iota
	styleSingle
	styleDouble
)

// styleOf chooses as PyYAML does: plain where that is read back as this text,
// then single quotes. A key has to stay on its line.
func styleOf(text string, multiline bool) style {
	hasBreaks := strings.ContainsRune(text, '\n')
	switch {
	case hasSpecials(text), strings.Contains(text, " \n"), strings.Contains(text, "\n "), hasBreaks && !multiline:
		return styleDouble
	case hasBreaks, needsQuotes(text):
		return styleSingle
	}
	return stylePlain
}

// hasSpecials reports whether a text has characters that can only be written as
// escapes, or that a reader would take for a line break.
func hasSpecials(text string) bool {
	for _, r := range text {
		switch {
		case r == '\n' || r >= ' ' && r <= '~':
		case r == 0xfeff || r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0xfffe && r <= 0xffff:
			return true
		}
	}
	return false
}

// needsQuotes reports whether a YAML reader would take the plain text for
// something else than that text.
func needsQuotes(text string) bool {
	if text == "" || blankEnds(text) || strings.IndexByte("#,[]{}&*!|>'\"%@`", text[0]) >= 0 {
		return true
	}
	if isIndicator(text) {
		return true
	}
	if strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...") {
		return true
	}
	if strings.Contains(text, ": ") || strings.HasSuffix(text, ":") || strings.Contains(text, " #") {
		return true
	}
	return looksTyped(text)
}

func blankEnds(text string) bool {
	return text[0] == ' ' || text[len(text)-1] == ' '
}

// looksTyped reports whether YAML 1.1 reads the text as null, a truth value, a
// number, a date, or one of its two keys with a meaning.
func looksTyped(text string) bool {
	switch text {
	case "~", "null", "Null", "NULL", "=", "<<",
		"yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false", "False", "FALSE",
		"on", "On", "ON", "off", "Off", "OFF":
		return true
	}
	return strings.IndexByte("+-.0123456789", text[0]) >= 0 && typedNumber().MatchString(text)
}

// typedNumber matches the types float, int and timestamp of yaml.org/type, as
// PyYAML resolves them.
var typedNumber = sync.OnceValue(func() *regexp.Regexp {
	forms := []string{
		`[-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?`,
		`\.[0-9][0-9_]*([eE][-+][0-9]+)?`,
		`[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*`,
		`[-+]?\.(inf|Inf|INF)`,
		`\.(nan|NaN|NAN)`,
		`[-+]?0b[0-1_]+`,
		`[-+]?0[0-7_]+`,
		`[-+]?(0|[1-9][0-9_]*)`,
		`[-+]?0x[0-9a-fA-F_]+`,
		`[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+`,
		`[0-9]{4}-[0-9]{2}-[0-9]{2}`,
		`[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?`,
	}
	return regexp.MustCompile(`^(` + strings.Join(forms, "|") + `)$`)
})
