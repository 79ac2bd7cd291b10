package record

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func init() {
	children["prunefull"] = childPruneFull
	children["pruneuser"] = childPruneUser
}

// noisyLines cannot be compressed well.
func noisyLines(n int) (lines []string) {
	for i := range n {
		var e Encoder
		e.String("time", "2024-11-01 00:00:00").String("message", fmt.Sprintf("%d %x%x%x", i, rand.Uint64(), rand.Uint64(), rand.Uint64()))
		lines = append(lines, string(e.Line()))
	}
	return lines
}

// childPruneFull archives a day on a file system of 1 MiB that has no room for
// the archive, and again when it has.
func childPruneFull(args []string) error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("refused: %w", err)
	}
	if err := unix.Mount("tmpfs", args[0], "tmpfs", 0, "size=1m"); err != nil {
		return fmt.Errorf("refused: %w", err)
	}
	store, err := OpenStore(args[0], StoreOptions{Layout: LayoutDirect, Host: "n1"})
	if err != nil {
		return err
	}
	lines := strings.Join(noisyLines(5000), "")
	if err := store.Append(testItem, Log, testDay, []byte(lines)); err != nil {
		return err
	}
	filler := filepath.Join(args[0], "filler")
	if err := os.WriteFile(filler, make([]byte, 460<<10), 0o600); err != nil {
		return err
	}
	report, err := store.Prune(context.Background(), terms(0, 10))
	if err != nil || report.Failures != 1 || !errors.Is(report.Problems[0], unix.ENOSPC) {
		return fmt.Errorf("a full disk: %+v, %w", report, err)
	}
	left, err := os.ReadDir(filepath.Dir(archivePath(args[0], Log, testDay)))
	if err != nil || len(left) > 0 {
		return fmt.Errorf("left %v, %w", left, err)
	}
	if data, err := os.ReadFile(dayPath(args[0])); err != nil || string(data) != lines {
		return fmt.Errorf("the day file has %d bytes, %w", len(data), err)
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	if report, err = store.Prune(context.Background(), terms(0, 10)); err != nil || report.Archived.Files != 1 {
		return fmt.Errorf("with room again: %+v, %w", report, err)
	}
	got := ""
	err = store.EachLine(testItem, Log, testDay, func(line []byte) { got += string(line) + "\n" })
	if err != nil || got != lines {
		return fmt.Errorf("%d bytes archived, %w", len(got), err)
	}
	return nil
}

func TestPruneOnAFullDisk(t *testing.T) {
	cmd := child(t, "prunefull", t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil && (len(out) == 0 || strings.HasPrefix(string(out), "child: refused")) {
		unavailable(t, "a mount namespace with a tmpfs", fmt.Errorf("%w: %s", err, out))
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// childPruneUser prunes as a user, and says what it did.
func childPruneUser(args []string) error {
	uid, err := strconv.Atoi(args[1])
	if err == nil && uid != 0 {
		err = become(uid)
	}
	if err != nil {
		return err
	}
	store, err := OpenStore(args[0], StoreOptions{Layout: LayoutDirect, Host: "n1"})
	if err != nil {
		return err
	}
	report, err := store.Prune(context.Background(), terms(0, 10))
	fmt.Printf("archived %d, others %v, failures %d %v\n", report.Archived.Files, report.Others > 0, report.Failures, report.Problems)
	return err
}

// TestPruneInASharedDatabase: what belongs to others stays, and is no failure;
// root does all of it, and everybody goes on reading.
func TestPruneInASharedDatabase(t *testing.T) {
	db := sharedDatabase(t)
	var want []string
	for _, user := range []struct {
		name string
		uid  int
	}{{"alice", alice}, {"bob", bob}} {
		runChild(t, child(t, "user", db, user.name, strconv.Itoa(user.uid)))
		want = append(want, testLines(user.name, 0, 10)...)
	}
	prune := func(uid int, says string) {
		t.Helper()
		out, err := child(t, "pruneuser", db, strconv.Itoa(uid)).CombinedOutput()
		if err != nil || string(out) != says+"\n" {
			t.Errorf("%d: %v, %s, want %s", uid, err, out, says)
		}
		sameLines(t, "lines", storeLines(t, testStore(t, db, StoreOptions{})), want)
		out, err = child(t, "user", db, "read", strconv.Itoa(bob)).CombinedOutput()
		if err != nil || string(out) != fmt.Sprintln(len(want)) {
			t.Errorf("bob sees %s, %v", out, err)
		}
	}
	prune(bob, "archived 1, others true, failures 0 []") // bob's own item
	prune(0, "archived 2, others false, failures 0 []")  // alice's two
	prune(0, "archived 0, others false, failures 0 []")
	ownedBy(t, archivePath(db, Log, testDay), 0)
	runChild(t, child(t, "user", db, "alice2", strconv.Itoa(alice)))
	want = append(want, testLines("alice2", 0, 10)...)
	prune(0, "archived 2, others false, failures 0 []")
}

// TestAnArchiveOfAnotherUserIsNotTrusted: who owns it could take away what would
// be left in it alone.
func TestAnArchiveOfAnotherUserIsNotTrusted(t *testing.T) {
	db := sharedDatabase(t)
	store := pruneStore(t, db, LayoutDirect)
	appendLine(t, store, testLine("w", 1))
	text, err := os.ReadFile(dayPath(db))
	if err != nil {
		t.Fatal(err)
	}
	mustPrune(t, store, terms(0, 10))
	writeTestFile(t, dayPath(db), string(text))
	if err := os.Chown(archivePath(db, Log, testDay), bob, bob); err != nil {
		t.Fatal(err)
	}
	if report := mustPrune(t, store, terms(0, 10)); report.Others != 1 || !exists(dayPath(db)) {
		t.Errorf("%+v", report)
	}
	sameLines(t, "lines", storeLines(t, store), testLines("w", 1, 2))
}
