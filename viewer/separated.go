package viewer

import (
	"bufio"
	"strings"
)

// separated prints a line of titles and a line for each entry, with all values
// whole.
type separated struct {
	out     *bufio.Writer
	columns []column
	line    func(out *bufio.Writer, cells []string)
	titled  bool
}

func newSeparated(out *bufio.Writer, columns []column, line func(*bufio.Writer, []string)) *separated {
	return &separated{out: out, columns: columns, line: line}
}

func (s *separated) print(e *entry) error {
	s.title()
	cells := make([]string, len(s.columns))
	for i, c := range s.columns {
		cells[i] = shielded(visible(unixLines(c.value(e))))
	}
	s.line(s.out, cells)
	_, err := s.out.Write(nil) // the error of an earlier write, if any
	return err
}

func (s *separated) close() error {
	s.title()
	return nil
}

// flush shows the titles, even before there is anything below them.
func (s *separated) flush() { s.title() }

func (s *separated) title() {
	if s.titled {
		return
	}
	s.titled = true
	titles := make([]string, len(s.columns))
	for i, c := range s.columns {
		titles[i] = c.title
	}
	s.line(s.out, titles)
}

// csvLine writes a line with the quotes of RFC 4180.
func csvLine(out *bufio.Writer, cells []string) {
	for i, cell := range cells {
		if i > 0 {
			out.WriteByte(',')
		}
		if strings.ContainsAny(cell, ",\"\n") || strings.HasPrefix(cell, " ") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		out.WriteString(cell)
	}
	out.WriteByte('\n')
}

// shielded keeps a value from a spreadsheet, which opens TSV as it does CSV.
func shielded(cell string) string {
	if isFormula(cell) {
		return "'" + cell
	}
	return cell
}

// isFormula reports whether a spreadsheet would carry a cell out instead of
// showing it (OWASP, "CSV Injection"; the wide forms are what Chinese and
// Japanese editions of Excel take for the narrow ones).
func isFormula(cell string) bool {
	for _, start := range []string{"=", "+", "-", "@", "\t", "\n", `\x0d`, "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(cell, start) {
			return true
		}
	}
	return false
}

// tsvLine writes a line of fields that hold neither tabs nor line ends.
func tsvLine(out *bufio.Writer, cells []string) {
	escapes := strings.NewReplacer("\t", `\t`, "\n", `\n`)
	for i, cell := range cells {
		if i > 0 {
			out.WriteByte('\t')
		}
		out.WriteString(escapes.Replace(cell))
	}
	out.WriteByte('\n')
}
