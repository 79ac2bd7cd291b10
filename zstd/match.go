package zstd

import (
	"encoding/binary"
	"math/bits"
)

// sequence is a step of what unpacks a block: some literals, then a match.
type sequence struct {
	literals uint32
	match    uint32
	offset   uint32 // as it is written, see [finder.offset]
}

// finder finds in a buffer what was there before. Two tables say where bytes with
// the same hash stood last: eight of them, for long matches, and five, for others.
// Places are indexes of the buffer, and 0 means nothing more: whether there is a
// match, only the bytes themselves tell.
type finder struct {
	window int
	long   [1 << longBits]uint32
	short  [1 << shortBits]uint32
	repeat [3]uint32 // the last offsets, RFC 8878, 3.1.1.5
}

const (
	longBits  = 16
	shortBits = 15
)

// match is one that was found; without a length it is none.
type match struct {
	at, from, length int
}

// slide follows a buffer that has lost so many bytes at its beginning.
func (f *finder) slide(by int) {
	for _, table := range [][]uint32{f.long[:], f.short[:]} {
		for i, at := range table {
			table[i] = at - min(at, uint32(by))
		}
	}
}

// hash spreads the lowest bytes of a word over a table.
func hash(word uint64, bytes, bits int) uint64 {
	const prime = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	return word << (64 - 8*bytes) * prime >> (64 - bits)
}

// note puts a place into the tables.
func (f *finder) note(word uint64, at int) {
	f.long[hash(word, 8, longBits)] = uint32(at)
	f.short[hash(word, 5, shortBits)] = uint32(at)
}

// find looks for what begins at a place, and notes it.
func (f *finder) find(buffer []byte, at int) match {
	word := binary.LittleEndian.Uint64(buffer[at:])
	long, short := &f.long[hash(word, 8, longBits)], &f.short[hash(word, 5, shortBits)]
	best := f.better(buffer, match{at: at}, at-int(f.repeat[0]), word)
	best = f.better(buffer, best, at-int(f.repeat[1]), word)
	best = f.better(buffer, best, int(*long), word)
	if best.length < 8 {
		best = f.better(buffer, best, int(*short), word)
	}
	*long, *short = uint32(at), uint32(at)
	return best
}

// better gives the match that begins in a certain place, with the word that the best
// one begins with, if it wins more than that.
func (f *finder) better(buffer []byte, best match, from int, word uint64) match {
	if uint(from) >= uint(best.at) || best.at-from > f.window || binary.LittleEndian.Uint32(buffer[from:]) != uint32(word) {
		return best
	}
	m := match{best.at, from, 4 + commonPrefix(buffer[best.at+4:], buffer[from+4:])}
	if f.gain(m) > f.gain(best) {
		return m
	}
	return best
}

// gain is about how many bits a match wins, times a half.
func (f *finder) gain(m match) int {
	if m.length == 0 {
		return 0
	}
	distance := uint32(m.at - m.from)
	if distance == f.repeat[0] || distance == f.repeat[1] {
		return 4*m.length + 2
	}
	return 4*m.length - bits.Len32(distance)
}

func commonPrefix(a, b []byte) int {
	n := 0
	for len(a) >= 8 && len(b) >= 8 {
		if differ := binary.LittleEndian.Uint64(a) ^ binary.LittleEndian.Uint64(b); differ != 0 {
			return n + bits.TrailingZeros64(differ)/8
		}
		a, b, n = a[8:], b[8:], n+8
	}
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return n + i
		}
	}
	return n + len(a)
}

// split makes sequences of the buffer from start on, and gives them together with
// the literals, of which the last belong to no sequence.
func (f *finder) split(buffer []byte, start int, sequences []sequence, literals []byte) ([]sequence, []byte) {
	at, done := start, start
	for at+9 <= len(buffer) {
		m := f.find(buffer, at)
		if m.length == 0 {
			at += 1 + min((at-done)>>6, 15) // the longer nothing is found, the longer the steps
			continue
		}
		m = f.later(buffer, m)
		for m.at > done && m.from > 0 && buffer[m.at-1] == buffer[m.from-1] {
			m = match{m.at - 1, m.from - 1, m.length + 1}
		}
		literals = append(literals, buffer[done:m.at]...)
		sequences = append(sequences, sequence{uint32(m.at - done), uint32(m.length), f.offset(m.at-m.from, m.at-done)})
		done = m.at + m.length
		f.noteWithin(buffer, at+1, done)
		at = done
	}
	return sequences, append(literals, buffer[done:]...)
}

// later looks whether a match that begins a byte later wins more.
func (f *finder) later(buffer []byte, m match) match {
	for m.length < 24 && m.at+10 <= len(buffer) {
		next := f.find(buffer, m.at+1)
		if f.gain(next) <= f.gain(m)+4 {
			return m
		}
		m = next
	}
	return m
}

// noteWithin notes places of a match.
func (f *finder) noteWithin(buffer []byte, from, to int) {
	for at := from; at < min(to, len(buffer)-8); at += 3 {
		f.note(binary.LittleEndian.Uint64(buffer[at:]), at)
	}
}

// offset gives an offset as it is written: 3 more than it is, or the number of the
// one of the last three that it repeats. After no literals, the last one is not
// worth a number, and what is a byte less than it has one.
func (f *finder) offset(distance, literals int) uint32 {
	last := &f.repeat
	d := uint32(distance)
	shift := uint32(0)
	if literals == 0 {
		shift = 1
	}
	switch {
	case d == last[0] && literals > 0:
		return 1
	case d == last[1]:
		last[0], last[1] = d, last[0]
		return 2 - shift
	case d == last[2]:
		last[0], last[1], last[2] = d, last[0], last[1]
		return 3 - shift
	case d == last[0]-1 && literals == 0:
		last[0], last[1], last[2] = d, last[0], last[1]
		return 3
	}
	last[0], last[1], last[2] = d, last[0], last[1]
	return d + 3
}
