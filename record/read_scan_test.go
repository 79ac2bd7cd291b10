package record

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// FuzzFinder holds the search through whole blocks against that of each line.
func FuzzFinder(f *testing.F) {
	f.Add([]byte("aab\naabaab\\u00\n\\/\nxaaab"), []byte("aab"))
	f.Add(bytes.Repeat([]byte("ababab\n"), 50), []byte("bb"))
	f.Add([]byte("失联\n\xe5\xe5\xa4\xb1\n"), []byte("失"))
	f.Fuzz(func(t *testing.T, block, needle []byte) {
		if len(needle) == 0 {
			return
		}
		finder := finder{needle: needle}
		finder.learn(block)
		want := bytes.Index(block, needle)
		if got := finder.index(block); got != want && !(want < 0 && got == len(block)) {
			t.Fatalf("%q in %q: %d, want %d", needle, block, got, want)
		}
		for want = 0; want < len(block) && !hasRareEscape(block[want:min(want+2, len(block))]); want++ {
		}
		if got := indexRareEscape(block); got != want {
			t.Fatalf("rare escape in %q: %d, want %d", block, got, want)
		}
	})
}

// scanned gives the messages that a query finds in a file, and what was skipped.
func scanned(t *testing.T, content []byte, q Query, chunks bool, wholeOnly bool) (messages []string, stats Stats, whole int64) {
	t.Helper()
	q.Kind = Log
	d := newDayReader(nil, newMatcher(q))
	p := &part{seen: lineSet{}, wholeOnly: wholeOnly}
	reader := iotest.DataErrReader(bytes.NewReader(content))
	if chunks {
		reader = unlessRace(iotest.OneByteReader, iotest.HalfReader)(reader)
	}
	whole, err := d.scan(reader, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range p.rows {
		messages = append(messages, row.Get("message"))
	}
	return messages, d.stats, whole
}

func TestScanTakesLinesUpToTheLimit(t *testing.T) {
	line := func(name string, size int) string {
		head := fmt.Sprintf(`{"message": "%s", "x": "`, name)
		return head + strings.Repeat("y", size-len(head)-2) + `"}`
	}
	content := strings.Join([]string{
		line("small", 100), line("block", firstBlock), line("largest", maxLine), line("too long", maxLine+1), "",
		line("after", 200), strings.Repeat("z", 3*maxLine), line("last", 60),
	}, "\n")
	want := []string{"small", "block", "largest", "after", "last"}
	for _, q := range []Query{{}, {Keywords: []string{"y"}}} {
		for _, chunks := range []bool{false, true} {
			got, stats, whole := scanned(t, []byte(content), q, chunks, false)
			if !slices.Equal(got, want) || stats.Skipped != 2 || stats.Bytes != int64(len(content)) || whole != int64(strings.LastIndexByte(content, '\n')+1) {
				t.Errorf("%v: got %q, %d skipped, %d bytes, whole to %d", q.Keywords, got, stats.Skipped, stats.Bytes, whole)
			}
		}
	}
	if got, stats, _ := scanned(t, []byte(content), Query{}, false, true); !slices.Equal(got, want[:4]) || stats.Skipped != 2 {
		t.Errorf("whole lines only: got %q, %d skipped", got, stats.Skipped)
	}
	if _, stats, _ := scanned(t, bytes.Repeat([]byte("z"), 2*maxLine), Query{}, false, false); stats.Skipped != 1 {
		t.Errorf("a long line without an end: %d skipped", stats.Skipped)
	}
}

// TestCutKeepsOneEnd lets parts of random times through a cut, and compares with
// sorting all of them.
func TestCutKeepsOneEnd(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range unlessRace(200, 20) {
		limit, count := 1+random.IntN(50), random.IntN(20)
		c := newCut(limit, round%2 == 1)
		var all []Row
		parts := make([][]Row, count)
		for i := range parts {
			var rows []Row
			for range random.IntN(3000) {
				row := Row{Time: time.Unix(random.Int64N(200), random.Int64N(3)), Line: []byte{byte(i)}}
				all = append(all, row)
				if !c.drops(row.Time) {
					rows = append(rows, row)
					c.add(row.Time)
					rows = c.trimPart(rows)
				}
			}
			c.put(parts, i, rows)
		}
		got := slices.Concat(parts...)
		sortRows(got)
		sortRows(all)
		want := all[max(0, len(all)-limit):]
		if c.oldest {
			want = all[:min(len(all), limit)]
			got = got[:len(want)]
		} else {
			got = got[len(got)-len(want):]
		}
		for i := range want {
			if !got[i].Time.Equal(want[i].Time) || got[i].Line[0] != want[i].Line[0] {
				t.Fatalf("round %d, row %d of %d: %v, want %v", round, i, len(want), got[i], want[i])
			}
		}
	}
}
