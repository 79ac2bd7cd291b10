package record

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// readBytes is how much this process has read so far; see proc(5).
func readBytes(t *testing.T) (n int, known bool) {
	t.Helper()
	data, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0, false
	}
	_, rest, _ := strings.Cut(string(data), "rchar: ")
	n, err = strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n, true
}

// largeFile gives the lines of a host's file of so many bytes.
func largeFile(t *testing.T, db, host string, size, line int) []string {
	t.Helper()
	var lines []string
	for i := range size / line {
		head := fmt.Sprintf(`{"message": "%s %d `, host, i)
		lines = append(lines, head+strings.Repeat("x", max(0, line-len(head)-3))+"\"}\n")
	}
	writeTestFile(t, hostPath(db, host), strings.Join(lines, ""))
	return lines
}

// mergeStore has a look each time that a merge has taken the side lock or gives it
// back.
func mergeStore(t *testing.T, db string, taken, given func()) *Store {
	return testStore(t, db, StoreOptions{Layout: LayoutPerHost, Host: "merger", Lock: func(path string, wait time.Duration) (func(), error) {
		unlock, err := HoldLock(path, wait)
		if err != nil {
			return nil, err
		}
		taken()
		return func() { given(); unlock() }, nil
	}})
}

func sizeOfFile(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// A large file is read a few times only, and others may have the lock in between.
func TestMergeOfALargeFile(t *testing.T) {
	const size = 4 * mergeTurn
	db := t.TempDir()
	var before int64
	turns := 0
	store := mergeStore(t, db, func() { before = sizeOfFile(dayPath(db)) }, func() {
		turns++
		if grown := sizeOfFile(dayPath(db)) - before; grown > mergeTurn+2*mergeChunk {
			t.Errorf("%d bytes were carried over under one lock", grown)
		}
	})
	lines := largeFile(t, db, "n1", size, 1000)
	start, known := readBytes(t)
	if stats := merge(t, store); stats.Lines != len(lines) || len(stats.Refused) > 0 {
		t.Errorf("%d of %d lines, %v", stats.Lines, len(lines), stats.Refused)
	}
	if end, _ := readBytes(t); known && end-start > 4*size {
		t.Errorf("%d bytes were read to carry over %d", end-start, size)
	}
	equalLines(t, "main file", fileLines(t, dayPath(db)), lines)
	if turns < 4 {
		t.Errorf("%d bytes in %d turns", size, turns)
	}
	// What is added to it, and is there in part, does not need all of it under the lock.
	more := testLines("n2", 0, 3)
	writeTestFile(t, hostPath(db, "n2"), lines[7]+more[0]+lines[len(lines)-1]+more[1]+more[2]+more[0])
	if stats := merge(t, store); stats.Lines != 6 || len(stats.Refused) > 0 {
		t.Errorf("%+v", stats)
	}
	equalLines(t, "with more", fileLines(t, dayPath(db)), slices.Concat(lines, more))
}

// More lines than a merge keeps in mind are carried over all the same, also where one
// merge is stopped and another one is faster in between.
func TestMergeOfManyLines(t *testing.T) {
	db := t.TempDir()
	lines := largeFile(t, db, "n1", 40*(mergeLines+mergeLines/4), 40)
	ctx, cancel := context.WithCancel(t.Context())
	turns := 0
	stopped := mergeStore(t, db, func() {
		if turns++; turns == 2 {
			cancel()
		}
	}, func() {})
	if stats, err := stopped.Merge(ctx); err == nil || stats.Lines == 0 || stats.Lines == len(lines) || len(stats.Refused) > 0 {
		t.Errorf("stopped: %d of %d lines, %v, %v", stats.Lines, len(lines), err, stats.Refused)
	}
	other := testStore(t, db, StoreOptions{Layout: LayoutPerHost, Host: "other"})
	turns = 0
	slow := testStore(t, db, StoreOptions{Layout: LayoutPerHost, Lock: func(path string, wait time.Duration) (func(), error) {
		if turns++; turns == 2 {
			merge(t, other)
		}
		return HoldLock(path, wait)
	}})
	if stats := merge(t, slow); len(stats.Refused) > 0 {
		t.Error(stats.Refused)
	}
	merge(t, other)
	equalLines(t, "main file", fileLines(t, dayPath(db)), lines)
}

// TestMergeLooksAgain has the main file change between two turns of a merge.
func TestMergeLooksAgain(t *testing.T) {
	lines := testLines("n1", 0, 4)
	for name, change := range map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) { _ = os.Remove(path) },
		"emptied": func(t *testing.T, path string) { _ = os.Truncate(path, 0) },
		"replaced": func(t *testing.T, path string) {
			_ = os.Remove(path)
			writeTestFile(t, path, testLine("foreign", 0)+lines[3])
		},
		"overwritten": func(t *testing.T, path string) {
			writeTestFile(t, path, lines[0]+strings.Repeat("x", len(lines[1])-1)+"\n")
		},
		"with a line of any length": func(t *testing.T, path string) {
			writeTestFile(t, path, lines[0]+lines[1]+strings.Repeat("x", 2*mergeTurn)+"\n"+lines[2])
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := t.TempDir()
			writeTestFile(t, hostPath(db, "n1"), strings.Join(lines, ""))
			writeTestFile(t, dayPath(db), lines[0]+lines[1])
			store := testStore(t, db, StoreOptions{Layout: LayoutPerHost})
			m := &itemMerge{store: store, prefix: []string{metaFolder, hostsFolder, "n1"}, item: testItem, stats: &MergeStats{}}
			if err := m.learn(); err != nil {
				t.Fatal(err)
			}
			if behind, err := m.look(m.days[0]); behind || err != nil {
				t.Fatal(behind, err)
			}
			change(t, dayPath(db))
			if err := m.carryAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := fileLines(t, dayPath(db))
			for _, line := range lines {
				if n := count(got, line); n != 1 {
					t.Errorf("%d times: %s", n, line)
				}
			}
		})
	}
}

// A line that only the archive has is there already.
func TestMergeBesideAnArchive(t *testing.T) {
	db := t.TempDir()
	store, now := liveStore(t, db, LayoutPerHost)
	put(t, store, "a", now.AddDate(0, 0, -10), "early")
	merge(t, store)
	mustPrune(t, store, terms(0, 2))
	archived := filepath.Join(db, metaFolder, archiveFolder)
	if !exists(archived) {
		t.Fatal("nothing is archived")
	}
	put(t, store, "a", now.AddDate(0, 0, -10), "early") // as before a note that was lost
	put(t, store, "a", now.AddDate(0, 0, -10), "late")
	merge(t, store)
	plain, err := filepath.Glob(filepath.Join(db, "*", "a", "log", "*"))
	if err != nil || len(plain) != 1 {
		t.Fatal(plain, err)
	}
	if got := fileLines(t, plain[0]); len(got) != 1 || !strings.Contains(got[0], "late") {
		t.Errorf("%q", got)
	}
}
