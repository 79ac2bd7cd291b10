package viewer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

const (
	goodRun = "20241024T080000Z-00000000aa"
	badRun  = "20241025T080000Z-4f2a90c17b"
	nextRun = "20241025T090000Z-4f2b000000"
)

var runNow = time.Date(2024, 10, 26, 12, 0, 0, 0, time.UTC)

// lineOf makes a record of pairs of keys and values of JSON.
func lineOf(at string, pairs ...string) string {
	line := fmt.Sprintf(`{"time": "%s", "ts": "%sZ"`, at, strings.Replace(at, " ", "T", 1))
	for i := 0; i < len(pairs); i += 2 {
		line += fmt.Sprintf(`, "%s": %s`, pairs[i], pairs[i+1])
	}
	return line + "}\n"
}

func quoted(text string) string { return string(textValue(text)) }

// runFiles are a good run, a failed one with all that belongs to it, and one of
// another item that began at nearly the same time.
func runFiles() map[string]string {
	return map[string]string{
		"LSF/nodes/monitor_item.yaml":  settings,
		"LSF/nodes/heartbeat/20241024": lineOf("2024-10-24 08:00:00", "run", quoted(goodRun)),
		"LSF/nodes/heartbeat/20241025": "torn {\n" + lineOf("2024-10-25 08:00:00", "run", quoted(badRun)) +
			lineOf("2024-10-25 08:00:01", "run", quoted("inner"), "parent", quoted(badRun)),
		"LSF/other/heartbeat/20241025": lineOf("2024-10-25 09:00:00", "run", quoted(nextRun), "hostname", quoted("elsewhere")),
		"LSF/nodes/run/20241024": lineOf("2024-10-24 07:00:02", "run", quoted("20241024T070000Z-0000000000"), "exit_code", "1", "cause", quoted("exited"),
			"end", quoted("2024-10-24T07:00:02Z"), "env_sum", quoted("5e5e5e5e5e5e"), "env", `{"HOME": "1111", "OLD": "2222", "PATH": "3333"}`, "env_key", quoted("k")) +
			lineOf("2024-10-24 08:00:02", "run", quoted(goodRun), "exit_code", "0", "cause", quoted("exited"),
				"start", quoted("2024-10-24T08:00:00Z"), "end", quoted("2024-10-24T08:00:02Z"), "duration", "2", "stdout_bytes", "10", "stdout_lines", "1",
				"hostname", quoted("one"), "script_sha256", quoted("aaaa"), "env_sum", quoted("5e5e5e5e5e5e")),
		"LSF/nodes/run/20241025": lineOf("2024-10-25 08:00:09", "run", quoted(badRun), "exit_code", "3", "cause", quoted("exited"),
			"start", quoted("2024-10-25T08:00:00Z"), "end", quoted("2024-10-25T08:00:09Z"), "duration", "9.5", "stdout_bytes", "10", "stdout_lines", "1",
			"labels", `{"password": "hunter2", "team": "cad"}`, "output", quoted("/etc/shadow"), "hostname", quoted("two"), "script_sha256", quoted("bbbb"),
			"argv", `["./check.sh", "--token", "s3cret"]`, "env", `{"HOME": "1111", "NEW": "2222", "PATH": "4444"}`, "env_key", quoted("k")),
		"LSF/nodes/log/20241025": lineOf("2024-10-25 08:00:03", "message_level", quoted("Error"), "message", quoted("password=hunter2 \u001b[31mdown"), "run", quoted(badRun)) +
			lineOf("2024-10-25 08:00:04", "message_level", quoted("Error"), "message", quoted("of another run"), "run", quoted("x")),
		"host/disk/log/20241025": lineOf("2024-10-25 08:00:02", "message_level", quoted("Info"), "message", quoted("by mvrun log -d host -i disk"), "run", quoted(badRun)),
		"LSF/nodes/alarm/20241025": lineOf("2024-10-25 08:00:08", "receivers", quoted("bob"), "send_alarm_result", quoted("FAILED"), "message", quoted("lic01"),
			"run", quoted(badRun), "alarm", quoted("20241025T080005000000000-00000000abcd"), "attempts", "1", "error", quoted("no route")),
		"LSF/nodes/alarm/20241026": lineOf("2024-10-26 08:00:00", "receivers", quoted("bob"), "send_alarm_result", quoted("PASSED"), "message", quoted("lic01"),
			"run", quoted(badRun), "alarm", quoted("20241025T080005000000000-00000000abcd"), "attempts", "2"),
		".mvrun/output/LSF/nodes/" + badRun: "first\ntoken: s3cret\nLAST lic01\n",
	}
}

func readRun(t *testing.T, store *record.Store, id string) *RunReport {
	t.Helper()
	report, err := ReadRun(store, id, runNow, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// A run is found by its id, a beginning of it, and what follows its dash.
func TestReadRunByID(t *testing.T) {
	store := database(t, runFiles())
	for _, id := range []string{badRun, " " + badRun + " ", "20241025T08", "20241025T080000Z-4f", "4f2a", "4f2a90c17b"} {
		if got := readRun(t, store, id); got.ID != badRun || got.Item.Name != "nodes" {
			t.Errorf("%q is run %s of %s", id, got.ID, got.Item)
		}
	}
	for id, want := range map[string]string{
		"":                                      "is empty",
		"20241025":                              "more than one run",
		"20230101":                              "not on record",
		"4f2":                                   "not on record",
		"ffff":                                  "not on record",
		"20241025T080000Z-4f2a90c17b0":          "not on record",
		"LSF/nodes":                             "is an item",
		"20241025T080005000000000-00000000abcd": "id of an alarm",
		"\x1b[31m":                              "not on record",
		strings.Repeat("20241025T08", 10_000):   "not on record",
		`20241025T080000Z-4f2a90c17b", "x": "`:  "not on record",
	} {
		_, err := ReadRun(store, id, runNow, RunOptions{})
		if input, ok := errors.AsType[*InputError](err); !ok || !strings.Contains(input.Problem, want) || input.Hint == "" {
			t.Errorf("%.40q: %v, want %q", id, err, want)
		}
	}
	if got, err := ReadRun(store, "20241025", runNow, RunOptions{Items: []string{"other"}}); err != nil || got.ID != nextRun {
		t.Errorf("with --item: %v", err)
	}
}

func TestReadRunWhole(t *testing.T) {
	got := readRun(t, database(t, runFiles()), badRun)
	if got.State != RunFailed || got.Duration != 9500*time.Millisecond || got.Summary() != "failed: exit status 3" || !got.Failed() {
		t.Errorf("state %s, %v, %s", got.State, got.Duration, got.Summary())
	}
	if want := []string{"./check.sh", "--token", "***"}; !slices.Equal(got.Argv, want) {
		t.Errorf("argv %q", got.Argv)
	}
	if labels := got.Get("labels"); strings.Contains(labels, "hunter2") || !strings.Contains(labels, "cad") {
		t.Errorf("labels %s", labels)
	}
	if got.Get("env") != "" {
		t.Error("digests are nothing to see")
	}
	var records []string
	for _, r := range got.Records {
		records = append(records, fmt.Sprintf("%s %s %s %q", r.Time.Format("15:04:05"), r.Kind, r.Item.Name, r.Message))
	}
	want := []string{
		`08:00:00 heartbeat nodes ""`, `08:00:02 log disk "by mvrun log -d host -i disk"`,
		`08:00:03 log nodes "password=*** \x1b[31mdown"`, `08:00:05 alarm nodes "lic01"`,
	}
	if !slices.Equal(records, want) {
		t.Errorf("records:\n%s", strings.Join(records, "\n"))
	}
	alarm := got.Records[len(got.Records)-1]
	if len(alarm.Outcomes) != 2 || alarm.Last().Result != "PASSED" || !strings.Contains(alarm.Outcomes[0].Why, "no route") {
		t.Errorf("the alarm: %+v", alarm.Outcomes)
	}
	if len(got.Nested) != 1 || got.Nested[0].ID != "inner" {
		t.Errorf("nested runs: %+v", got.Nested)
	}
	if got.Newest != nil {
		t.Errorf("it is the newest itself, not %s", got.Newest.ID)
	}
}

func TestReadRunOutput(t *testing.T) {
	kept := readRun(t, database(t, runFiles()), badRun).Output
	if kept.Text != "first\ntoken: ***\nLAST lic01\n" || kept.Problem != "" || kept.Printed != 10 {
		t.Errorf("%+v", kept)
	}
	if got := kept.Search("last", 10); len(got) != 1 || got[0].Line != 3 || kept.Text[got[0].Begin:got[0].End] != "LAST" {
		t.Errorf("search: %+v", got)
	}
	if got := kept.Search("t", 2); len(got) != 2 {
		t.Errorf("bounded search: %+v", got)
	}
	head, tail, left := kept.Ends(1, 1)
	if !slices.Equal(head, []string{"first"}) || !slices.Equal(tail, []string{"LAST lic01"}) || left != 1 {
		t.Errorf("ends: %q, %q, %d", head, tail, left)
	}
	files := runFiles()
	delete(files, ".mvrun/output/LSF/nodes/"+badRun)
	if kept := readRun(t, database(t, files), badRun).Output; kept.Problem == "" || kept.Text != "" {
		t.Errorf("removed: %+v", kept)
	}
}

func TestReadRunComparison(t *testing.T) {
	got := readRun(t, database(t, runFiles()), badRun)
	if got.Good == nil || got.Good.ID != goodRun {
		t.Fatalf("the good run is %+v", got.Good)
	}
	differs := map[string]bool{}
	for _, row := range got.Comparison {
		differs[row.Name] = row.Differs
	}
	for name, want := range map[string]bool{
		"run": false, "started": false, "status": true, "cause": false, "duration": true, "stdout": false, "script SHA-256": true, "host": true,
	} {
		if differs[name] != want {
			t.Errorf("%s differs: %v", name, differs[name])
		}
	}
	e := got.Environment
	if !slices.Equal(e.Added, []string{"NEW"}) || !slices.Equal(e.Removed, []string{"OLD"}) || !slices.Equal(e.Changed, []string{"PATH"}) || e.Problem != "" {
		t.Errorf("environment: %+v", e)
	}
	if good := readRun(t, database(t, runFiles()), goodRun); good.Good != nil || good.Newest == nil || good.Newest.ID != badRun {
		t.Errorf("the first run has a good one before: %+v", good.Good)
	}
}

// Digests of two keys say nothing about values, and a cut list nothing about the names
// behind its end.
func TestEnvironmentThatCannotBeCompared(t *testing.T) {
	here := environment{digests: map[string]string{"A": "1", "B": "2"}, key: "one"}
	other := environment{digests: map[string]string{"A": "9", "C": "2"}, key: "two"}
	got := here.differenceFrom(other)
	if !slices.Equal(got.Added, []string{"B"}) || !slices.Equal(got.Removed, []string{"C"}) || got.Changed != nil || got.Problem == "" {
		t.Errorf("two keys: %+v", got)
	}
	other.key, here.cut = "one", true
	if got = here.differenceFrom(other); got.Removed != nil || !slices.Equal(got.Changed, []string{"A"}) || got.Problem == "" {
		t.Errorf("cut: %+v", got)
	}
	if got = (environment{}).differenceFrom(other); got.Differs() || got.Problem == "" {
		t.Errorf("none: %+v", got)
	}
}

// What has no record of its end is running, lost, or not known to be either.
func TestReadRunWithoutEnd(t *testing.T) {
	store := database(t, runFiles())
	if got := readRun(t, store, nextRun); got.State != RunUnknown || got.Ended() || got.Begin.IsZero() {
		t.Errorf("without a mark: %s, %s", got.State, got.Detail)
	}
	mark := func(host, mark string) {
		t.Helper()
		path := filepath.Join(store.Path(), ".mvrun/running", host, "LSF/other", nextRun)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(mark), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mark("elsewhere", fmt.Sprintf(`{"run": "%s", "ts": "2024-10-26T11:59:00Z", "pid": 7}`, nextRun))
	if got := readRun(t, store, nextRun); got.State != RunRunning || got.Duration != time.Minute || !strings.Contains(got.Detail, "elsewhere") {
		t.Errorf("on another host: %s for %v: %s", got.State, got.Duration, got.Detail)
	}
	self := record.Self()
	files := runFiles()
	files["LSF/other/heartbeat/20241025"] = strings.Replace(files["LSF/other/heartbeat/20241025"], "elsewhere", "reader", 1)
	store = database(t, files)
	mark("reader", fmt.Sprintf(`{"run": "%s", "ts": "2024-10-26T11:59:00Z", "pid": %d, "ticks": %d, "boot": "%s", "space": "%s"}`, nextRun, self.PID, self.Ticks, self.Boot, self.Space))
	if got := readRun(t, store, nextRun); got.State != RunRunning || !strings.Contains(got.Detail, "this host") {
		t.Errorf("here: %s: %s", got.State, got.Detail)
	}
	mark("reader", fmt.Sprintf(`{"run": "%s", "ts": "2024-10-26T11:59:00Z", "pid": 7, "boot": "an earlier one", "space": "%s"}`, nextRun, self.Space))
	if got := readRun(t, store, nextRun); got.State != RunLost || !got.Failed() {
		t.Errorf("before the last boot: %s: %s", got.State, got.Detail)
	}
}

// A run that was closed as lost may have told of its end after all.
func TestReadRunLostAndFound(t *testing.T) {
	files := runFiles()
	lost := lineOf("2024-10-25 08:00:05", "run", quoted(badRun), "exit_code", "-1", "cause", quoted(record.CauseWrapperLost))
	files["LSF/nodes/run/20241025"] = lost + files["LSF/nodes/run/20241025"]
	if got := readRun(t, database(t, files), badRun); got.State != RunFailed {
		t.Errorf("state %s", got.State)
	}
	files["LSF/nodes/run/20241025"] = strings.Replace(lost, `"exit_code"`, `"start": "2024-10-25T08:00:00Z", "exit_code"`, 1)
	files["LSF/nodes/run/20241026"] = lineOf("2024-10-26 08:00:02", "run", quoted("20241026T080000Z-00000000bb"), "exit_code", "0", "cause", quoted("exited"))
	got := readRun(t, database(t, files), badRun)
	if got.Good == nil || got.Good.ID != goodRun {
		t.Errorf("the good run is %+v", got.Good)
	}
	if got.State != RunLost || got.Duration != 0 || got.Status() != "lost" || got.Summary() != "lost: wrapper lost" {
		t.Errorf("state %s, %v, %s, %s", got.State, got.Duration, got.Status(), got.Summary())
	}
}

func TestReadLastFailed(t *testing.T) {
	files := runFiles()
	files["LSF/nodes/run/20241026"] = lineOf("2024-10-26 08:00:02", "run", quoted("20241026T080000Z-00000000bb"), "exit_code", "0", "cause", quoted("exited"), "start", quoted("2024-10-26T08:00:00Z"))
	store := database(t, files)
	got, err := ReadLastFailed(store, record.Item{Direction: "LSF", Name: "nodes"}, runNow, RunOptions{})
	if err != nil || got.ID != badRun || got.Good.ID != goodRun || got.Newest == nil {
		t.Fatalf("%+v, %v", got, err)
	}
	_, err = ReadLastFailed(store, record.Item{Direction: "LSF", Name: "other"}, runNow, RunOptions{})
	if _, ok := errors.AsType[*InputError](err); !ok {
		t.Errorf("an item without a failure: %v", err)
	}
}

// However much a run has recorded, the report is bounded, and every alarm that it has
// is whole.
func TestReadRunIsBounded(t *testing.T) {
	files := runFiles()
	var logs strings.Builder
	for i := range 100 {
		logs.WriteString(lineOf("2024-10-25 08:00:06", "message_level", quoted("Info"), "message", quoted(fmt.Sprint(i)), "run", quoted(badRun)))
	}
	files["LSF/nodes/log/20241025"] = logs.String()
	got, err := ReadRun(database(t, files), badRun, runNow, RunOptions{MaxRecords: 10})
	if err != nil {
		t.Fatal(err)
	}
	first, last := "", ""
	for _, r := range got.Records {
		if r.Kind == record.Log && r.Item.Name == "nodes" {
			first, last = cmp.Or(first, r.Message), r.Message
		}
	}
	if len(got.Records) > 11 || got.LeftOut < 90 || first != "0" || last != "99" {
		t.Errorf("%d records from %s to %s, %d left out", len(got.Records), first, last, got.LeftOut)
	}
}

// However often a database says what became of an alarm, the report is bounded, says
// that there was more, and has what became of it in the end.
func TestOutcomesAreBounded(t *testing.T) {
	files := runFiles()
	failed := files["LSF/nodes/alarm/20241025"]
	files["LSF/nodes/alarm/20241025"] = strings.Repeat(failed, 500)
	got, err := ReadRun(database(t, files), badRun, runNow, RunOptions{MaxRecords: 10})
	if err != nil {
		t.Fatal(err)
	}
	outcomes := 0
	for _, r := range got.Records {
		outcomes += len(r.Outcomes)
		if r.Kind == record.Alarm && (r.Last().Result != "PASSED" || r.Outcomes[0].Result != "FAILED") {
			t.Errorf("the end of %s is %q", r.ID, r.Last().Result)
		}
	}
	if outcomes < 10 || outcomes > 20 || got.LeftOut < 480 {
		t.Errorf("%d outcomes, %d left out", outcomes, got.LeftOut)
	}
}

func TestReadRunAsksTheOutbox(t *testing.T) {
	waiting := func(run *Run) ([]WaitingAlarm, error) {
		return []WaitingAlarm{
			{ID: "20241025T080005000000000-00000000abcd", Message: "lic01", Raised: run.Begin, Why: "it is being sent"},
			{ID: "20241025T080006000000000-00000000abcd", Message: "token: s3cret", Raised: run.Begin, Why: "later"},
		}, errors.New("and more")
	}
	got, err := ReadRun(database(t, runFiles()), badRun, runNow, RunOptions{Waiting: waiting})
	if err != nil {
		t.Fatal(err)
	}
	alarms := map[string]RunRecord{}
	for _, r := range got.Records {
		if r.Kind == record.Alarm {
			alarms[r.Message] = r
		}
	}
	if known, added := alarms["lic01"], alarms["token: ***"]; len(known.Outcomes) != 3 || known.Fields == nil || added.Last().Result != ResultWaiting {
		t.Errorf("%+v", alarms)
	}
	if len(got.Problems) != 1 {
		t.Errorf("problems %q", got.Problems)
	}
}

// Nothing that a terminal obeys, and no secret, comes out in any form; the document is
// one, and valid.
func TestPrintRunIsSafe(t *testing.T) {
	files := runFiles()
	files[".mvrun/output/LSF/nodes/"+badRun] = "\x1b]0;title\x07\u009b31m password=hunter2\r\n"
	report := readRun(t, database(t, files), badRun)
	for name, print := range map[string]func(out *bytes.Buffer) error{
		"run":    func(out *bytes.Buffer) error { return PrintRun(out, report, Options{Format: Table, Now: runNow}) },
		"why":    func(out *bytes.Buffer) error { return PrintWhy(out, report, Options{Format: Table, Now: runNow}) },
		"output": func(out *bytes.Buffer) error { return PrintOutput(out, &report.Output) },
		"json":   func(out *bytes.Buffer) error { return PrintRun(out, report, Options{Format: JSON, Now: runNow}) },
	} {
		var out bytes.Buffer
		if err := print(&out); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\x07\r\u009b") || strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), "s3cret") {
			t.Errorf("%s:\n%q", name, out.String())
		}
		if name != "json" {
			continue
		}
		var document struct {
			Run      string
			State    string
			LastGood struct{ Run string } `json:"last_good"`
			Record   map[string]any
			Output   struct{ Text string }
		}
		if err := json.Unmarshal(out.Bytes(), &document); err != nil || document.Run != badRun || document.LastGood.Run != goodRun || document.Record["exit_code"] != 3.0 {
			t.Errorf("document %+v, %v", document, err)
		}
		if document.Output.Text != report.Output.Text {
			t.Errorf("the output is not what it was: %q", document.Output.Text)
		}
	}
}

// TestMemoryText: a bound is not shown as if it were measured.
func TestMemoryText(t *testing.T) {
	for _, c := range []struct{ value, bound, want string }{
		{"50331648", "false", bytesText(50331648)},
		{"10485760", "true", "at most " + bytesText(10485760)},
		{"0", "true", ""},
	} {
		run := &Run{Fields: []record.Field{{Key: record.KeyMaxRSS, Value: []byte(c.value)}, {Key: record.KeyMaxRSSBound, Value: []byte(c.bound)}}}
		if got := memoryText(run); got != c.want {
			t.Errorf("%s, %s, is shown as %q, want %q", c.value, c.bound, got, c.want)
		}
	}
}
