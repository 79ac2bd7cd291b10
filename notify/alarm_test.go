package notify

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestIDsSortByTime(t *testing.T) {
	var ids []string
	for i := range 200 {
		id := NewID(noon.Add(time.Duration(i*i) * time.Millisecond))
		if !validID(id) {
			t.Fatalf("%q", id)
		}
		ids = append(ids, id)
	}
	first, second := NewID(noon), NewID(noon)
	if !slices.IsSorted(ids) || first == second {
		t.Errorf("%q", ids)
	}
}

func TestSplitReceivers(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		" ,, ":                    "",
		"alice.w bob.l":           "alice.w|bob.l",
		"alice,bob, carol\talice": "alice|bob|carol",
		"alice;bob":               "alice|bob",
		"张三，李四 bob":               "张三，李四|bob",
	} {
		if got := strings.Join(SplitReceivers(text), "|"); got != want {
			t.Errorf("SplitReceivers(%q) = %q, want %q", text, got, want)
		}
	}
}
