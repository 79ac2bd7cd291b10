package record

import (
	"io"
	"os"
)

// readBefore reads a file that was read for another day of the listing before, as
// where time zones differ: as far as then, since what came meanwhile is given later,
// whatever its day. It reports whether the file is one.
//
// A host's file that was read then may be gone by now, since all of it was carried over.
// What it had is given from where that is.
func (d *dayReader) readBefore(file *os.File, start int64, p *part) bool {
	at, found := d.follower.placeBefore(p.elem, int(file.Fd()), d.day)
	if !found {
		return false
	}
	d.scanAll(io.LimitReader(file, at.read-start), p)
	carried := d.follower.seenBefore(p.file, d.day)
	if p.record || len(carried) == 0 {
		return true
	}
	if _, err := file.Seek(at.whole, io.SeekStart); err != nil {
		d.problem(err)
		return true
	}
	p.only = carried
	if _, err := d.scan(file, p); err != nil {
		d.problem(err)
	}
	p.only = nil
	return true
}

// placeBefore is how far an open file was read for a day before this one of the listing.
func (f *Follower) placeBefore(elem []string, fd int, day string) (place, bool) {
	id := identityOf(fd)
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.places[nameOf(elem)]
	if at == nil || at.day == day || at.inode != id.inode || at.device != id.device {
		return place{}, false
	}
	return *at, true
}

// seenBefore are the lines that hosts had of a file when it was read first.
func (f *Follower) seenBefore(file dayFile, day string) lineSet {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kept := f.seen[file]; kept != nil && kept.day != day {
		return kept.ofHosts
	}
	return nil
}
