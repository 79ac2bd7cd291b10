package record

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func modeOf(t *testing.T, path string) uint32 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		t.Fatal(err)
	}
	return uint32(st.Mode) & 0o7777
}

func makeTree(t *testing.T, path string, shared, wantMade bool) {
	t.Helper()
	tree := NewTree(path)
	defer tree.Close()
	if made, err := tree.Make(shared); err != nil || made != wantMade {
		t.Fatalf("Make(%v): %v, %v", shared, made, err)
	}
}

func withUmask(t *testing.T, mask int) {
	before := unix.Umask(mask)
	t.Cleanup(func() { unix.Umask(before) })
}

// TestMake: whatever the umask is, nobody else can write to a database that is
// not shared, and everybody can reach one that is.
func TestMake(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		withUmask(t, umask)
		root := t.TempDir()
		own, shared := filepath.Join(root, "a", "own"), filepath.Join(root, "b", "shared")
		makeTree(t, own, false, true)
		makeTree(t, own, false, false)
		makeTree(t, shared, true, true)
		makeTree(t, shared, true, false)
		for path, want := range map[string]uint32{
			own: 0o755 &^ uint32(umask), filepath.Dir(shared): 0o755, shared: 0o1777, filepath.Join(shared, metaFolder): 0o1777,
		} {
			if got := modeOf(t, path); got != want {
				t.Errorf("umask %o: %s has the mode %o, want %o", umask, path, got, want)
			}
		}
	}
}

// TestMakeShares opens what is there already, items and the databases of hosts
// left aside, and follows no link.
func TestMakeShares(t *testing.T) {
	withUmask(t, 0o022)
	db, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Chmod(elsewhere, 0o755); err != nil {
		t.Fatal(err)
	}
	want := map[string]uint32{
		"LSF": 0o1777, "LSF/item": 0o755, "LSF/item/log": 0o755,
		".mvrun/outbox": 0o1777, ".mvrun/running/n1": 0o1777, ".mvrun/hosts": 0o1777, ".mvrun/hosts/n1": 0o755,
	}
	for path := range want {
		if err := os.MkdirAll(filepath.Join(db, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(elsewhere, filepath.Join(db, "planted")); err != nil {
		t.Fatal(err)
	}
	makeTree(t, db, true, false)
	for path, mode := range want {
		if got := modeOf(t, filepath.Join(db, path)); got != mode {
			t.Errorf("%s has the mode %o, want %o", path, got, mode)
		}
	}
	if got := modeOf(t, elsewhere); got != 0o755 {
		t.Errorf("a link was followed: mode %o", got)
	}
}

func TestMakeRefused(t *testing.T) {
	root := t.TempDir()
	file, dangling := filepath.Join(root, "file"), filepath.Join(root, "dangling")
	writeTestFile(t, file, "")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{file: unix.ENOTDIR, filepath.Join(file, "db"): unix.ENOTDIR, dangling: unix.ENOENT} {
		if _, err := NewTree(path).Make(false); err == nil || !strings.Contains(err.Error(), want.Error()) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// TestMakeOwnsWhatAllUsersNeed: the owner of a sticky folder may remove what others
// have there, so that must not be the first user who comes.
func TestMakeOwnsWhatAllUsersNeed(t *testing.T) {
	if os.Getuid() != 0 {
		unavailable(t, "to give a folder away", errors.New("not root"))
	}
	db := filepath.Join(t.TempDir(), "db")
	if _, err := NewTree(db).Make(true, "LSF"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"LSF", ".mvrun/hosts", ".mvrun/outbox", ".mvrun/failing", ".mvrun/running"} {
		info, err := os.Stat(filepath.Join(db, path))
		if err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 || modeOf(t, filepath.Join(db, path)) != 0o1777 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(db, ".mvrun")); err != nil || len(entries) != len(sharedFolders) {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestMakeOfAnother: only its owner opens a database to others.
func TestMakeOfAnother(t *testing.T) {
	if os.Getuid() != 0 {
		unavailable(t, "to give a folder away", errors.New("not root"))
	}
	db := t.TempDir()
	if err := os.Chown(db, 64001, 64001); err != nil {
		t.Fatal(err)
	}
	if _, err := NewTree(db).Make(true); err == nil || !strings.Contains(err.Error(), "belongs to the user with the number") {
		t.Errorf("Make: %v", err)
	}
	if err := unix.Chmod(db, 0o1777); err != nil {
		t.Fatal(err)
	}
	if _, err := NewTree(db).Make(true); err != nil {
		t.Errorf("Make of one that is shared already: %v", err)
	}
}
