package zstd

import (
	"encoding/binary"
	"math/bits"
)

// bitReader reads a stream of bits from its end to its beginning, RFC 8878, 4.1.
type bitReader struct {
	in  []byte
	pos int // bits before it are unread; below 0, more were read than there are
}

// newBitReader finds the end of the bits: above the last of them stands a 1, which
// only marks it.
func newBitReader(in []byte) (bitReader, error) {
	if len(in) == 0 || in[len(in)-1] == 0 {
		return bitReader{}, fault("a stream of bits has no end")
	}
	return bitReader{in, 8*len(in) - 9 + bits.Len8(in[len(in)-1])}, nil
}

// load gives the next 57 bits or more at the top of a word, so that the first n of
// them are word>>(64-n). Before the beginning of the stream there are zeros.
func (b *bitReader) load() uint64 {
	if from := (b.pos+7)>>3 - 8; from >= 0 {
		return binary.LittleEndian.Uint64(b.in[from:]) << (uint(-b.pos) & 7)
	}
	return b.loadFirst()
}

// loadFirst is load where less than eight bytes are left.
func (b *bitReader) loadFirst() uint64 {
	if b.pos <= 0 {
		return 0
	}
	var word uint64
	for i, c := range b.in[:(b.pos+7)>>3] {
		word |= uint64(c) << (8 * i)
	}
	return word << (64 - b.pos)
}

// read takes up to 57 bits.
func (b *bitReader) read(n uint8) uint32 {
	word := b.load()
	b.pos -= int(n)
	return uint32(word >> (64 - n))
}

// bitWriter writes a stream that a bitReader reads: what is added last is read
// first.
type bitWriter struct {
	out  []byte
	word uint64
	used uint // bits of word
}

// add needs room in the word: 57 bits can be added after each flush.
func (b *bitWriter) add(value uint32, n uint8) {
	b.word |= uint64(value) << (b.used & 63)
	b.used += uint(n)
}

// flush writes out the whole bytes.
func (b *bitWriter) flush() {
	b.out = binary.LittleEndian.AppendUint64(b.out, b.word)
	b.out = b.out[:len(b.out)-8+int(b.used>>3)]
	b.word >>= b.used &^ 7
	b.used &= 7
}

// end marks the end of the stream.
func (b *bitWriter) end() []byte {
	b.add(1, 1)
	return b.align()
}

// align fills the last byte up.
func (b *bitWriter) align() []byte {
	b.used += 7
	b.flush()
	b.word, b.used = 0, 0
	return b.out
}
