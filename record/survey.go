package record

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"

	"golang.org/x/sys/unix"
)

// Survey reads what is newest of many items, with few system calls for each: a
// check looks at 100,000 of them. The databases of hosts that it looks into are
// those that were there when it was made. A Survey is not safe for concurrent
// use; several may be used at once.
type Survey struct {
	store    *Store
	prefixes [][]string // of the databases of hosts
	archives bool       // there are any
	buf      []byte
}

// Survey prepares one.
func (s *Store) Survey() (*Survey, error) {
	prefixes, err := s.hostPrefixes()
	if err != nil {
		return nil, err
	}
	return &Survey{store: s, prefixes: prefixes, archives: s.hasArchives(), buf: make([]byte, 16<<10)}, nil
}

// Settings reads the settings of an item; found is false where there is no file.
func (v *Survey) Settings(item Item) (settings ItemSettings, found bool, err error) {
	elem := []string{item.Direction, item.Name, itemFile}
	data, cut, err := v.read(elem, min(len(v.buf), maxItemFile))
	if errors.Is(err, fs.ErrNotExist) {
		return ItemSettings{}, false, nil
	}
	if cut {
		settings, err = v.store.ReadItem(item)
		return settings, true, err
	}
	if err == nil {
		settings, err = parseItem(data)
	}
	if err != nil {
		return nil, true, pathError("read", v.store.tree.Path(elem...), err)
	}
	return settings, true, nil
}

// IsItem reports whether an item is there, as Store.Items has it.
func (v *Survey) IsItem(item Item) (bool, error) {
	for _, prefix := range append([][]string{nil}, v.prefixes...) {
		if found, err := v.store.isItemBelow(prefix, item); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// Tail gives the last whole lines of an item's day, of each database at least so
// many bytes where there are so many: first those of the main database, then those
// of the hosts. A line that is being carried over may come twice. Of a day that may
// be archived all lines come. A line is valid until use returns.
func (v *Survey) Tail(item Item, kind Kind, day string, most int, use func(line []byte)) error {
	if v.archives && v.store.mayBeArchived(day) {
		return v.store.EachLine(item, kind, day, use)
	}
	file := dayFile{item, kind, day}
	err := v.tailOf(file.elem(nil), most, use)
	for _, prefix := range v.prefixes {
		if err == nil {
			err = v.tailOf(file.elem(prefix), most, use)
		}
	}
	return err
}

func (v *Survey) tailOf(elem []string, most int, use func(line []byte)) error {
	data, cut, err := v.read(elem, most)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return pathError("read", v.store.tree.Path(elem...), err)
	}
	if cut {
		_, data, _ = bytes.Cut(data, []byte{'\n'})
	}
	for len(data) > 0 {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte{'\n'})
		if line = trimBlankEnds(line); looksLikeRecord(line) {
			use(line)
		}
	}
	return nil
}

// read gives the end of a file, and whether there is more before it. What it gives
// is valid until the next call.
func (v *Survey) read(elem []string, most int) (data []byte, cut bool, err error) {
	fd, err := v.store.tree.openFast(elem)
	if err != nil {
		return nil, false, err
	}
	defer unix.Close(fd)
	if len(v.buf) < most {
		v.buf = make([]byte, most)
	}
	n, err := preadFull(fd, v.buf[:most], 0)
	if err != nil || n < most {
		return v.buf[:n], false, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err != nil {
		return nil, false, err
	}
	at := max(0, st.Size-int64(most))
	n, err = preadFull(fd, v.buf[:most], at)
	return v.buf[:n], at > 0, err
}

// openFast opens a file by one system call where the kernel can be told that no
// symbolic link is to be followed on the way.
func (t *Tree) openFast(elem []string) (int, error) {
	root, err := t.rootFD(false)
	if err != nil {
		return -1, err
	}
	fd, err := openFileBelow(root, elem)
	if err == nil || err == unix.ENOENT {
		return fd, err
	}
	return t.open(unix.O_RDONLY, 0, elem...)
}

// preadFull reads up to the end of the buffer or of the file. What a regular file
// gives less than it was asked for is its end; see read(2).
func preadFull(fd int, buf []byte, at int64) (n int, err error) {
	for {
		n, err = unix.Pread(fd, buf, at)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// Days lists the days of which an item has records of a kind, the newest first.
func (v *Survey) Days(item Item, kind Kind) ([]string, error) {
	var days []string
	for _, prefix := range append([][]string{nil}, v.prefixes...) {
		entries, err := v.store.tree.List(append(prefix[:len(prefix):len(prefix)], item.Direction, item.Name, string(kind))...)
		if err != nil {
			return days, err
		}
		for _, entry := range entries {
			if isDate(entry.Name()) {
				days = append(days, entry.Name())
			}
		}
	}
	if v.archives {
		entries, err := v.store.tree.List(archiveKindElem(item, kind)...)
		if err != nil {
			return days, err
		}
		for _, entry := range entries {
			if day, ok := archiveDay(entry.Name()); ok {
				days = append(days, day)
			}
		}
	}
	slices.Sort(days)
	slices.Reverse(days)
	return slices.Compact(days), nil
}
