package zstd

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	klauspost "github.com/klauspost/compress/zstd"
)

// testWindow is that of the readers of the tests.
const testWindow = 8 << 20

func unpack(packed []byte) ([]byte, error) {
	return io.ReadAll(NewReader(bytes.NewReader(packed), testWindow))
}

func mustUnpack(t testing.TB, packed, want []byte) {
	t.Helper()
	got, err := unpack(packed)
	if err != nil {
		t.Fatalf("after %d bytes of %d: %v", len(got), len(want), err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%d bytes are not the %d that were packed", len(got), len(want))
	}
}

// TestReaderReadsWhatTheLibraryWrites, at each level and with all that can be chosen.
func TestReaderReadsWhatTheLibraryWrites(t *testing.T) {
	all := contents()
	for level := klauspost.SpeedFastest; level <= klauspost.SpeedBestCompression; level++ {
		for i, options := range [][]klauspost.EOption{
			{klauspost.WithEncoderCRC(false), klauspost.WithSingleSegment(true)},
			{klauspost.WithWindowSize(1 << 10)},
			{klauspost.WithWindowSize(64 << 10), klauspost.WithZeroFrames(true), klauspost.WithEncoderPadding(1 << 10)},
			{klauspost.WithWindowSize(testWindow), klauspost.WithNoEntropyCompression(true)},
			{klauspost.WithAllLitEntropyCompression(true)},
		} {
			encoder := libraryEncoder(t, append(options, klauspost.WithEncoderLevel(level))...)
			for name, content := range all {
				if (len(name)+int(level)+i)%unlessRace(1, 5) != 0 {
					continue // but each content, level and choice has its turn
				}
				got, err := unpack(encode(t, encoder, content, (int(level)+i)%2 == 1))
				if err != nil || !bytes.Equal(got, content) {
					t.Fatalf("%s, level %v, options %d: %d bytes of %d, %v", name, level, i, len(got), len(content), err)
				}
			}
		}
	}
}

func libraryEncoder(t testing.TB, options ...klauspost.EOption) *klauspost.Encoder {
	t.Helper()
	encoder, err := klauspost.NewWriter(nil, append(options, klauspost.WithEncoderConcurrency(1))...)
	if err != nil {
		t.Fatal(err)
	}
	return encoder
}

// encode gives what an encoder makes of a content at once, or as a stream.
func encode(t testing.TB, encoder *klauspost.Encoder, content []byte, asStream bool) []byte {
	t.Helper()
	if !asStream {
		return encoder.EncodeAll(content, nil)
	}
	var stream bytes.Buffer
	encoder.Reset(&stream)
	if _, err := encoder.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	return stream.Bytes()
}

// libraryPacks gives what the library makes of a content at once, and as a stream.
func libraryPacks(t testing.TB, content []byte, options ...klauspost.EOption) [][]byte {
	t.Helper()
	encoder := libraryEncoder(t, options...)
	return [][]byte{encode(t, encoder, content, false), encode(t, encoder, content, true)}
}

// TestReaderReadsWhatTheProgramWrites reads what zstd(1) makes.
func TestReaderReadsWhatTheProgramWrites(t *testing.T) {
	program := needProgram(t, "zstd")
	for name, content := range contents() {
		for i, options := range []string{"--fast=5", "-1", "-3 --no-check", "-6", "-9 --long=23", "-12 --check",
			"-16 --long=22", "-19", "-19 --long=23", "-3 --no-compress-literals", "-5 --target-compressed-block-size=2000"} {
			if (len(name)+i)%unlessRace(1, 5) != 0 {
				continue
			}
			t.Run(name+options, func(t *testing.T) {
				t.Parallel()
				command := exec.Command(program, append(strings.Fields(options), "-q", "-c")...)
				command.Stdin = bytes.NewReader(content)
				packed, err := command.Output()
				if err != nil {
					t.Fatal(err)
				}
				mustUnpack(t, packed, content)
			})
		}
	}
}

// TestReaderReadsFramesInARow, with some between them that are to be skipped, and
// through a source that gives single bytes.
func TestReaderReadsFramesInARow(t *testing.T) {
	text := logText(40 << 10)
	frame := libraryPacks(t, text)
	skipped := append([]byte{0x5f, 0x2a, 0x4d, 0x18, 5, 0, 0, 0}, "hello"...)
	empty := []byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}
	packed := bytes.Join([][]byte{skipped, frame[0], empty, frame[1], skipped}, nil)
	reader := NewReader(nil, testWindow)
	for range 2 {
		reader.Reset(iotest.OneByteReader(bytes.NewReader(packed)))
		if err := iotest.TestReader(reader, append(bytes.Clone(text), text...)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := reader.Read(nil); n != 0 || err != nil {
		t.Errorf("nothing asked for: %d, %v", n, err)
	}
	mustUnpack(t, skipped, nil)
}

// TestReaderKnowsWhatIsWrong: frames in hex, and the error.
func TestReaderKnowsWhatIsWrong(t *testing.T) {
	const header = "28b52ffd 0048 " // a window of 512 KiB, no checksum
	for _, c := range []struct{ what, packed, want string }{
		{"an empty source", "", ""},
		{"an empty frame", header + "010000", ""},
		{"three bytes", "28b52f", "unexpected EOF"},
		{"no magic number", "68656c6c 6f", `no frame of zstd begins with "hell"`},
		{"what follows a frame", header + "010000 00000000", `no frame of zstd begins with "\x00\x00\x00\x00"`},
		{"no descriptor", "28b52ffd", "unexpected EOF"},
		{"no window", "28b52ffd 00", "unexpected EOF"},
		{"no size", "28b52ffd c048 00000000", "unexpected EOF"},
		{"no size of what is skipped", "502a4d18 0100", "unexpected EOF"},
		{"what is skipped is cut off", "502a4d18 02000000 00", "unexpected EOF"},
		{"a reserved bit", "28b52ffd 0848 010000", "a reserved bit is set in the header of a frame"},
		{"a dictionary", "28b52ffd 0148 07 010000", "the dictionary 7 is wanted, and there are none here"},
		{"a dictionary of four bytes", "28b52ffd 0348 00000001 010000", "the dictionary 16777216 is wanted, and there are none here"},
		{"the dictionary 0", "28b52ffd 0248 0000 010000", ""},
		{"no dictionary", "28b52ffd 0248 00", "unexpected EOF"},
		{"a large window", "28b52ffd 0088 010000", "a window of 134217728 bytes is wanted, and 8388608 are allowed"},
		{"the largest window", "28b52ffd 00ff 010000", "a window of 4123168604160 bytes is wanted, and 8388608 are allowed"},
		{"a large content", "28b52ffd e0 0000000000000080 010000", "a window of 9223372036854775808 bytes is wanted, and 8388608 are allowed"},
		{"no block", header, "unexpected EOF"},
		{"half of a block's header", header + "0100", "unexpected EOF"},
		{"the reserved type", header + "0f0000 00", "a block is of the reserved type"},
		{"a block that is too large", header + "0900 10 00", "a block is larger than the window or than 128 KiB"},
		{"a block that is larger than the window", "28b52ffd 0000 092000 00", "a block is larger than the window or than 128 KiB"},
		{"a raw block is cut off", header + "290000 6162", "unexpected EOF"},
		{"a run is cut off", header + "2b0000", "unexpected EOF"},
		{"a compressed block is cut off", header + "2d0000 00", "unexpected EOF"},
		{"less than the frame says", "28b52ffd 20 02 090000 61", "a frame holds less than it says"},
		{"more than the frame says", "28b52ffd 20 01 110000 6161", "a frame holds more than it says"},
		{"no checksum", "28b52ffd 0448 010000 99e9", "unexpected EOF"},
		{"a checksum", "28b52ffd 0448 010000 99e9d851", ""},
		{"a wrong checksum", "28b52ffd 0448 010000 99e9d850", "the content does not have the checksum of its frame"},
	} {
		packed, err := hex.DecodeString(strings.ReplaceAll(c.packed, " ", ""))
		if err != nil {
			t.Fatal(c.what, err)
		}
		if _, err = unpack(packed); c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s: %v, not %q", c.what, err, c.want)
		}
	}
}

// TestReaderKnowsWhatIsWrongInABlock: compressed blocks in hex, and the error.
func TestReaderKnowsWhatIsWrongInABlock(t *testing.T) {
	for _, c := range []struct{ what, block, want string }{
		{"literals alone", "18 616263 00", ""},
		{"nothing", "", "a block is cut off"},
		{"literals have no size", "0c 00", "a block is cut off"},
		{"too few literals", "18 6162", "a block is cut off"},
		{"a run without its byte", "19", "a block is cut off"},
		{"a run", "19 61 00", ""},
		{"too many literals", "0d 00 40 61 00", "a block holds too much"},
		{"no sequences", "18 616263", "a block is cut off"},
		{"half of their number", "18 616263 80", "a block is cut off"},
		{"two thirds of their number", "18 616263 ff 00", "a block is cut off"},
		{"no modes", "18 616263 01", "a block is cut off"},
		{"a reserved mode", "18 616263 01 01", "a reserved bit is set in a block"},
		{"more than nothing", "18 616263 00 00", "a block goes on after its end"},
		{"packed literals have no size", "02 00", "a block is cut off"},
		{"packed literals are cut off", "32 c000 00", "a block is cut off"},
		{"packed literals are too many", "1e 00 20 00 00", "a block holds too much"},
		{"no table of literals", "33 4000 00 00", "literals refer to a table that is not there"},
		{"an empty table of literals", "32 0000 00", "a table of literals is cut off"},
		{"half a table of literals", "32 4000 83 00", "a table of literals is cut off"},
		{"weights are too fine", "42 8000 01 02 00", "a table of codes is too fine"},
		{"weights with too short a stream", "42 0001 03 103f 02 00", "a table of literals is cut off"},
		{"half a table of weights", "42 8000 01 f0 00", "a table of codes is cut off"},
		{"weights without a stream", "42 c000 02 103f 00", "a stream of bits has no end"},
		{"weights that are all 0", "42 8000 80 00 01 00", "a table of literals is incomplete"},
		{"weights that leave no power of two", "42 c000 82 12 20 01 00", "a table of literals is incomplete"},
		{"a weight of 12", "42 8000 80 c0 01 00", "a literal has too many bits"},
		{"literals that do not end", "42 c000 80 10 ff 00", "a stream of literals does not end with them"},
		{"four streams are cut off", "46 c000 80 10 01 00", "a block is cut off"},
		{"four streams of five literals", "56 0002 80 10 0000 0000 0000 00", "a block is cut off"},
		{"the first of four streams is cut off", "66 0002 80 10 0900 0000 0000 00", "a block is cut off"},
		{"the first of four streams is empty", "66 0002 80 10 0000 0000 0000 00", "a stream of bits has no end"},
		{"a table to repeat", "18 616263 01 c0", "a block refers to a table that is not there"},
		{"a table of one code is cut off", "18 616263 01 40", "a block is cut off"},
		{"a table of a code that is not there", "18 616263 01 40 24", "a table has too many codes"},
		{"an empty table", "18 616263 01 80", "a table of codes is cut off"},
		{"a table that is too fine", "18 616263 01 80 05", "a table of codes is too fine"},
		{"no stream", "18 616263 01 00", "a stream of bits has no end"},
		{"a stream without an end", "18 616263 01 00 00", "a stream of bits has no end"},
		{"a stream that is too short", "18 616263 01 54 00 00 00 02", "a match begins before the window"},
	} {
		block, err := hex.DecodeString(strings.ReplaceAll(c.block, " ", ""))
		if err != nil {
			t.Fatal(c.what, err)
		}
		packed := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x48}
		packed = binary.LittleEndian.AppendUint32(packed, uint32(len(block)<<3|5))
		packed = append(packed[:len(packed)-1], block...)
		if _, err = unpack(packed); c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s: %v, not %q", c.what, err, c.want)
		}
	}
}

// TestReaderNoticesEachChange: with a checksum, a frame in which a bit is another
// is refused, and one that is cut off.
func TestReaderNoticesEachChange(t *testing.T) {
	text := logText(unlessRace(3, 1) << 10)
	packed := libraryPacks(t, text)[1]
	for i := range packed {
		if _, err := unpack(packed[:i]); i > 0 && err != io.ErrUnexpectedEOF {
			t.Fatalf("%d of %d bytes: %v", i, len(packed), err)
		}
		for bit := range 8 {
			changed := bytes.Clone(packed)
			changed[i] ^= 1 << bit
			got, err := unpack(changed)
			if err == nil && len(got) > 0 && !bytes.Equal(got, text) { // the magic number of what is skipped is far
				t.Fatalf("bit %d of byte %d: %d bytes", bit, i, len(got))
			}
		}
	}
}

// TestReaderGivesWhatItCan: the blocks before one that is damaged, and the error of
// a source as it is.
func TestReaderGivesWhatItCan(t *testing.T) {
	text := logText(1 << 20)
	packed := libraryPacks(t, text)[1]
	broken := errors.New("broken")
	source := io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), iotest.ErrReader(broken))
	reader := NewReader(source, testWindow)
	got, err := io.ReadAll(reader)
	if err != broken || len(got) < len(text)/3 || !bytes.HasPrefix(text, got) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := reader.Read(make([]byte, 1)); err != broken {
		t.Errorf("the error is forgotten: %v", err)
	}
}

// TestReaderTakesLittleMemory: a header that announces much takes none, and content
// takes that of the window, however much of it there is.
func TestReaderTakesLittleMemory(t *testing.T) {
	zeros := make([]byte, 16<<20)
	bomb := libraryPacks(t, zeros, klauspost.WithWindowSize(1<<20))[1]
	announced := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x80, 0, 0x09, 0, 0, 'x'} // 8 MiB in one segment
	for _, c := range []struct {
		packed []byte
		limit  uint64
	}{{bomb, 4 << 20}, {announced, 64 << 10}} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := io.Copy(io.Discard, NewReader(bytes.NewReader(c.packed), testWindow))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > c.limit {
			t.Errorf("%d bytes took %d of memory (%v)", len(c.packed), took, err)
		}
	}
}

// TestReaderRefusesDictionaries of the library, too.
func TestReaderRefusesDictionaries(t *testing.T) {
	text := logText(64 << 10)
	packed := libraryPacks(t, text, klauspost.WithEncoderDictRaw(77, text[:8<<10]))
	for _, frame := range packed {
		if _, err := unpack(frame); err == nil || err.Error() != "the dictionary 77 is wanted, and there are none here" {
			t.Error(err)
		}
	}
}

// FuzzReader: any bytes are read without a panic and within bounds. What the library
// accepts has the same content here, and what it does not accept is right only if
// zstd(1) says so.
func FuzzReader(f *testing.F) {
	for level := klauspost.SpeedFastest; level <= klauspost.SpeedBestCompression; level++ {
		encoder := libraryEncoder(f, klauspost.WithEncoderLevel(level), klauspost.WithEncoderCRC(false))
		for _, content := range contents() {
			f.Add(encode(f, encoder, content[:min(len(content), 20<<10)], level%2 == 1))
		}
	}
	decoder, err := klauspost.NewReader(nil, klauspost.WithDecoderConcurrency(1), klauspost.WithDecoderLowmem(true),
		klauspost.WithDecoderMaxWindow(testWindow))
	if err != nil {
		f.Fatal(err)
	}
	reader := NewReader(nil, testWindow)
	f.Fuzz(func(t *testing.T, packed []byte) {
		reader.Reset(bytes.NewReader(packed))
		const most = 16 << 20
		got, err := io.ReadAll(io.LimitReader(reader, most))
		if takes := cap(reader.out) + cap(reader.packed) + cap(reader.room); takes > testWindow*3/2+4*maxBlock {
			t.Fatalf("the reader takes %d bytes", takes)
		}
		if resetErr := decoder.Reset(bytes.NewReader(packed)); resetErr != nil {
			t.Fatal(resetErr)
		}
		want, wantErr := io.ReadAll(io.LimitReader(decoder, most))
		if err == nil && wantErr != nil && len(got) < most {
			want, wantErr = programUnpacks(t, packed)
		}
		if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v; the library has %d, %v", len(got), err, len(want), wantErr)
		}
	})
}

// programUnpacks asks zstd(1): the library refuses some frames that are right, such
// as one in which the bits of the weights of literals end within a state, where RFC
// 8878 puts zeros.
func programUnpacks(t testing.TB, packed []byte) ([]byte, error) {
	command := exec.Command(needProgram(t, "zstd"), "-dcq")
	command.Stdin = bytes.NewReader(packed)
	return command.Output()
}
