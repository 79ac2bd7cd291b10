package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

func TestAppend(t *testing.T) {
	for _, layout := range []Layout{LayoutDirect, LayoutPerHost} {
		db := filepath.Join(t.TempDir(), "new", "db")
		store := testStore(t, db, StoreOptions{Layout: layout})
		want := testLines("w", 0, 5)
		appendLine(t, store, want[0]+want[1])
		appendLine(t, store, want[2])
		store.Close()
		appendLine(t, store, want[3]+want[4])
		path := dayPath(db)
		if layout == LayoutPerHost {
			path = hostPath(db, "n1")
		}
		equalLines(t, string(layout), fileLines(t, path), want)
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o022 != 0 {
			t.Errorf("others may write to it: %v, %v", info.Mode(), err)
		}
	}
}

func TestAppendRefusesNames(t *testing.T) {
	db := t.TempDir()
	store := testStore(t, db, StoreOptions{})
	tests := []struct {
		item Item
		kind Kind
		day  string
	}{
		{Item{"..", "x"}, Log, testDay},
		{Item{"x", "a/b"}, Log, testDay},
		{Item{"x", ""}, Log, testDay},
		{testItem, "../log", testDay},
		{testItem, "other", testDay},
		{testItem, Log, "../x"},
		{testItem, Log, "2024110"},
		{testItem, Log, "2024110x"},
	}
	for _, test := range tests {
		if err := store.Append(test.item, test.kind, test.day, []byte("{}\n")); err == nil {
			t.Errorf("%v is taken", test)
		}
	}
	if entries, _ := os.ReadDir(db); len(entries) > 0 {
		t.Errorf("made: %v", entries)
	}
}

func TestAppendHealsATornLine(t *testing.T) {
	whole := testLine("before", 1)
	record := testLine("torn", 2)
	nuls := string(make([]byte, 5000))
	tests := []struct {
		name, rest, completed, aside string
	}{
		{"cut in the middle", record[:20], "", record[:20]},
		{"only the line end is missing", record[:len(record)-1], record, ""},
		{"one byte", "{", "", "{"},
		{"no object", "[1]", "", "[1]"},
		{"NULs after a power loss", nuls, "", nuls},
		{"NULs behind a part", record[:30] + nuls, "", record[:30] + nuls},
		{"more than a buffer", record[:20] + string(make([]byte, 3<<20)), "", record[:20] + string(make([]byte, 3<<20))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, head := range []string{"", whole} {
				db := t.TempDir()
				writeTestFile(t, dayPath(db), head+test.rest)
				written := time.Date(2024, 11, 1, 0, 0, 0, 0, time.UTC)
				setTime(t, dayPath(db), written)
				store := testStore(t, db, StoreOptions{Now: func() time.Time { return written.Add(time.Minute) }})
				appendLine(t, store, testLine("after", 3))
				data, err := os.ReadFile(dayPath(db))
				if want := head + test.completed + testLine("after", 3); err != nil || string(data) != want {
					t.Errorf("the file is %.300q, want %.300q", data, want)
				}
				var want []string
				if test.aside != "" {
					want = []string{test.aside}
				}
				equalLines(t, "set aside", tornFiles(t, db), want)
			}
		})
	}
}

// TestAppendWaitsForAForeignWriter has another program end its line while an
// append waits.
func TestAppendWaitsForAForeignWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := t.TempDir()
		record := testLine("foreign", 1)
		writeTestFile(t, dayPath(db), record[:20])
		store := testStore(t, db, StoreOptions{})
		go func() {
			time.Sleep(700 * time.Millisecond)
			file, err := os.OpenFile(dayPath(db), os.O_WRONLY|os.O_APPEND, 0)
			if err == nil {
				_, err = file.WriteString(record[20:])
				_ = file.Close()
			}
			if err != nil {
				t.Error(err)
			}
		}()
		appendLine(t, store, testLine("after", 2))
		equalLines(t, "file", fileLines(t, dayPath(db)), []string{record, testLine("after", 2)})
		equalLines(t, "set aside", tornFiles(t, db), nil)
	})
}

func TestAppendGivesUpOnAnEndlessForeignWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := t.TempDir()
		writeTestFile(t, dayPath(db), "{")
		store := testStore(t, db, StoreOptions{})
		stop := make(chan struct{})
		var foreign sync.WaitGroup
		defer foreign.Wait()
		defer close(stop)
		foreign.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(500 * time.Millisecond):
				}
				file, err := os.OpenFile(dayPath(db), os.O_WRONLY|os.O_APPEND, 0)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = file.WriteString("x")
				_ = file.Close()
			}
		})
		began := time.Now()
		err := store.Append(testItem, Log, testDay, []byte(testLine("w", 1)))
		mustContain(t, err, "another program is writing")
		if waited := time.Since(began); waited > healWait+time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestAppendOwnEndsATornLine(t *testing.T) {
	db := t.TempDir()
	writeTestFile(t, hostPath(db, "n1"), testLine("w", 0)+"{\"torn")
	store := testStore(t, db, StoreOptions{Layout: LayoutPerHost})
	appendLine(t, store, testLine("w", 1))
	appendLine(t, store, testLine("w", 2))
	equalLines(t, "file", fileLines(t, hostPath(db, "n1")), []string{testLine("w", 0), "{\"torn\n", testLine("w", 1), testLine("w", 2)})
}

func TestAppendRefusesWhatIsNoFile(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(path string) error
		want    error
	}{
		{"FIFO", func(path string) error { return unix.Mkfifo(path, 0o644) }, errNotRegular},
		{"socket", func(path string) error { return unix.Mknod(path, unix.S_IFSOCK|0o644, 0) }, unix.ENXIO},
		{"folder", func(path string) error { return os.Mkdir(path, 0o755) }, unix.EISDIR},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db := t.TempDir()
			if err := os.MkdirAll(filepath.Dir(dayPath(db)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := test.prepare(dayPath(db)); err != nil {
				t.Fatal(err)
			}
			err := testStore(t, db, StoreOptions{}).Append(testItem, Log, testDay, []byte("{}\n"))
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	writeTestFile(t, file, "")
	for _, db := range []string{file, filepath.Join(file, "below")} {
		err := testStore(t, db, StoreOptions{}).Append(testItem, Log, testDay, []byte("{}\n"))
		if !errors.Is(err, unix.ENOTDIR) {
			t.Errorf("%v, want ENOTDIR", err)
		}
	}
}

func TestAppendToAReplacedFile(t *testing.T) {
	replacements := map[string]func(path string) error{
		"removed": os.Remove,
		"moved":   func(path string) error { return os.Rename(path, path+".old") },
		"replaced": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, nil, 0o644))
		},
		"item removed": func(path string) error {
			return os.RemoveAll(filepath.Dir(filepath.Dir(path)))
		},
	}
	for name, replace := range replacements {
		for _, layout := range []Layout{LayoutDirect, LayoutPerHost} {
			t.Run(name+" "+string(layout), func(t *testing.T) {
				db := t.TempDir()
				path := dayPath(db)
				if layout == LayoutPerHost {
					path = hostPath(db, "n1")
				}
				store := testStore(t, db, StoreOptions{Layout: layout})
				appendLine(t, store, testLine("w", 0))
				if err := replace(path); err != nil {
					t.Fatal(err)
				}
				appendLine(t, store, testLine("w", 1))
				equalLines(t, "file", fileLines(t, path), []string{testLine("w", 1)})
			})
		}
	}
}

// childAppend appends lines of its own, one or three at a time.
func childAppend(args []string) error {
	store, err := OpenStore(args[0], StoreOptions{Layout: Layout(args[1]), Host: args[2]})
	if err != nil {
		return err
	}
	defer store.Close()
	count, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	for i := 0; i < count; i += 3 {
		lines := testLine(args[3], i) + testLine(args[3], i+1) + testLine(args[3], i+2)
		if err := store.Append(testItem, Log, testDay, []byte(lines)); err != nil {
			return err
		}
		if i%30 == 0 {
			store.Release()
		}
	}
	return nil
}

func TestManyAppend(t *testing.T) {
	const processes, routines, each = 6, 8, 300
	for _, layout := range []Layout{LayoutDirect, LayoutPerHost} {
		t.Run(string(layout), func(t *testing.T) {
			db := t.TempDir()
			var want []string
			var group sync.WaitGroup
			for p := range processes {
				name := fmt.Sprintf("p%d", p)
				want = append(want, testLines(name, 0, each)...)
				cmd := child(t, "append", db, string(layout), "n1", name, strconv.Itoa(each))
				group.Go(func() {
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("%v\n%s", err, out)
					}
				})
			}
			shared := testStore(t, db, StoreOptions{Layout: layout})
			for r := range routines {
				name := fmt.Sprintf("r%d", r)
				want = append(want, testLines(name, 0, each)...)
				store := shared
				if r%2 == 0 {
					store = testStore(t, db, StoreOptions{Layout: layout})
				}
				group.Go(func() {
					for _, line := range testLines(name, 0, each) {
						if err := store.Append(testItem, Log, testDay, []byte(line)); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			group.Wait()
			path := dayPath(db)
			if layout == LayoutPerHost {
				path = hostPath(db, "n1")
			}
			var got []string
			for _, line := range fileLines(t, path) {
				// See appendOwn.
				if line != "\n" || layout == LayoutDirect {
					got = append(got, line)
				}
			}
			sameLines(t, "lines", got, want)
			equalLines(t, "set aside", tornFiles(t, db), nil)
		})
	}
}
