package zstd

import "math/bits"

// count says how often each symbol comes, and how many symbols come in all.
type count struct {
	of    [64]uint32
	total uint32
}

func (c *count) add(symbols []uint8) {
	for _, s := range symbols {
		c.of[s&63]++
	}
	c.total += uint32(len(symbols))
}

// kinds gives how many different symbols there are, and the greatest.
func (c *count) kinds() (n, greatest int) {
	for s, times := range c.of {
		if times > 0 {
			n++
			greatest = s
		}
	}
	return n, greatest
}

// distribute shares the cells of a table among symbols so that they take the fewest
// bits: each has a cell, and then the next goes to the one which needs it most.
func (c *count) distribute(log int) distribution {
	_, greatest := c.kinds()
	d := distribution{log, make([]int16, greatest+1)}
	left := 1 << log
	for s := range d.cells {
		if c.of[s] > 0 {
			n := max(int(uint64(c.of[s])<<log/uint64(c.total)), 1)
			d.cells[s] = int16(n)
			left -= n
		}
	}
	for ; left > 0; left-- {
		d.cells[c.most(d, 1, 0)]++
	}
	for ; left < 0; left++ {
		d.cells[c.most(d, -1, -1)]--
	}
	return d
}

// most finds the symbol with the most, or for sign -1 the least, times per cell and
// some cells more, of those that have a cell then.
func (c *count) most(d distribution, sign, more int64) int {
	best := -1
	for s, n := range d.cells {
		if n == 0 || int64(n)+more == 0 {
			continue
		}
		if best < 0 || sign*int64(c.of[s])*(int64(d.cells[best])+more) > sign*int64(c.of[best])*(int64(n)+more) {
			best = s
		}
	}
	return best
}

// cost is how many bits the symbols take with a distribution; ok is false where one
// has no cell. Of n cells a symbol takes, from state to state, either so many bits or
// one less; this is the middle over all states.
func (c *count) cost(d distribution) (cost int, ok bool) {
	for s, times := range c.of {
		if times == 0 {
			continue
		}
		if s >= len(d.cells) || d.cells[s] == 0 {
			return 0, false
		}
		n := max(int(d.cells[s]), 1)
		most := d.log + 1 - bits.Len(uint(n))
		cost += int(times) * ((most+1)<<d.log - n<<most)
	}
	return cost >> d.log, true
}

// append writes a distribution, RFC 8878, 4.1.1. None of its symbols has -1.
func (d distribution) append(out []byte) []byte {
	w := bitWriter{out: out}
	w.add(uint32(d.log-5), 4)
	left := 1 << d.log
	for s := 0; left > 0; s++ {
		n := int(d.cells[s])
		w.addUpTo(uint32(n+1), uint32(left+1))
		w.flush()
		left -= n
		if n > 0 {
			continue
		}
		first := s + 1
		for d.cells[s+1] == 0 {
			s++
		}
		for again := s + 1 - first; again >= 0; again -= 3 {
			w.add(uint32(min(again, 3)), 2)
			w.flush()
		}
	}
	return w.align()
}

// addUpTo writes what [forwardBits.readUpTo] reads.
func (b *bitWriter) addUpTo(value, most uint32) {
	width := uint8(bits.Len32(most))
	short := 1<<width - 1 - most
	switch {
	case value < short:
		b.add(value, width-1)
	case value < 1<<(width-1):
		b.add(value, width)
	default:
		b.add(value+short, width)
	}
}

// encoder is the table with which symbols are written. Its states are 1<<log more
// than those of a decoder.
type encoder struct {
	log     uint8
	next    [maxCells]uint16
	symbols [64]struct {
		first int16 // its cells in next begin so far behind the number of its cells
		cells uint16
		bits  uint8 // which a step takes, or one less
	}
}

func (d distribution) fillEncoder(e *encoder) {
	e.log = uint8(d.log)
	first := 0
	var next [64]int
	for s, n := range d.cells {
		n := max(int(n), -int(n))
		next[s] = first
		e.symbols[s].first = int16(first - n)
		e.symbols[s].cells = uint16(n)
		e.symbols[s].bits = uint8(d.log + 1 - bits.Len(uint(n)))
		first += n
	}
	var owners [maxCells]uint8
	for i, s := range d.spread(&owners) {
		e.next[next[s]] = uint16(1<<d.log + i)
		next[s]++
	}
}

// start is a state in which a symbol is read, the last one of a stream.
func (e *encoder) start(symbol uint8) uint32 {
	s := &e.symbols[symbol&63]
	return uint32(e.next[int(s.first)+int(s.cells)])
}

// write writes what leads from the state in which a symbol is read to the given one,
// and gives that state.
func (e *encoder) write(w *bitWriter, state uint32, symbol uint8) uint32 {
	s := &e.symbols[symbol&63]
	n := s.bits
	if state < uint32(s.cells)<<n {
		n--
	}
	w.add(state&(1<<n-1), n)
	return uint32(e.next[uint32(int(state>>n)+int(s.first))%maxCells])
}

// end writes the state that is read first.
func (e *encoder) end(w *bitWriter, state uint32) {
	w.add(state-1<<e.log, e.log)
}
