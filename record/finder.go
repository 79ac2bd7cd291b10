package record

import "bytes"

// finder looks for a text in whole blocks. It goes by the byte of the text that is
// rarest in what it has seen of the file, since looking for a single byte is what a
// machine does fastest.
type finder struct {
	needle []byte // nil where nothing is to be found
	rare   int    // where in the needle its rarest byte is
	next   int    // how many blocks until the counts are taken anew
}

// sampleSize is what is looked at of a block, and sampleEvery how often.
const (
	sampleSize  = 4 << 10
	sampleEvery = 64
)

// learn finds out which byte of the needle is rare here.
func (f *finder) learn(block []byte) {
	if f.next > 0 {
		f.next--
		return
	}
	f.next = sampleEvery
	var counts [256]int
	for _, c := range block[:min(len(block), sampleSize)] {
		counts[c]++
	}
	f.rare = 0
	for i, c := range f.needle {
		if counts[c] < counts[f.needle[f.rare]] {
			f.rare = i
		}
	}
}

// maxMisses is from how many bytes found in vain on, more than one in each
// missDistance, another way is faster.
const (
	maxMisses    = 16
	missDistance = 32
)

// index gives the position of the needle, or the length of the block.
func (f *finder) index(block []byte) int {
	misses, start := 0, 0
	for {
		at := start + f.rare
		if at >= len(block) {
			return len(block)
		}
		hit := bytes.IndexByte(block[at:], f.needle[f.rare])
		if hit < 0 {
			return len(block)
		}
		start += hit
		if bytes.HasPrefix(block[start:], f.needle) {
			return start
		}
		start++
		if misses++; misses > maxMisses && start/missDistance < misses {
			return orEnd(block, start, bytes.Index(block[start:], f.needle))
		}
	}
}

func orEnd(block []byte, start, at int) int {
	if at < 0 {
		return len(block)
	}
	return start + at
}

// indexRareEscape gives the position of an escape that mvrun does not write, see
// hasRareEscape, or the length of the block.
func indexRareEscape(block []byte) int {
	for at := 0; ; at++ {
		hit := bytes.IndexByte(block[at:], '\\')
		if at += hit; hit < 0 || at+1 >= len(block) {
			return len(block)
		}
		if next := block[at+1]; next == 'u' || next == '/' {
			return at
		}
	}
}
