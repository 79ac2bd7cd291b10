package record

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// cutMark ends a text that was cut; markRoom is more than it ever takes.
const (
	cutMark  = "… [cut: %d bytes left out]"
	markRoom = 64
)

// CutMessage brings a message that is no line of a job to MaxMessageBytes, with a
// mark where it is longer or bytes of it were left out before.
func CutMessage(text string, left int64) string {
	text, _ = cutText(text, left, MaxMessageBytes)
	return text
}

// CutTo brings a text to so many bytes, with the mark of CutMessage where it is
// longer.
func CutTo(text string, limit int) string {
	text, _ = cutText(text, 0, limit)
	return text
}

// listRoom is what a text of a list takes in a record besides itself.
const listRoom = len(`"", `)

// CutList brings the texts of a list to so many bytes in all. The last one that is
// kept has the mark, which counts what is left out of it and of those behind it, with
// a blank before each.
func CutList(list []string, limit int) []string {
	room := limit
	for i, text := range list {
		if room -= len(text) + listRoom; room >= 0 {
			continue
		}
		left := int64(0)
		for _, more := range list[i+1:] {
			left += int64(len(" ") + len(more))
		}
		last, _ := cutText(text, left, max(0, room+len(text)))
		return append(slices.Clone(list[:i]), last)
	}
	return list
}

// cutText brings a text to a limit with its mark, where it is longer or some of it
// was left out before; it returns how much was left out in all.
func cutText(text string, left int64, limit int) (string, int64) {
	if left == 0 && len(text) <= limit {
		return text, 0
	}
	keep := min(len(text), max(0, limit-markRoom))
	for keep > 0 && keep < len(text) && !utf8.RuneStart(text[keep]) {
		keep--
	}
	left += int64(len(text) - keep)
	return text[:keep] + fmt.Sprintf(cutMark, left), left
}
