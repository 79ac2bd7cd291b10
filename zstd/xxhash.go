package zstd

import (
	"encoding/binary"
	"math/bits"
)

// xxh64 is the checksum of a frame's content (3.1.1): XXH64 with the seed 0, see
// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
type xxh64 struct {
	lanes  [4]uint64
	length uint64
	rest   [32]byte // of which length%32 bytes wait for more
}

const (
	prime1 = 0x9e3779b185ebca87
	prime2 = 0xc2b2ae3d27d4eb4f
	prime3 = 0x165667b19e3779f9
	prime4 = 0x85ebca77c2b2ae63
	prime5 = 0x27d4eb2f165667c5
)

func (x *xxh64) reset() {
	x.lanes = [4]uint64{(prime1 + prime2) & (1<<64 - 1), prime2, 0, 1<<64 - prime1}
	x.length = 0
}

func (x *xxh64) write(p []byte) {
	waiting := int(x.length % 32)
	x.length += uint64(len(p))
	if waiting > 0 {
		n := copy(x.rest[waiting:], p)
		if waiting+n < 32 {
			return
		}
		x.stripes(x.rest[:])
		p = p[n:]
	}
	whole := len(p) &^ 31
	x.stripes(p[:whole])
	copy(x.rest[:], p[whole:])
}

func (x *xxh64) stripes(p []byte) {
	a, b, c, d := x.lanes[0], x.lanes[1], x.lanes[2], x.lanes[3]
	for ; len(p) >= 32; p = p[32:] {
		a = xxhRound(a, binary.LittleEndian.Uint64(p))
		b = xxhRound(b, binary.LittleEndian.Uint64(p[8:]))
		c = xxhRound(c, binary.LittleEndian.Uint64(p[16:]))
		d = xxhRound(d, binary.LittleEndian.Uint64(p[24:]))
	}
	x.lanes = [4]uint64{a, b, c, d}
}

func xxhRound(lane, input uint64) uint64 {
	return bits.RotateLeft64(lane+input*prime2, 31) * prime1
}

func (x *xxh64) sum() uint64 {
	h := x.lanes[2] + prime5
	if x.length >= 32 {
		h = bits.RotateLeft64(x.lanes[0], 1) + bits.RotateLeft64(x.lanes[1], 7) +
			bits.RotateLeft64(x.lanes[2], 12) + bits.RotateLeft64(x.lanes[3], 18)
		for _, lane := range x.lanes {
			h = (h^xxhRound(0, lane))*prime1 + prime4
		}
	}
	h += x.length
	rest := x.rest[:x.length%32]
	for ; len(rest) >= 8; rest = rest[8:] {
		h = bits.RotateLeft64(h^xxhRound(0, binary.LittleEndian.Uint64(rest)), 27)*prime1 + prime4
	}
	if len(rest) >= 4 {
		h = bits.RotateLeft64(h^uint64(binary.LittleEndian.Uint32(rest))*prime1, 23)*prime2 + prime3
		rest = rest[4:]
	}
	for _, b := range rest {
		h = bits.RotateLeft64(h^uint64(b)*prime5, 11) * prime1
	}
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}
