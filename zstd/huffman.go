package zstd

import "math/bits"

const (
	maxHuffmanBits = 11 // RFC 8878, 4.2.1
	maxWeightLog   = 6  // 4.2.1.2
)

// huffmanTable gives for the next 11 bits of a stream the literal that they begin
// with and, in the low byte, how many of them it takes.
type huffmanTable [1 << maxHuffmanBits]uint16

// weights of literals, 4.2.1: a literal of the weight w has 1<<(w-1) of the cells of
// a table, none where w is 0. The weight of the last is not written.
type weights struct {
	of   [256]uint8
	n    int
	bits int // of the longest code
}

// parse reads the weights, and gives how many bytes they took.
func (w *weights) parse(in []byte) (int, error) {
	if len(in) == 0 {
		return 0, fault("a table of literals is cut off")
	}
	*w = weights{}
	size := int(in[0])
	direct := size >= 128
	if direct {
		w.n = size - 127
		size = (w.n + 1) / 2
	}
	if size++; size > len(in) {
		return 0, fault("a table of literals is cut off")
	}
	if direct {
		for i := range w.n {
			w.of[i] = in[1+i/2] >> (4 - 4*(i%2)) & 15
		}
	} else if err := w.unpack(in[1:size]); err != nil {
		return 0, err
	}
	return size, w.complete()
}

// unpack reads weights that two decoders have in turns, 4.2.1.2. Their number is not
// written: the end is where a decoder has no bits left for its next state.
func (w *weights) unpack(in []byte) error {
	var numbers [256]int16
	d, used, err := parseDistribution(in, maxWeightLog, len(numbers), &numbers)
	if err != nil {
		return err
	}
	stream, err := newBitReader(in[used:])
	if err != nil {
		return err
	}
	var table [maxCells]cell
	d.fillCells(&table, func(weight int) code { return code{base: uint32(weight)} })
	this, other := stream.read(uint8(d.log)), stream.read(uint8(d.log))
	if stream.pos < 0 {
		return fault("a table of literals is cut off")
	}
	for w.n < len(w.of)-1 {
		at := table[this]
		w.add(at.base)
		if stream.pos < int(at.stateBits) {
			w.add(table[other].base)
			return nil
		}
		this, other = other, uint32(at.next)+stream.read(at.stateBits)
	}
	return fault("a table has too many literals")
}

func (w *weights) add(weight uint32) {
	w.of[w.n] = uint8(weight)
	w.n++
}

// complete works out the last weight, which makes the cells a power of two.
func (w *weights) complete() error {
	if w.n > 255 {
		return fault("a table has too many literals")
	}
	cells := 0
	for _, weight := range w.of[:w.n] {
		if weight > maxHuffmanBits {
			return fault("a literal has too many bits")
		}
		cells += 1 << weight >> 1
	}
	w.bits = bits.Len(uint(cells))
	left := 1<<w.bits - cells
	if cells == 0 || w.bits > maxHuffmanBits || left&(left-1) != 0 {
		return fault("a table of literals is incomplete")
	}
	w.add(uint32(bits.Len(uint(left))))
	return nil
}

// each gives for each literal its part of a whole table, 4.2.1.3: the lowest
// weights, which have the longest codes, come first.
func (w *weights) each(use func(literal, from, to, bits int)) {
	var next [maxHuffmanBits + 2]int
	for _, weight := range w.of[:w.n] {
		next[weight+1] += w.cells(weight)
	}
	for weight := range next[1:] {
		next[weight+1] += next[weight]
	}
	for literal, weight := range w.of[:w.n] {
		if weight > 0 {
			from := next[weight]
			next[weight] += w.cells(weight)
			use(literal, from, next[weight], w.bits+1-int(weight))
		}
	}
}

// cells gives how many entries of a whole table a weight has.
func (w *weights) cells(weight uint8) int {
	return 1 << weight >> 1 << (maxHuffmanBits - w.bits)
}

// fill makes a decoder's table.
func (w *weights) fill(table *huffmanTable) {
	w.each(func(literal, from, to, bits int) {
		for i := range table[from:to] {
			table[from+i] = uint16(literal<<8 | bits)
		}
	})
}

// decode reads as many literals as there is room for from one stream, 4.2.2.
func (table *huffmanTable) decode(literals, in []byte) error {
	stream, err := newBitReader(in)
	if err != nil {
		return err
	}
	for len(literals) >= 5 { // of 11 bits each
		word := stream.load()
		taken := 0
		for i := range literals[:5] {
			entry := table[word>>(64-maxHuffmanBits)]
			literals[i] = byte(entry >> 8)
			word <<= entry & 15
			taken += int(entry & 15)
		}
		stream.pos -= taken
		literals = literals[5:]
	}
	for i := range literals {
		entry := table[stream.load()>>(64-maxHuffmanBits)]
		literals[i] = byte(entry >> 8)
		stream.pos -= int(entry & 15)
	}
	if stream.pos != 0 {
		return fault("a stream of literals does not end with them")
	}
	return nil
}
