package viewer

import (
	"strconv"
	"time"

	"github.com/mvrun/mvrun/record"
)

// Visible shows the characters of a text that are obeyed instead of shown, such as
// control characters and those that turn the direction of writing. Line ends and tabs
// stay.
func Visible(text string) string { return visible(unixLines(text)) }

// Why says in words what became of an alarm, with times in a zone: sent by what, held
// back why and until when, or what failed; "" for a record that does not tell.
func Why(row record.Row, zone *time.Location) string {
	e := recordEntry(row)
	e.at = e.at.In(zone)
	return why(e)
}

// Grouped writes 1234567 as 1,234,567, as is done in English and Chinese.
func Grouped(number int) string {
	text := strconv.Itoa(number)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
