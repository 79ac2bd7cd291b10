package viewer

import (
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// leastCause is how much room the cause gets, in a terminal, before other columns
// are shown; it names most of what they show.
const leastCause = 30

// sparedInCheck are the columns that a narrow terminal does without, the first of
// them first: an item that cannot be told from another is of no use.
var sparedInCheck = []string{"Host", "Schedule", "Due", "Last"}

// fitCheck leaves out columns for which a terminal has no room, and breaks the causes
// into lines that it has room for.
func fitCheck(columns []column, entries []*entry, width int) []column {
	widths := map[string]int{}
	for _, c := range columns {
		widths[c.title] = displaywidth.String(c.title)
		for _, e := range entries {
			for line := range strings.SplitSeq(tableText(c.value(e), true), "\n") {
				widths[c.title] = max(widths[c.title], displaywidth.String(line))
			}
		}
	}
	wanted := min(widths["Cause"], leastCause)
	room := func() int {
		room := width
		for _, c := range columns[:len(columns)-1] {
			room -= widths[c.title] + len(gap)
		}
		return room
	}
	for _, title := range sparedInCheck {
		if room() < wanted {
			columns = slices.DeleteFunc(columns, func(c column) bool { return c.title == title })
		}
	}
	rest := max(room(), leastRest)
	columns[len(columns)-1].shown = func(text string) string { return wrapCause(text, rest) }
	return columns
}

// wrapCause breaks lines that are wider than a column, behind a blank where there is
// one. All but the first stand two cells in.
func wrapCause(text string, width int) string {
	var lines []string
	for line := range strings.SplitSeq(visible(unixLines(text)), "\n") {
		for {
			room := width
			if len(lines) > 0 {
				room -= len("  ")
			}
			head := displaywidth.TruncateString(line, room, "")
			if len(head) == len(line) || head == "" {
				break
			}
			if blank := strings.LastIndexByte(line[:len(head)+1], ' '); blank > 0 {
				head = line[:blank]
			}
			lines = append(lines, head)
			line = strings.TrimLeft(line[len(head):], " ")
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
