//go:build linux

package tests

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Two users beside root. Nobody need have an account for a number.
const nobody, somebody = 65534, 54321

// sharedFolder is one that other users can reach and write to. The folders of
// t.TempDir cannot be reached by others.
func sharedFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "mvrun-shared-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	return folder
}

// runAs lets mvrun run as another user, with the folder for its home, its spool
// and, in it, the database.
func (s *site) runAs(t *testing.T, w *wrapped, folder string, uid uint32) {
	t.Helper()
	s.db = filepath.Join(folder, "db")
	home := filepath.Join(folder, "home-"+userText(uid))
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, int(uid), int(uid)); err != nil {
		t.Fatal(err)
	}
	w.cmd.Env = append(w.cmd.Env, "HOME="+home, "XDG_STATE_HOME="+home, "MVRUN_CONFIG=", "MVRUN_DB="+s.db)
	w.cmd.Dir = home
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
}

func userText(uid uint32) string {
	if uid == nobody {
		return "nobody"
	}
	return "somebody"
}

// Two users record the same item in one database. Both are read, and neither
// could change or remove what the other has recorded.
func TestWrapperTwoUsers(t *testing.T) {
	t.Parallel()
	needRoot(t)
	s := newSite(t)
	folder := sharedFolder(t)
	db := filepath.Join(folder, "db")
	if err := os.Mkdir(db, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(db, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, uid := range []uint32{nobody, somebody} {
			w := s.wrap(t, "", "echo", "ERROR: of "+userText(uid))
			s.runAs(t, w, folder, uid)
			w.start().expectExit(0)
			w.expectSilence()
		}
	}
	view := s.command(binary, "view", "log", "--format", "csv", "--db", db)
	view.Env = append(view.Env, "MVRUN_CONFIG=")
	got := run(t, view)
	for _, user := range []string{"nobody", "somebody"} {
		if strings.Count(got.stdout, "of "+user) != 2 {
			t.Errorf("view does not show 2 records of %s: %+v", user, got)
		}
	}
	view = s.command(binary, "view", "run", "--format", "csv", "--db", db)
	view.Env = append(view.Env, "MVRUN_CONFIG=")
	if got := run(t, view); strings.Count(got.stdout, "exited") != 4 {
		t.Errorf("view does not show 4 runs: %+v", got)
	}
	expectOwnedApart(t, db)
}

// expectOwnedApart holds that nothing with records in it could be changed,
// replaced or removed by another user than the one who made it.
func expectOwnedApart(t *testing.T, db string) {
	t.Helper()
	owners := map[uint32]int{}
	err := filepath.WalkDir(db, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			t.Fatal("no owner to be seen")
		}
		open := info.Mode().Perm()&0o022 != 0
		if info.IsDir() && open && info.Mode()&os.ModeSticky == 0 {
			t.Errorf("the folder %s is writable by others, and not sticky: %v", path, info.Mode())
		}
		if !info.IsDir() && open {
			t.Errorf("the file %s is writable by others: %v", path, info.Mode())
		}
		if !info.IsDir() {
			owners[stat.Uid]++
			if day := readFile(t, path); stat.Uid == nobody && strings.Contains(day, "of somebody") || stat.Uid == somebody && strings.Contains(day, "of nobody") {
				t.Errorf("%s belongs to one user and has records of the other", path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if owners[nobody] == 0 || owners[somebody] == 0 {
		t.Errorf("files by owner: %v", owners)
	}
}

// The other user does try: to append to, to cut, to remove and to replace.
func TestWrapperTwoUsersCannotRewrite(t *testing.T) {
	t.Parallel()
	needRoot(t)
	s := newSite(t)
	folder := sharedFolder(t)
	db := filepath.Join(folder, "db")
	if err := os.Mkdir(db, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(db, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	w := s.wrap(t, "", "echo", "ERROR: mine")
	s.runAs(t, w, folder, nobody)
	w.start().expectExit(0)
	before := contents(t, db)
	attack := s.wrap(t, "", "true")
	s.runAs(t, attack, folder, somebody)
	attack.cmd.Path, attack.cmd.Args = needProgram(t, "sh"), []string{"sh", "-c", `
		find "$1" -type f | while read f; do echo forged >>"$f"; : >"$f"; rm -f "$f"; mv "$f" "$f.old"; ln -sf /etc/passwd "$f"; done
		find "$1" -mindepth 1 -type d | while read d; do mv "$d" "$d.old"; rm -rf "$d"; done`, "sh", db}
	attack.start().wait()
	after := contents(t, db)
	for path, text := range before {
		if after[path] != text {
			t.Errorf("%s has been changed from %q to %q", path, text, after[path])
		}
	}
}

// contents gives all files below a folder, by path.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files[path] = readFile(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
