package record

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// checkCut compares a record with the text that was printed for it.
func checkCut(t *testing.T, got Message, text string) {
	t.Helper()
	if len(text) <= MaxMessageBytes {
		if got.Text != text || got.Cut != 0 {
			t.Errorf("text of %d bytes: got %d bytes, cut %d", len(text), len(got.Text), got.Cut)
		}
		return
	}
	mark := fmt.Sprintf("… [cut: %d bytes left out]", got.Cut)
	kept, ok := strings.CutSuffix(got.Text, mark)
	switch {
	case !ok:
		t.Errorf("no mark %q at the end of %q", mark, got.Text[max(0, len(got.Text)-80):])
	case len(got.Text) > MaxMessageBytes, len(got.Text) < MaxMessageBytes-100:
		t.Errorf("text has %d bytes", len(got.Text))
	case !utf8.ValidString(got.Text), !strings.HasPrefix(text, kept):
		t.Error("text is not the beginning of what was printed")
	case int64(len(text)-len(kept)) != got.Cut:
		t.Errorf("%d bytes are left out, but Cut is %d", len(text)-len(kept), got.Cut)
	}
}

func TestParserCutsLongRecords(t *testing.T) {
	rows := func(n int) string { return "a" + strings.Repeat("\n  0123456789", n) }
	cases := []struct{ name, before, text, after string }{
		{"as long as allowed", "ALARM: ", strings.Repeat("x", MaxMessageBytes), "\n"},
		{"one byte longer", "ALARM: ", strings.Repeat("x", MaxMessageBytes+1), "\n"},
		{"1 MiB", "ALARM: ", strings.Repeat("x", 1<<20), "\nx\n"},
		{"1 MiB without an end", "ALARM: ", strings.Repeat("x", 1<<20), ""},
		{"runes at the cut", "ALARM: ", "x" + strings.Repeat("磁", MaxMessageBytes), "\n"},
		{"runes of four bytes", "ALARM: ", strings.Repeat("🚨", MaxMessageBytes), "\n"},
		{"many lines", "ERROR: ", rows(20000), "\n"},
		{"a long line, then others", "ERROR: ", strings.Repeat("x", 100<<10) + "\n  b\n  c", "\nd\n"},
		{"long line behind attributes", "ALARM[to=a, title=\"b\"]: ", strings.Repeat("y", 200<<10), "\n"},
		{"heredoc", "ALARM<<END\n", rows(20000), "\nEND\n"},
		{"heredoc with a long line", "ALARM<<END\n", "a\n" + strings.Repeat("z", 300<<10) + "\nb", "\nEND\nx\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			input := c.before + c.text + c.after
			whole := parsePieces(ParserOptions{}, input)
			if len(whole) != 1 {
				t.Fatalf("%d records", len(whole))
			}
			checkCut(t, whole[0], c.text)
			pieces := make([]string, 0, len(input)/997+1)
			for piece := range slices.Chunk([]byte(input), 997) {
				pieces = append(pieces, string(piece))
			}
			if got := parsePieces(ParserOptions{}, pieces...); len(got) != 1 || got[0] != whole[0] {
				t.Error("in pieces the record is another")
			}
		})
	}
}

func TestParserHeredocThatIsNeverClosed(t *testing.T) {
	row := strings.Repeat("x", 99) + "\n"
	input := "ALARM<<END\n" + strings.Repeat(row, maxHeredoc/100+1) + "ERROR: a\n"
	got := parsePieces(ParserOptions{}, input)
	if len(got) != 2 || got[0].Cut == 0 || got[1].Text != "a" {
		t.Errorf("%d records; the error after 1 MiB must be one", len(got))
	}
}

func TestParserMasksASecretAtTheCut(t *testing.T) {
	const cut = MaxMessageBytes - markRoom // in its steps, it comes within each secret
	for before := cut - unlessRace(140, 70); before < cut+unlessRace(70, 7); before += 7 {
		text := strings.Repeat("x", before) + " https://alice:hunter2hunter2@host/ password=hunter2hunter2 "
		got := parsePieces(ParserOptions{}, "ERROR: "+text+strings.Repeat("y", 1000)+"\n")
		if strings.Contains(got[0].Text, "hunter2") {
			t.Fatalf("a secret %d bytes into the text is recorded", before)
		}
	}
}

// TestParserMemory holds that nothing grows with the output.
func TestParserMemory(t *testing.T) {
	chunk := func(row string) []byte { return bytes.Repeat([]byte(row), 64<<10/len(row)) }
	cases := []struct {
		name  string
		head  string
		chunk []byte
	}{
		{"no line end", "x", chunk("x")},
		{"a record without line end", "ALARM: ", chunk("x")},
		{"a bracket without line end", "ALARM[to=", chunk("x")},
		{"colour codes without line end", "\x1b[1m", chunk("\x1b[1m")},
		{"a heredoc", "ALARM<<END\n", chunk("a\n")},
		{"continuation lines", "ALARM: a\n", chunk(" b\n")},
		{"blank lines", "\n", chunk(" \n")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := NewParser(ParserOptions{}, func(Message) {})
			_, _ = p.Write([]byte(c.head))
			for range 16 { // past all bounds
				_, _ = p.Write(c.chunk)
			}
			if allocs := testing.AllocsPerRun(64, func() { _, _ = p.Write(c.chunk) }); allocs > 0 {
				t.Errorf("%v allocations for each further 64 KiB", allocs)
			}
			if kept := cap(p.line) + cap(p.record.text) + cap(p.scratch); kept > 512<<10 {
				t.Errorf("%d bytes are kept", kept)
			}
		})
	}
}

func TestParserOrdinaryLinesCostNothing(t *testing.T) {
	rows := []byte(strings.Repeat("an ordinary line\nDone: 100 %\n[2024-10-25] x\n\x1b[32mok\x1b[0m\n  indented\n", 500))
	options := map[string]ParserOptions{
		"prefixes": {},
		"rules":    {Rules: []Rule{{Pattern: mustPattern(`panic: (?P<message>.*)`), Level: LevelAlarm}}},
	}
	for name, o := range options {
		t.Run(name, func(t *testing.T) {
			p := NewParser(o, func(Message) { t.Error("a record") })
			_, _ = p.Write(rows)
			// The race detector makes regexp allocate now and then, for less
			// than every line.
			if allocs := testing.AllocsPerRun(20, func() { _, _ = p.Write(rows) }); allocs >= 2500 || len(o.Rules) == 0 && allocs > 0 {
				t.Errorf("%v allocations for 2,500 ordinary lines", allocs)
			}
		})
	}
}
