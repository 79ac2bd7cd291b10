package viewer

import (
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
