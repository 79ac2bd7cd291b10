package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// yamlScalar writes a text as a YAML value or key that is read back as the very
// same text, also within brackets: plain where that is safe, in single quotes
// where every character can be seen, with escapes otherwise.
func yamlScalar(text string) string {
	switch {
	case isPlain(text):
		return text
	case !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) || c == '\ufeff' || c == utf8.RuneError }):
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(c) && c != '\ufeff':
			b.WriteRune(c)
		case c > 0xffff:
			fmt.Fprintf(&b, `\U%08X`, c)
		default:
			fmt.Fprintf(&b, `\u%04X`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// isPlain admits words of letters and digits, and the signs that mean nothing to
// YAML inside of a word, with single blanks between them. The first one is no
// number, and none of the words by which YAML means a value of another type.
func isPlain(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	if !unicode.IsLetter(first) && first != '/' && first != '_' {
		return false
	}
	switch strings.ToLower(text) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return false
	}
	before := first
	for _, c := range text {
		ok := unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("_-./@+", c) || c == ' ' && before != ' '
		if !ok {
			return false
		}
		before = c
	}
	return before != ' '
}
