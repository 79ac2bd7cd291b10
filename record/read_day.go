package record

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// source is an item with all places that hold records of it.
type source struct {
	item  Item
	hosts []*hostSource
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
	limit   int
	lines   *bufio.Reader

	stats Stats
}

func newDayReader(store *Store, m *matcher) *dayReader {
	// A line that does not fit is no record, see maxLine.
	return &dayReader{store: store, matcher: m, limit: m.query.Limit, lines: bufio.NewReaderSize(nil, maxLine+1)}
}

// read gives the wanted records of an item and day, in the order of the files.
//
// The order of reading makes it exact while a merger carries lines over, see
// Store.Merge: the offsets, then the hosts' files behind them, then the main
// file, of which the lines that were seen already are left out.
func (d *dayReader) read(src *source, day string) []Row {
	file := dayFile{src.item, d.matcher.query.Kind, day}
	began, _ := time.ParseInLocation(DayLayout, day, d.matcher.location) // days gives dates only
	seen := lineSet{}
	var fromHosts []Row
	for _, host := range src.hosts {
		part := &part{file: file, day: began, elem: file.elem(host.prefix), wholeOnly: true, seen: seen, record: true}
		part.offset = d.offset(host, file)
		d.readPart(part)
		fromHosts = append(fromHosts, part.rows...)
	}
	main := &part{file: file, day: began, elem: file.elem(nil), seen: seen}
	d.readPart(main)
	return append(main.rows, fromHosts...)
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
	return host.offsets[string(file.kind)+"/"+file.day]
}

// part is one file that is being read.
type part struct {
	file      dayFile
	day       time.Time
	elem      []string
	offset    int64
	wholeOnly bool // a last line without an end is still being written

	seen   lineSet
	record bool // fill seen, instead of leaving out what is in it
	rows   []Row
}

func (d *dayReader) readPart(p *part) {
	fd, err := d.store.tree.open(unix.O_RDONLY, 0, p.elem...)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		d.stats.problem(err)
		return
	}
	file := os.NewFile(uintptr(fd), d.store.tree.Path(p.elem...))
	defer file.Close()
	if err := seekBehind(file, p.offset); err != nil {
		d.stats.problem(err)
		return
	}
	d.stats.Files++
	if err := d.scan(file, p); err != nil {
		d.stats.problem(err)
	}
}

// seekBehind goes to an offset, or stays where the file is shorter: then it is
// another file than the one that was carried over.
func seekBehind(file *os.File, offset int64) error {
	if offset == 0 {
		return nil
	}
	info, err := file.Stat()
	if err != nil || info.Size() < offset {
		return err
	}
	_, err = file.Seek(offset, io.SeekStart)
	return err
}

// scan reads all lines. One that is longer than the buffer is passed over.
func (d *dayReader) scan(file io.Reader, p *part) error {
	d.lines.Reset(file)
	long := false
	for {
		line, err := d.lines.ReadSlice('\n')
		d.stats.Bytes += int64(len(line))
		if errors.Is(err, bufio.ErrBufferFull) {
			long = true
			continue
		}
		switch whole := err == nil; {
		case long && (whole || !p.wholeOnly):
			d.stats.Skipped++
		case !long && (whole || !p.wholeOnly):
			d.line(bytes.TrimSuffix(line, []byte{'\n'}), p)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		long = false
	}
}

func (d *dayReader) line(line []byte, p *part) {
	trimmed := trimBlankEnds(line)
	if len(trimmed) == 0 {
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
	if p.record {
		p.seen.add(line)
	} else if len(p.seen) > 0 && p.seen.has(line) {
		return
	}
	p.rows = append(p.rows, Row{p.file.item, p.file.kind, at, bytes.Clone(trimmed)})
	if d.limit > 0 && (len(p.rows)-1024)/2 >= d.limit {
		p.rows = newest(p.rows, d.limit)
	}
}

// newest gives the newest rows in the order of their times.
func newest(rows []Row, limit int) []Row {
	sortRows(rows)
	keep := max(0, len(rows)-limit)
	clear(rows[:copy(rows, rows[keep:])][len(rows)-keep:])
	return rows[:len(rows)-keep]
}

func sortRows(rows []Row) {
	slices.SortStableFunc(rows, func(a, b Row) int { return a.Time.Compare(b.Time) })
}
