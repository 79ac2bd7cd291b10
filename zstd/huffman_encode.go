package zstd

import (
	"cmp"
	"slices"
)

// huffmanCode is how each literal is written; one without bits cannot be.
type huffmanCode [256]struct {
	code uint16
	bits uint8
}

// size gives the bytes that literals take, or ok false where one has no code.
func (h *huffmanCode) size(times *[256]uint32) (n int, ok bool) {
	for literal, t := range times {
		if t > 0 && h[literal].bits == 0 {
			return 0, false
		}
		n += int(t) * int(h[literal].bits)
	}
	return (n + 7) / 8, true
}

// weigh makes the weights of a code for literals that come so often. There are at
// least two different ones.
func weigh(times *[256]uint32) weights {
	flat := *times
	for {
		deep := depths(&flat)
		deepest := slices.Max(deep[:])
		if deepest > maxHuffmanBits { // the less the numbers differ, the less the depths do
			for i, t := range flat {
				flat[i] = t>>1 | t&1
			}
			continue
		}
		w := weights{bits: int(deepest)}
		for literal, depth := range deep {
			if depth > 0 {
				w.of[literal] = deepest + 1 - depth
				w.n = literal + 1
			}
		}
		return w
	}
}

// depths gives how deep each literal stands in a Huffman tree.
func depths(times *[256]uint32) (depth [256]uint8) {
	type node struct {
		times  uint32
		index  int // the literal, or in what stands over others nothing
		parent int
	}
	var nodes [2 * 256]node
	tree := nodes[:0]
	for literal, t := range times {
		if t > 0 {
			tree = append(tree, node{times: t, index: literal})
		}
	}
	slices.SortFunc(tree, func(a, b node) int {
		return cmp.Or(cmp.Compare(a.times, b.times), cmp.Compare(a.index, b.index))
	})
	// What stands over two nodes is made in the order of its times: so the rarest
	// node is the next of the leaves or the next of those.
	leaves, leaf, inner := len(tree), 0, len(tree)
	rarest := func() int {
		if leaf < leaves && (inner == len(tree) || tree[leaf].times <= tree[inner].times) {
			leaf++
			return leaf - 1
		}
		inner++
		return inner - 1
	}
	for len(tree) < 2*leaves-1 {
		a, b := rarest(), rarest()
		tree[a].parent, tree[b].parent = len(tree), len(tree)
		tree = append(tree, node{times: tree[a].times + tree[b].times})
	}
	var deep [2 * 256]uint8 // the root is the last
	for i := len(tree) - 2; i >= 0; i-- {
		deep[i] = deep[tree[i].parent] + 1
		if i < leaves {
			depth[tree[i].index] = deep[i]
		}
	}
	return depth
}

// code gives the code that a decoder makes of the weights.
func (w *weights) code() (h huffmanCode) {
	w.each(func(literal, from, _, bits int) {
		h[literal].code = uint16(from >> (maxHuffmanBits - bits))
		h[literal].bits = uint8(bits)
	})
	return h
}

// append writes the weights without the last, RFC 8878, 4.2.1.1. It gives nil where
// they cannot be written: too many of one kind.
func (w *weights) append(out []byte) []byte {
	n := w.n - 1
	packed := w.appendPacked(append(out, 0))
	size := len(packed) - len(out) - 1
	if packed != nil && size < 128 && (size < (n+1)/2 || n > 128) {
		packed[len(out)] = byte(size)
		return packed
	}
	if n > 128 {
		return nil
	}
	out = append(out, byte(127+n))
	for i := 0; i < n; i += 2 {
		pair := w.of[i] << 4
		if i+1 < n {
			pair |= w.of[i+1]
		}
		out = append(out, pair)
	}
	return out
}

// appendPacked writes what [weights.unpack] reads.
func (w *weights) appendPacked(out []byte) []byte {
	of := w.of[:w.n-1]
	var c count
	c.add(of)
	if kinds, _ := c.kinds(); kinds < 2 {
		return nil // a stream without bits, whose end nobody could see
	}
	d := c.distribute(maxWeightLog)
	var e encoder
	d.fillEncoder(&e)
	stream := bitWriter{out: d.append(out)}
	last := len(of) - 1
	this, other := e.start(of[last]), e.start(of[last-1])
	for i := last - 2; i >= 0; i-- {
		this, other = other, e.write(&stream, this, of[i])
		stream.flush()
	}
	e.end(&stream, this)
	e.end(&stream, other)
	return stream.end()
}

// appendStream writes literals so that they are read from the first to the last.
func (h *huffmanCode) appendStream(out, literals []byte) []byte {
	w := bitWriter{out: out}
	for ; len(literals)%5 > 0; literals = literals[:len(literals)-1] {
		c := h[literals[len(literals)-1]]
		w.add(uint32(c.code), c.bits)
		w.flush()
	}
	for ; len(literals) > 0; literals = literals[:len(literals)-5] {
		for i := 4; i >= 0; i-- { // of 11 bits each
			c := h[literals[len(literals)-5+i]]
			w.add(uint32(c.code), c.bits)
		}
		w.flush()
	}
	return w.end()
}
