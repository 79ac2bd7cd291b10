package record_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// database makes a database of files given by their paths.
func database(t testing.TB, files map[string]string) *record.Store {
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
	return openStore(t, root)
}

// standStill lets a file be of an hour ago, when nobody is writing to it any more.
func standStill(t testing.TB, path string) {
	t.Helper()
	before := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, before, before); err != nil {
		t.Fatal(err)
	}
}

// standsStill reports whether a file is that old by now, as on a busy machine.
func standsStill(t testing.TB, path string) bool {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return time.Since(info.ModTime()) > time.Second
}

func openStore(t testing.TB, root string) *record.Store {
	t.Helper()
	store, err := record.OpenStore(root, record.StoreOptions{Layout: record.LayoutDirect, Host: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

func logLine(clock, message string) string {
	return fmt.Sprintf(`{"time": "2024-10-25 %s", "message_level": "Error", "message": %q}`+"\n", clock, message)
}

// selected gives the messages that a query finds.
func selected(t testing.TB, store *record.Store, q record.Query) ([]string, record.Stats) {
	t.Helper()
	if q.Location == nil {
		q.Location = time.UTC
	}
	rows := store.Select(q)
	messages := []string{}
	for row := range rows.All() {
		messages = append(messages, row.Get("message"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return messages, rows.Stats()
}

func day(text string) time.Time {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return at
}

func TestFixtureIsReadExactly(t *testing.T) {
	const folder = "../tests/testdata/monitorviewer/"
	var want struct {
		Range      [2]string
		Items      int `json:"monitor_items"`
		Alarms     int
		Logs       int
		Heartbeats int
		ErrorLogs  int      `json:"error_logs"`
		TopAlarms  [][2]any `json:"top_alarms"`
	}
	data, err := os.ReadFile(folder + "expected.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(folder + "db")
	if err != nil {
		t.Fatal(err)
	}
	begin, _ := time.Parse(record.TimeLayout, want.Range[0])
	last, _ := time.Parse(record.TimeLayout, want.Range[1])
	store := openStore(t, root)
	byItem := map[string]int{}
	count := func(q record.Query) (n int) {
		q.Begin, q.End, q.Location = begin, last.Add(time.Second), time.UTC
		rows := store.Select(q)
		for row := range rows.All() {
			n++
			if q.Kind == record.Alarm {
				byItem[row.Item.Name]++
			}
		}
		if stats := rows.Stats(); rows.Err() != nil || stats.Skipped > 0 || stats.Failures > 0 {
			t.Errorf("%v: %v, %+v", q.Kind, rows.Err(), stats)
		}
		return n
	}
	got := []int{
		count(record.Query{Kind: record.Alarm}), count(record.Query{Kind: record.Log}), count(record.Query{Kind: record.Heartbeat}),
		count(record.Query{Kind: record.Log, Levels: []string{"Error"}}),
	}
	if wanted := []int{want.Alarms, want.Logs, want.Heartbeats, want.ErrorLogs}; !slices.Equal(got, wanted) {
		t.Errorf("alarms, logs, heartbeats, error logs: %v, want %v", got, wanted)
	}
	for _, top := range want.TopAlarms {
		if name := top[0].(string); byItem[name] != int(top[1].(float64)) {
			t.Errorf("alarms of %s: %d, want %v", name, byItem[name], top[1])
		}
	}
	items, err := store.Items(nil, nil)
	if err != nil || len(items) != want.Items {
		t.Errorf("items: %v, %v, want %d", items, err, want.Items)
	}
}

func TestSelectFilters(t *testing.T) {
	store := database(t, map[string]string{
		"LSF/nodes/alarm/20241025": `{"time": "2024-10-25 08:00:00", "receivers": "alice bob", "message": "n1 down", "run": "r1", "level": "Error"}
{"time": "2024-10-25 09:00:00", "receivers": "alice,carol", "message": "n2 失联"}
`,
		"LSF/nodes2/alarm/20241026":   `{"ts": "2024-10-26T23:30:00.5+00:00", "time": "2024-10-27 07:30:00", "receivers": "bobby", "message": "n3 \u5931\u8054"}` + "\n",
		"host/disk[1]/alarm/20241027": `{"time": "2024-10-27 00:00:00", "receivers": "dave", "message": "full", "argv": ["df", {"deep": "-h"}]}` + "\n",
		"host/disk1/alarm/20241027":   `{"receivers": "dave", "message": "no time"}` + "\n",
	})
	tests := []struct {
		name  string
		query record.Query
		want  []string
	}{
		{"all, oldest first", record.Query{}, []string{"n1 down", "n2 失联", "n3 失联", "no time", "full"}},
		{"newest first", record.Query{Reverse: true}, []string{"full", "no time", "n3 失联", "n2 失联", "n1 down"}},
		{"the newest two", record.Query{Limit: 2}, []string{"no time", "full"}},
		{"the newest two, newest first", record.Query{Limit: 2, Reverse: true}, []string{"full", "no time"}},
		{"begin is included", record.Query{Begin: day("2024-10-27"), End: day("2024-10-28")}, []string{"no time", "full"}},
		{"end is not", record.Query{Begin: day("2024-10-25"), End: day("2024-10-25").Add(9 * time.Hour)}, []string{"n1 down"}},
		{"ts goes before time", record.Query{Begin: day("2024-10-26"), End: day("2024-10-27")}, []string{"n3 失联"}},
		{"a long range lists days", record.Query{Begin: day("2020-01-01"), End: day("2024-10-26")}, []string{"n1 down", "n2 失联"}},
		{"an empty range", record.Query{Begin: day("2024-10-26"), End: day("2024-10-26")}, []string{}},
		{"direction", record.Query{Directions: []string{"host"}}, []string{"no time", "full"}},
		{"item pattern", record.Query{Items: []string{"node*"}}, []string{"n1 down", "n2 失联", "n3 失联"}},
		{"not of a set", record.Query{Directions: []string{"[!L]*"}}, []string{"no time", "full"}},
		{"not of a set, the other sign", record.Query{Directions: []string{"[^L]*"}}, []string{"no time", "full"}},
		{"item name", record.Query{Items: []string{"nodes"}}, []string{"n1 down", "n2 失联"}},
		{"item name that is a pattern too", record.Query{Items: []string{"disk[1]"}}, []string{"no time", "full"}},
		{"name that is no path", record.Query{Items: []string{"../LSF/nodes", "none"}}, []string{}},
		{"a receiver, whole", record.Query{Receivers: []string{"bob"}}, []string{"n1 down"}},
		{"one of the receivers", record.Query{Receivers: []string{"carol", "bobby"}}, []string{"n2 失联", "n3 失联"}},
		{"keyword, escaped or not", record.Query{Keywords: []string{"失联"}}, []string{"n2 失联", "n3 失联"}},
		{"all keywords", record.Query{Keywords: []string{"失联", "n3"}}, []string{"n3 失联"}},
		{"keyword within a list", record.Query{Keywords: []string{"-h"}}, []string{"full"}},
		{"keys and numbers are no keywords", record.Query{Keywords: []string{"receivers"}}, []string{}},
		{"not a text", record.Query{Not: []string{"n1"}}, []string{"n2 失联", "n3 失联", "no time", "full"}},
		{"not a text, escaped or not", record.Query{Not: []string{"失联"}}, []string{"n1 down", "no time", "full"}},
		{"none of the texts", record.Query{Not: []string{"n1", "-h", "no time"}}, []string{"n2 失联", "n3 失联"}},
		{"keys are no texts", record.Query{Not: []string{"receivers"}, Keywords: []string{"n1"}}, []string{"n1 down"}},
		{"not the empty text", record.Query{Not: []string{""}, Keywords: []string{"n1"}}, []string{"n1 down"}},
		{"run", record.Query{Run: "r1"}, []string{"n1 down"}},
		{"level of an alarm", record.Query{Levels: []string{"error"}}, []string{"n1 down"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.query.Kind = record.Alarm
			if got, _ := selected(t, store, test.query); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSelectOrdersByTimeThenItemThenFile(t *testing.T) {
	store := database(t, map[string]string{
		"d/b/log/20241025": logLine("10:00:00", "b1") + logLine("10:00:00", "b2") + logLine("09:00:00", "b0"),
		"d/a/log/20241025": logLine("10:00:00", "a1") + `{"ts": "2024-10-25T10:00:00.5+00:00", "message": "a2"}` + "\n",
	})
	want := []string{"b0", "a1", "b1", "b2", "a2"}
	for range 5 {
		if got, _ := selected(t, store, record.Query{Kind: record.Log}); !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// A T between date and clock, a zone and a fraction are read as what they are.
func TestSelectReadsTheTimesOfOtherPrograms(t *testing.T) {
	at := func(time, message string) string {
		return fmt.Sprintf(`{"time": %q, "message": %q}`, time, message) + "\n"
	}
	store := database(t, map[string]string{
		"d/i/log/20241025": at("2024-10-25T10:00:00", "2") + logLine("09:00:00", "1") + logLine("11:00:00", "4") + at("2024-10-25T10:30:00.5Z", "3") +
			at("2024-10-25T13:00:00+01:00", "5") + at("2024-10-25T25:00:00", "no time") + at("2024-10-25T", "nor this"),
	})
	want := []string{"no time", "nor this", "1", "2", "3", "4", "5"}
	if got, _ := selected(t, store, record.Query{Kind: record.Log}); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	begin := time.Date(2024, 10, 25, 9, 30, 0, 0, time.UTC)
	if got, _ := selected(t, store, record.Query{Kind: record.Log, Begin: begin, End: begin.Add(90 * time.Minute)}); !slices.Equal(got, []string{"no time", "nor this", "2", "3"}) {
		t.Errorf("from %s on: %q", begin, got)
	}
}

func TestSelectSkipsAndCountsWhatIsNoRecord(t *testing.T) {
	long := `{"time": "2024-10-25 08:00:01", "message": "` + strings.Repeat("x", 1<<20) + `"}`
	store := database(t, map[string]string{
		"d/i/log/20241025": logLine("08:00:00", "first") +
			"\n  \n\r\n" + // empty lines say nothing
			`{"time": "2024-10-25 08:0` + "\n" + // torn
			"\x00\x00\x00\x00\n" +
			"\x00\x00" + logLine("08:00:01", "after a crash") +
			"[1, 2]\n" + "null\n" + "\xff\xfe\x01binary\n" +
			`{"message": "a" "b"}` + "\n" +
			long + "\n" +
			"{}\n" + // a record without any key
			`{"message": "with a line end of DOS"}` + "\r\n" +
			logLine("08:00:02", "last")[:len(logLine("08:00:02", "last"))-1], // and no line end
		"d/torn/log/20241025": logLine("08:00:03", "whole") + `{"time": "2024-10-25 08:00:04", "mess`,
	})
	want := []string{"", "with a line end of DOS", "first", "last", "whole"}
	torn := filepath.Join(store.Path(), "d/torn/log/20241025")
	if got, stats := selected(t, store, record.Query{Kind: record.Log}); !slices.Equal(got, want) || stats.Skipped != 8 && !standsStill(t, torn) {
		t.Errorf("while a line may be being written: got %q, %d lines skipped, want %q and 8", got, stats.Skipped, want)
	}
	standStill(t, torn)
	got, stats := selected(t, store, record.Query{Kind: record.Log})
	if !slices.Equal(got, want) || stats.Skipped != 9 || stats.Files != 2 {
		t.Errorf("got %q, %d lines of %d files skipped, want %q and 9 of 2", got, stats.Skipped, stats.Files, want)
	}
}

func TestSelectNamesWhatIsForeign(t *testing.T) {
	store := database(t, map[string]string{
		"d/i/log/20241025":      logLine("08:00:00", "one"),
		"d/i/log/20241025.swp":  "x",
		"d/i/log/20241399":      logLine("08:00:00", "no such day"),
		"d/a b/log/20241025":    logLine("08:00:00", "no such name"),
		"web.log":               "x",
		".snapshot/i/log/x":     "x",
		"d/i/monitor_item.yaml": "direction: d\n",
	})
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(store.Path(), "link")); err != nil {
		t.Fatal(err)
	}
	got, stats := selected(t, store, record.Query{Kind: record.Log})
	if !slices.Equal(got, []string{"one"}) || stats.Failures > 0 {
		t.Errorf("got %q, problems %v", got, stats.Problems)
	}
	slices.Sort(stats.Foreign)
	var want []string
	for _, name := range []string{"d/a b", "d/i/log/20241025.swp", "d/i/log/20241399", "link", "web.log"} {
		want = append(want, filepath.Join(store.Path(), name))
	}
	if !slices.Equal(stats.Foreign, want) {
		t.Errorf("foreign: %q, want %q", stats.Foreign, want)
	}
}

func TestSelectFollowsNoLink(t *testing.T) {
	store := database(t, map[string]string{"d/i/log/20241025": logLine("08:00:00", "one"), "d/other/log/20241024": "x\n"})
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(logLine("08:00:00", "secret")), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(store.Path(), "d/other/log/20241025")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(store.Path(), "d/i/log/20241026"), 0o755); err != nil {
		t.Fatal(err)
	}
	got, stats := selected(t, store, record.Query{Kind: record.Log, Begin: day("2024-10-25"), End: day("2024-10-27")})
	if !slices.Equal(got, []string{"one"}) || stats.Failures != 2 || len(stats.Problems) != 2 {
		t.Errorf("got %q, problems %v; want the link and the folder named", got, stats.Problems)
	}
}

func TestSelectGoesOnBehindWhatMayNotBeRead(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	store := database(t, map[string]string{"d/i/log/20241025": logLine("08:00:00", "one"), "closed/i/log/20241025": "", "d/j/log/20241025": ""})
	for _, name := range []string{"closed", "d/j/log/20241025"} {
		path := filepath.Join(store.Path(), name)
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(path, 0o755) })
	}
	got, stats := selected(t, store, record.Query{Kind: record.Log})
	if !slices.Equal(got, []string{"one"}) || stats.Failures != 2 {
		t.Errorf("got %q, problems %v", got, stats.Problems)
	}
}

func TestSelectOfNoDatabase(t *testing.T) {
	missing := openStore(t, filepath.Join(t.TempDir(), "none"))
	if got, stats := selected(t, missing, record.Query{Kind: record.Log}); len(got) > 0 || stats.Failures > 0 {
		t.Errorf("a database that is not there yet: %q, %v", got, stats.Problems)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, q := range []record.Query{{Kind: record.Log}, {Kind: record.Log, Limit: -1}, {Kind: record.Log, Items: []string{"["}}} {
		rows := openStore(t, file).Select(q)
		for range rows.All() {
			t.Error("a row of nothing")
		}
		if rows.Err() == nil {
			t.Errorf("%+v of a file: no error", q)
		}
	}
	if items, err := openStore(t, file).Items(nil, nil); err == nil || items != nil {
		t.Errorf("items of a file: %v, %v", items, err)
	}
}

func TestSelectEndsWhenTheCallerDoes(t *testing.T) {
	store := database(t, map[string]string{
		"d/i/log/20241025": logLine("08:00:00", "one") + logLine("08:00:01", "two"),
		"d/i/log/20241026": logLine("08:00:00", "three"),
	})
	for _, q := range []record.Query{{}, {Limit: 3}, {Reverse: true}} {
		q.Kind, q.Location = record.Log, time.UTC
		seen := 0
		for range store.Select(q).All() {
			seen++
			break
		}
		if seen != 1 {
			t.Errorf("%+v: %d rows", q, seen)
		}
	}
}

func TestLimitOfAHugeDay(t *testing.T) {
	var lines strings.Builder
	for i := range 5000 {
		// The times do not grow with the lines.
		fmt.Fprintf(&lines, `{"ts": "2024-10-25T08:00:00.%06dZ", "message": "%d"}`+"\n", (i*7919)%5000, (i*7919)%5000)
	}
	store := database(t, map[string]string{"d/i/log/20241025": lines.String()})
	for _, limit := range []int{1, 3, 4999, 1 << 62} {
		got, _ := selected(t, store, record.Query{Kind: record.Log, Limit: limit})
		var want []string
		for i := max(0, 5000-limit); i < 5000; i++ {
			want = append(want, fmt.Sprint(i))
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %d rows, want %d; or in another order", limit, len(got), len(want))
		}
	}
}

func TestItems(t *testing.T) {
	store := database(t, map[string]string{
		"LSF/nodes/monitor_item.yaml":                  "direction: LSF\n",
		"LSF/jobs/heartbeat/20241025":                  "",
		"LSF/empty/notes.txt":                          "",
		"host/disk/run/20241025":                       "",
		".mvrun/hosts/h1/LSF/nodes/log/20241025":       "",
		".mvrun/hosts/h2/host/new/log/20241025":        "",
		".mvrun/hosts/h2/.merged/host/new":             "log/20241025 0\n",
		".mvrun/running/h2/host/never/20241025-093000": "",
	})
	tests := []struct {
		directions, items []string
		want              string
	}{
		{nil, nil, "LSF/jobs LSF/nodes host/disk host/new"},
		{[]string{"host"}, nil, "host/disk host/new"},
		{[]string{"host", "LSF", "none"}, []string{"new", "nodes"}, "LSF/nodes host/new"},
		{nil, []string{"n*"}, "LSF/nodes host/new"},
		{[]string{"l*"}, nil, ""},
	}
	for _, test := range tests {
		items, err := store.Items(test.directions, test.items)
		var names []string
		for _, item := range items {
			names = append(names, item.String())
		}
		if got := strings.Join(names, " "); err != nil || got != test.want {
			t.Errorf("Items(%q, %q) = %q, %v; want %q", test.directions, test.items, got, err, test.want)
		}
	}
}
