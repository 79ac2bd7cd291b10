package notify

import (
	"fmt"
	"unicode/utf8"
)

// cut shortens a text to at most limit bytes, on a rune border, and says so at
// its end. The mark is that of a cut record.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for keep := max(limit-len(cutMark(len(text))), 0); ; keep-- {
		for keep > 0 && !utf8.RuneStart(text[keep]) {
			keep--
		}
		mark := cutMark(len(text) - keep)
		if keep == 0 || keep+len(mark) <= limit {
			return text[:keep] + mark
		}
	}
}

func cutMark(bytes int) string { return fmt.Sprintf("… [cut: %d bytes left out]", bytes) }

// tail gives the end of a text, at most limit bytes, from a rune border on.
func tail(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	start := len(text) - limit
	for start < len(text) && !utf8.RuneStart(text[start]) {
		start++
	}
	return "…" + text[start:]
}
