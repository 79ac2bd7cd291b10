package zstd

import (
	"encoding/binary"
	"io"
	"math/bits"
)

// Writer packs what is written to it as one frame with a checksum. It takes the
// memory of two windows and two megabytes, less for less content.
type Writer struct {
	out    io.Writer
	err    error // of out, or of a use after Close
	window int
	block  int
	begun  bool

	buffer     []byte // the window, and after that the block which is being filled
	start      int    // of that block
	packed     []byte // of one block
	sum        xxh64
	compressor *compressor
}

// largestWindow is what the places and offsets of a [finder] are made for.
const largestWindow = 128 << 20

// NewWriter makes a writer. The window is how far back what is alike is found, and
// what a reader needs of memory: it is rounded up to a power of two, from 1 KiB to
// 128 MiB.
func NewWriter(w io.Writer, windowSize int) *Writer {
	window := 1 << bits.Len(uint(min(max(windowSize, minWindow), largestWindow)-1))
	z := &Writer{out: w, window: window, block: min(window, maxBlock), compressor: newCompressor(window)}
	z.sum.reset()
	return z
}

// Write packs bytes. What it has packed goes out in blocks, the last at Close.
func (z *Writer) Write(p []byte) (int, error) {
	written := 0
	for z.err == nil && len(p) > 0 {
		room := z.block - (len(z.buffer) - z.start)
		if room == 0 {
			z.endBlock(false)
			continue
		}
		n := min(room, len(p))
		z.buffer = append(grown(z.buffer, n, z.limit()), p[:n]...)
		p = p[n:]
		written += n
	}
	return written, z.err
}

// Close ends the frame. It does not close what the frame is written to.
func (z *Writer) Close() error {
	if z.err != nil {
		return z.err
	}
	z.endBlock(true)
	if z.err == nil {
		z.err = fault("the frame has ended")
		return nil
	}
	return z.err
}

// endBlock writes the block that was filled, and makes room for the next.
func (z *Writer) endBlock(last bool) {
	z.packed = z.packed[:0]
	content := z.buffer[z.start:]
	if !z.begun {
		z.begun = true
		z.appendHeader()
	}
	z.sum.write(content)
	z.packed = z.compressor.appendBlock(z.packed, z.buffer, z.start, last)
	if last {
		z.packed = binary.LittleEndian.AppendUint32(z.packed, uint32(z.sum.sum()))
	}
	_, z.err = z.out.Write(z.packed)
	if z.start = len(z.buffer); z.start+z.block > z.limit() {
		by := z.start - z.window
		z.buffer = z.buffer[:copy(z.buffer, z.buffer[by:])]
		z.start = z.window
		z.compressor.slide(by)
	}
}

// limit bounds the buffer. The longer it is, the more seldom it has to slide.
func (z *Writer) limit() int { return z.window + max(z.window, 2*z.block) }

// appendHeader writes the header of the frame, RFC 8878, 3.1.1.1: a checksum, a
// window, and no size, which nobody knows yet.
func (z *Writer) appendHeader() {
	z.packed = binary.LittleEndian.AppendUint32(z.packed, frameMagic)
	z.packed = append(z.packed, 0x04, byte(bits.TrailingZeros(uint(z.window/minWindow))<<3))
}
