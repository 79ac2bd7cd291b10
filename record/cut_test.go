package record

import (
	"slices"
	"strings"
	"testing"
)

func TestCutTo(t *testing.T) {
	if got := CutTo("short", 100); got != "short" {
		t.Errorf("got %q", got)
	}
	got := CutTo(strings.Repeat("磁", 100), 100)
	if want := strings.Repeat("磁", 12) + "… [cut: 264 bytes left out]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCutList(t *testing.T) {
	short := []string{"echo", "", "a"}
	if got := CutList(short, 100); !slices.Equal(got, short) {
		t.Errorf("got %q", got)
	}
	long := []string{"echo", strings.Repeat("a", 200), "bc", "d"}
	want := []string{"echo", strings.Repeat("a", 24) + "… [cut: 181 bytes left out]"}
	if got := CutList(long, 100); !slices.Equal(got, want) || len(long[1]) != 200 {
		t.Errorf("got %q, want %q", got, want)
	}
	many := CutList(make([]string, 1000), 100)
	if len(many) > 100/listRoom+1 || !strings.HasSuffix(many[len(many)-1], "[cut: 974 bytes left out]") {
		t.Errorf("%d texts, the last one %q", len(many), many[len(many)-1])
	}
}
