package record

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lockDay locks a day file as a program would that is stuck, and gives the way to
// unlock it.
func lockDay(t *testing.T, store *Store) (release func()) {
	t.Helper()
	file, err := store.tree.openDay(testClock, false, dayFile{testItem, Log, testDay}.elem(nil)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := tryLock(file.fd); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() { _ = file.close() })
}

// A day file that somebody holds stops the appends to it, and no other.
func TestLockedFileStopsItsOwnItemOnly(t *testing.T) {
	for name, locked := range map[string]bool{"locked": true, "torn": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := t.TempDir()
				// A clock of long ago, by which a torn line is not old.
				store := testStore(t, db, StoreOptions{Now: testClock})
				release := func() { writeTestFile(t, dayPath(db), "") }
				if locked {
					release = lockDay(t, store)
				} else {
					writeTestFile(t, dayPath(db), "{")
				}
				defer release()
				waiting := make(chan error, 1)
				go func() { waiting <- store.Append(testItem, Log, testDay, []byte(testLine("w", 0))) }()
				synctest.Wait()
				if !store.mu.TryLock() {
					<-waiting
					t.Fatal("who waits for a day file holds the store")
				}
				store.mu.Unlock()
				began := time.Now()
				if err := store.Append(Item{"LSF", "another"}, Log, testDay, []byte(testLine("w", 1))); err != nil {
					t.Error(err)
				}
				store.Release()
				if time.Since(began) != 0 || len(waiting) > 0 {
					t.Errorf("another item waited %v", time.Since(began))
				}
				release()
				if err := <-waiting; err != nil {
					t.Error(err)
				}
				equalLines(t, "file", fileLines(t, dayPath(db)), []string{testLine("w", 0)})
			})
		})
	}
}

// However many wait for a day file, none waits for much longer than one would.
func TestManyWaitForALockedFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := testStore(t, t.TempDir(), StoreOptions{})
		release := lockDay(t, store)
		defer release()
		began := time.Now()
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				err := store.Append(testItem, Log, testDay, []byte(testLine("w", i)))
				if !errors.Is(err, ErrLocked) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if waited := time.Since(began); waited > lockWait+time.Second {
			t.Errorf("waited %v", waited)
		}
		if n := len(store.open); n != 0 {
			t.Errorf("%d files are kept open", n)
		}
		release()
		appendLine(t, store, testLine("w", 0))
	})
}

// Day files may be closed, to make room or for good, while others append to them.
func TestManyAppendToManyItems(t *testing.T) {
	for _, layout := range []Layout{LayoutDirect, LayoutPerHost} {
		store := testStore(t, t.TempDir(), StoreOptions{Layout: layout, Now: testClock})
		const routines, items, each = 4, 2 * maxOpenFiles, 5
		var group sync.WaitGroup
		for r := range routines {
			group.Go(func() {
				for i := range items * each {
					item := Item{"d", fmt.Sprint(i % items)}
					if err := store.Append(item, Log, testDay, []byte(testLine(fmt.Sprint(r), i))); err != nil {
						t.Error(err)
					}
					if i%7 == r {
						store.Release()
					}
				}
			})
		}
		group.Wait()
		for i := range items {
			var got, want []string
			item := Item{"d", fmt.Sprint(i)}
			if err := store.eachLine(dayFile{item, Log, testDay}, func(line []byte) { got = append(got, string(line)+"\n") }); err != nil {
				t.Fatal(err)
			}
			for r := range routines {
				for n := range each {
					want = append(want, testLine(fmt.Sprint(r), n*items+i))
				}
			}
			slices.Sort(want)
			sameLines(t, fmt.Sprint(layout, item), got, want)
		}
		for path, a := range store.open {
			if a.users != 0 || a.dropped {
				t.Errorf("%s: %d users", path, a.users)
			}
		}
	}
}
