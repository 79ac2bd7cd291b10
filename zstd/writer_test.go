package zstd

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os/exec"
	"slices"
	"testing"

	klauspost "github.com/klauspost/compress/zstd"
)

// pack writes a content in pieces of so many bytes.
func pack(t testing.TB, content []byte, window, piece int) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := NewWriter(&packed, window)
	for part := range slices.Chunk(content, piece) {
		if n, err := w.Write(part); n != len(part) || err != nil {
			t.Fatalf("%d of %d bytes: %v", n, len(part), err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// TestWriterIsReadByAll: by this reader, by the library and by zstd(1).
func TestWriterIsReadByAll(t *testing.T) {
	program := needProgram(t, "zstd")
	library, err := klauspost.NewReader(nil, klauspost.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range contents() {
		for _, window := range unlessRace([]int{0, 3 << 10, 64 << 10, 2 << 20}, []int{3 << 10, 2 << 20}) {
			packed := pack(t, content, window, 77777)
			mustUnpack(t, packed, content)
			if got, err := library.DecodeAll(packed, nil); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s, window %d: the library has %d bytes of %d, %v", name, window, len(got), len(content), err)
			}
			command := exec.Command(program, "-dcq")
			command.Stdin = bytes.NewReader(packed)
			if got, err := command.Output(); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s, window %d: zstd has %d bytes of %d, %v", name, window, len(got), len(content), err)
			}
		}
	}
}

// TestWriterIsTheSameInPieces: how a content is written does not change the frame.
func TestWriterIsTheSameInPieces(t *testing.T) {
	content := contents()["mixed"]
	want := pack(t, content, 128<<10, len(content))
	for _, piece := range []int{1, 127, 128 << 10, 128<<10 + 1} {
		if got := pack(t, content, 128<<10, piece); !bytes.Equal(got, want) {
			t.Errorf("pieces of %d bytes: %d bytes, not %d", piece, len(got), len(want))
		}
	}
}

// TestWriterPacksAsWellAsTheLibrary, within a tenth, at its default level.
func TestWriterPacksAsWellAsTheLibrary(t *testing.T) {
	text := logText(unlessRace(4, 1) << 20)
	ours := len(pack(t, text, 2<<20, len(text)))
	library := len(libraryPacks(t, text, klauspost.WithWindowSize(2<<20))[1])
	if ours > library*11/10 {
		t.Errorf("%d bytes, and %d of the library", ours, library)
	}
}

// TestWriterBytes: whole frames, in hex.
func TestWriterBytes(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"", "28b52ffd 0458 010000 99e9d851"},
		{"x", "28b52ffd 0458 090000 78 23110483"},
		{"xxxxxxxx", "28b52ffd 0458 430000 78 bfabeea4"},
	} {
		want := bytes.ReplaceAll([]byte(c.want), []byte(" "), nil)
		if got := hex.AppendEncode(nil, pack(t, []byte(c.content), 2<<20, 1)); !bytes.Equal(got, want) {
			t.Errorf("%q: %s", c.content, got)
		}
	}
}

// brokenWriter takes some bytes, and then no more.
type brokenWriter struct{ left int }

var errBroken = errors.New("broken")

func (b *brokenWriter) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

// TestWriterStopsAtAnError, and after Close.
func TestWriterStopsAtAnError(t *testing.T) {
	text := logText(300 << 10)
	for _, left := range []int{0, 30 << 10} {
		w := NewWriter(&brokenWriter{left}, 2<<20)
		if n, err := w.Write(text); err != errBroken || n == len(text) {
			t.Errorf("%d bytes, %v", n, err)
		}
		if err := w.Close(); err != errBroken {
			t.Error(err)
		}
	}
	w := NewWriter(&brokenWriter{0}, 2<<20)
	if err := w.Close(); err != errBroken {
		t.Error(err)
	}
	w = NewWriter(io.Discard, 2<<20)
	if err := errors.Join(w.Close()); err != nil {
		t.Error(err)
	}
	if _, err := w.Write(text); err == nil {
		t.Error("bytes are taken after the end of the frame")
	}
}

// TestEachModeIsReached: what the writer makes of the contents has each kind of
// block, of literals and of tables, and so the tests of round trips try them all.
func TestEachModeIsReached(t *testing.T) {
	found := map[string]bool{}
	for _, content := range contents() {
		noteModes(t, pack(t, content, 2<<20, len(content)+1), found)
	}
	for _, want := range []string{"raw block", "run", "raw literals", "run of literals", "literals", "literals without a table",
		"one stream", "four streams", "four longer streams", "four long streams",
		"no sequences", "some sequences", "many sequences", "very many sequences",
		"literals predefined", "literals one", "literals packed", "literals again",
		"offsets predefined", "offsets one", "offsets packed", "offsets again",
		"matches predefined", "matches one", "matches packed", "matches again"} {
		if !found[want] {
			t.Errorf("no frame has: %s", want)
		}
	}
}

// noteModes notes by name what a frame is made of.
func noteModes(t *testing.T, frame []byte, found map[string]bool) {
	r := NewReader(bytes.NewReader(frame), testWindow)
	if err := r.next(); err != nil {
		t.Fatal(err)
	}
	for at := 6; r.inFrame; {
		header := int(frame[at]) | int(frame[at+1])<<8 | int(frame[at+2])<<16
		block, size := frame[at+3:], header>>3
		at += 3 + size
		switch header >> 1 & 3 {
		case rawBlock:
			found["raw block"] = true
		case rleBlock:
			found["run"] = true
			at += 1 - size
		case compressedBlock:
			noteBlock(t, r, block[:size], found)
		}
		if err := r.next(); err != nil {
			t.Fatal(err)
		}
	}
}

func noteBlock(t *testing.T, r *Reader, block []byte, found map[string]bool) {
	kind := block[0] & 3
	found[[]string{"raw literals", "run of literals", "literals", "literals without a table"}[kind]] = true
	if kind >= compressedLiterals {
		found[[]string{"one stream", "four streams", "four longer streams", "four long streams"}[block[0]>>2&3]] = true
	}
	scratch := &Reader{block: maxBlock, huffman: r.huffman, hasHuffman: true}
	rest, err := scratch.readLiterals(block)
	if err != nil && kind != treelessLiterals {
		t.Fatal(err)
	}
	n, rest, err := sequenceCount(rest)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case n == 0:
		found["no sequences"] = true
		return
	case n < 128:
		found["some sequences"] = true
	case n < 0x7f00:
		found["many sequences"] = true
	default:
		found["very many sequences"] = true
	}
	for i, kind := range []string{"literals", "offsets", "matches"} {
		found[kind+[]string{" predefined", " one", " packed", " again"}[rest[0]>>(6-2*i)&3]] = true
	}
}

// FuzzRoundTrip: whatever is packed, in whatever pieces, this reader and the library
// give back. So that contents longer than a window are tried, too, what the fuzzer
// has found is taken several times, each time with one byte changed.
func FuzzRoundTrip(f *testing.F) {
	for _, content := range contents() {
		f.Add(content[:min(len(content), 10<<10)], uint16(1000), uint8(1), uint8(1))
		f.Add(content[:min(len(content), 1<<10)], uint16(77), uint8(5), uint8(200))
	}
	library, err := klauspost.NewReader(nil, klauspost.WithDecoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, part []byte, piece uint16, window, times uint8) {
		var content []byte
		for i := range int(times) {
			content = append(content, part...)
			if len(part) > 0 {
				content[len(content)-1-i*7919%len(part)] ^= byte(i)
			}
			if len(content) > 256<<10 {
				break
			}
		}
		packed := pack(t, content, 1<<10<<(window%12), int(piece)+1)
		if most := len(content) + 13 + 3*(len(content)>>10+1); len(packed) > most {
			t.Errorf("%d bytes became %d", len(content), len(packed))
		}
		mustUnpack(t, packed, content)
		if got, err := library.DecodeAll(packed, nil); err != nil || !bytes.Equal(got, content) {
			t.Fatalf("the library has %d bytes of %d, %v", len(got), len(content), err)
		}
	})
}
