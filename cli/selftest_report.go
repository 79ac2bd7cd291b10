package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// sign is how a result is shown to people.
func (r result) sign() string {
	switch r {
	case same:
		return "✓"
	case differs:
		return "✗"
	}
	return "?"
}

// reportParts prints what selftest has found; the worst of it is the status.
func reportParts(w io.Writer, parts []part, asJSON bool) error {
	var b strings.Builder
	if asJSON {
		for _, p := range parts {
			data, err := json.Marshal(p)
			if err != nil {
				return statusError{err, 1}
			}
			fmt.Fprintf(&b, "%s\n", data)
		}
	} else {
		writeParts(&b, parts)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return statusError{err, 1}
	}
	if wrong := named(parts, differs); len(wrong) > 0 {
		return statusError{fmt.Errorf("%d of %d parts differ: %s", len(wrong), len(parts), strings.Join(wrong, ", ")), 1}
	}
	return nil
}

// named are the names of the parts with a result.
func named(parts []part, r result) (names []string) {
	for _, p := range parts {
		if p.Result == r {
			names = append(names, p.Part)
		}
	}
	return names
}

// writeParts prints the table, and below it what it means. All of it is ASCII but
// for the signs, which are one column wide.
func writeParts(b *strings.Builder, parts []part) {
	rows := [][]string{{"PART", " ", "PROVEN BY", "BARE", "WRAPPED", "NOTE"}}
	for _, p := range parts {
		rows = append(rows, []string{p.Part, p.Result.sign(), p.ProvenBy, p.Bare, p.Wrapped, p.Note})
	}
	widths := []int{0, 0, 0, 16, 16, 0} // most tables then look alike
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
		}
		fmt.Fprintln(b, strings.TrimRight(line, " "))
	}
	fmt.Fprintf(b, "\n%d of %d parts are the same", len(named(parts, same)), len(parts))
	if wrong := named(parts, differs); len(wrong) > 0 {
		fmt.Fprintf(b, "; these differ: %s", strings.Join(wrong, ", "))
	}
	b.WriteString(".\n")
	if open := named(parts, notRepeatable); len(open) > 0 {
		fmt.Fprintf(b, "This command is not repeatable and cannot prove: %s. One that does the same each time can.\n", strings.Join(open, ", "))
	}
	if open := named(parts, unproven); len(open) > 0 {
		fmt.Fprintf(b, "Not proven, as the notes say: %s.\n", strings.Join(open, ", "))
	}
}
