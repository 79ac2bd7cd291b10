package viewer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible shows what a terminal would obey instead of showing: ESC becomes
// \x1b, a right-to-left override \u202e. Line ends and tabs are left to the
// caller. Broken UTF-8 becomes U+FFFD.
func visible(text string) string {
	if isPlain(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t' || !isObeyed(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// isPlain is a quick look that spares most texts the rest.
func isPlain(text string) bool {
	for _, r := range text {
		if r == utf8.RuneError || isObeyed(r) && r != '\n' && r != '\t' {
			return false
		}
	}
	return true
}

// isObeyed reports whether a terminal may act on a character: the control
// characters (C0, DEL, and C1, of which U+009B begins a sequence as ESC [ does),
// the line ends of Unicode, and what turns the direction of writing.
func isObeyed(r rune) bool {
	switch {
	case r < 0x20 || r == 0x7f:
		return true
	case r < 0x80:
		return false
	case unicode.IsControl(r), r == 0x2028, r == 0x2029:
		return true
	}
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// unixLines makes of "\r\n" a line end that every program knows.
func unixLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }
