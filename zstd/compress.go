package zstd

import (
	"encoding/binary"
	"math/bits"
)

// compressor makes compressed blocks.
type compressor struct {
	finder
	known     known
	sequences []sequence
	literals  []byte
	codes     [kinds][]uint8 // of the sequences
	// The codes of short lengths.
	literalCode [64]uint8
	matchCode   [128]uint8
}

// known is what a decoder knows of the blocks before.
type known struct {
	huffman huffmanCode
	tables  [kinds]struct {
		distribution
		encoder
	}
}

func newCompressor(window int) *compressor {
	c := &compressor{finder: finder{window: window, repeat: [3]uint32{1, 4, 8}}}
	fillCodes(c.literalCode[:], literalsLengths[:])
	fillCodes(c.matchCode[:], matchLengths[:])
	return c
}

// fillCodes says of each value, less that of the first code, which is its code.
func fillCodes(table []uint8, codes []code) {
	for n, code := range codes {
		for i := range 1 << code.bits {
			if at := int(code.base-codes[0].base) + i; at < len(table) {
				table[at] = uint8(n)
			}
		}
	}
}

// appendBlock writes the buffer from start on as a block, RFC 8878, 3.1.1.2: as
// whatever takes the fewest bytes.
func (c *compressor) appendBlock(out, buffer []byte, start int, last bool) []byte {
	content := buffer[start:]
	header := uint32(len(content) << 3)
	if last {
		header |= 1
	}
	if isRun(content) {
		return append(appendHeader(out, header|rleBlock<<1), content[0])
	}
	before, repeat := c.known, c.repeat
	c.sequences, c.literals = c.split(buffer, start, c.sequences[:0], c.literals[:0])
	packed := c.appendLiterals(appendHeader(out, 0))
	packed = c.appendSequences(packed)
	size := len(packed) - len(out) - 3
	if size < len(content) {
		appendHeader(packed[:len(out)], header&1|compressedBlock<<1|uint32(size<<3))
		return packed
	}
	c.known, c.repeat = before, repeat
	return append(appendHeader(out, header|rawBlock<<1), content...)
}

func appendHeader(out []byte, header uint32) []byte {
	return append(out, byte(header), byte(header>>8), byte(header>>16))
}

// isRun reports whether there are only equal bytes, and more than one.
func isRun(p []byte) bool {
	return len(p) > 1 && commonPrefix(p[1:], p) == len(p)-1
}

// appendLiterals writes the section of literals, 3.1.1.3.1.
func (c *compressor) appendLiterals(out []byte) []byte {
	literals := c.literals
	if isRun(literals) {
		return append(appendSize(out, rleLiterals, len(literals)), literals[0])
	}
	var times [256]uint32
	for _, b := range literals {
		times[b]++
	}
	kind, table := rawLiterals, []byte(nil)
	least := len(literals) - literalsHeader
	if size, ok := c.known.huffman.size(&times); ok && size < least {
		kind, least = treelessLiterals, size
	}
	if len(literals) > 1 {
		w := weigh(&times)
		h := w.code()
		if t := w.append(nil); t != nil {
			if size, _ := h.size(&times); size+len(t) < least {
				kind, table = compressedLiterals, t
				c.known.huffman = h
			}
		}
	}
	if kind == rawLiterals {
		return append(appendSize(out, rawLiterals, len(literals)), literals...)
	}
	return c.appendPacked(out, kind, table)
}

// literalsHeader is about what packed literals take more than those as they are:
// the larger header, and lengths and ends of four streams.
const literalsHeader = 12

// appendSize writes the header of literals as they are, and of runs.
func appendSize(out []byte, kind, size int) []byte {
	switch {
	case size < 1<<5:
		return append(out, byte(kind|size<<3))
	case size < 1<<12:
		return binary.LittleEndian.AppendUint16(out, uint16(kind|1<<2|size<<4))
	}
	return appendHeader(out, uint32(kind|3<<2|size<<4))
}

// appendPacked writes literals with the code that is known now: a few in one
// stream, others in four of the same length, 3.1.1.3.1.6.
func (c *compressor) appendPacked(out []byte, kind int, table []byte) []byte {
	literals := c.literals
	format, width, bits := 0, 3, 10
	switch n := len(literals); {
	case n >= 16<<10:
		format, width, bits = 3, 5, 18
	case n >= 1<<10:
		format, width, bits = 2, 4, 14
	case n >= 256:
		format = 1
	}
	header := len(out)
	out = append(append(out, make([]byte, width)...), table...)
	if format == 0 {
		out = c.known.huffman.appendStream(out, literals)
	} else {
		jumps := len(out)
		out = append(out, make([]byte, 6)...)
		each := (len(literals) + 3) / 4
		for i := range 4 {
			from := len(out)
			out = c.known.huffman.appendStream(out, literals[i*each:min((i+1)*each, len(literals))])
			if i < 3 {
				binary.LittleEndian.PutUint16(out[jumps+2*i:], uint16(len(out)-from))
			}
		}
	}
	var field [8]byte
	size := len(out) - header - width
	binary.LittleEndian.PutUint64(field[:], uint64(kind|format<<2|len(literals)<<4)|uint64(size)<<(4+bits))
	copy(out[header:], field[:width])
	return out
}

// appendSequences writes the section of sequences, 3.1.1.3.2.
func (c *compressor) appendSequences(out []byte) []byte {
	switch n := len(c.sequences); {
	case n == 0:
		return append(out, 0)
	case n < 128:
		out = append(out, byte(n))
	case n < 0x7f00:
		out = append(out, byte(n>>8+128), byte(n))
	default:
		out = append(out, 255, byte(n-0x7f00), byte((n-0x7f00)>>8))
	}
	c.encode()
	modes := len(out)
	out = append(out, 0)
	for kind := range kinds {
		var mode int
		mode, out = c.appendTable(out, kind)
		out[modes] |= byte(mode << (6 - 2*kind))
	}
	return c.appendStream(out)
}

// encode finds the codes of the sequences.
func (c *compressor) encode() {
	for kind := range kinds {
		c.codes[kind] = c.codes[kind][:0]
	}
	for _, s := range c.sequences {
		c.codes[literalCodes] = append(c.codes[literalCodes], lengthCode(c.literalCode[:], s.literals, 19))
		c.codes[offsetCodes] = append(c.codes[offsetCodes], uint8(bits.Len32(s.offset)-1))
		c.codes[matchCodes] = append(c.codes[matchCodes], lengthCode(c.matchCode[:], s.match-minMatch, 36))
	}
}

// lengthCode gives the code of a length. Those of long ones are powers of two.
func lengthCode(table []uint8, length uint32, long int) uint8 {
	if length < uint32(len(table)) {
		return table[length]
	}
	return uint8(bits.Len32(length) - 1 + long)
}

// appendTable takes the table that costs the least for a kind of codes, and writes
// what it needs.
func (c *compressor) appendTable(out []byte, kind int) (mode int, _ []byte) {
	var times count
	times.add(c.codes[kind])
	spec, known := &codeTables[kind], &c.known.tables[kind]
	last := known.distribution
	best, mode := distribution{spec.log, spec.predefined}, predefinedMode
	least, _ := times.cost(best) // it has all codes of the largest window
	if bits, ok := times.cost(last); ok && bits <= least {
		best, mode, least = last, repeatMode, bits
	}
	var written []byte
	if n, only := times.kinds(); n == 1 {
		if least > 8 {
			best, mode = distribution{0, make([]int16, only+1)}, rleMode
			best.cells[only] = 1
			written = []byte{byte(only)}
		}
	} else {
		d := times.distribute(min(spec.maxLog, max(5, bits.Len(uint(times.total))-2, bits.Len(uint(n)))))
		w := d.append(nil)
		if bits, _ := times.cost(d); bits+8*len(w) < least {
			best, mode, written = d, compressedMode, w
		}
	}
	if mode != repeatMode {
		known.distribution = best
		best.fillEncoder(&known.encoder)
	}
	return mode, append(out, written...)
}

// appendStream writes the sequences' stream of bits, 3.1.1.3.2.1.2, from the last
// one to the first.
func (c *compressor) appendStream(out []byte) []byte {
	w := bitWriter{out: out}
	literalTable, offsetTable, matchTable := &c.known.tables[literalCodes].encoder,
		&c.known.tables[offsetCodes].encoder, &c.known.tables[matchCodes].encoder
	var literals, offset, match uint32 // states
	for i := len(c.sequences) - 1; i >= 0; i-- {
		s := c.sequences[i]
		l, o, m := c.codes[literalCodes][i], c.codes[offsetCodes][i], c.codes[matchCodes][i]
		if i == len(c.sequences)-1 {
			literals, offset, match = literalTable.start(l), offsetTable.start(o), matchTable.start(m)
		} else {
			offset = offsetTable.write(&w, offset, o)
			match = matchTable.write(&w, match, m)
			literals = literalTable.write(&w, literals, l)
			w.flush()
		}
		lengths, matches := literalsLengths[l], matchLengths[m]
		w.add(s.literals-lengths.base, lengths.bits)
		w.add(s.match-matches.base, matches.bits)
		w.flush()
		w.add(s.offset-1<<o, o)
		w.flush()
	}
	matchTable.end(&w, match)
	offsetTable.end(&w, offset)
	literalTable.end(&w, literals)
	return w.end()
}
