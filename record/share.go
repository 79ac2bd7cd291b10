package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The modes of a database's root, and of the folders in a shared one that every
// user may add to. Sticky: what one has put there no other can remove.
const (
	rootMode   = 0o755
	sharedMode = 0o1777
)

// Make makes the folder of a database unless it is there, and with shared opens
// it to every user: the folder itself, the directions, and what mvrun keeps for
// itself; see Tree. The folders of items stay their makers'.
//
// A sticky folder does not protect what is in it from its own owner, who would be
// whoever came first. So the folders that all users need are made here, where it is
// shared: those of mvrun, and of the given directions.
//
// An existing database is opened only by its owner; the error says whose it is
// otherwise. Folders within it that belong to others are left as they are.
func (t *Tree) Make(shared bool, directions ...string) (made bool, err error) {
	made, err = makeFolders(t.path, shared)
	if err != nil || !shared {
		return made, err
	}
	if err = shareFolder(t.path); err != nil {
		return made, err
	}
	folders := [][]string{{metaFolder}}
	for _, name := range sharedFolders {
		folders = append(folders, []string{metaFolder, name})
	}
	for _, name := range directions {
		folders = append(folders, []string{name})
	}
	for _, elem := range folders {
		fd, err := t.folder(true, elem...)
		if err != nil {
			return made, err
		}
		unix.Close(fd)
	}
	return made, t.shareBelow()
}

// sharedFolders are the folders below MetaFolder to which every user adds, those of
// other packages included.
var sharedFolders = [...]string{
	archiveFolder, environmentFolder, failingFolder, hostsFolder, keyFolder, lockFolder, muteFolder, outputFolder,
	retireFolder, rollupFolder, runningFolder, startedFolder, tornFolder, zoneFolder,
	"channels", "check", "outbox",
}

// makeFolders is MkdirAll. Where others are to come through, the umask must not
// lock them out.
func makeFolders(path string, shared bool) (made bool, err error) {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		return false, pathError("make", path, unix.ENOTDIR)
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if parent := filepath.Dir(path); parent != path {
		if _, err := makeFolders(parent, shared); err != nil {
			return false, err
		}
	}
	if err = os.Mkdir(path, rootMode); errors.Is(err, fs.ErrExist) {
		_, err = os.Stat(path) // made by another process, unless a link leads nowhere
		return false, err
	}
	if err == nil && shared {
		err = os.Chmod(path, rootMode)
	}
	return err == nil, err
}

// shareFolder opens the root of a database to all users.
func shareFolder(path string) error {
	fd, err := openRetry(unix.AT_FDCWD, path, dirFlags, 0)
	if err != nil {
		return pathError("open", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	switch err := unix.Fstat(fd, &st); {
	case err != nil:
		return pathError("stat", path, err)
	case uint32(st.Mode)&0o7777 == sharedMode:
		return nil
	case int(st.Uid) != os.Geteuid():
		return fmt.Errorf("%s belongs to the user with the number %d, and only he can open it to others: chmod 1777 %s", path, st.Uid, path)
	}
	if err := unix.Fchmod(fd, sharedMode); err != nil {
		return pathError("chmod", path, err)
	}
	return nil
}

// shareBelow opens our folders of a database that was not shared before.
func (t *Tree) shareBelow(elem ...string) error {
	entries, err := t.List(elem...)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		below := append(elem[:len(elem):len(elem)], entry.Name())
		if !entry.IsDir() || !sharedFolder(below) {
			continue
		}
		fd, err := t.folder(false, below...)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue // gone again, or somebody else's
		}
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err = unix.Fstat(fd, &st); err == nil && int(st.Uid) == os.Geteuid() {
			err = unix.Fchmod(fd, sharedMode)
		}
		unix.Close(fd)
		if err != nil {
			return pathError("chmod", t.Path(below...), err)
		}
		if below[0] == metaFolder {
			if err := t.shareBelow(below...); err != nil {
				return err
			}
		}
	}
	return nil
}
