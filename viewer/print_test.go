package viewer

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clipperhouse/displaywidth"

	"github.com/mvrun/mvrun/record"
)

func database(t *testing.T, files map[string]string) *record.Store {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return open(t, root)
}

func open(t *testing.T, root string) *record.Store {
	t.Helper()
	store, err := record.OpenStore(root, record.StoreOptions{Layout: record.LayoutDirect, Host: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

// printed gives what Print writes, and its notes.
func printed(t *testing.T, store *record.Store, q record.Query, o Options) (out, notes string) {
	t.Helper()
	var outBuffer, noteBuffer bytes.Buffer
	o.Notes, q.Location = &noteBuffer, time.UTC
	if err := Print(&outBuffer, store, q, o); err != nil {
		t.Fatal(err)
	}
	return outBuffer.String(), noteBuffer.String()
}

const (
	settings = `alarm_frequency: max 3 times
alarm_receivers: alice bob
direction: LSF
direction_admin: alice
monitor_item: nodes
script_execute_frequency: every hour
script_path: /ic/check.py
script_startup_host: 10.1.2.3
script_startup_method: crontab
`
	beatLine = `{"time": "2024-10-25 08:00:00", "user": "root", "host": "10.1.2.3", "script": "/ic/check.py"}` + "\n"
	logs     = `{"time": "2024-10-25 08:00:01", "message_level": "Error", "message": "n1 失联\n  since 08:00\n"}
{"time": "2024-10-25 08:00:02", "message_level": "Debug", "message": "\u001b[31mred\u001b[0m a\tb ☺️", "run": "r1", "n": 1.50}
`
	alarms = `{"time": "2024-10-25 08:00:01", "md5": "0", "receivers": "alice bob", "send_alarm_result": "PASSED", "message": "=cmd|' /C calc'!A0"}` + "\n"
	runs   = `{"time": "2024-10-25 08:00:05", "run": "r1", "exit_code": 0, "cause": "exited", "ts": "2024-10-25T08:00:05.5+00:00", "duration": 93.4817, "host": "10.1.2.3", "startup": "crontab"}
{"time": "2024-10-25 08:00:06", "run": "r2", "exit_code": 137, "signal": "KILL", "cause": "signal", "duration": 0.5, "host": "10.1.2.3", "startup": "manual"}
{"time": "2024-10-25 08:00:07", "run": "r3", "exit_code": -1, "cause": "wrapper lost"}
`
)

func sample(t *testing.T) *record.Store {
	return database(t, map[string]string{
		"LSF/nodes/monitor_item.yaml": settings, "LSF/nodes/heartbeat/20241025": beatLine, "LSF/nodes/log/20241025": logs,
		"LSF/nodes/alarm/20241025": alarms, "LSF/nodes/run/20241025": runs,
	})
}

func TestTable(t *testing.T) {
	store := sample(t)
	for kind, want := range map[record.Kind]string{
		Monitor: `
Direction  Admin  Item   Startup  Host      Exec_Frequency  Alarm_Frequency  Script        Status   Last                 Next                 Runs
LSF        alice  nodes  crontab  10.1.2.3  every hour      max 3 times      /ic/check.py  stopped  2024-10-25 08:00:00  2024-10-25 09:00:00  1
`,
		record.Heartbeat: `
Direction  Item   Time                 User  Host      Script
LSF        nodes  2024-10-25 08:00:00  root  10.1.2.3  /ic/check.py
`,
		record.Log: `
Direction  Item   Time                 Message_Level  Message
LSF        nodes  2024-10-25 08:00:01  Error          n1 失联
                                                          since 08:00
LSF        nodes  2024-10-25 08:00:02  Debug          \x1b[31mred\x1b[0m a    b ☺️
`,
		record.Alarm: `
Direction  Item   Time                 Receivers  Alarm_Result  Message
LSF        nodes  2024-10-25 08:00:01  alice bob  PASSED        =cmd|' /C calc'!A0
`,
		record.Run: `
Direction  Item   Time                 Run  Status  Cause         Duration   Startup  Host
LSF        nodes  2024-10-25 08:00:05  r1   0       exited        1m33.482s  crontab  10.1.2.3
LSF        nodes  2024-10-25 08:00:06  r2   137     signal KILL   500ms      manual   10.1.2.3
LSF        nodes  2024-10-25 08:00:07  r3           wrapper lost
`,
	} {
		if got, notes := printed(t, store, record.Query{Kind: kind}, Options{Format: Table}); got != want[1:] || notes != "" {
			t.Errorf("%s:\n%s\nwant\n%s\nnotes %q", kind, got, want[1:], notes)
		}
	}
}

func TestTableFitsTheTerminal(t *testing.T) {
	long := strings.Repeat("监控发现目录权限被篡改", 20)
	store := database(t, map[string]string{
		"LSF/a_quite_long_name_of_an_item_that_is_monitored/log/20241025": `{"time": "2024-10-25 08:00:01", "message_level": "Error", "message": "` + long + `\n` + long + `"}` + "\n",
		"LSF/b/log/20241025": `{"time": "2024-10-25 08:00:02", "message_level": "Error", "message": "short"}` + "\n",
	})
	for _, width := range []int{40, 61, 80, 100, 200} {
		out, _ := printed(t, store, record.Query{Kind: record.Log}, Options{Format: Table, Width: width})
		for line := range strings.Lines(out) {
			if cells := displaywidth.String(strings.TrimSuffix(line, "\n")); cells > width {
				t.Errorf("width %d: a line of %d cells: %q", width, cells, line)
			}
		}
		if width >= 80 && (!strings.Contains(out, "2024-10-25 08:00:02  Error") || !strings.Contains(out, "监控发现") || !strings.Contains(out, "…")) {
			t.Errorf("width %d:\n%s", width, out)
		}
	}
	out, _ := printed(t, store, record.Query{Kind: record.Log}, Options{Format: Table})
	if strings.Count(out, long) != 2 || strings.Contains(out, "…") {
		t.Errorf("without a terminal a value is cut:\n%s", out)
	}
}

// What cannot be cut is left out, column by column, and a note says so.
func TestTableLeavesColumnsOut(t *testing.T) {
	const name = "check_home_directory_of_everybody_检查目录"
	row := func(at string) string { return `{"time": "2024-10-25 08:00:0` + at + `", ` }
	store := database(t, map[string]string{
		"security/" + name + "/monitor_item.yaml":  strings.ReplaceAll(settings, "/ic/check.py", "/ic/scripts/检查/"+strings.Repeat("x", 60)),
		"security/" + name + "/heartbeat/20241025": row("1") + `"user": "a_long_user_name", "host": "192.168.100.123", "script": "/ic/scripts/` + strings.Repeat("监控", 40) + `"}` + "\n",
		"security/" + name + "/log/20241025":       row("1") + `"message_level": "Warning", "message": "` + strings.Repeat("权限被篡改", 20) + `"}` + "\n",
		"security/" + name + "/alarm/20241025":     row("1") + `"receivers": "dave.huang erin.zhang", "send_alarm_result": "SUPPRESSED", "reason": "max 1 times a day: 1 sent today", "message": "` + strings.Repeat("home ", 40) + `"}` + "\n",
		"security/" + name + "/run/20241025":       row("1") + `"run": "20241025T080000Z-4f2a90c17b", "exit_code": 137, "signal": "KILL", "cause": "signal", "duration": 93.4817, "host": "192.168.100.123", "startup": "crontab"}` + "\n",
	})
	whole := map[record.Kind]string{
		Monitor: "stopped", record.Heartbeat: "2024-10-25 08:00:01", record.Log: "2024-10-25 08:00:01  Warning",
		record.Alarm: "2024-10-25 08:00:01", record.Run: "2024-10-25 08:00:01",
	}
	for kind, want := range whole {
		for _, width := range []int{40, 41, 47, 55, 60, 66, 72, 79, 80, 90, 100, 113, 120, 132, 160, 200, 400} {
			out, notes := printed(t, store, record.Query{Kind: kind}, Options{Format: Table, Width: width})
			for line := range strings.Lines(out) {
				if cells := displaywidth.String(strings.TrimSuffix(line, "\n")); cells > width {
					t.Errorf("%s at %d: a line of %d cells: %q", kind, width, cells, line)
				}
			}
			_, below, _ := strings.Cut(out, "\n")
			if !strings.Contains(below, want) || slices.Contains(strings.Split(strings.ReplaceAll(below, "\n", gap), gap), "…") {
				t.Errorf("%s at %d:\n%s", kind, width, out)
			}
			if hidden := len(columnsOf(kind)) - len(strings.Fields(strings.SplitN(out, "\n", 2)[0])); (hidden > 0) != strings.Contains(notes, "hidden: ") {
				t.Errorf("%s at %d: %d columns are hidden, and the note is %q", kind, width, hidden, notes)
			}
		}
	}
	out, _ := printed(t, store, record.Query{Kind: Monitor}, Options{Format: Table, Width: 120})
	if !strings.Contains(out, "2024-10-25 08:00:01  2024-10-25 09:00:01") {
		t.Errorf("dates are missing at 120:\n%s", out)
	}
	out, notes := printed(t, store, record.Query{Kind: record.Alarm}, Options{Format: Table, Width: 80})
	if !strings.Contains(out, "2024-10-25 08:00:01  dave.huan…  SUPPRESSED   home ") || notes != "1 column is hidden: Direction; --wide shows all\n" {
		t.Errorf("at 80:\n%s%s", out, notes)
	}
	chosen := []string{"Direction", "Receivers", "Item", "Message", "Time"}
	out, notes = printed(t, store, record.Query{Kind: record.Alarm}, Options{Format: Table, Width: 60, Columns: chosen})
	if !strings.Contains(out, "2024-10-25 08:00:01") || len(strings.Fields(out[:strings.Index(out, "\n")])) != len(chosen) || notes != "" {
		t.Errorf("columns that were asked for:\n%s%s", out, notes)
	}
	for _, kind := range Kinds {
		if out, notes := printed(t, store, record.Query{Kind: kind}, Options{Format: Table}); strings.Contains(out, "…") || notes != "" {
			t.Errorf("%s in a pipe:\n%s%s", kind, out, notes)
		}
	}
}

func TestTableWidensBeyondABatch(t *testing.T) {
	var lines strings.Builder
	for range tableBatch + 1 {
		lines.WriteString(`{"time": "2024-10-25 08:00:00", "message_level": "Info", "message": "m"}` + "\n")
	}
	lines.WriteString(`{"time": "2024-10-25 08:00:00", "message_level": "An unusual level", "message": "last"}` + "\n")
	store := database(t, map[string]string{"d/i/log/20241025": lines.String()})
	out, _ := printed(t, store, record.Query{Kind: record.Log}, Options{Format: Table})
	if strings.Count(out, "Direction") != 1 || strings.Count(out, "\n") != tableBatch+3 || !strings.HasSuffix(out, "An unusual level  last\n") {
		t.Errorf("%d lines, ending in %q", strings.Count(out, "\n"), out[len(out)-100:])
	}
}

func TestColorsOnlyWhereAsked(t *testing.T) {
	store := sample(t)
	for _, kind := range Kinds {
		if out, _ := printed(t, store, record.Query{Kind: kind}, Options{Format: Table, Width: 80}); strings.Contains(out, "\x1b") {
			t.Errorf("%s: colour that nobody asked for: %q", kind, out)
		}
	}
	out, _ := printed(t, store, record.Query{Kind: record.Log}, Options{Format: Table, Color: true})
	for _, want := range []string{string(bold) + "Direction", string(red) + "Error" + resetStyle, string(faint) + "Debug" + resetStyle, `\x1b[31mred`} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in %q", want, out)
		}
	}
}

func TestNothingThatATerminalObeys(t *testing.T) {
	store := database(t, map[string]string{
		"d/i/log/20241025": `{"time": "\u001b]0;title\u0007", "message_level": "\u009b31m\r\n", "message": "\u0000 \u0008\u007f \u202eevil \u2028 \r end"}` + "\n" +
			"{\"message\": \"\u009b31m \u202e \x7f \xff\", \"\u009bkey\": 1}\n",
		"d/i/monitor_item.yaml": "direction_admin: \"\\x1b[31m\\u202e\"\n",
	})
	for _, kind := range []record.Kind{record.Log, Monitor} {
		for _, format := range Formats {
			out, _ := printed(t, store, record.Query{Kind: kind}, Options{Format: format})
			if out = strings.ReplaceAll(out, "\n", ""); strings.ContainsFunc(out, func(r rune) bool { return isObeyed(r) && r != '\t' }) {
				t.Errorf("%s %s: %q", kind, format, out)
			}
		}
	}
	out, _ := printed(t, store, record.Query{Kind: record.Log}, Options{Format: Table})
	if !strings.Contains(out, `\x00 \x08\x7f \u202eevil \u2028 \x0d end`) {
		t.Errorf("not shown: %q", out)
	}
}

func TestJSONLines(t *testing.T) {
	store := sample(t)
	out, _ := printed(t, store, record.Query{Kind: record.Log}, Options{Format: JSON})
	want := `{"direction": "LSF", "item": "nodes", "kind": "log", ` + logs[1:strings.Index(logs, "\n")+1] +
		`{"direction": "LSF", "item": "nodes", "kind": "log", ` + logs[strings.Index(logs, "\n")+2:]
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
	out, _ = printed(t, store, record.Query{Kind: Monitor}, Options{Format: JSON})
	want = `{"direction": "LSF", "item": "nodes", "kind": "monitor", "alarm_frequency": "max 3 times", "alarm_receivers": "alice bob", ` +
		`"direction_admin": "alice", "monitor_item": "nodes", "script_execute_frequency": "every hour", "script_path": "/ic/check.py", ` +
		`"script_startup_host": "10.1.2.3", "script_startup_method": "crontab", ` +
		`"status": "stopped", "last": "2024-10-25 08:00:00", "next": "2024-10-25 09:00:00", "runs": 1}` + "\n"
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

func TestJSONSaysItsOwnKeysOnce(t *testing.T) {
	store := database(t, map[string]string{
		"d/i/log/20241025": `{"item": "other", "\u0064irection": "x", "kind": 1, "message": "<b>&` + "\u009b\xff" + `"}` + "\n{}\n",
	})
	out, _ := printed(t, store, record.Query{Kind: record.Log}, Options{Format: JSON})
	want := `{"direction": "d", "item": "i", "kind": "log", "message": "<b>&\u009b` + "\uFFFD" + `"}` + "\n" + `{"direction": "d", "item": "i", "kind": "log"}` + "\n"
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
	for line := range strings.Lines(out) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%q is no JSON", line)
		}
	}
}

func TestCSV(t *testing.T) {
	store := database(t, map[string]string{
		"d/i/log/20241025": `{"time": "2024-10-25 08:00:01", "message_level": "Error", "message": "=1+1"}
{"time": "2024-10-25 08:00:02", "message_level": "@x", "message": "a \"b\", c\r\n-d"}
{"time": "2024-10-25 08:00:03", "message_level": "+x", "message": "-1|x"}
{"time": "2024-10-25 08:00:04", "message_level": "\tx", "message": "\r=x"}
`,
	})
	out, _ := printed(t, store, record.Query{Kind: record.Log}, Options{Format: CSV, Width: 40})
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	want := [][]string{
		{"Direction", "Item", "Time", "Message_Level", "Message"},
		{"d", "i", "2024-10-25 08:00:01", "Error", "'=1+1"},
		{"d", "i", "2024-10-25 08:00:02", "'@x", "a \"b\", c\n-d"},
		{"d", "i", "2024-10-25 08:00:03", "'+x", "'-1|x"},
		{"d", "i", "2024-10-25 08:00:04", "'\tx", `'\x0d=x`},
	}
	if !slices.EqualFunc(rows, want, slices.Equal) {
		t.Errorf("got %q\nwant %q", rows, want)
	}
	if !strings.Contains(out, `,"a ""b"", c`+"\n") || strings.Contains(out, `"Error"`) {
		t.Errorf("quotes:\n%s", out)
	}
}

func TestTSV(t *testing.T) {
	out, _ := printed(t, sample(t), record.Query{Kind: record.Log}, Options{Format: TSV})
	want := "Direction\tItem\tTime\tMessage_Level\tMessage\n" +
		"LSF\tnodes\t2024-10-25 08:00:01\tError\tn1 失联\\n  since 08:00\\n\n" +
		"LSF\tnodes\t2024-10-25 08:00:02\tDebug\t\\x1b[31mred\\x1b[0m a\\tb ☺️\n"
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

// A spreadsheet opens TSV, too, and carries out what it takes for a formula.
func TestTSVHasNoFormulas(t *testing.T) {
	store := database(t, map[string]string{
		"d/i/log/20241025": `{"time": "2024-10-25 08:00:01", "message_level": "-1+2", "message": "=cmd|' /C calc'!A0"}
{"time": "2024-10-25 08:00:02", "message_level": "+1", "message": "@SUM(A1)"}
{"time": "2024-10-25 08:00:03", "message_level": "a=1", "message": "\ttab"}
`,
	})
	columns := []string{"Message_Level", "Message"}
	out, _ := printed(t, store, record.Query{Kind: record.Log}, Options{Format: TSV, Columns: columns})
	want := "Message_Level\tMessage\n'-1+2\t'=cmd|' /C calc'!A0\n'+1\t'@SUM(A1)\na=1\t'\\ttab\n"
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

func TestPrintNothing(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "none"))
	for format, want := range map[Format]string{
		Table: "Direction  Item  Time  User  Host  Script\n", JSON: "", CSV: "Direction,Item,Time,User,Host,Script\n", TSV: "Direction\tItem\tTime\tUser\tHost\tScript\n",
	} {
		if got, notes := printed(t, store, record.Query{Kind: record.Heartbeat}, Options{Format: format}); got != want || notes != "" {
			t.Errorf("%s: %q, notes %q; want %q", format, got, notes, want)
		}
	}
}

func TestTimeOfARecordWithoutOne(t *testing.T) {
	store := database(t, map[string]string{"d/i/log/20241025": `{"message": "a"}` + "\n" + `{"ts": "2024-10-25T08:00:00+00:00", "message": "b"}` + "\n"})
	out, _ := printed(t, store, record.Query{Kind: record.Log}, Options{Format: CSV})
	if want := "Direction,Item,Time,Message_Level,Message\nd,i,2024-10-25,,a\nd,i,2024-10-25 08:00:00,,b\n"; out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

func TestNotes(t *testing.T) {
	store := database(t, map[string]string{
		"d/i/log/20241025": "torn\n{\"message\": \"a\"}\ntorn\n", "d/i/log/20241026": "torn\n", "d/a\x1bb/log/x": "",
	})
	folder := filepath.Join(store.Path(), "d/i/log/20241027")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	_, notes := printed(t, store, record.Query{Kind: record.Log}, Options{Format: JSON})
	if want := "Skipped 3 unreadable lines\nNot read: open " + folder + ": is not a regular file\n"; notes != want {
		t.Errorf("got %q, want %q", notes, want)
	}
	_, notes = printed(t, store, record.Query{Kind: record.Log, Begin: noon.AddDate(0, 0, 1).Truncate(24 * time.Hour), End: noon.AddDate(0, 0, 1)}, Options{Format: CSV})
	if want := "Skipped 1 unreadable line\n"; notes != want {
		t.Errorf("got %q, want %q", notes, want)
	}
}

func TestMonitorFilters(t *testing.T) {
	store := database(t, map[string]string{
		"LSF/nodes/monitor_item.yaml":          settings,
		"LSF/jobs/monitor_item.yaml":           strings.ReplaceAll(settings, "alice bob", "bobby"),
		"host/disk/log/20241025":               "",
		".mvrun/hosts/h/host/new/log/20241025": "",
		"LSF/broken/monitor_item.yaml/x":       "",
	})
	tests := []struct {
		query record.Query
		want  string
	}{
		{record.Query{}, "broken jobs nodes disk new"},
		{record.Query{Limit: 2}, "broken jobs"},
		{record.Query{Limit: 2, Reverse: true}, "new disk"},
		{record.Query{Directions: []string{"host"}}, "disk new"},
		{record.Query{Receivers: []string{"bob"}}, "nodes"},
		{record.Query{Keywords: []string{"bob", "crontab"}}, "jobs nodes"},
	}
	for _, test := range tests {
		test.query.Kind = Monitor
		out, notes := printed(t, store, test.query, Options{Format: TSV})
		var items []string
		for line := range strings.Lines(out) {
			items = append(items, strings.Split(line, "\t")[2])
		}
		if got := strings.Join(items[1:], " "); got != test.want {
			t.Errorf("%+v: %q, want %q", test.query, got, test.want)
		}
		if len(test.query.Directions) == 0 && test.query.Limit != 2 && !strings.Contains(notes, "monitor_item.yaml") {
			t.Errorf("%+v: settings that cannot be read are not told: %q", test.query, notes)
		}
	}
}

var errFull = errors.New("no space left")

// fullWriter takes some bytes.
type fullWriter struct{ room int }

func (w *fullWriter) Write(b []byte) (int, error) {
	if w.room -= len(b); w.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestPrintEndsWithItsReader(t *testing.T) {
	store := database(t, map[string]string{"d/i/log/20241025": strings.Repeat(`{"message": "`+strings.Repeat("x", 1000)+`"}`+"\n", 2000)})
	for _, format := range Formats {
		if err := Print(&fullWriter{100_000}, store, record.Query{Kind: record.Log}, Options{Format: format}); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestPrintOfNoDatabase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, kind := range Kinds {
		if err := Print(&bytes.Buffer{}, open(t, file), record.Query{Kind: kind}, Options{Format: JSON}); err == nil {
			t.Errorf("%s of a file: no error", kind)
		}
	}
}

// The message of an alarm may be a digest of many lines. They stand below each other,
// and what became of the alarm before them.
func TestWhyStandsBeforeTheMessage(t *testing.T) {
	store := database(t, map[string]string{
		"LSF/nodes/alarm/20241025": `{"time": "2024-10-25 08:00:01", "receivers": "alice", "send_alarm_result": "PASSED", "message": "2 more\nn1\nn2", "digest_of": 2}` + "\n",
	})
	q := record.Query{Kind: record.Alarm}
	out, _ := printed(t, store, q, Options{Format: Table, Why: true})
	want := `Direction  Item   Time                 Receivers  Alarm_Result  Why                         Message
LSF        nodes  2024-10-25 08:00:01  alice      PASSED        sent, a digest of 2 alarms  2 more
                                                                                              n1
                                                                                              n2
`
	if out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	columns, err := ParseColumns(record.Alarm, []string{"message,why"})
	if err != nil {
		t.Fatal(err)
	}
	out, _ = printed(t, store, q, Options{Format: Table, Why: true, Columns: columns})
	if want := "Message         Why\n2 more\\nn1\\nn2  sent, a digest of 2 alarms\n"; out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	out, _ = printed(t, store, q, Options{Format: CSV, Why: true})
	if !strings.HasPrefix(out, "Direction,Item,Time,Receivers,Alarm_Result,Message,Why\n") {
		t.Errorf("programs that read CSV by position find another order:\n%s", out)
	}
}

func TestColumnsAreChosen(t *testing.T) {
	store := sample(t)
	columns, err := ParseColumns(record.Log, []string{"message,item", " TIME "})
	if err != nil {
		t.Fatal(err)
	}
	out, _ := printed(t, store, record.Query{Kind: record.Log}, Options{Format: Table, Columns: columns})
	want := `Message                       Item   Time
n1 失联\n  since 08:00\n      nodes  2024-10-25 08:00:01
\x1b[31mred\x1b[0m a    b ☺️  nodes  2024-10-25 08:00:02
`
	if out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	_, err = ParseColumns(record.Run, []string{"run,message"})
	if input, ok := errors.AsType[*InputError](err); !ok || input.Value != "message" || !strings.Contains(input.Hint, "Duration") {
		t.Errorf("%v", err)
	}
}
