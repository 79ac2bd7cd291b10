package record

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// benchmarkOutput is 16 MiB of 60-byte lines, one in a thousand a record.
func benchmarkOutput() []byte {
	ordinary := strings.Repeat("0123456789", 5) + "012345678\n"
	record := "ERROR: " + ordinary[7:]
	block := strings.Repeat(ordinary, 999) + record
	return bytes.Repeat([]byte(block), 16<<20/len(block))
}

// BenchmarkParser shows the cost of ordinary output beside that of finding its
// line ends, which is the least a parser of lines can do.
func BenchmarkParser(b *testing.B) {
	output := benchmarkOutput()
	feed := func(b *testing.B, o ParserOptions) {
		p := NewParser(o, func(Message) {})
		b.SetBytes(int64(len(output)))
		b.ReportAllocs()
		for b.Loop() {
			for chunk := range slices.Chunk(output, 64<<10) {
				_, _ = p.Write(chunk)
			}
		}
	}
	b.Run("baseline=bytes.Count", func(b *testing.B) {
		b.SetBytes(int64(len(output)))
		for b.Loop() {
			for chunk := range slices.Chunk(output, 64<<10) {
				_ = bytes.Count(chunk, []byte("\n"))
			}
		}
	})
	b.Run("prefixes", func(b *testing.B) { feed(b, ParserOptions{}) })
	b.Run("rule", func(b *testing.B) {
		feed(b, ParserOptions{Rules: []Rule{{Pattern: mustPattern("panic: "), Level: LevelAlarm}}})
	})
}

// BenchmarkMask shows what a message costs that has no secret, and one that has.
func BenchmarkMask(b *testing.B) {
	texts := map[string]string{
		"ordinary": "host n232: load 93.1 is above the limit of 80 since 08:00",
		"secret":   "login failed with password=hunter2 on host n232 since 08:00",
	}
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			m := new(Masker)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				m.Mask(text)
			}
		})
	}
}
