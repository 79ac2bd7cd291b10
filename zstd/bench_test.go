package zstd

import (
	"bytes"
	"io"
	"testing"
	"time"

	klauspost "github.com/klauspost/compress/zstd"
)

// BenchmarkWriter packs lines beside the library at its default level. Reported are
// how many times as long it takes, as x/library, the aim being at most 2.5, and how
// many times as much it makes of them, as size/library, the aim being at most 1.1.
func BenchmarkWriter(b *testing.B) {
	text := logText(100 << 20)
	var ours, library bytes.Buffer
	compare(b, len(text), func() error {
		library.Reset()
		encoder, err := klauspost.NewWriter(&library, klauspost.WithEncoderConcurrency(1), klauspost.WithWindowSize(2<<20))
		if err != nil {
			return err
		}
		if _, err := encoder.Write(text); err != nil {
			return err
		}
		return encoder.Close()
	}, func() error {
		ours.Reset()
		writer := NewWriter(&ours, 2<<20)
		if _, err := writer.Write(text); err != nil {
			return err
		}
		return writer.Close()
	})
	b.ReportMetric(float64(ours.Len())/float64(library.Len()), "size/library")
}

// BenchmarkReader unpacks what the library has packed, beside the library. How many
// times as long it takes is reported as x/library, the aim being at most 3: the
// library has assembly.
func BenchmarkReader(b *testing.B) {
	text := logText(100 << 20)
	packed := libraryPacks(b, text, klauspost.WithWindowSize(2<<20))[1]
	decoder, err := klauspost.NewReader(nil, klauspost.WithDecoderConcurrency(1), klauspost.WithDecoderLowmem(true))
	if err != nil {
		b.Fatal(err)
	}
	reader := NewReader(nil, testWindow)
	compare(b, len(text), func() error {
		if err := decoder.Reset(bytes.NewReader(packed)); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, decoder)
		return err
	}, func() error {
		reader.Reset(bytes.NewReader(packed))
		_, err := io.Copy(io.Discard, reader)
		return err
	})
}

// compare runs two functions in turn. It reports how fast the second one does its
// bytes, and how many times as long as the first one it takes.
func compare(b *testing.B, size int, library, ours func() error) {
	var times [2]time.Duration
	for range b.N {
		for i, do := range []func() error{library, ours} {
			start := time.Now()
			if err := do(); err != nil {
				b.Fatal(err)
			}
			times[i] += time.Since(start)
		}
	}
	b.ReportMetric(float64(times[1])/float64(times[0]), "x/library")
	b.ReportMetric(float64(size)*float64(b.N)/1e6/times[1].Seconds(), "MB/s")
}
