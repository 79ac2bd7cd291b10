package viewer

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// How many lines of the kept output are shown with a run: of its beginning and its end.
const (
	firstOutput = 5
	lastOutput  = 20
)

// PrintRun writes a run whole: as JSON, one document, or in any other format as a
// text for people, of Options with their colour and clock. An error is one of out.
func PrintRun(out io.Writer, report *RunReport, o Options) error {
	if o.Format == JSON {
		return printRunDocument(out, report)
	}
	t := newReportText(out, o)
	t.run(report)
	if len(report.Records) > 0 {
		t.heading("Records" + leftOut(report))
		t.records(&report.Run, report.Records)
	}
	if len(report.Nested) > 0 {
		t.heading("Runs within it")
		for _, nested := range report.Nested {
			t.line(t.time(nested.Begin) + gap + shownLine(nested.ID) + gap + shownLine(nested.Item.String()))
		}
	}
	t.keptOutput(report)
	t.heading(comparisonTitle(report))
	if report.Good != nil {
		t.comparison(report)
	}
	t.notes(report)
	return t.out.Flush()
}

// PrintOutput writes the kept output of a run whole, with control characters shown.
func PrintOutput(out io.Writer, kept *KeptOutput) error {
	buffered := bufio.NewWriterSize(out, 64<<10)
	for _, line := range kept.Lines() {
		buffered.WriteString(visible(line))
		buffered.WriteByte('\n')
	}
	return buffered.Flush()
}

func newReportText(out io.Writer, o Options) *reportText {
	zone := o.Now.Location()
	if o.Now.IsZero() {
		zone = time.Local
	}
	return &reportText{out: bufio.NewWriterSize(out, 64<<10), color: o.Color, zone: zone}
}

func leftOut(report *RunReport) string {
	if report.LeftOut == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d left out; mvrun view log --run %s has all)", report.LeftOut, shownLine(report.ID))
}

func comparisonTitle(report *RunReport) string {
	switch {
	case report.Good != nil:
		return "Compared with the last good run"
	case report.State == RunOK:
		return "No good run of " + shownLine(report.Item.String()) + " before this is on record"
	}
	return "No good run of " + shownLine(report.Item.String()) + " is on record"
}

// run is the head of a report: what ran, when, where, and how it ended.
func (t *reportText) run(report *RunReport) {
	r := &report.Run
	t.field("Run", r.ID, bold)
	t.field("Item", r.Item.String(), plain)
	t.field("State", r.Summary(), stateStyleOfRun(r.State))
	t.field("Error", r.Get("error"), plain)
	t.field("Command", r.CommandLine(), plain)
	t.field("Script", cmp.Or(r.Get("script"), report.Settings[record.KeyScript]), plain)
	t.field("script SHA-256", r.Get(record.KeyScriptSum), plain)
	t.field("Started", t.started(r), plain)
	t.field("Ended", t.time(r.End), plain)
	t.field("Duration", durationText(r.Duration), plain)
	if attempts := r.Get("attempts"); attempts != "1" && attempts != "0" {
		t.field("Attempts", attempts, plain)
	}
	t.field("CPU", cpuText(r), plain)
	t.field("Memory", memoryText(r), plain)
	t.field("Disk", diskText(r), plain)
	t.field("Stdout", streamText(r, "stdout"), plain)
	t.field("Stderr", streamText(r, "stderr"), plain)
	t.field("Records", countsText(r), plain)
	t.field("Labels", pairsText(r.Get("labels")), plain)
	t.field("Parent run", r.Get("parent"), plain)
	t.field("Build", r.Get("build_url"), plain)
	for _, key := range []string{"notes", "escaped"} {
		t.field(strings.ToUpper(key[:1])+key[1:], listText(r.Get(key)), yellow)
	}
}

func (t *reportText) started(r *Run) string {
	text := t.time(r.Begin)
	if user := r.Get("user"); user != "" {
		text += " by " + user
	}
	if host := hostText(r); host != "" {
		text += " on " + host
	}
	if startup := r.Get("startup"); startup != "" {
		text += ", " + startup
	}
	return text
}

// Summary says in words how the run ended, or what is known of it.
func (r *Run) Summary() string {
	why := cause(&entry{fields: r.Fields})
	switch r.State {
	case RunOK:
		return "ended well"
	case RunFailed:
		status := exitStatus(&entry{fields: r.Fields})
		switch {
		case why == "exited" || why == "":
			return "failed: exit status " + status
		case status == "":
			return "failed: " + why
		}
		return fmt.Sprintf("failed: %s, exit status %s", why, status)
	case RunSkipped:
		return record.CauseSkipped
	}
	text := string(r.State)
	if why != "" {
		text += ": " + why
	}
	if r.Detail != "" {
		text += ": " + r.Detail
	}
	return text
}

func stateStyleOfRun(state RunState) style {
	switch state {
	case RunOK:
		return green
	case RunFailed, RunLost:
		return red
	}
	return yellow
}

// diskText is in blocks of 512 bytes; see getrusage(2).
func diskText(r *Run) string {
	in, out := r.Get("block_in"), r.Get("block_out")
	if in == "" && out == "" || in == "0" && out == "0" {
		return ""
	}
	return fmt.Sprintf("%s blocks read, %s written", in, out)
}

// keptOutput shows the ends of the output and says how to see all of it.
func (t *reportText) keptOutput(report *RunReport) {
	kept := &report.Output
	if kept.Path == "" {
		return
	}
	if kept.Problem != "" {
		t.heading("Output: " + shownLine(kept.Problem))
		return
	}
	title := fmt.Sprintf("Output (%s)", countText(int64(len(kept.Lines())), "line"))
	if kept.Cut() {
		title = fmt.Sprintf("Output (the last %s of %s)", countText(int64(len(kept.Lines())), "line"), bytesText(kept.Printed))
	}
	t.heading(title)
	t.output(kept, firstOutput, lastOutput)
	if _, _, left := kept.Ends(firstOutput, lastOutput); left > 0 {
		t.line(fmt.Sprintf("  all of it: mvrun view run %s --output; it is in %s", shownLine(report.ID), shownLine(kept.Path)))
	}
}

// PrintWhy writes why a run failed, as far as records tell, in one block to be pasted
// into a ticket: the run beside the last good one, what it recorded, and the end of its
// output. An error is one of out.
func PrintWhy(out io.Writer, report *RunReport, o Options) error {
	if o.Format == JSON {
		return printRunDocument(out, report)
	}
	t := newReportText(out, o)
	title := report.Item.String() + " " + report.Summary()
	t.line(t.styled(stateStyleOfRun(report.State), shownLine(title)))
	if detail := report.Get("error"); detail != "" {
		t.line(shownLine(detail))
	}
	if newest := report.Newest; newest != nil && newest.State == RunOK && newest.Begin.After(report.Begin) {
		t.line("Its newest run, " + shownLine(newest.ID) + ", ended well at " + t.time(newest.End))
	}
	t.line("")
	if report.Good == nil {
		t.line(comparisonTitle(report))
	}
	t.comparison(report)
	t.field("Notes", listText(report.Get("notes")), plain)
	if told, left := tellingRecords(report); len(told) > 0 {
		title := "Logs and alarms"
		if left > 0 {
			title += fmt.Sprintf(" (the last %d; %d before)", len(told), left)
		}
		t.heading(title)
		t.records(&report.Run, told)
	}
	t.whyOutput(&report.Output)
	t.notes(report)
	return t.out.Flush()
}

// tellingRecords are the last ones that may say why.
func tellingRecords(report *RunReport) (told []RunRecord, left int) {
	for _, r := range report.Records {
		if r.Kind == record.Alarm || r.Kind == record.Log && r.Level != string(record.LevelDebug) {
			told = append(told, r)
		}
	}
	left = max(0, len(told)-lastOutput)
	return told[left:], left + report.LeftOut
}

func (t *reportText) whyOutput(kept *KeptOutput) {
	switch {
	case kept.Path == "":
		t.heading("No output was kept")
	case kept.Problem != "":
		t.heading("Output: " + shownLine(kept.Problem))
	default:
		lines := kept.Lines()
		last := lines[max(0, len(lines)-lastOutput):]
		t.heading(fmt.Sprintf("Output (the last %s)", countText(int64(len(last)), "line")))
		t.outputLines(last)
	}
}

// listText shows a list of texts, one a line.
func listText(list string) string {
	return strings.Join(textsOf(list), "\n")
}

// pairsText shows an object of texts as it is given on a command line.
func pairsText(object string) string {
	pairs := pairsOf(object)
	var texts []string
	for name, value := range pairs {
		texts = append(texts, shellWord(name+"="+value))
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}
