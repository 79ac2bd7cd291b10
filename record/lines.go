package record

import (
	"bufio"
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// maxLine is the longest line that can be a record: a message of 64 KiB, of
// which each byte may be escaped to six, and the fields around it.
const maxLine = 1 << 20

// lineReader gives the lines of a file; those longer than its limit are passed
// over.
type lineReader struct {
	reader *bufio.Reader
	limit  int
	read   int64  // bytes of whole lines given or passed over so far
	rest   []byte // after the end: the start of a last line without an end
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{reader: bufio.NewReaderSize(r, 64<<10), limit: maxLine}
}

// next gives the next whole line without its end, valid until the next call. A
// last line without an end is not given: it may still be being written.
func (l *lineReader) next() ([]byte, error) {
	for {
		line, err := l.reader.ReadSlice('\n')
		if err == nil {
			l.read += int64(len(line))
			return bytes.TrimSuffix(line, []byte{'\n'}), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			l.rest = line
			return nil, err
		}
		long, err := l.long(line)
		if err != nil {
			return nil, err
		}
		if long != nil {
			return long, nil
		}
	}
}

// long gives a line that is longer than the buffer, or nil where it is too long.
func (l *lineReader) long(head []byte) ([]byte, error) {
	line := bytes.Clone(head)
	total := int64(len(head))
	for {
		part, err := l.reader.ReadSlice('\n')
		total += int64(len(part))
		if len(line) <= l.limit {
			line = append(line, part...)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			l.rest = line
			return nil, err
		}
	}
	l.read += total
	if len(line) > l.limit {
		return nil, nil
	}
	return bytes.TrimSuffix(line, []byte{'\n'}), nil
}

// lineSeed makes the hashes of lines differ between processes, so that nobody
// can write a line that hides another.
var lineSeed = sync.OnceValue(maphash.MakeSeed)

// lineSet holds lines by their 64-bit hashes: two different lines of one day
// file are taken for the same once in 10^10 files of 100,000 lines.
type lineSet map[uint64]struct{}

func (s lineSet) add(line []byte) { s[maphash.Bytes(lineSeed(), line)] = struct{}{} }

func (s lineSet) has(line []byte) bool {
	_, ok := s[maphash.Bytes(lineSeed(), line)]
	return ok
}

// lineCounts says how often a line is there, by the hashes of a lineSet.
type lineCounts map[uint64]int

func (c lineCounts) add(line []byte) { c[maphash.Bytes(lineSeed(), line)]++ }

// take takes a line out once, and reports whether it was there.
func (c lineCounts) take(line []byte) bool {
	if len(c) == 0 {
		return false
	}
	return c.takeHash(maphash.Bytes(lineSeed(), line))
}

func (c lineCounts) takeHash(hash uint64) bool {
	n := c[hash]
	if n > 0 {
		c[hash] = n - 1
	}
	return n > 0
}

// EachLine gives the lines of an item's day in the main database and in those of
// all hosts, each once; see eachLine. A line is valid until use returns. A day
// without a file has no lines.
func (s *Store) EachLine(item Item, kind Kind, day string, use func(line []byte)) error {
	if err := item.Validate(); err != nil {
		return err
	}
	return s.eachLine(dayFile{item, kind, day}, use)
}

// eachLine gives the lines of a day in the hosts' databases, and those of the
// main one that are not there, each once. It reads in this order, the order in
// which lines are carried over and archived, from the beginning of each file: a
// line that is on its way meanwhile is met at least once.
func (s *Store) eachLine(file dayFile, use func(line []byte)) error {
	prefixes, err := s.hostPrefixes()
	if err != nil {
		return err
	}
	seen := lineSet{}
	for _, prefix := range prefixes {
		err = s.eachLineOf(file.elem(prefix), func(line []byte) {
			if !seen.has(line) {
				seen.add(line)
				use(line)
			}
		})
		if err != nil {
			return err
		}
	}
	if len(seen) == 0 {
		return s.eachMainLine(file, use)
	}
	return s.eachMainLine(file, func(line []byte) {
		if !seen.has(line) {
			use(line)
		}
	})
}

// eachLineOf gives the lines of one file.
func (s *Store) eachLineOf(elem []string, use func(line []byte)) error {
	fd, err := s.tree.open(unix.O_RDONLY, 0, elem...)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), s.tree.Path(elem...))
	defer file.Close()
	return eachLineIn(file, use)
}

// eachLineIn gives the lines of an open file. A last line without an end is one
// if it is a whole record: the next append will end it.
func eachLineIn(file io.Reader, use func(line []byte)) error {
	reader := newLineReader(file)
	for {
		line, err := reader.next()
		if err == io.EOF {
			if isObject(reader.rest) {
				use(reader.rest)
			}
			return nil
		}
		if err != nil {
			return err
		}
		use(line)
	}
}

// hostPrefixes are the databases of hosts, relative to the root.
func (s *Store) hostPrefixes() ([][]string, error) {
	entries, err := s.tree.List(metaFolder, hostsFolder)
	if err != nil {
		return nil, err
	}
	var prefixes [][]string
	for _, entry := range entries {
		if entry.IsDir() && entry.Name()[0] != '.' {
			prefixes = append(prefixes, []string{metaFolder, hostsFolder, entry.Name()})
		}
	}
	return prefixes, nil
}
