package zstd

import (
	"encoding/binary"
	"io"
	"strconv"
)

// Reader unpacks one frame after the other, until its source ends between two. It
// takes no more memory than one and a half windows and four blocks of 128 KiB, and
// that only as content comes.
type Reader struct {
	in        io.Reader
	maxWindow int
	err       error

	inFrame   bool
	window    int
	block     int    // what a block of the frame may hold
	checksum  bool   // follows the frame
	sized     bool   // the frame says how much it holds
	size      uint64 // of which so much is still to come, where it is sized
	made      uint64
	sum       xxh64
	out       []byte // the window, and after that what was not handed out yet
	handedOut int

	packed   []byte // of one block
	literals []byte // of one block, those that are not used yet
	room     []byte // for them

	// What later blocks of a frame may refer to.
	huffman    huffmanTable
	hasHuffman bool
	tables     [kinds]table
	repeat     [3]uint32
}

// NewReader makes a reader. Frames that need a window of more than maxWindow bytes
// are refused. A source without any byte holds nothing, which is no error.
func NewReader(r io.Reader, maxWindow int) *Reader {
	return &Reader{in: r, maxWindow: maxWindow}
}

// Reset makes the reader read another source, with the memory that it has.
func (r *Reader) Reset(in io.Reader) {
	r.in, r.err = in, nil
	r.inFrame = false
	r.out, r.handedOut = r.out[:0], 0
}

// Read gives what is unpacked. An error of the source is given as it is, one that
// ends within a frame as [io.ErrUnexpectedEOF]. Blocks before an error are given
// before it.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.handedOut == len(r.out) {
		if r.err == nil {
			r.err = r.next()
		}
		if r.err != nil {
			return 0, r.err
		}
	}
	n := copy(p, r.out[r.handedOut:])
	r.handedOut += n
	return n, nil
}

// next reads the beginning of a frame, or a block. io.EOF is the end of the source.
func (r *Reader) next() error {
	if r.inFrame {
		return r.readBlock()
	}
	var magic [4]byte
	if _, err := io.ReadFull(r.in, magic[:]); err != nil {
		return err
	}
	switch number := binary.LittleEndian.Uint32(magic[:]); {
	case number == frameMagic:
		return r.readHeader()
	case number&^15 == skippableMagic:
		return r.skip()
	}
	return fault("no frame of zstd begins with " + strconv.Quote(string(magic[:])))
}

// skip leaves out a skippable frame, RFC 8878, 3.1.2.
func (r *Reader) skip() error {
	var size [4]byte
	if err := r.readFull(size[:]); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, r.in, int64(binary.LittleEndian.Uint32(size[:])))
	return withinFrame(err)
}

// readFull reads what must be there.
func (r *Reader) readFull(p []byte) error {
	_, err := io.ReadFull(r.in, p)
	return withinFrame(err)
}

func withinFrame(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readHeader reads the header of a frame after its magic number, 3.1.1.1.
func (r *Reader) readHeader() error {
	var field [8]byte
	if err := r.readFull(field[:1]); err != nil {
		return err
	}
	descriptor := field[0]
	single := descriptor&0x20 != 0
	if descriptor&0x08 != 0 {
		return fault("a reserved bit is set in the header of a frame")
	}
	r.checksum = descriptor&0x04 != 0
	window := uint64(0)
	if !single {
		if err := r.readFull(field[:1]); err != nil {
			return err
		}
		window = windowOf(field[0])
	}
	dictionary, err := r.readNumber([4]int{0, 1, 2, 4}[descriptor&3])
	if err != nil {
		return err
	}
	if dictionary != 0 {
		return fault("the dictionary " + strconv.FormatUint(dictionary, 10) + " is wanted, and there are none here")
	}
	width := [4]int{0, 2, 4, 8}[descriptor>>6]
	if single && width == 0 {
		width = 1
	}
	if r.size, err = r.readNumber(width); err != nil {
		return err
	}
	if width == 2 {
		r.size += 256
	}
	r.sized = width > 0
	if single {
		window = max(r.size, minWindow)
	}
	if window > uint64(r.maxWindow) {
		return fault("a window of " + strconv.FormatUint(window, 10) + " bytes is wanted, and " +
			strconv.Itoa(r.maxWindow) + " are allowed")
	}
	r.begin(int(window))
	return nil
}

// windowOf reads a window descriptor, 3.1.1.1.2.
func windowOf(descriptor byte) uint64 {
	base := uint64(minWindow) << (descriptor >> 3)
	return base + base/8*uint64(descriptor&7)
}

func (r *Reader) readNumber(width int) (uint64, error) {
	var field [8]byte
	err := r.readFull(field[:width])
	return binary.LittleEndian.Uint64(field[:]), err
}

// begin makes all as it is at the beginning of a frame.
func (r *Reader) begin(window int) {
	r.inFrame = true
	r.window, r.block = window, min(window, maxBlock)
	r.made = 0
	r.sum.reset()
	r.out, r.handedOut = r.out[:0], 0
	r.hasHuffman = false
	for i := range r.tables {
		r.tables[i].valid = false
	}
	r.repeat = [3]uint32{1, 4, 8}
}

// readBlock reads a block, and what follows the last one of a frame: 3.1.1.2.
func (r *Reader) readBlock() error {
	var field [4]byte
	if err := r.readFull(field[:3]); err != nil {
		return err
	}
	header := binary.LittleEndian.Uint32(field[:])
	size := int(header >> 3)
	if size > r.block {
		return fault("a block is larger than the window or than 128 KiB")
	}
	r.makeRoom()
	before := len(r.out)
	if err := r.unpack(int(header>>1&3), size); err != nil {
		r.out = r.out[:before]
		return err
	}
	made := r.out[before:]
	if r.sized && uint64(len(made)) > r.size-r.made {
		r.out = r.out[:before]
		return fault("a frame holds more than it says")
	}
	r.made += uint64(len(made))
	if r.checksum {
		r.sum.write(made)
	}
	if header&1 == 0 {
		return nil
	}
	return r.endFrame()
}

// unpack appends the content of a block.
func (r *Reader) unpack(kind, size int) error {
	switch kind {
	case rawBlock:
		r.grow(size)
		at := len(r.out)
		r.out = r.out[:at+size]
		return r.readFull(r.out[at:])
	case rleBlock:
		var field [1]byte
		if err := r.readFull(field[:]); err != nil {
			return err
		}
		r.grow(size)
		at := len(r.out)
		r.out = r.out[:at+size]
		fill(r.out[at:], field[0])
		return nil
	case compressedBlock:
		if cap(r.packed) < size {
			r.packed = make([]byte, maxBlock)
		}
		r.packed = r.packed[:size]
		if err := r.readFull(r.packed); err != nil {
			return err
		}
		r.grow(r.block)
		return r.decompress(r.packed)
	}
	return fault("a block is of the reserved type")
}

func (r *Reader) endFrame() error {
	r.inFrame = false
	if r.sized && r.made != r.size {
		return fault("a frame holds less than it says")
	}
	if !r.checksum {
		return nil
	}
	want, err := r.readNumber(4)
	if err != nil {
		return err
	}
	if uint32(r.sum.sum()) != uint32(want) {
		return fault("the content does not have the checksum of its frame")
	}
	return nil
}

// makeRoom lets the window slide where a block has no room after it.
func (r *Reader) makeRoom() {
	if len(r.out)+r.block > r.limit() {
		n := copy(r.out, r.out[len(r.out)-r.window:])
		r.out, r.handedOut = r.out[:n], n
	}
}

// limit bounds r.out. The longer it is, the more seldom the window has to slide.
func (r *Reader) limit() int { return r.window + max(r.window/2, 2*r.block) }

func (r *Reader) grow(more int) { r.out = grown(r.out, more, r.limit()) }
