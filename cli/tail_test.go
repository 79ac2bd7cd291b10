package cli

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestTailKeepsTheLastBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var kept tail
		var all strings.Builder
		for range random.IntN(30) {
			piece := strings.Repeat(string(rune('a'+random.IntN(26))), random.IntN(keptOutput/4)+1)
			if random.IntN(20) == 0 {
				piece = strings.Repeat(piece, 6)
			}
			kept.write([]byte(piece))
			all.WriteString(piece)
		}
		want := all.String()
		want = want[max(0, len(want)-keptOutput):]
		if got := kept.text(); got != want {
			t.Fatalf("got %d bytes, want %d, or others", len(got), len(want))
		}
	}
}

func TestTailBeginsWithALine(t *testing.T) {
	var kept tail
	kept.write([]byte(strings.Repeat("0123456789abcde\n", keptOutput/16+3)))
	kept.write([]byte("xyz\n"))
	if got := kept.text(); !strings.HasPrefix(got, "0123456789abcde\n") || !strings.HasSuffix(got, "e\nxyz\n") {
		t.Errorf("got %.40q … %q", got, got[len(got)-20:])
	}
}

func TestLastLines(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a": "a", "a\nb\n": "a\nb", "a\nb\nc\n": "b\nc", "a\n\n\n": "a",
	} {
		if got := lastLines(text, 2); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
