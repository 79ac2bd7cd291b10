package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The two users of a shared database.
const (
	alice = 64001
	bob   = 64002
)

func init() {
	children["user"] = childUser
	children["close"] = childClose
}

// become makes this process another user's, with a umask that hides files.
func become(uid int) error {
	unix.Umask(0o077)
	return errors.Join(unix.Setgroups(nil), unix.Setresgid(uid, uid, uid), unix.Setresuid(uid, uid, uid))
}

// childUser records as a user, and tries what must not be possible.
func childUser(args []string) error {
	db, name := args[0], args[1]
	uid, err := strconv.Atoi(args[2])
	if err == nil && uid != 0 {
		err = become(uid)
	}
	if err != nil {
		return err
	}
	store, err := OpenStore(db, StoreOptions{Layout: LayoutDirect, Host: "n1"})
	if err != nil {
		return err
	}
	defer store.Close()
	if name == "read" {
		count := 0
		err := store.eachLine(dayFile{testItem, Log, testDay}, func([]byte) { count++ })
		fmt.Println(count)
		return err
	}
	for _, item := range []Item{testItem, {testItem.Direction, "of_" + name}} {
		for i := range 10 {
			if err := store.Append(item, Log, testDay, []byte(testLine(name, i))); err != nil {
				return fmt.Errorf("%s, line %d: %w", item, i, err)
			}
		}
	}
	unlock, err := store.Lock(testItem.Direction, testItem.Name)
	if err != nil {
		return err
	}
	unlock()
	return store.MarkRunning(testItem, Mark{Run: "run-" + name, Start: time.Now().Format(StampLayout), Process: Self()})
}

func sharedDatabase(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		unavailable(t, "to become another user", errors.New("not root"))
	}
	db := filepath.Join(t.TempDir(), "db")
	if err := os.Mkdir(db, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Chmod(db, 0o1777); err != nil {
		t.Fatal(err)
	}
	for at := filepath.Dir(db); at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestTwoUsersOfOneDatabase(t *testing.T) {
	db := sharedDatabase(t)
	runChild(t, child(t, "user", db, "alice", strconv.Itoa(alice)))
	runChild(t, child(t, "user", db, "bob", strconv.Itoa(bob)))
	runChild(t, child(t, "user", db, "root", "0"))
	runChild(t, child(t, "user", db, "alice2", strconv.Itoa(alice)))

	var want []string
	for _, name := range []string{"alice", "bob", "root", "alice2"} {
		want = append(want, testLines(name, 0, 10)...)
	}
	sameLines(t, "lines", storeLines(t, testStore(t, db, StoreOptions{})), want)
	out, err := child(t, "user", db, "read", strconv.Itoa(bob)).CombinedOutput()
	if err != nil || string(out) != "40\n" {
		t.Errorf("the other user sees %s, %v", out, err)
	}
	owned := map[string]uint32{
		dayPath(db): alice, hostPath(db, "n1.uid64002"): bob, hostPath(db, "n1.uid0"): 0,
		filepath.Join(db, testItem.Direction, "of_bob", "log", testDay): bob,
	}
	for path, uid := range owned {
		ownedBy(t, path, uid)
		ownedBy(t, filepath.Dir(path), uid)
		ownedBy(t, filepath.Dir(filepath.Dir(path)), uid)
	}
}

// ownedBy sees to it that nobody but its owner can change a path.
func ownedBy(t *testing.T, path string, uid uint32) {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if st.Uid != uid || st.Mode&0o022 != 0 || st.Mode&0o044 != 0o044 {
		t.Errorf("%s belongs to %d, mode %o, want %d", path, st.Uid, st.Mode, uid)
	}
}

// TestPlantedFolders has alice make bob's item, open to everybody.
func TestPlantedFolders(t *testing.T) {
	db := sharedDatabase(t)
	folder := filepath.Dir(dayPath(db))
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	writeTestFile(t, dayPath(db), "")
	for at := dayPath(db); at != db; at = filepath.Dir(at) {
		if err := errors.Join(os.Chmod(at, 0o777), os.Chown(at, alice, alice)); err != nil {
			t.Fatal(err)
		}
	}
	for uid, name := range map[int]string{bob: "n1.uid64002", 0: "n1.uid0"} {
		runChild(t, child(t, "user", db, name, strconv.Itoa(uid)))
		equalLines(t, name, fileLines(t, hostPath(db, name)), testLines(name, 0, 10))
		ownedBy(t, hostPath(db, name), uint32(uid))
	}
	equalLines(t, "alice's file", fileLines(t, dayPath(db)), nil)
}

// childClose closes, as a user, what another user has left.
func childClose(args []string) error {
	uid, err := strconv.Atoi(args[1])
	if err == nil {
		err = become(uid)
	}
	if err != nil {
		return err
	}
	store, err := OpenStore(args[0], StoreOptions{Layout: LayoutDirect, Host: "n1"})
	if err != nil {
		return err
	}
	defer store.Close()
	closed, err := store.CloseLost(testItem, Self(), "")
	fmt.Println(len(closed))
	return err
}

// TestCloseLostOfAnotherUser closes a run whose mark only its user can remove.
func TestCloseLostOfAnotherUser(t *testing.T) {
	db := sharedDatabase(t)
	runChild(t, child(t, "user", db, "alice", strconv.Itoa(alice)))
	for _, want := range []string{"1\n", "0\n"} {
		out, err := child(t, "close", db, strconv.Itoa(bob)).CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("closed %s, want %s: %v", out, want, err)
		}
	}
	out, err := child(t, "close", db, strconv.Itoa(alice)).CombinedOutput()
	if err != nil || string(out) != "0\n" {
		t.Errorf("its own user closed %s, %v", out, err)
	}
	marks, err := filepath.Glob(filepath.Join(db, metaFolder, runningFolder, "n1", testItem.Direction, testItem.Name, "[^.]*"))
	if err != nil || len(marks) != 0 {
		t.Errorf("left: %q, %v", marks, err)
	}
}
