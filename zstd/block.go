package zstd

import "encoding/binary"

// table is a decoder's table for one kind of codes.
type table struct {
	cells [maxCells]cell
	log   uint8
	valid bool // a block may repeat it
}

// decompress appends the content of a compressed block, RFC 8878, 3.1.1.3, for which
// there is room.
func (r *Reader) decompress(in []byte) error {
	in, err := r.readLiterals(in)
	if err != nil {
		return err
	}
	n, in, err := sequenceCount(in)
	if err != nil {
		return err
	}
	limit := len(r.out) + r.block
	if n == 0 {
		if len(in) > 0 {
			return fault("a block goes on after its end")
		}
	} else {
		if in, err = r.readTables(in); err != nil {
			return err
		}
		if err := r.execute(in, n, limit); err != nil {
			return err
		}
	}
	if len(r.out)+len(r.literals) > limit {
		return errTooMuch
	}
	r.out = append(r.out, r.literals...)
	return nil
}

const (
	errTooMuch = fault("a block holds too much")
	errCutOff  = fault("a block is cut off")
)

// readLiterals reads the section of literals, 3.1.1.3.1, and gives what follows it.
func (r *Reader) readLiterals(in []byte) ([]byte, error) {
	if len(in) == 0 {
		return nil, errCutOff
	}
	kind, format := in[0]&3, int(in[0]>>2&3)
	if kind == compressedLiterals || kind == treelessLiterals {
		return r.unpackLiterals(in, kind == treelessLiterals, format)
	}
	width := [4]int{1, 2, 1, 3}[format]
	if len(in) < width {
		return nil, errCutOff
	}
	size := int(littleEndian(in[:width]) >> [4]int{3, 4, 3, 4}[format])
	in = in[width:]
	if size > r.block {
		return nil, errTooMuch
	}
	if kind == rawLiterals {
		if size > len(in) {
			return nil, errCutOff
		}
		r.literals = in[:size]
		return in[size:], nil
	}
	if len(in) == 0 {
		return nil, errCutOff
	}
	r.setLiterals(size)
	fill(r.literals, in[0])
	return in[1:], nil
}

func littleEndian(in []byte) uint64 {
	var field [8]byte
	copy(field[:], in)
	return binary.LittleEndian.Uint64(field[:])
}

// setLiterals makes room for the literals of a block.
func (r *Reader) setLiterals(size int) {
	if cap(r.room) < size {
		r.room = make([]byte, maxBlock)
	}
	r.literals = r.room[:size]
}

// unpackLiterals reads a section of literals that have a Huffman code.
func (r *Reader) unpackLiterals(in []byte, treeless bool, format int) ([]byte, error) {
	width := [4]int{3, 3, 4, 5}[format]
	if len(in) < width {
		return nil, errCutOff
	}
	bits := [4]int{10, 10, 14, 18}[format]
	sizes := littleEndian(in[:width]) >> 4
	size, packed := int(sizes&(1<<bits-1)), int(sizes>>bits)
	in = in[width:]
	if packed > len(in) {
		return nil, errCutOff
	}
	if size > r.block {
		return nil, errTooMuch
	}
	in, rest := in[:packed], in[packed:]
	if !treeless {
		var w weights
		n, err := w.parse(in)
		if err != nil {
			return nil, err
		}
		w.fill(&r.huffman)
		r.hasHuffman = true
		in = in[n:]
	} else if !r.hasHuffman {
		return nil, fault("literals refer to a table that is not there")
	}
	r.setLiterals(size)
	if format == 0 {
		return rest, r.huffman.decode(r.literals, in)
	}
	return rest, r.huffman.decodeFour(r.literals, in)
}

// decodeFour reads literals in four streams, of which the last has what is left: 3.1.1.3.1.6.
func (table *huffmanTable) decodeFour(literals, in []byte) error {
	each := (len(literals) + 3) / 4
	if len(in) < 6 || len(literals) < 6 { // fewer cannot be shared out
		return errCutOff
	}
	jumps, in := in[:6], in[6:]
	for i := range 3 {
		n := int(binary.LittleEndian.Uint16(jumps[2*i:]))
		if n > len(in) {
			return errCutOff
		}
		if err := table.decode(literals[:each], in[:n]); err != nil {
			return err
		}
		literals, in = literals[each:], in[n:]
	}
	return table.decode(literals, in)
}

// sequenceCount reads how many sequences there are, 3.1.1.3.2.1.
func sequenceCount(in []byte) (int, []byte, error) {
	switch {
	case len(in) == 0:
	case in[0] < 128:
		return int(in[0]), in[1:], nil
	case in[0] < 255 && len(in) > 1:
		return int(in[0]-128)<<8 + int(in[1]), in[2:], nil
	case in[0] == 255 && len(in) > 2:
		return int(in[1]) + int(in[2])<<8 + 0x7f00, in[3:], nil
	}
	return 0, nil, errCutOff
}

// readTables reads the tables of the codes, 3.1.1.3.2.1, and gives what follows.
func (r *Reader) readTables(in []byte) ([]byte, error) {
	if len(in) == 0 {
		return nil, errCutOff
	}
	modes := in[0]
	in = in[1:]
	if modes&3 != 0 {
		return nil, fault("a reserved bit is set in a block")
	}
	for kind := range kinds {
		n, err := r.tables[kind].read(kind, modes>>(6-2*kind)&3, in)
		if err != nil {
			return nil, err
		}
		in = in[n:]
	}
	return in, nil
}

// read makes a table in one of the modes, and gives how many bytes it took.
func (t *table) read(kind int, mode byte, in []byte) (int, error) {
	var numbers [256]int16
	spec := &codeTables[kind]
	d, used := distribution{spec.log, spec.predefined}, 0
	switch mode {
	case repeatMode:
		if !t.valid {
			return 0, fault("a block refers to a table that is not there")
		}
		return 0, nil
	case rleMode:
		if len(in) == 0 {
			return 0, errCutOff
		}
		if int(in[0]) >= spec.codes {
			return 0, fault("a table has too many codes")
		}
		only := codeOf(kind, int(in[0]))
		t.cells[0], t.log, t.valid = cell{base: only.base, bits: only.bits}, 0, true
		return 1, nil
	case compressedMode:
		var err error
		if d, used, err = parseDistribution(in, spec.maxLog, spec.codes, &numbers); err != nil {
			return 0, err
		}
	}
	d.fillCells(&t.cells, func(n int) code { return codeOf(kind, n) })
	t.log, t.valid = uint8(d.log), true
	return used, nil
}
