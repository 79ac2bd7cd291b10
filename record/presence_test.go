package record_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// A store that is kept reads the database that is at its path now.
func TestRenew(t *testing.T) {
	store := database(t, map[string]string{"d/i/log/20241025": logLine("08:00:00", "old")})
	messages := func() []string {
		t.Helper()
		got, _ := selected(t, store, record.Query{Kind: record.Log})
		return got
	}
	if got := messages(); !slices.Equal(got, []string{"old"}) {
		t.Fatalf("%q", got)
	}
	if err := os.Rename(store.Path(), store.Path()+".away"); err != nil {
		t.Fatal(err)
	}
	if err := store.Renew(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("renamed away: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(store.Path(), "d/i/log"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store.Path(), "d/i/log/20241026"), []byte(logLine("09:00:00", "new")), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := store.Renew(); err != nil {
		t.Error(err)
	}
	if got := messages(); !slices.Equal(got, []string{"new"}) {
		t.Errorf("%q", got)
	}
}

// Nor does it append to a day file of the database that was there before, whoever of
// those that share the store has seen the new one first.
func TestRenewedStoreAppendsToTheNewDatabase(t *testing.T) {
	item := record.Item{Direction: "d", Name: "i"}
	for _, layout := range []record.Layout{record.LayoutDirect, record.LayoutPerHost} {
		path := filepath.Join(t.TempDir(), "db")
		now := time.Date(2024, 10, 25, 9, 0, 0, 0, time.UTC)
		store, err := record.OpenStore(path, record.StoreOptions{Layout: layout, Host: "n1", Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(store.Close)
		put := func(text string) {
			if err := store.Append(item, record.Log, "20241025", []byte(logLine("08:00:00", text))); err != nil {
				t.Error(err)
			}
		}
		put("old")
		if err := errors.Join(os.Rename(path, path+".old"), os.Mkdir(path, 0o755)); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				if err := store.Renew(); err != nil {
					t.Error(err)
				}
				put(fmt.Sprint("new ", i))
			})
		}
		group.Wait()
		if got, _ := selected(t, store, record.Query{Kind: record.Log}); len(got) != 8 || slices.Contains(got, "old") {
			t.Errorf("%s: %q", layout, got)
		}
		if zones, err := os.ReadDir(filepath.Join(path, ".mvrun/zone")); err != nil || len(zones) != 1 {
			t.Errorf("%s: the time zone is not noted: %v", layout, err)
		}
	}
}

// A database that is removed while it is read does not look like a small one.
func TestRemovedWhileRead(t *testing.T) {
	files := map[string]string{}
	for day := 10; day < 20; day++ {
		files[fmt.Sprintf("d/i/log/202410%d", day)] = logLine("08:00:00", "x")
	}
	store := database(t, files)
	rows := store.Select(record.Query{Kind: record.Log})
	count := 0
	for range rows.All() {
		if count++; count == 3 {
			if err := os.RemoveAll(store.Path()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := rows.Err(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%d rows, error %v", count, err)
	}
}

// Nor does one of which files cannot be opened since too many are.
func TestTooManyFiles(t *testing.T) {
	store := database(t, map[string]string{"d/i/log/20241025": logLine("08:00:00", "x")})
	selected(t, store, record.Query{Kind: record.Log})
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	fewer := limit
	fewer.Cur = 5
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &fewer); err != nil {
		t.Fatal(err)
	}
	rows := store.Select(record.Query{Kind: record.Log, Directions: []string{"d"}, Items: []string{"i"}})
	for range rows.All() {
		t.Error("a row")
	}
	_, _, err := store.Summarize(record.SummaryQuery{First: "20241025", Last: "20241025"})
	if back := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); back != nil {
		t.Fatal(back)
	}
	if !errors.Is(rows.Err(), syscall.EMFILE) {
		t.Errorf("select: %v", rows.Err())
	}
	if !errors.Is(err, syscall.EMFILE) {
		t.Errorf("summarize: %v", err)
	}
}
