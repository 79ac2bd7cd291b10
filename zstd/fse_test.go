package zstd

import (
	"slices"
	"testing"
)

// TestDistribution: what is written is read, for any counts, and each cell has an
// owner.
func TestDistribution(t *testing.T) {
	for log := 5; log <= 9; log++ {
		for step := range 40 {
			var c count
			for s := range c.of[:1+step%32] {
				c.of[s] = uint32(s*s*s*step%1000 + 1&^(s%3))
			}
			c.of[40] = 1
			for _, n := range c.of {
				c.total += n
			}
			if kinds, _ := c.kinds(); kinds > 1<<log {
				continue
			}
			want := c.distribute(log)
			packed := want.append(nil)
			var cells [256]int16
			got, n, err := parseDistribution(append(packed, 0xff), 9, 41, &cells)
			if err != nil || n != len(packed) || got.log != log || !slices.Equal(got.cells, want.cells) {
				t.Fatalf("%v: %v, %d of %d bytes, %v", want, got, n, len(packed), err)
			}
			for s, n := range want.cells {
				if (n > 0) != (c.of[s] > 0) {
					t.Fatalf("%d comes %d times and has %d cells", s, c.of[s], n)
				}
			}
		}
	}
}

// TestDistributionKnowsWhatIsWrong: too many codes, by number and by those left out.
func TestDistributionKnowsWhatIsWrong(t *testing.T) {
	d := distribution{5, []int16{1, 1, 0, 0, 0, 0, 0, 30}}
	packed := d.append(nil)
	var cells [256]int16
	for symbols, want := range map[int]string{1: "a table has too many codes", 6: "a table has too many codes", 8: ""} {
		if _, _, err := parseDistribution(packed, 9, symbols, &cells); want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%d codes: %v", symbols, err)
		}
	}
}

// TestPredefined: the predefined tables have all their cells, and all the codes that
// a writer can need.
func TestPredefined(t *testing.T) {
	for kind, spec := range codeTables {
		cells := 0
		for _, n := range spec.predefined {
			if n == 0 {
				t.Errorf("kind %d lacks a code", kind)
			}
			cells += max(int(n), -int(n))
		}
		if cells != 1<<spec.log {
			t.Errorf("kind %d has %d cells", kind, cells)
		}
	}
	for _, codes := range [][]code{literalsLengths[:], matchLengths[:]} {
		for i, c := range codes[1:] {
			if before := codes[i]; c.base != before.base+1<<before.bits {
				t.Errorf("%v comes after %v", c, before)
			}
		}
	}
}
