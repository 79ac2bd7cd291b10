package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// leaveSpool makes the file of a run that has ended.
func leaveSpool(t *testing.T, folder, name string, entries []Entry) string {
	t.Helper()
	spool := NewSpool([]string{folder}, name)
	if dropped, err := spool.Append(entries); err != nil || dropped > 0 {
		t.Fatal(dropped, err)
	}
	path := spool.Path()
	spool.Close()
	return path
}

// TestSpoolBesideAMerger: a merger must not take a file that is being made for
// one that a dead run has left.
func TestSpoolBesideAMerger(t *testing.T) {
	db, folder := t.TempDir(), t.TempDir()
	store := testStore(t, db, StoreOptions{})
	stop := make(chan struct{})
	var merger sync.WaitGroup
	merger.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := MergeSpools(store, []string{folder}); err != nil {
				t.Error(err)
			}
		}
	})
	var want []string
	for i := range 300 {
		lines := testLines(fmt.Sprint(i), 0, 2)
		want = append(want, lines...)
		leaveSpool(t, folder, fmt.Sprintf("%04d", i), testEntries(lines))
	}
	close(stop)
	merger.Wait()
	if _, err := MergeSpools(store, []string{folder}); err != nil {
		t.Error(err)
	}
	sameLines(t, "merged", fileLines(t, dayPath(db)), want)
}

// What waits is found in a folder of any name, and one that cannot be read is told of.
func TestSpoolWaits(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a[b*", "spool")
	leaveSpool(t, folder, SpoolName(testClock(), "r1", "/db"), testEntries(testLines("a", 0, 1)))
	leaveSpool(t, folder, SpoolName(testClock(), "r2", "/other"), testEntries(testLines("b", 0, 1)))
	writeTestFile(t, filepath.Join(folder, "note"), "")
	missing, none := filepath.Join(folder, "missing"), filepath.Join(folder, "note")
	if own, others, err := SpoolWaits([]string{missing, folder}, "/db"); own != 1 || others != 1 || err != nil {
		t.Errorf("%d for this database, %d for others, %v", own, others, err)
	}
	if own, _, err := SpoolWaits([]string{none, folder}, "/db"); own != 1 || err == nil {
		t.Errorf("beside one that is no folder: %d, %v", own, err)
	}
}

func TestSpoolFolders(t *testing.T) {
	tests := []struct {
		home string
		uid  int
		want string
	}{
		{"", 1000, "/tmp/mvrun-1000"},
		{"relative", 1000, "/tmp/mvrun-1000"},
		{"/home/a/state", 1000, "/home/a/state/mvrun/spool /tmp/mvrun-1000"},
		{"", 0, "/var/spool/mvrun /tmp/mvrun-0"},
	}
	for _, test := range tests {
		if got := strings.Join(SpoolFolders(test.home, test.uid), " "); got != test.want {
			t.Errorf("%q, %d: %s", test.home, test.uid, got)
		}
	}
}

func TestSpoolRefusesFoldersOfOthers(t *testing.T) {
	outside := t.TempDir()
	prepare := map[string]func(path string) error{
		"writable by others": func(path string) error { return errors.Join(os.Mkdir(path, 0o755), os.Chmod(path, 0o777)) },
		"a link":             func(path string) error { return os.Symlink(outside, path) },
		"a file":             func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"another user's": func(path string) error {
			if os.Getuid() != 0 {
				return os.Symlink(outside, path) // nobody else's can be made
			}
			return errors.Join(os.Mkdir(path, 0o700), os.Chown(path, 64001, 64001))
		},
	}
	for name, make := range prepare {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			bad, good := filepath.Join(base, "bad"), filepath.Join(base, "new", "good")
			if err := make(bad); err != nil {
				t.Fatal(err)
			}
			if _, err := NewSpool([]string{bad}, "1").Append(testEntries(testLines("a", 0, 1))); err == nil {
				t.Error("it was taken")
			}
			spool := NewSpool([]string{bad, good}, "1")
			defer spool.Close()
			if _, err := spool.Append(testEntries(testLines("a", 0, 1))); err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(good, "1.spool"); spool.Path() != want {
				t.Errorf("the file is %s, want %s", spool.Path(), want)
			}
			for path, mode := range map[string]os.FileMode{good: 0o700, spool.Path(): 0o600} {
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
					t.Errorf("%s: %v, %v", path, info.Mode(), err)
				}
			}
			nothingIn(t, outside)
		})
	}
}

func TestMaliciousSpoolEntries(t *testing.T) {
	base := t.TempDir()
	db, folder := filepath.Join(base, "db"), filepath.Join(base, "spool")
	entries := []Entry{
		{Item: Item{"..", "x"}, Kind: Log, Day: testDay, Line: "{}\n"},
		{Item: Item{"x", "../../y"}, Kind: Log, Day: testDay, Line: "{}\n"},
		{Item: testItem, Kind: "../../z", Day: testDay, Line: "{}\n"},
		{Item: testItem, Kind: Log, Day: "../../../z", Line: "{}\n"},
		{Item: testItem, Kind: Log, Day: testDay, Line: "{}\n{}\n"},
		{Item: testItem, File: []string{"..", "evil"}, Line: "x"},
		{Item: testItem, File: []string{"a", "../../evil"}, Line: "x"},
		{Item: testItem, File: []string{""}, Line: "x"},
		{Item: testItem, Kind: Log, Day: testDay, Line: testLine("good", 1)},
		{Item: testItem, File: []string{"output", "LSF", "good"}, Line: "kept"},
	}
	leaveSpool(t, folder, "1", entries)
	store := testStore(t, db, StoreOptions{})
	mergeSpools(t, store, folder, 1)
	equalLines(t, "merged", fileLines(t, dayPath(db)), []string{testLine("good", 1)})
	var files []string
	err := filepath.Walk(base, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			files = append(files, strings.TrimPrefix(path, base))
		}
		return err
	})
	want := []string{"/db/.mvrun/output/LSF/good", "/db/.mvrun/zone/" + zoneName(zoneOffsets(store.Now())), strings.TrimPrefix(dayPath(db), base)}
	if err != nil || !equalSets(files, want) {
		t.Errorf("files: %q, %v", files, err)
	}
}

func equalSets(a, b []string) bool {
	return len(a) == len(b) && !strings.Contains(strings.Join(a, "\n"), "evil") && count(a, b[0]) == 1 && count(a, b[1]) == 1
}

func TestSpoolBounds(t *testing.T) {
	folder := t.TempDir()
	spool := NewSpool([]string{folder}, "1")
	defer spool.Close()
	large := Entry{Item: testItem, Kind: Log, Day: testDay, Line: strings.Repeat("x", maxSpoolEntry+1)}
	small := testEntries(testLines("a", 0, 2))
	dropped, err := spool.Append([]Entry{small[0], large, {Do: func(*Store) error { return nil }}, small[1]})
	if dropped != 1 || !errors.Is(err, errSpoolEntry) {
		t.Errorf("dropped %d, %v", dropped, err)
	}
	big := Entry{Item: testItem, Kind: Log, Day: testDay, Line: strings.Repeat("x", maxSpoolEntry-1000)}
	total := 0
	for range maxSpoolBytes/(maxSpoolEntry-1000) + 2 {
		n, err := spool.Append([]Entry{big})
		if total += n; n > 0 && !errors.Is(err, errSpoolFull) {
			t.Error(err)
		}
	}
	if info, err := os.Stat(spool.Path()); err != nil || info.Size() > maxSpoolBytes || total == 0 {
		t.Errorf("%d bytes, dropped %d, %v", info.Size(), total, err)
	}
}

func TestSpoolOfADatabaseWithAnOddName(t *testing.T) {
	db, folder := filepath.Join(t.TempDir(), "d\xffb"), t.TempDir()
	store := testStore(t, db, StoreOptions{})
	entries := testEntries(testLines("a", 0, 1))
	entries[0].DB = spoolPath(db)
	path := leaveSpool(t, folder, "1", entries)
	var entry Entry
	if data, err := os.ReadFile(path); err != nil || json.Unmarshal(data, &entry) != nil || entry.DB != spoolPath(db) {
		t.Fatal(entry, err)
	}
	mergeSpools(t, store, folder, 1)
}

func TestSpoolNamesTellDatabasesApart(t *testing.T) {
	now := testClock()
	for _, c := range []struct {
		name  string
		other bool
	}{
		{SpoolName(now, "r1", "/a/db"), false},
		{SpoolName(now, "r1", "/b/db"), true},
		{SpoolName(now, "r1", ""), false},
		{SpoolName(now, "r1", "/b/db") + "-1", false}, // of a name that was taken; the content tells
		{"1-r1", false},
	} {
		if got := isForOther(c.name+spoolSuffix, "/a/db"); got != c.other {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
