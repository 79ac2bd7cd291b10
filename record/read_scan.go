package record

import (
	"bytes"
	"io"
)

// firstBlock is what is read at once: it stays in the cache of a core while it is
// searched. A line that does not fit makes the block grow.
const firstBlock = 256 << 10

// blocks reads a file in blocks of whole lines.
type blocks struct {
	buf    []byte
	filled int
	long   bool // in a line that is longer than the largest block
}

// scan reads a file to its end and gives its lines, those without any needle of
// the query left out. It returns how far its whole lines reach. A line longer
// than maxLine is no record, and is passed over.
func (d *dayReader) scan(file io.Reader, p *part) (whole int64, err error) {
	b := &d.blocks
	if b.buf == nil {
		b.buf = make([]byte, firstBlock)
	}
	b.filled, b.long = 0, false
	var total int64
	for {
		n, err := file.Read(b.buf[b.filled:])
		fresh := b.buf[b.filled : b.filled+n]
		b.filled += n
		total += int64(n)
		d.stats.Bytes += int64(n)
		if end := bytes.LastIndexByte(fresh, '\n'); end >= 0 {
			end += b.filled - n + 1
			whole = total - int64(b.filled-end)
			d.block(b.wholeLines(&d.stats, end), p)
			b.filled = copy(b.buf, b.buf[end:b.filled])
		}
		if err == io.EOF {
			d.rest(p)
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
		b.makeRoom()
	}
}

// wholeLines are those up to end, without the end of a line that is too long.
func (b *blocks) wholeLines(stats *Stats, end int) []byte {
	lines := b.buf[:end]
	if b.long {
		b.long = false
		stats.Skipped++
		_, lines, _ = bytes.Cut(lines, []byte{'\n'})
	}
	return lines
}

// makeRoom sees to it that something can be read.
func (b *blocks) makeRoom() {
	switch {
	case b.long:
		b.filled = 0
	case b.filled < len(b.buf):
	case len(b.buf) <= maxLine:
		b.buf = append(b.buf, make([]byte, min(len(b.buf), maxLine+1-len(b.buf)))...)
	default:
		b.long, b.filled = true, 0
	}
}

// rest is what stands behind the last line's end. Where that is no record, somebody
// may be in the middle of writing one: then nothing is wrong yet.
func (d *dayReader) rest(p *part) {
	if p.wholeOnly {
		return
	}
	skipped := d.stats.Skipped
	if d.blocks.long {
		d.stats.Skipped++
	} else {
		d.line(d.blocks.buf[:d.blocks.filled], p)
	}
	if d.stats.Skipped > skipped && d.isBeingWritten(p) {
		d.stats.Skipped = skipped
	}
}

// isBeingWritten reports whether a file has not stood still for long enough that its
// last line was left torn; see heal. One whose time is in the future has.
func (d *dayReader) isBeingWritten(p *part) bool {
	if p.plain == nil {
		return false
	}
	info, err := p.plain.Stat()
	if err != nil {
		return false
	}
	still := d.store.options.Now().Sub(info.ModTime())
	return 0 <= still && still <= standstill
}

// block looks at whole lines.
func (d *dayReader) block(block []byte, p *part) {
	if d.finder.needle == nil {
		for len(block) > 0 {
			end := bytes.IndexByte(block, '\n')
			d.line(block[:end], p)
			block = block[end+1:]
		}
		return
	}
	d.finder.learn(block)
	at, found, escaped := 0, -1, -1
	for at < len(block) {
		if found < at {
			found = at + d.finder.index(block[at:])
		}
		if escaped < at {
			escaped = at + indexRareEscape(block[at:])
		}
		hit := min(found, escaped)
		if hit == len(block) {
			return
		}
		start := at + bytes.LastIndexByte(block[at:hit], '\n') + 1
		at = hit + bytes.IndexByte(block[hit:], '\n') + 1
		d.line(block[start:at-1], p)
	}
}
