package viewer

import (
	"bufio"
	"io"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// gap is between two columns of a table.
const gap = "  "

// tableBatch is how many rows are held to find the widths of the columns. Later
// rows only widen them, so that memory is bounded.
const tableBatch = 10_000

// table prints aligned columns. The last one takes the rest of the line, and the
// further lines of its values go below each other.
type table struct {
	out     *bufio.Writer
	columns []column
	width   int // 0: nothing is cut
	color   bool
	notes   io.Writer
	spared  []string // titles of columns that may be left out, see sparedColumns

	rows   [][]string
	values []int  // widths of all rows so far, before the table is fitted
	hidden string // says which columns are left out
	titled bool
}

func newTable(out *bufio.Writer, columns []column, o Options) *table {
	t := &table{out: out, columns: columns, width: o.Width, color: o.Color, notes: o.Notes, values: make([]int, len(columns))}
	if o.Width > 0 {
		t.width = max(o.Width, leastTable)
	}
	return t
}

// leastTable is the narrowest terminal that a table is fitted to.
const leastTable = 40

func (t *table) titles() []string {
	titles := make([]string, len(t.columns))
	for i, c := range t.columns {
		titles[i] = c.title
	}
	return titles
}

func (t *table) print(e *entry) error {
	cells := make([]string, len(t.columns))
	for i, c := range t.columns {
		text := c.value(e)
		if c.shown != nil {
			text = c.shown(text)
		}
		cells[i] = tableText(text, i == len(t.columns)-1)
	}
	t.measure(cells)
	t.rows = append(t.rows, cells)
	if len(t.rows) < tableBatch {
		return nil
	}
	t.flush()
	_, err := t.out.Write(nil) // the error of an earlier write, if any
	return err
}

// tableText leaves line ends to the last column only.
func tableText(text string, last bool) string {
	text = visible(unixLines(text))
	if !last {
		text = strings.ReplaceAll(text, "\n", `\n`)
	}
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\t", "    ")
}

func (t *table) measure(cells []string) {
	for i, cell := range cells {
		indent := 0
		for line := range strings.SplitSeq(cell, "\n") {
			t.values[i] = max(t.values[i], indent+displaywidth.String(line))
			indent = len("  ") // see row
		}
	}
}

func (t *table) close() error {
	t.flush()
	return nil
}

func (t *table) flush() {
	first := !t.titled
	if first {
		t.choose()
	}
	widths := t.fit()
	if first {
		t.titled = true
		t.line(widths, t.titles(), func(int) style { return bold })
	}
	for _, cells := range t.rows {
		t.row(widths, cells)
	}
	t.rows = t.rows[:0]
	if first && t.hidden != "" {
		t.out.Flush() // the note stands below
		note(t.notes, t.hidden)
	}
}

// row prints one row; the further lines of its last cell begin below the first,
// two cells in.
func (t *table) row(widths []int, cells []string) {
	last := len(cells) - 1
	first, rest, more := strings.Cut(cells[last], "\n")
	head := append(append([]string{}, cells[:last]...), first)
	t.line(widths, head, func(i int) style {
		if t.columns[i].style == nil {
			return plain
		}
		return t.columns[i].style(cells[i])
	})
	for more {
		first, rest, more = strings.Cut(rest, "\n")
		further := make([]string, len(cells))
		further[last] = "  " + first
		t.line(widths, further, func(int) style { return plain })
	}
}

func (t *table) line(widths []int, cells []string, styleOf func(column int) style) {
	var b strings.Builder
	for i, cell := range cells {
		cell = t.cut(cell, widths[i])
		padding := strings.Repeat(" ", max(0, widths[i]-displaywidth.String(cell)))
		if t.color {
			cell = styleOf(i).apply(cell)
		}
		b.WriteString(cell)
		if i < len(cells)-1 {
			b.WriteString(padding + gap)
		}
	}
	t.out.WriteString(strings.TrimRight(b.String(), " "))
	t.out.WriteByte('\n')
}

func (t *table) cut(cell string, width int) string {
	if t.width == 0 {
		return cell
	}
	return displaywidth.TruncateString(cell, width, "…")
}
