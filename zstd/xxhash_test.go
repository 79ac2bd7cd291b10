package zstd

import "testing"

// TestXXH64 holds sums against those that others publish.
func TestXXH64(t *testing.T) {
	var x xxh64
	for content, want := range map[string]uint64{
		"":       0xef46db3751d8e999,
		"a":      0xd24ec4f1a98c6e5b,
		"abc":    0x44bc2cf5ad770999,
		"xxhash": 0x32dd38952c4bc720,
	} {
		x.reset()
		x.write([]byte(content))
		if got := x.sum(); got != want {
			t.Errorf("%q: %x", content, got)
		}
	}
}

// TestXXH64InPieces: how a content is written does not change its sum.
func TestXXH64InPieces(t *testing.T) {
	content := logText(1000)
	var whole, pieces xxh64
	for end := range content {
		whole.reset()
		whole.write(content[:end])
		pieces.reset()
		for rest := content[:end]; len(rest) > 0; {
			n := 1 + len(rest)*7%41
			pieces.write(rest[:min(n, len(rest))])
			rest = rest[min(n, len(rest)):]
		}
		if whole.sum() != pieces.sum() {
			t.Fatalf("%d bytes", end)
		}
	}
}
