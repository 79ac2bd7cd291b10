// Package zstd packs and unpacks Zstandard, the format of RFC 8878, as streams
// and without goroutines. Dictionaries are all that it does not know.
//
// Reason: every package that is linked is set up at the start of every job, used
// or not. The library that was here before brings Snappy along, whose table for
// checksums costs each start 0.2 ms, 6 % of it, and cannot be left out. This
// package costs a start nothing: it has no init, and no variable that is more
// than bytes of the binary. Tests hold it against that library.
package zstd

// Magic numbers, RFC 8878, 3.1.1 and 3.1.2.
const (
	frameMagic     = 0xfd2fb528
	skippableMagic = 0x184d2a50 // to skippableMagic + 15
)

// Block types, 3.1.1.2.2.
const (
	rawBlock = iota
	rleBlock
	compressedBlock
)

// Types of a section of literals, 3.1.1.3.1.1.
const (
	rawLiterals = iota
	rleLiterals
	compressedLiterals
	treelessLiterals
)

// Modes of a table of codes, 3.1.1.3.2.1.
const (
	predefinedMode = iota
	rleMode
	compressedMode
	repeatMode
)

const (
	maxBlock  = 128 << 10 // 3.1.1.2.4, what a block may hold, packed or not
	minWindow = 1 << 10   // 3.1.1.1.2
	minMatch  = 3
)

// The three kinds of codes of a sequence, in the order of their tables.
const (
	literalCodes = iota
	offsetCodes
	matchCodes
	kinds
)

// fault is an error that is a constant: a variable would be set up at the start.
type fault string

func (f fault) Error() string { return string(f) }

// code stands for the values from base on, of which so many bits tell one.
type code struct {
	base uint32
	bits uint8
}

// literalsLengths and matchLengths are the codes of 3.1.1.3.2.1.1. An offset's
// code n stands for the values from 1<<n on, which n bits tell apart.
var literalsLengths = [36]code{
	{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0},
	{8, 0}, {9, 0}, {10, 0}, {11, 0}, {12, 0}, {13, 0}, {14, 0}, {15, 0},
	{16, 1}, {18, 1}, {20, 1}, {22, 1}, {24, 2}, {28, 2}, {32, 3}, {40, 3},
	{48, 4}, {64, 6}, {128, 7}, {256, 8}, {512, 9}, {1024, 10}, {2048, 11}, {4096, 12},
	{8192, 13}, {16384, 14}, {32768, 15}, {65536, 16},
}

var matchLengths = [53]code{
	{3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0}, {8, 0}, {9, 0}, {10, 0},
	{11, 0}, {12, 0}, {13, 0}, {14, 0}, {15, 0}, {16, 0}, {17, 0}, {18, 0},
	{19, 0}, {20, 0}, {21, 0}, {22, 0}, {23, 0}, {24, 0}, {25, 0}, {26, 0},
	{27, 0}, {28, 0}, {29, 0}, {30, 0}, {31, 0}, {32, 0}, {33, 0}, {34, 0},
	{35, 1}, {37, 1}, {39, 1}, {41, 1}, {43, 2}, {47, 2}, {51, 3}, {59, 3},
	{67, 4}, {83, 4}, {99, 5}, {131, 7}, {259, 8}, {515, 9}, {1027, 10}, {2051, 11},
	{4099, 12}, {8195, 13}, {16387, 14}, {32771, 15}, {65539, 16},
}

// codeTables says of each kind which codes there are, how fine a table of them may
// be, and which one is predefined (3.1.1.3.2.2).
var codeTables = [kinds]struct {
	codes      int
	maxLog     int
	log        int
	predefined []int16
}{
	{len(literalsLengths), 9, 6, []int16{
		4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1,
		2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
		-1, -1, -1, -1,
	}},
	{32, 8, 5, []int16{
		1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
	}},
	{len(matchLengths), 9, 6, []int16{
		1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1,
		-1, -1, -1, -1, -1,
	}},
}

// codeOf says what a code of a kind stands for.
func codeOf(kind int, n int) code {
	switch kind {
	case literalCodes:
		return literalsLengths[n]
	case matchCodes:
		return matchLengths[n]
	}
	return code{1 << n, uint8(n)}
}

// grown gives a buffer room for more bytes after those that it holds, yet never
// more than limit in all: it takes memory as content comes, not as a header asks.
func grown(buffer []byte, more, limit int) []byte {
	need := len(buffer) + more
	if need <= cap(buffer) {
		return buffer
	}
	wider := make([]byte, len(buffer), min(max(need, 2*cap(buffer)), limit))
	copy(wider, buffer)
	return wider
}
