package record

import (
	"errors"
	"hash/maphash"
	"io"
	"os"
)

// mainView is what a merge has seen of the main database's lines of a day. What was
// seen of the day file still stands while it is the same file, and has the last line
// that was seen where it was: whole lines are only added behind it. A merger's own
// are taken back, on a full disk, only before it gives the side lock back; so
// what is behind the file's end under the lock is read without it by nobody.
type mainView struct {
	inode, device uint64 // of the day file; 0 where none was seen
	last          int64  // where the last line that was seen begins
	hash          uint64 // of that line
	some          bool   // there was one
	read          int64  // how much of the file was read
	until         int64  // how much of it may be read without the lock
	archive       fileIdentity
}

// mark notes that the main database has a line.
func (d *dayMerge) mark(hash uint64) {
	if _, learnt := d.has[hash]; learnt {
		d.has[hash] = true
	}
}

// forget is for a main database that is not what it was. One that changes again and
// again is left alone.
func (m *itemMerge) forget(d *dayMerge) error {
	for hash := range d.has {
		d.has[hash] = false
	}
	d.main = mainView{}
	if d.lost++; d.lost > mergeTries {
		return m.store.overwritten(d.file)
	}
	return nil
}

// look takes notice, under the side lock, of what was added to the main database. It
// reports whether catchUp must be called first, without the lock.
func (m *itemMerge) look(d *dayMerge) (behind bool, err error) {
	plain, archive, err := m.store.openMain(d.file, m.store.mayBeArchived(d.file.day))
	if err != nil {
		return false, err
	}
	packed := archive.identity()
	if archive != nil {
		_ = archive.Close()
	}
	var now fileIdentity
	if plain != nil {
		defer plain.Close()
		now = identityOf(int(plain.Fd()))
	}
	if known := d.main.inode != 0; known && !d.main.isOf(now) || d.main.archive != packed && d.main.archive != (fileIdentity{}) {
		return true, m.forget(d)
	}
	d.main.inode, d.main.device, d.main.until = now.inode, now.device, now.size
	if d.main.archive != packed || now.size-d.main.read > mergeTurn {
		return true, nil
	}
	if plain == nil {
		return false, nil
	}
	rest, err := d.read(plain, now.size)
	if errors.Is(err, errReplaced) {
		return true, m.forget(d)
	}
	if err == nil && isObject(rest) {
		d.mark(maphash.Bytes(lineSeed(), rest)) // the next append will end it
	}
	return false, err
}

func (v *mainView) isOf(file fileIdentity) bool {
	return v.inode == file.inode && v.device == file.device
}

// catchUp reads, without the lock, the archive, and the day file as far as look has
// seen it. Whether it is the same that look will see, look finds out.
func (m *itemMerge) catchUp(d *dayMerge) error {
	plain, archive, err := m.store.openMain(d.file, m.store.mayBeArchived(d.file.day))
	if err != nil {
		return err
	}
	if archive != nil {
		packed := archive.identity()
		if packed != d.main.archive {
			err = eachLineIn(archive, func(line []byte) { d.mark(maphash.Bytes(lineSeed(), line)) })
			d.main.archive = packed
		}
		_ = archive.Close()
		if isDamaged(err) {
			err = nil // what can be had of it counts
		}
	}
	if plain == nil {
		return err
	}
	defer plain.Close()
	if err == nil && d.main.isOf(identityOf(int(plain.Fd()))) {
		_, err = d.read(plain, d.main.until)
	}
	if errors.Is(err, errReplaced) {
		return nil
	}
	return err
}

// read marks the whole lines of the day file from the last that was seen on, and
// gives what is behind them. It fails with errReplaced where that one is not there.
func (d *dayMerge) read(file *os.File, until int64) (rest []byte, err error) {
	start, seen := d.main.last, d.main.some
	reader := newLineReader(io.NewSectionReader(file, start, until-start))
	for {
		line, err := reader.next()
		switch {
		case err == io.EOF && seen:
			return nil, errReplaced
		case err == io.EOF:
			d.main.read = until
			return reader.rest, nil
		case err != nil:
			return nil, err
		case len(line) == 0:
			continue
		}
		hash := maphash.Bytes(lineSeed(), line)
		if seen {
			if hash != d.main.hash {
				return nil, errReplaced
			}
			seen = false
			continue
		}
		d.main.last, d.main.hash, d.main.some = start+reader.read-int64(len(line))-1, hash, true
		d.mark(hash)
	}
}
