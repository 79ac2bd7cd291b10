package record

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Bounds of a merge: the bytes of one write, those that are carried over, or read of
// the main database, before others may have the side lock, and the lines that it
// keeps in mind.
const (
	mergeChunk = 1 << 20
	mergeTurn  = 4 << 20
	mergeLines = 1 << 17
)

// mergePause is how long others may have the side lock then: longer than any of
// them sleeps between two looks at it.
const mergePause = 2 * longestTurn

// itemMerge carries over what the database of a host has of an item. Which lines
// there are it learns without the lock, since a host's file is only appended to.
// Which of them the main database has already is looked up once, and from then on
// only in what was added to it.
type itemMerge struct {
	store  *Store
	prefix []string
	item   Item
	stats  *MergeStats
	days   []*dayMerge // still to do, the oldest first
	full   bool        // there are more lines than a merge keeps in mind
	moved  bool        // an offset has
}

// dayMerge is one file of a host.
type dayMerge struct {
	file dayFile
	has  map[uint64]bool // of its next lines, by their hashes, whether the main database has them
	main mainView
	lost int // how often what was seen of the main database did not stand
}

func (s *Store) mergeItem(ctx context.Context, prefix []string, item Item, stats *MergeStats) error {
	for {
		m := &itemMerge{store: s, prefix: prefix, item: item, stats: stats}
		if err := m.learn(); err != nil || len(m.days) == 0 {
			return err
		}
		if err := m.carryAll(ctx); err != nil || !m.full || !m.moved {
			return err
		}
	}
}

// learn reads which lines are to be carried over.
func (m *itemMerge) learn() error {
	todo, err := m.store.pendingFiles(m.prefix, m.item)
	room := mergeLines
	for _, p := range todo {
		if err != nil || room == 0 {
			break
		}
		d := &dayMerge{file: p.file, has: map[uint64]bool{}}
		var some bool
		if some, err = m.learnDay(d, p.offset, room); some {
			m.days = append(m.days, d)
		}
		room -= len(d.has)
	}
	m.full = room == 0
	return err
}

// settled is the age from which on a host's file cannot be on its way to the
// server any more.
const settled = time.Hour

// learnDay reads the whole lines behind an offset, and reports whether there is any.
//
// NFS may bring the parts of a file to the server in any order, and shows NULs
// in the place of those that are still to come. A line with a NUL in it ends what
// can be carried over, until it can only be what a power loss has left.
func (m *itemMerge) learnDay(d *dayMerge, offset int64, room int) (some bool, err error) {
	source, err := m.open(d.file)
	if err != nil {
		return false, err
	}
	defer source.Close()
	reader := newLineReader(io.NewSectionReader(source, offset, 1<<62))
	for len(d.has) < room {
		line, err := reader.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return false, err
		}
		if bytes.IndexByte(line, 0) >= 0 && !m.store.isSettled(source) {
			break
		}
		if len(line) > 0 {
			d.has[maphash.Bytes(lineSeed(), line)] = false
		}
	}
	return reader.read > 0, nil
}

func (m *itemMerge) open(file dayFile) (*os.File, error) {
	fd, err := m.store.tree.open(unix.O_RDONLY, 0, file.elem(m.prefix)...)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), m.store.tree.Path(file.elem(m.prefix)...)), nil
}

func (s *Store) isSettled(source *os.File) bool {
	info, err := source.Stat()
	return err == nil && s.options.Now().Sub(info.ModTime()) > settled
}

// carryAll carries over what was learnt, turn by turn.
func (m *itemMerge) carryAll(ctx context.Context) error {
	for {
		behind, err := m.turn()
		if err != nil || len(m.days) == 0 {
			return err
		}
		if behind {
			err = m.catchUp(m.days[0])
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(mergePause):
		}
	}
}

// turn does, under the item's side lock, as much as others may have to wait for. It
// reports whether there is so much to be read first that this is better done without
// the lock.
func (m *itemMerge) turn() (behind bool, err error) {
	unlock, err := m.store.Lock(m.item.Direction, m.item.Name)
	if err != nil {
		return false, err
	}
	defer unlock()
	// Another merger may have been here since the last turn.
	offsets, err := m.store.readOffsets(m.prefix, m.item)
	room := int64(mergeTurn)
	for err == nil && len(m.days) > 0 && room > 0 {
		d := m.days[0]
		var n int64
		n, behind, err = m.someOf(d, offsets[mergedKey(d.file)], room)
		if err != nil || behind {
			return behind, err
		}
		if room -= n; room > 0 {
			m.days = m.days[1:]
		}
	}
	return false, err
}

// someOf carries lines of one file over, a chunk at a time, until the room is used up
// or all is done, and says how many bytes that were.
func (m *itemMerge) someOf(d *dayMerge, offset, room int64) (n int64, behind bool, err error) {
	source, err := m.open(d.file)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil // a prune was faster
	}
	if err != nil {
		return 0, false, err
	}
	defer source.Close()
	if info, err := source.Stat(); err == nil && offset > info.Size() {
		offset = 0 // see pendingFiles
	}
	for n < room {
		chunk, err := d.readChunk(source, offset)
		if err != nil || chunk.size == 0 {
			return n, false, err
		}
		if behind, err := m.carryOver(d, chunk.lines); behind || err != nil {
			return n, behind, err
		}
		offset += chunk.size
		if err := m.store.writeOffset(m.prefix, d.file, offset); err != nil {
			return n, false, err
		}
		m.moved = true
		m.stats.Lines += len(chunk.lines)
		m.stats.Skipped += chunk.skipped
		n += chunk.size
	}
	return n, false, nil
}

// chunk is what is carried over by one write.
type chunk struct {
	lines   [][]byte
	skipped int   // lines that are no records
	size    int64 // of all of that in the host's file
}

// readChunk gives whole lines behind an offset, up to the first that was not learnt.
func (d *dayMerge) readChunk(source *os.File, offset int64) (chunk, error) {
	var c chunk
	reader := newLineReader(io.NewSectionReader(source, offset, 1<<62))
	for c.size < mergeChunk {
		line, err := reader.next()
		if err == io.EOF {
			c.size = reader.read
			break
		}
		if err != nil {
			return chunk{}, err
		}
		if len(line) > 0 {
			if _, learnt := d.has[maphash.Bytes(lineSeed(), line)]; !learnt {
				break
			}
			if isObject(line) {
				c.lines = append(c.lines, bytes.Clone(line))
			} else {
				c.skipped++
			}
		}
		c.size = reader.read
	}
	return c, nil
}

// mergeTries is how often a merge writes lines that a foreign writer destroys.
const mergeTries = 5

// carryOver sees to it that the main file has the lines.
func (m *itemMerge) carryOver(d *dayMerge, lines [][]byte) (behind bool, err error) {
	for range mergeTries {
		if behind, err := m.look(d); behind || err != nil {
			return behind, err
		}
		adding := lineSet{}
		var missing []byte
		for _, line := range lines {
			if !d.has[maphash.Bytes(lineSeed(), line)] && !adding.has(line) {
				adding.add(line)
				missing = append(append(missing, line...), '\n')
			}
		}
		if len(missing) == 0 {
			return false, nil
		}
		if err := m.store.appendMain(d.file, missing); err != nil {
			return false, err
		}
	}
	return false, m.store.overwritten(d.file)
}

func (s *Store) overwritten(file dayFile) error {
	return pathError("append", s.tree.Path(file.elem(nil)...), errOverwritten)
}
