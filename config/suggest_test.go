package config

import (
	"strings"
	"testing"
)

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"same", "same", 0},
		{"layot", "layout", 1}, {"layoutt", "layout", 1}, {"lauout", "layout", 1}, {"layuot", "layout", 1},
		{"kitten", "sitting", 3}, {"abcdef", "fedcba", 5},
	} {
		if got := editDistance(test.a, test.b); got != test.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"db_path", "db_layout", "mask"}
	for word, want := range map[string]string{
		"db_pth": "db_path", "DB-PATH": "db_path", "db_layuot": "db_layout", "masks": "mask",
		"task": "mask", "colour": "", "": "", strings.Repeat("mask", 100): "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
