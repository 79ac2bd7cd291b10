package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// maxSmallFile bounds what ReadFile takes into memory.
const maxSmallFile = 4 << 20

// ReadFile reads a small file (at most 4 MiB) of the tree.
func (t *Tree) ReadFile(elem ...string) ([]byte, error) { return t.readFile(maxSmallFile, elem) }

// readFile reads a file that has at most so many bytes.
func (t *Tree) readFile(most int, elem []string) ([]byte, error) {
	fd, err := t.open(unix.O_RDONLY, 0, elem...)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	data, err := readAll(fd, most)
	if err != nil {
		return nil, pathError("read", t.Path(elem...), err)
	}
	return data, nil
}

func readAll(fd, most int) ([]byte, error) {
	buf := make([]byte, 0, 4096)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := unix.Read(fd, buf[len(buf):cap(buf)])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, err
		case n == 0:
			return buf, nil
		}
		buf = buf[:len(buf)+n]
		if len(buf) > most {
			return nil, fmt.Errorf("is larger than %d bytes", most)
		}
	}
}

// WriteFile puts a whole file in the place of what was there, by a rename: a
// reader sees the old or the new content, never a part.
func (t *Tree) WriteFile(data []byte, perm uint32, elem ...string) error {
	return t.writeFile(data, perm, false, elem)
}

// WriteSafely is WriteFile, and returns when the file is on the disk itself, so
// that it outlives a loss of power.
func (t *Tree) WriteSafely(data []byte, perm uint32, elem ...string) error {
	return t.writeFile(data, perm, true, elem)
}

func (t *Tree) writeFile(data []byte, perm uint32, safely bool, elem []string) error {
	dir, name, err := t.parent(true, elem)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err := writeNamed(dir, name, data, perm, t.Shared(), safely); err != nil {
		return pathError("write", t.Path(elem...), err)
	}
	if safely {
		_ = unix.Fsync(dir) // the name; some file systems know no such thing
	}
	return nil
}

// NewFile is a file that is to be written.
type NewFile struct {
	Name string
	Data []byte
}

// WriteAllSafely is WriteSafely for several files of one folder, whose names are
// brought to the disk at once. It returns what came of each.
func (t *Tree) WriteAllSafely(files []NewFile, perm uint32, folder ...string) []error {
	problems := make([]error, len(files))
	dir, err := t.folder(true, folder...)
	if err != nil {
		for i := range problems {
			problems[i] = err
		}
		return problems
	}
	defer unix.Close(dir)
	for i, file := range files {
		err := checkElem(file.Name)
		if err == nil {
			err = writeNamed(dir, file.Name, file.Data, perm, t.Shared(), true)
		}
		if err != nil {
			problems[i] = pathError("write", t.Path(append(folder[:len(folder):len(folder)], file.Name)...), err)
		}
	}
	_ = unix.Fsync(dir) // the names; some file systems know no such thing
	return problems
}

// writeNamed makes a file under another name first.
func writeNamed(dir int, name string, data []byte, perm uint32, shared, safely bool) error {
	temporary := temporaryName(name)
	err := writeNew(dir, temporary, data, perm, shared, safely)
	if err == nil {
		err = unix.Renameat(dir, temporary, dir, name)
	}
	if err != nil {
		_ = unix.Unlinkat(dir, temporary, 0)
	}
	return err
}

// temporaryAge is from when on a temporary file is nobody's any more.
const temporaryAge = time.Hour

// Tidy removes from a folder what writers have left that were killed before they
// could give their files a name.
func (t *Tree) Tidy(now time.Time, elem ...string) error {
	entries, err := t.List(elem...)
	if err != nil {
		return err
	}
	var problems []error
	for _, entry := range entries {
		if entry.Name()[0] != '.' || !entry.Type().IsRegular() {
			continue
		}
		if info, err := entry.Info(); err == nil && now.Sub(info.ModTime()) > temporaryAge {
			problems = append(problems, t.Remove(append(elem[:len(elem):len(elem)], entry.Name())...))
		}
	}
	return errors.Join(problems...)
}

// shorten keeps a temporary name within the 255 bytes of a file name.
func shorten(name string) string {
	if len(name) > 180 {
		return name[:180]
	}
	return name
}

// writeNew makes a file, safely with its content on the disk itself. In a shared tree others may read what perm lets them,
// whatever the umask of the job is.
func writeNew(dir int, name string, data []byte, perm uint32, shared, safely bool) error {
	fd, err := openRegular(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, perm)
	if err != nil {
		return err
	}
	if shared {
		_ = unix.Fchmod(fd, perm)
	}
	if err = writeFull(fd, data); err == nil && safely {
		err = unix.Fsync(fd)
	}
	if err != nil {
		unix.Close(fd)
		return err
	}
	return unix.Close(fd) // NFS reports a full disk here
}

// writeFull writes all of data. A write that takes only a part is followed by
// one that tells why.
func writeFull(fd int, data []byte) error {
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// Remove deletes a file of the tree.
func (t *Tree) Remove(elem ...string) error {
	dir, name, err := t.parent(false, elem)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err = unix.Unlinkat(dir, name, 0); err != nil {
		return pathError("remove", t.Path(elem...), err)
	}
	return nil
}

// Rename moves a file within one folder of the tree. It fails where the old
// name is gone, which makes it a way to claim a file.
func (t *Tree) Rename(folder []string, from, to string) error {
	if err := errors.Join(checkElem(from), checkElem(to)); err != nil {
		return err
	}
	dir, err := t.folder(false, folder...)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err = unix.Renameat(dir, from, dir, to); err != nil {
		return pathError("rename", t.Path(append(folder[:len(folder):len(folder)], from)...), err)
	}
	return nil
}

// List gives the entries of a folder of the tree in no order; a folder that is
// not there is empty.
func (t *Tree) List(elem ...string) ([]fs.DirEntry, error) {
	fd, err := t.folder(false, elem...)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	dir := os.NewFile(uintptr(fd), t.Path(elem...))
	defer dir.Close()
	return dir.ReadDir(-1)
}
