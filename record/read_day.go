package record

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// source is an item with all places that hold records of it.
type source struct {
	item  Item
	hosts []*hostSource

	looked, absent bool // whether there is any record of the kind in the main database
}

// hostSource is an item in the database of a host.
type hostSource struct {
	prefix  []string
	offsets map[string]int64 // as readOffsets gives them; nil until read
}

// dayReader reads the files of one item and day. Each worker has one.
type dayReader struct {
	store   *Store
	matcher *matcher
	day     string    // of the listing
	within  *dayRange // of what is read, is wanted; nil is all
	cut     *cut      // nil where all rows are wanted
	blocks  blocks
	// follower is told how far files were read; nil for nobody.
	follower *Follower
	finder   finder
	tally    *tally // counts what is read, in a summary

	stats Stats
	stale bool // a file was removed while it was read
	again bool // the day is read anew because of that
}

func newDayReader(store *Store, m *matcher) *dayReader {
	own := *m
	return &dayReader{store: store, matcher: &own, finder: finder{needle: m.longestNeedle()}}
}

// staleTries is how often a day is read whose files are removed meanwhile.
const staleTries = 5

// readParts gives the wanted records of an item in some files, in their order.
func (d *dayReader) readParts(src *source, parts []dayPart) []Row {
	var rows []Row
	for _, part := range parts {
		d.within = part.within
		of := d.read(src, part.file, part.archived)
		if rows == nil {
			rows = of
		} else {
			rows = append(rows, of...)
		}
	}
	return rows
}

// read gives the wanted records of an item and day, in the order of the files.
// On NFS a file that another host removes cannot be read to its end; by then its
// lines are elsewhere.
func (d *dayReader) read(src *source, day string, archived bool) []Row {
	before := d.stats
	for try := 1; ; try++ {
		d.stats, d.stale, d.again = before, false, try > 1
		if d.tally != nil {
			clear(d.tally.counts)
		}
		rows := d.readOnce(src, day, archived)
		if !d.stale || try == staleTries {
			return rows
		}
	}
}

// readOnce reads in an order that makes it exact while a merger carries lines
// over, see Store.Merge: the offsets, then the hosts' files behind them, then
// the main file, of which the lines that were seen already are left out. Of the
// main file and its archive, the main file is opened first.
func (d *dayReader) readOnce(src *source, day string, archived bool) []Row {
	file := dayFile{src.item, d.matcher.query.Kind, day}
	began, _ := time.ParseInLocation(DayLayout, day, d.matcher.location) // days gives dates only
	seen := lineSet{}
	follow := d.follower != nil && d.follower.follows(day)
	var fromHosts []Row
	for _, host := range src.hosts {
		part := &part{file: file, elem: file.elem(host.prefix), day: began, wholeOnly: true, seen: seen, record: true, noted: follow}
		d.readFile(part, d.offset(host, file))
		fromHosts = append(fromHosts, part.rows...)
	}
	main := &part{file: file, elem: file.elem(nil), day: began, seen: seen, noted: follow}
	if follow {
		main.given = &givenLines{}
	}
	switch {
	case archived:
		d.readArchived(main)
	case !src.absent && !d.readFile(main, 0):
		d.lookFor(src, main.elem)
	}
	if follow && len(src.hosts) > 0 {
		d.keepSeen(file, seen, main.rows)
	}
	return append(main.rows, fromHosts...)
}

// keepSeen hands a follower the lines that it may meet again: those that may yet
// be carried over, and those that were, after their host's file was read.
func (d *dayReader) keepSeen(file dayFile, seen lineSet, rows []Row) {
	kept := d.follower.seenOf(file)
	if kept.day == "" || kept.day == d.day { // for a later day, less of the file may be left
		kept.ofHosts, kept.day = seen, d.day
	}
	for _, row := range rows {
		if d.store.options.Now().Sub(row.Time) < time.Hour {
			kept.ofMain.add(row.Line)
		}
	}
}

// readArchived reads a day of the main database that may be archived, or partly.
func (d *dayReader) readArchived(p *part) {
	plain, archive, err := d.store.openMain(p.file, true)
	if err != nil {
		d.problem(err)
	}
	if archive != nil {
		p.count = plain != nil
		d.scanAll(archive, p)
		p.count = false
		_ = archive.Close()
	}
	if plain != nil {
		d.scanPlain(plain, 0, p)
		_ = plain.Close()
	}
}

// offset is how far a host's file has been carried over. The offsets are read
// once for a listing: an old one shows lines again, which are left out. Those
// that cannot be read cost time only, for the same reason.
func (d *dayReader) offset(host *hostSource, file dayFile) int64 {
	if host.offsets == nil {
		host.offsets, _ = d.store.readOffsets(host.prefix, file.item)
		if host.offsets == nil {
			host.offsets = map[string]int64{}
		}
	}
	return host.offsets[mergedKey(file)]
}

// part is the lines of one database that are being read.
type part struct {
	file      dayFile
	day       time.Time
	wholeOnly bool // a last line without an end is still being written

	seen   lineSet
	record bool    // fill seen, instead of leaving out what is in it
	only   lineSet // of these; nil is of all

	noted bool     // the follower is told how far the file was read
	elem  []string // the file's place in the tree

	plain    *os.File   // the day file, while it is read
	archived lineCounts // lines of the archive, which are left out of the day file
	count    bool       // fill archived

	// Of a follower that reads on: what was met before, whether this is the database
	// of a host, the hash of a line without an end that was given, and what another
	// file had in the place of this one.
	follow   *seenLines
	host     bool
	shown    uint64
	replaced *replaced

	given *givenLines // is told of each line that the follower's query wants; may be nil

	rows []Row
}

// lookFor finds out, where a day had no file, whether another one may: most items of
// a large database have no alarms at all. What was recorded before the listing began
// cannot come into a folder that is made later, unless it is carried over from a host.
func (d *dayReader) lookFor(src *source, elem []string) {
	if src.looked || len(src.hosts) > 0 {
		return
	}
	src.looked = true
	fd, err := d.store.tree.folder(false, elem[:len(elem)-1]...)
	if err == nil {
		unix.Close(fd)
	}
	src.absent = errors.Is(err, fs.ErrNotExist)
}

// readFile reads a file from an offset on. It reports whether there is one.
func (d *dayReader) readFile(p *part, offset int64) (found bool) {
	fd, err := d.store.tree.open(unix.O_RDONLY, 0, p.elem...)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		d.problem(err)
		return true
	}
	file := os.NewFile(uintptr(fd), d.store.tree.Path(p.elem...))
	defer file.Close()
	start, err := seekBehind(file, offset)
	if err != nil {
		d.problem(err)
		return true
	}
	d.scanPlain(file, start, p)
	return true
}

// scanPlain reads a day file from where it stands, and tells the follower.
func (d *dayReader) scanPlain(file *os.File, start int64, p *part) {
	p.plain = file
	if p.noted && d.readBefore(file, start, p) {
		p.plain = nil
		return
	}
	whole := d.scanAll(file, p)
	p.plain = nil
	if p.noted {
		rest := d.blocks.buf[:d.blocks.filled]
		if p.wholeOnly {
			rest = nil
		}
		d.follower.note(p.file, p.elem, int(file.Fd()), start+whole, rest, d.day, p.given)
	}
}

func (d *dayReader) scanAll(file io.Reader, p *part) (whole int64) {
	d.stats.Files++
	whole, err := d.scan(file, p)
	if err != nil {
		d.problem(err)
	}
	return whole
}

func (d *dayReader) problem(err error) {
	d.stale = d.stale || errors.Is(err, unix.ESTALE)
	d.stats.problem(err)
}

// seekBehind goes to an offset, or stays where the file is shorter: then it is
// another file than the one that was carried over.
func seekBehind(file *os.File, offset int64) (start int64, err error) {
	if offset == 0 {
		return 0, nil
	}
	info, err := file.Stat()
	if err != nil || info.Size() < offset {
		return 0, err
	}
	return file.Seek(offset, io.SeekStart)
}

func (d *dayReader) line(line []byte, p *part) {
	trimmed := trimBlankEnds(line)
	if len(trimmed) == 0 {
		return
	}
	if d.tally != nil {
		d.tallyLine(line, trimmed, p)
		return
	}
	at, verdict := d.matcher.record(trimmed, p.day)
	switch verdict {
	case lineBad:
		d.stats.Skipped++
		return
	case lineUnwanted:
		return
	}
	if p.given != nil && p.follow == nil { // else isNews tells it
		p.given.add(maphash.Bytes(lineSeed(), trimmed), at)
	}
	if d.within != nil && !d.within.takes(at) {
		if p.record { // all lines: what is of other days must be known again, too
			p.seen.add(line)
		}
		return
	}
	row := Row{p.file.item, p.file.kind, at, trimmed, p.file.day}
	if where := d.matcher.query.Where; where != nil && !where(row) {
		return
	}
	if p.follow != nil && !p.isNews(trimmed, at) || !p.isNew(line) || d.cut.drops(at) {
		return
	}
	row.Line = bytes.Clone(trimmed)
	p.rows = append(p.rows, row)
	if d.cut != nil {
		if !d.again {
			d.cut.add(at)
		}
		p.rows = d.cut.trimPart(p.rows)
	}
}

// tallyLine counts a line instead of keeping it.
func (d *dayReader) tallyLine(line, trimmed []byte, p *part) {
	var keys queryKeys
	switch {
	case !scanObject(trimmed, keys.take):
		d.stats.Skipped++
	case p.isNew(line):
		d.tally.add(keys)
	}
}

// isNew reports whether a line was not met in another file of the day, and
// notes it.
func (p *part) isNew(line []byte) bool {
	if p.only != nil && !p.only.has(line) {
		return false
	}
	switch {
	case p.record:
		p.seen.add(line)
	case p.count:
		if p.archived == nil {
			p.archived = lineCounts{}
		}
		p.archived.add(line)
	case p.archived.take(line):
		return false
	}
	return p.record || len(p.seen) == 0 || !p.seen.has(line)
}
