package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func summarized(t *testing.T, store *Store, first, last string) string {
	t.Helper()
	counts, stats, err := store.Summarize(SummaryQuery{First: first, Last: last})
	if err != nil || stats.Failures > 0 {
		t.Fatal(err, stats.Problems)
	}
	var text []string
	for _, c := range counts {
		text = append(text, fmt.Sprintf("%s %s %s %v", c.Day, c.Item, c.Kind, c.Counts))
	}
	return strings.Join(text, "\n")
}

func summaryDatabase(t *testing.T) (db string, store *Store) {
	db = t.TempDir()
	for name, content := range map[string]string{
		"d/a/log/20241001":       `{"message_level": "Error"}` + "\n" + `{"message_level": "Info"}` + "\n" + `{"message_level": "Error"}` + "\nno record\n{\"message_level\": \"Debug\"}",
		"d/a/alarm/20241001":     `{"send_alarm_result": "PASSED"}` + "\n",
		"d/b/run/20241002":       `{"exit_code": 0}` + "\n" + `{"exit_code": 1}` + "\n" + `{"cause": "wrapper lost", "exit_code": -1}` + "\n",
		"d/b/heartbeat/20241002": "{}\n{}\n",
		"d/a/log/20241215":       `{"message_level": "Info"}` + "\n",
	} {
		writeTestFile(t, filepath.Join(db, name), content)
	}
	store, _ = liveStore(t, db, LayoutDirect)
	return db, store
}

const summaryWanted = `20241001 d/a log map[Debug:1 Error:2 Info:1]
20241001 d/a alarm map[PASSED:1]
20241002 d/b heartbeat map[:2]
20241002 d/b run map[failed:2 ok:1]
20241215 d/a log map[Info:1]`

func sameLinesInAnyOrder(t *testing.T, what, got, want string) {
	t.Helper()
	sameLines(t, what, strings.Split(got, "\n"), strings.Split(want, "\n"))
}

func rollupFile(db, month string) string {
	return filepath.Join(db, metaFolder, rollupFolder, fmt.Sprintf("%s.%d", month, os.Geteuid()))
}

func TestSummarize(t *testing.T) {
	db, store := summaryDatabase(t)
	for _, round := range []string{"counted", "kept"} {
		sameLinesInAnyOrder(t, round, summarized(t, store, "20240901", "20241231"), summaryWanted)
	}
	kept, err := os.ReadFile(rollupFile(db, "202410"))
	if err != nil || strings.Count(string(kept), "\n") != 4 {
		t.Fatalf("%q, %v", kept, err)
	}
	if exists(rollupFile(db, "202412")) {
		t.Error("today is kept")
	}
	// What is kept is what is told, while the files are what they were.
	writeTestFile(t, rollupFile(db, "202410"), strings.ReplaceAll(string(kept), `"ok"=1`, `"ok"=7`))
	if got := summarized(t, store, "20241002", "20241002"); !strings.Contains(got, "ok:7") {
		t.Error("a closed day is counted again:", got)
	}
	// It is not when they change, in whatever way.
	writeTestFile(t, filepath.Join(db, "d/b/run/20241002"), `{"exit_code": 0}`+"\n")
	if got := summarized(t, store, "20241002", "20241002"); !strings.Contains(got, "run map[ok:1]") {
		t.Error("a day that has changed:", got)
	}
	for _, nonsense := range []string{"", "\x00\n", "d\ta\tlog\t20241001\t\t\"Error\"=x\n", strings.Repeat("x", 1<<20)} {
		writeTestFile(t, rollupFile(db, "202410"), nonsense)
		if got := summarized(t, store, "20241001", "20241001"); !strings.Contains(got, "log map[Debug:1 Error:2 Info:1]") {
			t.Errorf("with %.20q: %s", nonsense, got)
		}
	}
}

func TestSummarizeOverMergeAndArchive(t *testing.T) {
	db, store := summaryDatabase(t)
	hosts, now := liveStore(t, db, LayoutPerHost)
	put(t, hosts, "a", now.AddDate(0, 0, -10), "of a host")
	want := summaryWanted + "\n20241205 d/a log map[Error:1]"
	check := func(what string) {
		t.Helper()
		for range 2 {
			sameLinesInAnyOrder(t, what, summarized(t, store, "20240901", "20241231"), want)
		}
	}
	check("of a host")
	if _, err := hosts.Merge(context.Background()); err != nil {
		t.Fatal(err)
	}
	check("merged")
	mustPrune(t, store, terms(0, 2))
	check("archived")
	put(t, store, "a", now.AddDate(0, 0, -10), "late")
	want = summaryWanted + "\n20241205 d/a log map[Error:2]"
	check("late")
}

// Lines of any length leave those behind them what they are, and many hosts make
// none longer.
func TestSummarizeWithManyHosts(t *testing.T) {
	db, store := summaryDatabase(t)
	for i := range 100 {
		writeTestFile(t, filepath.Join(db, metaFolder, hostsFolder, fmt.Sprint("n", i), "d/a/log/20241001"), fmt.Sprintf(`{"message_level": "Error", "message": "%d"}`+"\n", i))
	}
	if got := summarized(t, store, "20241001", "20241002"); !strings.Contains(got, "log map[Debug:1 Error:102 Info:1]") {
		t.Error(got)
	}
	kept, err := os.ReadFile(rollupFile(db, "202410"))
	if err != nil || len(kept) > 1<<10 {
		t.Errorf("%d bytes are kept, %v", len(kept), err)
	}
	long := strings.Repeat("x", 100<<10) + "\n" + strings.Repeat("y", 2<<20) + "\n"
	writeTestFile(t, rollupFile(db, "202410"), long+strings.ReplaceAll(string(kept), `"ok"=1`, `"ok"=7`))
	if got := summarized(t, store, "20241002", "20241002"); !strings.Contains(got, "ok:7") {
		t.Error("a closed day is counted again:", got)
	}
}

func TestSummarizeRefuses(t *testing.T) {
	store, _ := liveStore(t, t.TempDir(), LayoutDirect)
	for _, days := range [][2]string{{"", ""}, {"20241002", "20241001"}, {"20241301", "20241401"}, {"00010101", "99991231"}} {
		if _, _, err := store.Summarize(SummaryQuery{First: days[0], Last: days[1]}); err == nil {
			t.Errorf("%v: no error", days)
		}
	}
}

// More than a server has memory for is not begun.
func TestSummarizeRefusesTooMuch(t *testing.T) {
	root := t.TempDir()
	store, _ := liveStore(t, root, LayoutDirect)
	for i := range 120 {
		if err := os.MkdirAll(filepath.Join(root, "d", fmt.Sprint("item", i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	all := SummaryQuery{First: "20150101", Last: "20241231"}
	if _, _, err := store.Summarize(all); !errors.Is(err, ErrTooMuch) {
		t.Errorf("ten years of 120 items: %v", err)
	}
	all.Items = []string{"item1*"}
	if _, _, err := store.Summarize(all); err != nil {
		t.Errorf("of some: %v", err)
	}
}

func FuzzRollup(f *testing.F) {
	f.Add("d\ta\tlog\t20241001\t12@3.4,-,\t\"Error\"=2\t\"a=\\t\"=1")
	f.Fuzz(func(t *testing.T, line string) {
		file, entry, ok := parseRollup(line)
		if ok && (!isDate(file.day) || entry.counts == nil) {
			t.Errorf("%q: %v %v", line, file, entry)
		}
	})
}
