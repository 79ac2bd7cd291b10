package viewer

import (
	"bufio"
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"

	"github.com/mvrun/mvrun/record"
)

// reportText writes a report for people. Nothing of it is cut: it is read by who
// wants to know.
type reportText struct {
	out   *bufio.Writer
	color bool
	zone  *time.Location
}

func (t *reportText) styled(s style, text string) string {
	if t.color {
		return s.apply(text)
	}
	return text
}

func (t *reportText) line(text string) {
	t.out.WriteString(text)
	t.out.WriteByte('\n')
}

func (t *reportText) heading(text string) {
	t.line("")
	t.line(t.styled(bold, text))
}

// labelWidth is room for the longest label.
const labelWidth = len("script SHA-256") + len(gap)

// field writes a label and a value, whose further lines begin below its first; nothing
// without a value.
func (t *reportText) field(label, value string, s style) {
	if value == "" {
		return
	}
	for i, line := range shownLines(value) {
		if i > 0 {
			label = ""
		}
		t.line(pad(label, labelWidth) + t.styled(s, line))
	}
}

// shownLines are the lines of a text as a terminal may have them.
func shownLines(text string) []string {
	text = strings.TrimRight(unixLines(text), "\n")
	return strings.Split(strings.ReplaceAll(visible(text), "\t", "    "), "\n")
}

// shownLine is a text in one line.
func shownLine(text string) string {
	return strings.ReplaceAll(strings.Join(shownLines(text), `\n`), "\t", "    ")
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(1, width-displaywidth.String(text)))
}

func (t *reportText) time(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(t.zone).Format(record.TimeLayout)
}

// records lists what a run has recorded: time, what it is, and the message below each
// other.
func (t *reportText) records(run *Run, records []RunRecord) {
	for _, r := range records {
		what, s := recordName(&r)
		head := t.time(r.Time) + gap + t.styled(s, pad(what, len("Heartbeat")+1))
		if r.Item != run.Item {
			head += shownLine(r.Item.String()) + ": "
		}
		indent := strings.Repeat(" ", len(record.TimeLayout)+len(gap)+len("Heartbeat")+1)
		if r.Kind == record.Heartbeat {
			t.line(strings.TrimRight(head, " "))
			continue
		}
		for i, line := range shownLines(r.Message) {
			if i == 0 {
				t.line(strings.TrimRight(head+line, " "))
			} else {
				t.line(indent + "  " + line)
			}
		}
		t.outcomes(indent, &r)
	}
}

func recordName(r *RunRecord) (string, style) {
	switch r.Kind {
	case record.Heartbeat:
		return "Heartbeat", plain
	case record.Alarm:
		return "Alarm", bold
	}
	return shownLine(r.Level), levelStyle(r.Level)
}

// outcomes says what became of an alarm, each time that something did.
func (t *reportText) outcomes(indent string, r *RunRecord) {
	if r.Kind != record.Alarm {
		return
	}
	if to := shownLine(r.Receivers); to != "" {
		if title := shownLine(r.Title); title != "" && title != r.Item.Name {
			to += ": " + title
		}
		t.line(indent + "to " + to)
	}
	for _, outcome := range r.Outcomes {
		text := t.styled(resultStyle(outcome.Result), shownLine(outcome.Result))
		if outcome.Why != "" {
			text += ": " + shownLine(outcome.Why)
		}
		t.line(indent + t.time(outcome.Time) + " " + text)
	}
}

// comparison puts a run beside the last good one. What is worth a look has a star.
func (t *reportText) comparison(report *RunReport) {
	width := len("this run")
	for _, row := range report.Comparison {
		if cells := displaywidth.String(shownLine(row.This)); cells <= widestThis {
			width = max(width, cells)
		}
	}
	if report.Good != nil {
		t.line(strings.Repeat(" ", labelWidth+2) + pad("this run", width+len(gap)) + "last good run")
	}
	for _, row := range report.Comparison {
		t.compared(row, width, report.Good != nil)
	}
	if report.Good != nil {
		t.environment(&report.Environment)
	}
}

// widestThis is from when on the good run's value has a line of its own, in cells.
const widestThis = 44

func (t *reportText) compared(row Compared, width int, good bool) {
	mark, s := "  ", plain
	if row.Differs {
		mark, s = "* ", bold
	}
	this, other := shownLine(row.This), shownLine(row.Good)
	label := mark + pad(row.Name, labelWidth)
	switch {
	case !good:
		t.line(strings.TrimRight(label+this, " "))
	case this == other && !row.always:
		t.line(label + this + gap + "(the same)")
	case displaywidth.String(this) > width:
		t.line(t.styled(s, label+this))
		t.line(strings.Repeat(" ", len(label)) + cmp.Or(other, "-") + "  (last good run)")
	default:
		t.line(t.styled(s, label+pad(cmp.Or(this, "-"), width+len(gap))+cmp.Or(other, "-")))
	}
}

func (t *reportText) environment(e *Environment) {
	label := pad("  environment", labelWidth+2)
	if e.Differs() {
		label = pad("* environment", labelWidth+2)
	}
	var parts []string
	for _, part := range []struct {
		what  string
		names []string
	}{{"added", e.Added}, {"gone", e.Removed}, {"another value", e.Changed}} {
		if len(part.names) > 0 {
			parts = append(parts, part.what+": "+shownLine(strings.Join(part.names, " ")))
		}
	}
	if e.Problem != "" {
		parts = append(parts, "("+e.Problem+")")
	} else if !e.Differs() {
		parts = append(parts, "(the same)")
	}
	for _, part := range parts {
		t.line(label + part)
		label = strings.Repeat(" ", labelWidth+2)
	}
}

// output prints the ends of what was kept of a run's output.
func (t *reportText) output(kept *KeptOutput, first, last int) {
	head, tail, left := kept.Ends(first, last)
	t.outputLines(head)
	if left > 0 {
		t.line(t.styled(faint, fmt.Sprintf("  … %s …", countText(int64(left), "more line"))))
	}
	t.outputLines(tail)
}

func (t *reportText) outputLines(lines []string) {
	for _, line := range lines {
		t.line("  | " + shownLine(line))
	}
}

// notes say what could not be read.
func (t *reportText) notes(report *RunReport) {
	if report.Skipped == 0 && len(report.Problems) == 0 {
		return
	}
	t.heading("Notes")
	if report.Skipped > 0 {
		t.line("  skipped " + countText(int64(report.Skipped), "unreadable line"))
	}
	for _, problem := range report.Problems {
		t.line("  not read: " + shownLine(problem))
	}
}
