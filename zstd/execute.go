package zstd

// execute does what the sequences of a block say, RFC 8878, 3.1.1.4: each appends
// some literals, and then a match, which is content again that was there before.
func (r *Reader) execute(in []byte, sequences, limit int) error {
	stream, err := newBitReader(in)
	if err != nil {
		return err
	}
	literalsTable, offsetTable, matchTable := &r.tables[literalCodes], &r.tables[offsetCodes], &r.tables[matchCodes]
	literalsState := stream.read(literalsTable.log)
	offsetState := stream.read(offsetTable.log)
	matchState := stream.read(matchTable.log)
	out, literals := r.out[:limit], r.literals
	at := len(r.out)
	for {
		l := &literalsTable.cells[literalsState%maxCells]
		o := &offsetTable.cells[offsetState%maxCells]
		m := &matchTable.cells[matchState%maxCells]

		// The bits of an offset and of a match are 47 at most.
		value, word := o.value(stream.load())
		match, _ := m.value(word)
		stream.pos -= int(o.bits + m.bits)
		// Those of the literals and of three states are 42.
		count, word := l.value(stream.load())
		stream.pos -= int(l.bits)

		distance := r.distance(uint32(value), count)
		if count > len(literals) {
			return fault("a block has too few literals")
		}
		if count+match > limit-at {
			return errTooMuch
		}
		copy(out[at:], literals[:count])
		literals = literals[count:]
		at += count
		if distance == 0 || distance > uint32(min(at, r.window)) {
			return fault("a match begins before the window")
		}
		repeatContent(out[:at+match], at, int(distance))
		at += match

		if sequences--; sequences == 0 {
			break
		}
		literalsState, word = l.step(word)
		matchState, word = m.step(word)
		offsetState, _ = o.step(word)
		stream.pos -= int(l.stateBits + m.stateBits + o.stateBits)
		if stream.pos < 0 {
			break
		}
	}
	if stream.pos != 0 {
		return fault("a stream of sequences does not end with them")
	}
	r.out, r.literals = out[:at], literals
	return nil
}

// value reads what the symbol of a cell stands for off the top of a word.
func (c *cell) value(word uint64) (int, uint64) {
	return int(c.base + uint32(word>>(64-c.bits))), word << c.bits
}

// step reads the next state off the top of a word.
func (c *cell) step(word uint64) (uint32, uint64) {
	return uint32(c.next) + uint32(word>>(64-c.stateBits)), word << c.stateBits
}

// distance says how far back a match begins, and keeps the last three such
// distances, which short values stand for: 3.1.1.5.
func (r *Reader) distance(value uint32, literals int) uint32 {
	last := &r.repeat
	if value > 3 {
		last[0], last[1], last[2] = value-3, last[0], last[1]
		return last[0]
	}
	if literals == 0 {
		value++
	}
	switch value {
	case 1:
	case 2:
		last[0], last[1] = last[1], last[0]
	case 3:
		last[0], last[1], last[2] = last[2], last[0], last[1]
	default:
		last[0], last[1], last[2] = last[0]-1, last[0], last[1]
	}
	return last[0]
}

// repeatContent fills out from at on with what stands that distance before.
func repeatContent(out []byte, at, distance int) {
	from := at - distance
	if distance >= len(out)-at {
		copy(out[at:], out[from:at])
		return
	}
	for at < len(out) { // each turn doubles what there is to copy
		at += copy(out[at:], out[from:at])
	}
}

// fill makes a run of one byte.
func fill(p []byte, b byte) {
	if len(p) > 0 {
		p[0] = b
		repeatContent(p, 1, 1)
	}
}
