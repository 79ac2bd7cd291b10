package record

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// endedChild gives a process that has ended, and has been waited for.
func endedChild(t *testing.T) Process {
	t.Helper()
	cmd := child(t, "exit")
	runChild(t, cmd)
	self := Self()
	return Process{PID: cmd.Process.Pid, Ticks: self.Ticks, Boot: self.Boot, Space: self.Space}
}

func TestProcessState(t *testing.T) {
	self := Self()
	if self.PID != os.Getpid() || self.Ticks == 0 || self.Boot == "" || self.Space == "" {
		t.Fatalf("self: %+v", self)
	}
	zombie := child(t, "exit")
	stdout, err := zombie.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = stdout.Read(make([]byte, 1)) // the end of its output
	for ended := false; !ended; {
		_, _, ended = startTicks(zombie.Process.Pid)
	}
	changed := func(change func(p *Process)) Process {
		p := self
		change(&p)
		return p
	}
	tests := []struct {
		name    string
		process Process
		self    Process
		want    State
	}{
		{"itself", self, self, StateAlive},
		{"ended", endedChild(t), self, StateDead},
		{"not waited for", changed(func(p *Process) { p.PID = zombie.Process.Pid }), self, StateDead},
		{"number given to another", changed(func(p *Process) { p.Ticks-- }), self, StateDead},
		{"no number", changed(func(p *Process) { p.PID = 0 }), self, StateDead},
		{"all processes of a group", changed(func(p *Process) { p.PID = -1 }), self, StateDead},
		{"start not known", changed(func(p *Process) { p.Ticks = 0 }), self, StateAlive},
		{"before a reboot", changed(func(p *Process) { p.Boot = "other" }), self, StateRebooted},
		{"another container", changed(func(p *Process) { p.Space = "pid:[1]" }), self, StateUnknown},
		{"written without /proc", changed(func(p *Process) { p.Boot, p.Space = "", "" }), self, StateUnknown},
		{"looked for without /proc", self, Process{PID: self.PID}, StateUnknown},
	}
	for _, test := range tests {
		if got := test.process.State(test.self); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	_ = zombie.Wait()
}

func markRunning(t *testing.T, store *Store, run string, process Process) {
	t.Helper()
	mark := Mark{Run: run, Start: store.Now().Add(-36 * time.Hour).Format(StampLayout), Script: "/s.sh", Startup: "crontab", User: "u", Process: process}
	if err := store.MarkRunning(testItem, mark); err != nil {
		t.Fatal(err)
	}
}

func fixedStore(t *testing.T) *Store {
	return testStore(t, t.TempDir(), StoreOptions{Now: testClock})
}

func runRecords(t *testing.T, store *Store, day string) map[string]string {
	t.Helper()
	causes := map[string]string{}
	err := store.eachLine(dayFile{testItem, Run, day}, func(line []byte) {
		var r struct {
			Run, Cause, Time, Start, Script string
			Code                            int `json:"exit_code"`
		}
		if err := json.Unmarshal(line, &r); err != nil || causes[r.Run] != "" {
			t.Errorf("%s: %v", line, err)
		}
		if r.Cause != "ok" && (r.Code != -1 || r.Time != "2024-11-01 00:00:00" || r.Script != "/s.sh") {
			t.Errorf("%s", line)
		}
		causes[r.Run] = r.Cause
	})
	if err != nil {
		t.Fatal(err)
	}
	return causes
}

func TestCloseLost(t *testing.T) {
	store, self := fixedStore(t), Self()
	lost := self
	lost.Boot = "other"
	markRunning(t, store, "alive", self)
	markRunning(t, store, "dead", endedChild(t))
	markRunning(t, store, "rebooted", lost)
	markRunning(t, store, "recorded", endedChild(t))
	markRunning(t, store, "spooled", endedChild(t))
	yesterday := Day(testClock().AddDate(0, 0, -1))
	if err := store.Append(testItem, Run, yesterday, []byte(`{"run": "recorded", "exit_code": 0, "cause": "ok"}`+"\n")); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	leaveSpool(t, folder, "0001-spooled", testEntries(testLines("w", 0, 1)))

	closed, err := store.CloseLost(testItem, self, "", folder)
	if err != nil || len(closed) != 2 || closed[0].Run != "dead" || closed[1].Run != "rebooted" {
		t.Errorf("closed %v, %v", closed, err)
	}
	want := map[string]string{"dead": CauseWrapperLost, "rebooted": CauseNeverFinished}
	if got := runRecords(t, store, testDay); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("recorded %v, want %v", got, want)
	}
	if closed, err := store.CloseLost(testItem, self, "", folder); err != nil || len(closed) != 0 {
		t.Errorf("again: %v, %v", closed, err)
	}
	marks, err := store.Running(testItem, self)
	if err != nil || len(marks[StateAlive]) != 1 || len(marks[StateDead]) != 1 || len(marks) != 2 {
		t.Errorf("left: %v, %v", marks, err)
	}
	if closed, err := store.CloseLost(testItem, self, ""); err != nil || len(closed) != 1 || closed[0].Run != "spooled" {
		t.Errorf("without its spool: %v, %v", closed, err)
	}
}

func TestCloseLostKilled(t *testing.T) {
	store, self := fixedStore(t), Self()
	dead := endedChild(t)
	markRunning(t, store, "dead", dead)
	if closed, err := store.CloseLost(testItem, self, ""); err != nil || len(closed) != 1 {
		t.Fatal(closed, err)
	}
	markRunning(t, store, "dead", dead) // killed before the mark was removed
	if closed, err := store.CloseLost(testItem, self, ""); err != nil || len(closed) != 0 {
		t.Errorf("again: %v, %v", closed, err)
	}
	if got := runRecords(t, store, testDay); len(got) != 1 {
		t.Errorf("recorded %v", got)
	}
}

func TestManyCloseLost(t *testing.T) {
	db, self := t.TempDir(), Self()
	store := testStore(t, db, StoreOptions{Now: testClock})
	dead := endedChild(t)
	for i := range 10 {
		markRunning(t, store, fmt.Sprint("run", i), dead)
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	total := 0
	for range 6 {
		other := testStore(t, db, StoreOptions{Now: testClock})
		group.Go(func() {
			closed, err := other.CloseLost(testItem, self, "")
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			total += len(closed)
		})
	}
	group.Wait()
	if got := runRecords(t, store, testDay); len(got) != 10 || total != 10 {
		t.Errorf("closed %d, recorded %v", total, got)
	}
}

// TestBrokenMarks: a mark without its content may be in the making for a minute.
func TestBrokenMarks(t *testing.T) {
	now := time.Now()
	store, self := testStore(t, t.TempDir(), StoreOptions{Now: func() time.Time { return now }}), Self()
	folder := filepath.Join(append([]string{store.Path()}, store.markFolder(testItem)...)...)
	for _, name := range []string{"empty", ".hidden"} {
		writeTestFile(t, filepath.Join(folder, name), "")
	}
	if closed, err := store.CloseLost(testItem, self, ""); err != nil || len(closed) != 0 {
		t.Errorf("in the making: closed %v, %v", closed, err)
	}
	now = now.Add(time.Hour)
	if closed, err := store.CloseLost(testItem, self, ""); err != nil || len(closed) != 1 || closed[0].Run != "empty" {
		t.Errorf("later: closed %v, %v", closed, err)
	}
}

// TestMarksAreUsedAgain: a mark is made of one that is idle, whatever was in it.
func TestMarksAreUsedAgain(t *testing.T) {
	store, self := fixedStore(t), Self()
	for _, run := range []string{"a-long-name-of-a-run", "b", "another-run"} {
		markRunning(t, store, run, self)
		marks, err := store.Running(testItem, self)
		if err != nil || len(marks[StateAlive]) != 1 || marks[StateAlive][0].Run != run {
			t.Errorf("%s: %v, %v", run, marks, err)
		}
		if err := store.Unmark(testItem, run); err != nil {
			t.Error(err)
		}
		if marks, err := store.Running(testItem, self); err != nil || len(marks) != 0 {
			t.Errorf("after %s: %v, %v", run, marks, err)
		}
	}
}

func TestFailuresInARow(t *testing.T) {
	end := func(at string, code int, cause string) string {
		return fmt.Sprintf(`{"time": "x", "ts": "2024-%sZ", "run": "%s", "exit_code": %d, "cause": %q}`, at, at, code, cause) + "\n"
	}
	store := fixedStore(t)
	days := map[string]string{
		"20241030": end("10-30T00:00:00", 1, "exited") + end("10-30T01:00:00", 0, "exited"),
		"20241031": end("10-31T02:00:00", 1, "exited") + end("10-31T01:00:00", 137, "signal"),
		"20241101": end("11-01T01:00:00", -1, CauseWrapperLost) + "torn\n" + end("11-01T02:00:00", 0, CauseSkipped),
	}
	for day, lines := range days {
		if err := store.Append(testItem, Run, day, []byte(lines)); err != nil {
			t.Fatal(err)
		}
		// The same lines in a host's database are the same runs.
		path := strings.Replace(strings.Replace(hostPath(store.Path(), "n1"), testDay, day, 1), "/log/", "/run/", 1)
		writeTestFile(t, path, lines)
	}
	for limit, want := range map[int]int{10: 3, 3: 3, 2: 2, 0: 0} {
		if got, err := store.FailuresInARow(testItem, limit); err != nil || got != want {
			t.Errorf("up to %d: %d, %v, want %d", limit, got, err, want)
		}
	}
	if got, err := store.FailuresInARow(Item{"LSF", "new"}, 5); err != nil || got != 0 {
		t.Error(got, err)
	}
}
