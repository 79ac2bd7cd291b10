package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Tree is a folder below which no symbolic link is ever followed: in a database
// that many users may write to, somebody else may have planted one. The folder
// itself may be reached through links. All methods but Close may be called
// concurrently.
//
// In a shared tree (a sticky folder that anybody may write to, as made by
// `mvrun init --shared`) new folders are made alike, so that every user can add
// to them and none can remove what another put there.
type Tree struct {
	path string

	mu     sync.Mutex
	root   int // -1 until opened
	shared bool
	before int // folders that were at the path before this one
}

// errNotRegular is given where a day file's name belongs to something else.
var errNotRegular = errors.New("is not a regular file")

// NewTree names a folder; it is opened, and made if need be, at its first use.
func NewTree(path string) *Tree { return &Tree{path: path, root: -1} }

// Path is where an element of the tree is found, for messages to people.
func (t *Tree) Path(elem ...string) string {
	return filepath.Join(append([]string{t.path}, elem...)...)
}

// Shared reports whether everybody may write to the tree. One that cannot be
// opened is not shared.
func (t *Tree) Shared() bool {
	_, shared, _ := t.openRoot(false)
	return shared
}

// Close gives the descriptor of the root back; no other method may be under
// way. The tree may be used again afterwards.
func (t *Tree) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.root >= 0 {
		unix.Close(t.root)
		t.root = -1
	}
}

const dirFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC

func (t *Tree) rootFD(create bool) (int, error) {
	fd, _, err := t.openRoot(create)
	return fd, err
}

func (t *Tree) openRoot(create bool) (fd int, shared bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.root >= 0 {
		return t.root, t.shared, nil
	}
	fd, err = openRetry(unix.AT_FDCWD, t.path, dirFlags, 0)
	if create && errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(t.path, 0o755); err == nil {
			fd, err = openRetry(unix.AT_FDCWD, t.path, dirFlags, 0)
		}
	}
	if err != nil {
		return -1, false, pathError("open", t.path, err)
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) == nil {
		t.shared = uint32(st.Mode)&0o1002 == 0o1002
	}
	t.root = fd
	return fd, t.shared, nil
}

// cause takes the system's error out of a path error, so that a path is not
// named twice in a message.
func cause(err error) error {
	if _, ok := err.(unix.Errno); ok {
		return err // as nearly always
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// pathError names the path of an error, once.
func pathError(op, path string, err error) error {
	return &fs.PathError{Op: op, Path: path, Err: cause(err)}
}

func openRetry(dir int, name string, flags int, perm uint32) (int, error) {
	for {
		fd, err := unix.Openat(dir, name, flags, perm)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// checkElem keeps a name from leading out of its folder.
func checkElem(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return fs.ErrInvalid
	}
	return nil
}

// folder opens a folder of the tree; the caller closes it. With create, missing
// ones are made.
func (t *Tree) folder(create bool, elem ...string) (int, error) {
	for _, name := range elem {
		if err := checkElem(name); err != nil {
			return -1, pathError("open", t.Path(elem...), err)
		}
	}
	root, shared, err := t.openRoot(create)
	if err != nil {
		return -1, err
	}
	if len(elem) > 1 {
		fd, err := openBelow(root, elem)
		if err == nil || err == unix.ENOENT && !create {
			if err != nil {
				err = pathError("open", t.Path(elem...), err)
			}
			return fd, err
		}
	}
	at := root
	for i, name := range elem {
		fd, err := enter(at, name, create, shared, sharedFolder(elem[:i+1]))
		if at != root {
			unix.Close(at)
		}
		if err != nil {
			return -1, pathError("open", t.Path(elem[:i+1]...), err)
		}
		at = fd
	}
	if at == root {
		return openRetry(root, ".", dirFlags, 0)
	}
	return at, nil
}

// enter opens a folder within another one. In a shared tree its mode must not
// depend on the umask of the job that happens to make it.
func enter(at int, name string, create, shared, everybodys bool) (int, error) {
	fd, err := openRetry(at, name, dirFlags|unix.O_NOFOLLOW, 0)
	if err != unix.ENOENT || !create {
		return fd, err
	}
	// Another process may make it at the same moment; that is as good.
	if err = unix.Mkdirat(at, name, 0o755); err != nil && err != unix.EEXIST {
		return -1, err
	}
	made := err == nil
	fd, err = openRetry(at, name, dirFlags|unix.O_NOFOLLOW, 0)
	switch {
	case err != nil || !made || !shared:
	case everybodys:
		_ = unix.Fchmod(fd, 0o1777)
	default:
		_ = unix.Fchmod(fd, 0o755)
	}
	return fd, err
}

// sharedFolder tells which folders of a shared database every user may add to:
// the directions, and what mvrun keeps for itself. An item's folder belongs to
// the user who made it, and so does the database of a host.
func sharedFolder(elem []string) bool {
	if elem[0] != metaFolder {
		return len(elem) == 1
	}
	return len(elem) <= 2 || elem[1] != hostsFolder
}

// open opens a regular file of the tree; its folder is made where flags say
// O_CREAT. It never waits for the other end of a FIFO that bears the name.
func (t *Tree) open(flags int, perm uint32, elem ...string) (int, error) {
	dir, name, err := t.parent(flags&unix.O_CREAT != 0, elem)
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	fd, err := openRegular(dir, name, flags, perm)
	if err != nil {
		return -1, pathError("open", t.Path(elem...), err)
	}
	return fd, nil
}

// parent opens the folder of a file; the caller closes it.
func (t *Tree) parent(create bool, elem []string) (dir int, name string, err error) {
	last := len(elem) - 1
	if err := checkElem(elem[last]); err != nil {
		return -1, "", pathError("open", t.Path(elem...), err)
	}
	dir, err = t.folder(create, elem[:last]...)
	return dir, elem[last], err
}

func openRegular(dir int, name string, flags int, perm uint32) (int, error) {
	fd, err := openRetry(dir, name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, perm)
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && uint32(st.Mode)&unix.S_IFMT != unix.S_IFREG {
		err = errNotRegular
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
