package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAppendFollowsNoLink(t *testing.T) {
	tests := []struct {
		name, planted string
		layout        Layout
	}{
		{"direction", testItem.Direction, LayoutDirect},
		{"item", filepath.Join(testItem.Direction, testItem.Name), LayoutDirect},
		{"kind", filepath.Join(testItem.Direction, testItem.Name, "log"), LayoutDirect},
		{"day file", filepath.Join(testItem.Direction, testItem.Name, "log", testDay), LayoutDirect},
		{"meta folder", metaFolder, LayoutPerHost},
		{"hosts", filepath.Join(metaFolder, hostsFolder), LayoutPerHost},
		{"host", filepath.Join(metaFolder, hostsFolder, "n1"), LayoutPerHost},
	}
	for _, test := range tests {
		for _, target := range []string{"folder", "file", "missing"} {
			t.Run(test.name+" to a "+target, func(t *testing.T) {
				elsewhere := t.TempDir()
				if target == "file" {
					writeTestFile(t, filepath.Join(elsewhere, "file"), "")
				}
				goal := elsewhere
				if target != "folder" {
					goal = filepath.Join(elsewhere, target)
				}
				db := t.TempDir()
				plant(t, goal, filepath.Join(db, test.planted))
				store := testStore(t, db, StoreOptions{Layout: test.layout})
				if err := store.Append(testItem, Log, testDay, []byte(testLine("w", 1))); err == nil {
					t.Error("it was followed")
				}
				nothingIn(t, elsewhere)
			})
		}
	}
}

// plant makes a symbolic link, and the folders above it.
func plant(t *testing.T, goal, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(goal, path); err != nil {
		t.Fatal(err)
	}
}

// nothingIn sees to it that a folder holds at most one empty file.
func nothingIn(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || entry.Name() != "file" || info.Size() > 0 {
			t.Errorf("written through a link: %v", entry)
		}
	}
}

func TestMetaFollowsNoLink(t *testing.T) {
	elem := map[string]func(s *Store) error{
		"lock":    func(s *Store) error { _, err := s.Lock("LSF", "x"); return err },
		"outbox":  func(s *Store) error { return s.Meta().WriteFile([]byte("x"), 0o600, MetaFolder, "outbox", "x") },
		"running": func(s *Store) error { return s.MarkRunning(testItem, Mark{Run: "r"}) },
		"torn": func(s *Store) error {
			return s.Append(testItem, Log, testDay, []byte(testLine("w", 1)))
		},
	}
	for name, try := range elem {
		t.Run(name, func(t *testing.T) {
			db, elsewhere := t.TempDir(), t.TempDir()
			writeTestFile(t, dayPath(db), "{torn")
			setTime(t, dayPath(db), time.Unix(0, 0))
			plant(t, elsewhere, filepath.Join(db, metaFolder, name))
			if err := try(testStore(t, db, StoreOptions{})); err == nil {
				t.Error("it was followed")
			}
			nothingIn(t, elsewhere)
		})
	}
}

func TestHoldLockFollowsNoLink(t *testing.T) {
	db, elsewhere := t.TempDir(), t.TempDir()
	plant(t, elsewhere, filepath.Join(db, metaFolder, lockFolder, "LSF"))
	if _, err := HoldLock(filepath.Join(db, metaFolder, lockFolder, "LSF", "x"), time.Second); err == nil {
		t.Error("it was followed")
	}
	nothingIn(t, elsewhere)
}

func TestTreeRefusesNamesThatLeadOut(t *testing.T) {
	tree := NewTree(t.TempDir())
	defer tree.Close()
	for _, name := range []string{"", ".", "..", "../x", "a/b", "/x", "a\x00"} {
		if err := tree.WriteFile(nil, 0o600, name); err == nil {
			t.Errorf("%q was written", name)
		}
		if err := tree.WriteFile(nil, 0o600, name, "x"); err == nil {
			t.Errorf("below %q something was written", name)
		}
		if err := tree.Remove(name); err == nil || errors.Is(err, fs.ErrNotExist) && name != "" {
			t.Errorf("%q: %v", name, err)
		}
		if err := tree.Rename(nil, "x", name); err == nil {
			t.Errorf("renamed to %q", name)
		}
	}
}

func TestTidyRemovesWhatKilledWritersLeft(t *testing.T) {
	root := t.TempDir()
	now := time.Now()
	for name, age := range map[string]time.Duration{".a.1.ffff": 2 * time.Hour, ".b.2.ffff": time.Minute, "c": 2 * time.Hour} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, now, now.Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	if err := NewTree(root).Tidy(now); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(root)
	if err != nil || len(left) != 2 || left[0].Name() != ".b.2.ffff" {
		t.Errorf("left %v, %v", left, err)
	}
}
