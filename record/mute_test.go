package record

import "testing"

func TestMuteCovers(t *testing.T) {
	for _, test := range []struct {
		pattern, direction, item string
		want                     bool
	}{
		{"LSF/nodes", "LSF", "nodes", true}, {"LSF/*", "LSF", "nodes", true}, {"L?F/n*s", "LSF", "nodes", true}, {"LSF/node", "LSF", "nodes", false},
		{"LSF/disk[1]", "LSF", "disk1", true}, {"LSF/disk[1]", "LSF", "disk[1]", true}, {"LSF/disk[1]", "LSF", "disk2", false},
	} {
		m := Mute{Pattern: test.pattern}
		if got := m.Covers(Item{test.direction, test.item}); got != test.want {
			t.Errorf("%s, %s/%s: %v", test.pattern, test.direction, test.item, got)
		}
	}
}

// What is muted by its name alone mutes nothing else.
func TestPatternOfAnItem(t *testing.T) {
	names := []string{"nodes", "a*b", "a#b", "axb", "disk[1]", "disk1", "a?b", `a\b`, `a\*b`, `a\\b`, "disk[1", `\[x`}
	for _, name := range names {
		muted := Item{"o*d", name}
		pattern, err := ParsePattern(muted.Pattern())
		if err != nil {
			t.Errorf("%s: %v", muted, err)
		}
		m := Mute{Pattern: pattern}
		q := Query{Directions: []string{LiteralPattern(muted.Direction)}, Items: []string{LiteralPattern(name)}}
		for _, other := range names {
			if got := m.Covers(Item{"o*d", other}); got != (other == name) {
				t.Errorf("%s, %s: %v", pattern, other, got)
			}
			if got := q.MatchesItem(Item{"o*d", other}); got != (other == name) || got != q.Names(Item{"o*d", other}) {
				t.Errorf("a query for %s, %s: %v", pattern, other, got)
			}
		}
		if m.Covers(Item{"odd", name}) {
			t.Errorf("%s is about another direction", pattern)
		}
	}
}

// What was done by a mute of one item is in that item's log.
func TestItemOfMute(t *testing.T) {
	store := testStore(t, t.TempDir(), StoreOptions{})
	starred := Item{"o*d", "a*b"}
	if err := store.WriteItem(starred, nil, ItemSettings{KeyItem: "a*b"}); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]Item{starred.Pattern(): starred, starred.String(): starred, "o*d/*": CheckItem, "o*d/axb": CheckItem} {
		if got := store.ItemOfMute(pattern); got != want {
			t.Errorf("%s: %s", pattern, got)
		}
	}
}
