package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func mergeSpools(t *testing.T, store *Store, folder string, want int) {
	t.Helper()
	if done, err := MergeSpools(store, []string{folder}); err != nil || done != want {
		t.Errorf("merged %d files, want %d: %v", done, want, err)
	}
}

func TestMergeSpools(t *testing.T) {
	for _, layout := range []Layout{LayoutDirect, LayoutPerHost} {
		db, folder := t.TempDir(), t.TempDir()
		store := testStore(t, db, StoreOptions{Layout: layout})
		second := leaveSpool(t, folder, "0002-b", testEntries(testLines("b", 0, 5)))
		first := leaveSpool(t, folder, "0001-a", testEntries(testLines("a", 0, 5)))
		content, err := os.ReadFile(first)
		if err != nil {
			t.Fatal(err)
		}
		mergeSpools(t, store, folder, 2)
		want := append(testLines("a", 0, 5), testLines("b", 0, 5)...)
		equalLines(t, "merged", storeLines(t, store), want)
		for _, path := range []string{first, second} {
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s is still there", path)
			}
		}
		mergeSpools(t, store, folder, 0)
		// Killed between the append and the removal, or within the append.
		if err := os.WriteFile(first, content, 0o600); err != nil {
			t.Fatal(err)
		}
		mergeSpools(t, store, folder, 1)
		equalLines(t, "merged again", storeLines(t, store), want)
	}
}

func TestMergeSpoolsOverATornDatabase(t *testing.T) {
	db, folder := t.TempDir(), t.TempDir()
	lines := testLines("a", 0, 3)
	leaveSpool(t, folder, "1", testEntries(lines))
	writeTestFile(t, dayPath(db), lines[0]+strings.TrimSuffix(lines[1], "\n"))
	setTime(t, dayPath(db), testClock())
	mergeSpools(t, testStore(t, db, StoreOptions{}), folder, 1)
	equalLines(t, "merged", fileLines(t, dayPath(db)), lines)
}

func TestMergeSpoolsOfATornFile(t *testing.T) {
	db, folder := t.TempDir(), t.TempDir()
	path := leaveSpool(t, folder, "1", testEntries(testLines("a", 0, 3)))
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	torn := append([]byte("\x00\x00\n{\"torn\n"), content[:len(content)-40]...)
	if err := os.WriteFile(path, torn, 0o600); err != nil {
		t.Fatal(err)
	}
	store := testStore(t, db, StoreOptions{})
	mergeSpools(t, store, folder, 1)
	equalLines(t, "merged", storeLines(t, store), testLines("a", 0, 2))
}

func TestMergeSpoolsLeavesOthers(t *testing.T) {
	db, folder := t.TempDir(), t.TempDir()
	store := testStore(t, db, StoreOptions{})
	entries := testEntries(testLines("a", 0, 3))
	entries[0].DB, entries[2].DB = db, "/another/database"
	other := leaveSpool(t, folder, "1", entries)

	live := NewSpool([]string{folder}, "2")
	defer live.Close()
	if _, err := live.Append(testEntries(testLines("live", 0, 1))); err != nil {
		t.Fatal(err)
	}
	writeTestFile(t, filepath.Join(folder, "README"), "x")
	mergeSpools(t, store, folder, 0)
	mergeSpools(t, store, folder, 0)
	equalLines(t, "merged", storeLines(t, store), testLines("a", 0, 2))
	for _, path := range []string{other, live.Path(), filepath.Join(folder, "README")} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestMergeSpoolsOfARefusedItem(t *testing.T) {
	db, folder := t.TempDir(), t.TempDir()
	store := testStore(t, db, StoreOptions{})
	if err := os.MkdirAll(dayPath(db), 0o755); err != nil { // in the place of a file
		t.Fatal(err)
	}
	entries := testEntries(testLines("a", 0, 3))
	other := entries[2]
	other.Item.Name = "other"
	leaveSpool(t, folder, "1", entries[:2])
	leaveSpool(t, folder, "2", []Entry{other, entries[2]})
	done, err := MergeSpools(store, []string{folder})
	if done != 0 || !errors.Is(err, errNotRegular) && !errors.Is(err, unix.EISDIR) {
		t.Errorf("%d, %v", done, err)
	}
	path := strings.Replace(dayPath(db), testItem.Name, "other", 1)
	equalLines(t, "the other item", fileLines(t, path), testLines("a", 2, 3))
	if err := os.Remove(dayPath(db)); err != nil {
		t.Fatal(err)
	}
	mergeSpools(t, store, folder, 2)
	equalLines(t, "the item", fileLines(t, dayPath(db)), testLines("a", 0, 3))
	equalLines(t, "the other item", fileLines(t, path), testLines("a", 2, 3))
}

func TestMergeSpoolsOfARefusingDatabase(t *testing.T) {
	folder := t.TempDir()
	db := filepath.Join(t.TempDir(), "db")
	writeTestFile(t, db, "no folder")
	leaveSpool(t, folder, "1", testEntries(testLines("a", 0, 3)))
	leaveSpool(t, folder, "2", testEntries(testLines("a", 3, 5)))
	store := testStore(t, db, StoreOptions{})
	if done, err := MergeSpools(store, []string{folder}); done != 0 || !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("%d, %v", done, err)
	}
	if err := os.Remove(db); err != nil {
		t.Fatal(err)
	}
	mergeSpools(t, store, folder, 2)
	equalLines(t, "merged", storeLines(t, store), testLines("a", 0, 5))
}

// childSpools merges the spools once.
func childSpools(args []string) error {
	store, err := OpenStore(args[0], StoreOptions{Layout: LayoutDirect, Host: "n1"})
	if err == nil {
		_, err = MergeSpools(store, args[1:])
	}
	return err
}

func TestManyMergeSpools(t *testing.T) {
	db, folder := t.TempDir(), t.TempDir()
	var want []string
	for i := range 20 {
		name := fmt.Sprintf("%04d", i)
		lines := testLines(name, 0, 20)
		want = append(want, lines...)
		leaveSpool(t, folder, name, testEntries(lines))
	}
	var group sync.WaitGroup
	for range 4 {
		cmd := child(t, "spools", db, folder)
		group.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
		store := testStore(t, db, StoreOptions{})
		group.Go(func() {
			if _, err := MergeSpools(store, []string{folder}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	sameLines(t, "merged", fileLines(t, dayPath(db)), want)
	if rest, _ := os.ReadDir(folder); len(rest) > 0 {
		t.Errorf("left: %v", rest)
	}
}

func TestSpooledFiles(t *testing.T) {
	db, folder := t.TempDir(), t.TempDir()
	store := testStore(t, db, StoreOptions{})
	sent := `{"time": "2024-11-01 00:00:00", "alarm": "id-sent"}` + "\n"
	if err := store.Append(testItem, Alarm, testDay, []byte(sent)); err != nil {
		t.Fatal(err)
	}
	leaveSpool(t, folder, "1", []Entry{
		{Item: testItem, Day: testDay, ID: "id-sent", File: []string{"outbox", "sent"}, Line: "x"},
		{Item: testItem, Day: testDay, ID: "id-open", File: []string{"outbox", "open"}, Line: "y"},
	})
	mergeSpools(t, store, folder, 1)
	if _, err := store.Meta().ReadFile(MetaFolder, "outbox", "sent"); err == nil {
		t.Error("what has been sent is there again")
	}
	if data, err := store.Meta().ReadFile(MetaFolder, "outbox", "open"); err != nil || string(data) != "y" {
		t.Error(string(data), err)
	}
}

// TestReplayBesideAppend has entries come in while the file is carried over.
func TestReplayBesideAppend(t *testing.T) {
	db, folder := t.TempDir(), t.TempDir()
	store := testStore(t, db, StoreOptions{})
	spool := NewSpool([]string{folder}, "1")
	defer spool.Close()
	want := testLines("a", 0, 400)
	var writer sync.WaitGroup
	writer.Go(func() {
		for _, entry := range testEntries(want) {
			if _, err := spool.Append([]Entry{entry}); err != nil {
				t.Error(err)
			}
		}
	})
	done := make(chan struct{})
	go func() { writer.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if err := spool.Replay(store); err != nil {
			t.Fatal(err)
		}
	}
	equalLines(t, "replayed", fileLines(t, dayPath(db)), want)
	if spool.Path() != "" {
		t.Errorf("left: %s", spool.Path())
	}
}
