package record

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

func merge(t *testing.T, store *Store) MergeStats {
	t.Helper()
	stats, err := store.Merge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

func TestMerge(t *testing.T) {
	db := t.TempDir()
	n1 := testStore(t, db, StoreOptions{Layout: LayoutPerHost, Host: "n1"})
	n2 := testStore(t, db, StoreOptions{Layout: LayoutPerHost, Host: "n2"})
	var want []string
	for round := range 4 {
		for _, line := range testLines("n1", round*5, round*5+5) {
			appendLine(t, n1, line)
			want = append(want, line)
		}
		line := testLine("n2", round)
		appendLine(t, n2, line)
		want = append(want, line)
		sameLines(t, "before the merge", storeLines(t, n1), want)
		if stats := merge(t, n1); stats.Lines != 6 || stats.Skipped != 0 || len(stats.Refused) != 0 {
			t.Errorf("round %d: %+v", round, stats)
		}
		sameLines(t, "main file", fileLines(t, dayPath(db)), want)
		sameLines(t, "after the merge", storeLines(t, n2), want)
		if stats := merge(t, n2); stats.Lines != 0 {
			t.Errorf("round %d, again: %+v", round, stats)
		}
	}
}

// TestMergeKilled makes by hand what a merger leaves that is killed at each of
// its steps.
func TestMergeKilled(t *testing.T) {
	lines := testLines("n1", 0, 6)
	all := lines[0] + lines[1] + lines[2] + lines[3] + lines[4] + lines[5]
	steps := map[string]func(db string){
		"nothing done":           func(string) {},
		"lock file made":         func(db string) { writeTestFile(t, filepath.Join(db, metaFolder, lockFolder, "LSF", testItem.Name), "") },
		"main file made":         func(db string) { writeTestFile(t, dayPath(db), "") },
		"some lines appended":    func(db string) { writeTestFile(t, dayPath(db), lines[0]+lines[1]) },
		"cut within a line":      func(db string) { writeTestFile(t, dayPath(db), lines[0]+lines[1][:30]) },
		"cut before a line end":  func(db string) { writeTestFile(t, dayPath(db), lines[0]+lines[1][:len(lines[1])-1]) },
		"all lines appended":     func(db string) { writeTestFile(t, dayPath(db), all) },
		"an offset being made":   func(db string) { writeTestFile(t, dayPath(db), all); writeTestFile(t, offsetPath(db, ".tmp"), "lo") },
		"an old offset":          func(db string) { writeTestFile(t, dayPath(db), all); writeOffsetFile(t, db, len(lines[0])) },
		"an offset of elsewhere": func(db string) { writeTestFile(t, dayPath(db), all); writeOffsetFile(t, db, 1<<30) },
		"a broken offset":        func(db string) { writeTestFile(t, offsetPath(db, ""), "log/"+testDay+" -5\n\nx\n") },
	}
	for name, prepare := range steps {
		t.Run(name, func(t *testing.T) {
			db := t.TempDir()
			n1 := testStore(t, db, StoreOptions{Layout: LayoutPerHost})
			for _, line := range lines {
				appendLine(t, n1, line)
			}
			prepare(db)
			if _, err := os.Stat(dayPath(db)); err == nil {
				setTime(t, dayPath(db), time.Unix(0, 0))
			}
			merge(t, n1)
			merge(t, n1)
			equalLines(t, "main file", fileLines(t, dayPath(db)), lines)
			sameLines(t, "database", storeLines(t, n1), lines)
		})
	}
}

func offsetPath(db, suffix string) string {
	return filepath.Join(db, metaFolder, hostsFolder, "n1", mergedFolder, testItem.Direction, testItem.Name+suffix)
}

func writeOffsetFile(t *testing.T, db string, offset int) {
	t.Helper()
	writeTestFile(t, offsetPath(db, ""), fmt.Sprintf("log/%s %d\n", testDay, offset))
}

func TestMergePassesOverWhatIsNoRecord(t *testing.T) {
	db := t.TempDir()
	good := testLines("n1", 0, 3)
	writeTestFile(t, hostPath(db, "n1"), good[0]+"{\"torn\": {\"x\": 1}\n\n"+good[1]+"plain\n"+good[2]+"{\"still being written\"")
	store := testStore(t, db, StoreOptions{Layout: LayoutPerHost})
	if stats := merge(t, store); stats.Lines != 3 || stats.Skipped != 2 {
		t.Errorf("%+v", stats)
	}
	equalLines(t, "main file", fileLines(t, dayPath(db)), good)
}

// TestMergeWaitsForHoles: where NFS shows NULs, the line is still to come.
func TestMergeWaitsForHoles(t *testing.T) {
	db := t.TempDir()
	lines := testLines("n1", 0, 4)
	hole := string(make([]byte, len(lines[1])))
	writeTestFile(t, hostPath(db, "n1"), lines[0]+hole+lines[2]+lines[3])
	written := time.Date(2024, 11, 1, 0, 0, 0, 0, time.UTC)
	setTime(t, hostPath(db, "n1"), written)
	now := written.Add(time.Minute)
	store := testStore(t, db, StoreOptions{Layout: LayoutPerHost, Now: func() time.Time { return now }})
	merge(t, store)
	equalLines(t, "with a hole", fileLines(t, dayPath(db)), lines[:1])

	writeTestFile(t, hostPath(db, "n1"), lines[0]+lines[1]+lines[2]+lines[3])
	merge(t, store)
	equalLines(t, "without it", fileLines(t, dayPath(db)), lines)

	writeTestFile(t, hostPath(db, "n2"), hole+"\n"+testLine("n2", 0))
	setTime(t, hostPath(db, "n2"), written)
	now = written.Add(2 * time.Hour)
	merge(t, store)
	equalLines(t, "with one that stays", fileLines(t, dayPath(db)), append(slices.Clone(lines), testLine("n2", 0)))
}

func TestMergeIsRefused(t *testing.T) {
	db := t.TempDir()
	store := testStore(t, db, StoreOptions{Layout: LayoutPerHost})
	appendLine(t, store, testLine("n1", 0))
	other := Item{testItem.Direction, "other"}
	if err := store.Append(other, Log, testDay, []byte(testLine("n1", 1))); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dayPath(db), 0o755); err != nil { // in the place of a file
		t.Fatal(err)
	}
	stats := merge(t, store)
	if stats.Lines != 1 || len(stats.Refused) != 1 {
		t.Errorf("%+v", stats)
	}
	if err := os.Remove(dayPath(db)); err != nil {
		t.Fatal(err)
	}
	if stats := merge(t, store); stats.Lines != 1 || len(stats.Refused) != 0 {
		t.Errorf("%+v", stats)
	}
	equalLines(t, "main file", fileLines(t, dayPath(db)), []string{testLine("n1", 0)})
}

func TestMergeStops(t *testing.T) {
	store := testStore(t, t.TempDir(), StoreOptions{Layout: LayoutPerHost})
	appendLine(t, store, testLine("n1", 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if stats, err := store.Merge(ctx); err == nil || stats.Lines != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
}

// TestMergeBesideAForeignWriter has another program overwrite, as O_APPEND on
// NFS does, what a merge has just appended.
func TestMergeBesideAForeignWriter(t *testing.T) {
	db := t.TempDir()
	store := testStore(t, db, StoreOptions{Layout: LayoutPerHost})
	lines := testLines("n1", 0, 3)
	for _, line := range lines {
		appendLine(t, store, line)
	}
	file := dayFile{testItem, Log, testDay}
	var whole [][]byte
	for _, line := range lines {
		whole = append(whole, []byte(line[:len(line)-1]))
	}
	m := &itemMerge{store: store, prefix: []string{metaFolder, hostsFolder, "n1"}, item: testItem}
	if err := m.learn(); err != nil || len(m.days) != 1 {
		t.Fatal(len(m.days), err)
	}
	day := m.days[0]
	if behind, err := m.look(day); behind || err != nil {
		t.Fatal(behind, err)
	}
	if err := store.appendMain(file, []byte(lines[0]+lines[1])); err != nil {
		t.Fatal(err)
	}
	foreign := testLine("foreign", 1)
	main, err := os.OpenFile(dayPath(db), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := main.WriteAt([]byte(foreign), 0); err != nil {
		t.Fatal(err)
	}
	_ = main.Close()
	setTime(t, dayPath(db), time.Unix(0, 0))
	if behind, err := m.carryOver(day, whole); behind || err != nil {
		t.Fatal(behind, err)
	}
	got := fileLines(t, dayPath(db))
	for _, line := range append(slices.Clone(lines), foreign) {
		if n := count(got, line); n != 1 {
			t.Errorf("%d times: %s", n, line)
		}
	}
}

func count(lines []string, line string) int {
	n := 0
	for _, l := range lines {
		if l == line {
			n++
		}
	}
	return n
}

// TestMergeInTheDirectLayout carries over what a user wrote who may not write to
// the main file, beside those who may.
func TestMergeInTheDirectLayout(t *testing.T) {
	const each = 200
	db := t.TempDir()
	direct := testStore(t, db, StoreOptions{})
	var group sync.WaitGroup
	writers := map[string]Layout{"a": LayoutDirect, "b": LayoutDirect, "c": LayoutPerHost}
	var want []string
	for name, layout := range writers {
		want = append(want, testLines(name, 0, each)...)
		store := testStore(t, db, StoreOptions{Layout: layout})
		group.Go(func() {
			for i := range each {
				if err := store.Append(testItem, Log, testDay, []byte(testLine(name, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if _, err := direct.Merge(t.Context()); err != nil {
			t.Error(err)
		}
	}
	merge(t, direct)
	sameLines(t, "main file", fileLines(t, dayPath(db)), want)
}
