package zstd

import "math/bits"

// maxCells is the size of the finest table that any code of the format has.
const maxCells = 1 << 9

// distribution says how the 1<<log cells of a table are shared among symbols,
// RFC 8878, 4.1.1. A symbol with -1 has one cell, too, at the end of the table.
type distribution struct {
	log   int
	cells []int16
}

// parseDistribution reads a distribution of at most so many symbols, and gives how
// many bytes it took. Its cells are put into the array.
func parseDistribution(in []byte, maxLog, symbols int, cells *[256]int16) (distribution, int, error) {
	bitsAt := forwardBits{in: in}
	d := distribution{log: int(bitsAt.read(4)) + 5, cells: cells[:0]}
	if d.log > maxLog {
		return d, 0, fault("a table of codes is too fine")
	}
	for left := 1 << d.log; left > 0; {
		if len(d.cells) >= symbols {
			return d, 0, fault("a table has too many codes")
		}
		n := bitsAt.readUpTo(left+1) - 1
		d.cells = append(d.cells, int16(n))
		left -= max(n, -n)
		if n != 0 {
			continue
		}
		for again := 3; again == 3; {
			again = bitsAt.read(2)
			if len(d.cells)+again > symbols {
				return d, 0, fault("a table has too many codes")
			}
			for range again {
				d.cells = append(d.cells, 0)
			}
		}
	}
	used := (bitsAt.pos + 7) / 8
	if used > len(in) {
		return d, 0, fault("a table of codes is cut off")
	}
	return d, used, nil
}

// forwardBits reads bits from the beginning on, the lowest of each byte first.
// After the end of the bytes there are zeros.
type forwardBits struct {
	in  []byte
	pos int
}

func (f *forwardBits) read(n int) int {
	value := 0
	for i := range n {
		if at := (f.pos + i) / 8; at < len(f.in) {
			value |= int(f.in[at]>>((f.pos+i)%8)&1) << i
		}
	}
	f.pos += n
	return value
}

// readUpTo reads a number from 0 to most. Where that leaves a power of two unused,
// the lowest numbers have one bit less (4.1.1).
func (f *forwardBits) readUpTo(most int) int {
	width := bits.Len(uint(most))
	short := 1<<width - 1 - most // so many numbers do with less
	value := f.read(width - 1)
	if value < short {
		return value
	}
	if f.read(1) == 1 {
		value += 1<<(width-1) - short
	}
	return value
}

// spread says of each cell whose it is, 4.1.1.
func (d distribution) spread(owners *[maxCells]uint8) []uint8 {
	size := 1 << d.log
	end := size
	for symbol, n := range d.cells {
		if n == -1 {
			end--
			owners[end] = uint8(symbol)
		}
	}
	at := 0
	for symbol, n := range d.cells {
		for range n { // a range over -1 is none
			owners[at] = uint8(symbol)
			for at = d.step(at); at >= end; at = d.step(at) {
			}
		}
	}
	return owners[:size]
}

func (d distribution) step(at int) int {
	size := 1 << d.log
	return (at + size>>1 + size>>3 + 3) & (size - 1)
}

// cell is a state of a decoder: a symbol, and how the next state is found.
type cell struct {
	base      uint32 // what the symbol stands for, see [code]
	next      uint16 // what is read of stateBits bits is added to it
	bits      uint8
	stateBits uint8
}

// fillCells makes a decoder's table, 4.1.1.
func (d distribution) fillCells(table *[maxCells]cell, symbol func(int) code) {
	var owners [maxCells]uint8
	var count [256]uint16
	for s, n := range d.cells {
		count[s] = uint16(max(n, -n))
	}
	for i, s := range d.spread(&owners) {
		n := count[s]
		count[s]++
		stateBits := d.log + 1 - bits.Len16(n)
		stands := symbol(int(s))
		table[i] = cell{stands.base, n<<stateBits - 1<<d.log, stands.bits, uint8(stateBits)}
	}
}
