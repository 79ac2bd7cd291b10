package record

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// sideLockWait bounds the wait for a side lock: nobody holds one for longer than a
// turn of a merge takes, some ten milliseconds.
const sideLockWait = 2 * time.Second

// Lock takes the side lock of this name, .mvrun/lock/<elem>, for the processes
// of all hosts that share the database. It fails with ErrLocked after two
// seconds. What the lock protects must be opened after it was taken and closed
// before it is given back, so that NFS shows each holder what the last one
// wrote.
func (s *Store) Lock(elem ...string) (unlock func(), err error) {
	path := append([]string{metaFolder, lockFolder}, elem...)
	layout, err := s.Layout()
	if err != nil {
		return nil, err
	}
	if layout == LayoutPerHost && s.options.Lock != nil {
		folder, err := s.tree.folder(true, path[:len(path)-1]...)
		if err != nil {
			return nil, err
		}
		unix.Close(folder)
		return s.options.Lock(s.tree.Path(path...), sideLockWait)
	}
	return s.tree.lock(sideLockWait, path...)
}

// HoldLock takes the side lock of a path that StoreOptions.Lock was given, in
// this process, making the file if need be.
func HoldLock(path string, wait time.Duration) (unlock func(), err error) {
	root, elem := filepath.Dir(path), []string{filepath.Base(path)}
	mark := string(filepath.Separator) + filepath.Join(metaFolder, lockFolder) + string(filepath.Separator)
	if i := strings.LastIndex(path, mark); i > 0 {
		// Below the database no symbolic link is followed, by nobody.
		root, elem = path[:i], append([]string{metaFolder, lockFolder}, strings.Split(path[i+len(mark):], "/")...)
	}
	tree := NewTree(root)
	defer tree.Close()
	return tree.lock(wait, elem...)
}

func (t *Tree) lock(wait time.Duration, elem ...string) (func(), error) {
	fd, err := t.openLock(wait, elem)
	if err != nil {
		return nil, err
	}
	if err := waitLock(fd, wait); err != nil {
		unix.Close(fd)
		return nil, pathError("lock", t.Path(elem...), err)
	}
	return func() { unix.Close(fd) }, nil
}

// openLock opens a lock file, or makes it. The two are kept apart, since with
// fs.protected_regular (see proc_sys_fs(5)) O_CREAT may not be used on the file
// of another user in a sticky folder. A lock for writing needs the right to
// write; the file is empty for ever.
func (t *Tree) openLock(wait time.Duration, elem []string) (int, error) {
	const pause = time.Millisecond
	for waited := time.Duration(0); ; waited += pause {
		fd, err := t.open(unix.O_RDWR, 0, elem...)
		if errors.Is(err, fs.ErrNotExist) {
			fd, err = t.open(unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, 0o644, elem...)
			if err == nil && t.Shared() {
				_ = unix.Fchmod(fd, 0o666)
			}
		}
		// Another process may have made it meanwhile, and be about to open it to
		// everybody.
		again := errors.Is(err, fs.ErrExist) || t.Shared() && errors.Is(err, fs.ErrPermission) && waited < lockMaking
		if !again || waited >= wait {
			return fd, err
		}
		time.Sleep(pause)
	}
}

// lockMaking is how long a lock file may be there before everybody may open it.
const lockMaking = 50 * time.Millisecond
