package record

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// childHold holds the lock of a file until its stdin ends.
func childHold(args []string) error {
	fd, err := unix.Open(args[0], unix.O_RDWR|unix.O_CREAT, 0o644)
	if err == nil {
		err = tryLock(fd)
	}
	if err != nil {
		return err
	}
	fmt.Println("held")
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	return nil
}

// hold has another process lock a file, until release is called.
func hold(t *testing.T, path string) (release func()) {
	t.Helper()
	cmd := child(t, "hold", path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "held\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return sync.OnceFunc(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
}

func TestAppendToALockedFile(t *testing.T) {
	db := t.TempDir()
	writeTestFile(t, dayPath(db), "")
	release := hold(t, dayPath(db))
	defer release()
	synctest.Test(t, func(t *testing.T) {
		store := testStore(t, db, StoreOptions{})
		began := time.Now()
		err := store.Append(testItem, Log, testDay, []byte(testLine("w", 1)))
		if !errors.Is(err, ErrLocked) {
			t.Errorf("%v, want %v", err, ErrLocked)
		}
		if waited := time.Since(began); waited < lockWait || waited > lockWait+time.Second {
			t.Errorf("waited %v", waited)
		}
	})
	release()
	store := testStore(t, db, StoreOptions{})
	appendLine(t, store, testLine("w", 2))
	equalLines(t, "file", fileLines(t, dayPath(db)), []string{testLine("w", 2)})
}

func TestSideLock(t *testing.T) {
	db := t.TempDir()
	store := testStore(t, db, StoreOptions{})
	unlock, err := store.Lock("LSF", "x")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := testStore(t, db, StoreOptions{}).Lock("LSF", "x")
		if !errors.Is(err, ErrLocked) || time.Since(began) > 3*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
	if other, err := store.Lock("LSF", "y"); err != nil {
		t.Error(err)
	} else {
		other()
	}
	unlock()
	again, err := HoldLock(filepath.Join(db, metaFolder, lockFolder, "LSF", "x"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestSideLockElsewhere(t *testing.T) {
	var path string
	store := testStore(t, t.TempDir(), StoreOptions{Layout: LayoutPerHost, Lock: func(p string, wait time.Duration) (func(), error) {
		path = p
		return func() {}, nil
	}})
	unlock, err := store.Lock("LSF", "x")
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if want := filepath.Join(store.Path(), metaFolder, lockFolder, "LSF", "x"); path != want {
		t.Errorf("asked for %q, want %q", path, want)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		t.Error(err)
	}
}
