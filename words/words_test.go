package words

import (
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for list, want := range map[string][]string{
		"": nil, " ,;, ": nil, "alice.w bob.l": {"alice.w", "bob.l"}, " a ,  b;c\t\nd\r\n": {"a", "b", "c", "d"},
		"a;b": {"a", "b"}, "a　b": {"a", "b"}, "张三，李四 bob": {"张三，李四", "bob"}, "a a": {"a", "a"},
	} {
		if got := Split(list); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", list, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"same", "same", 0},
		{"layot", "layout", 1}, {"layoutt", "layout", 1}, {"lauout", "layout", 1}, {"layuot", "layout", 1},
		{"kitten", "sitting", 3}, {"abcdef", "fedcba", 5},
	} {
		if got := Distance(test.a, test.b); got != test.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"direction", "item", "receivers", "timeout", "db_path", "db_layout", "mask"}
	for word, want := range map[string]string{
		"dirction": "direction", "itme": "item", "timout": "timeout", "reciever": "receivers", "xyz": "", "": "",
		"db_pth": "db_path", "DB-PATH": "db_path", "db_layuot": "db_layout", "masks": "mask", "task": "mask",
		"colour": "", "ITEM": "item", strings.Repeat("mask", 100): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

// The signs are those of a shell, and what is escaped or within a set has no meaning.
func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"[!L]*", "LSF", false}, {"[!L]*", "EDA", true}, {"[^L]*", "LSF", false}, {"[^L]*", "EDA", true},
		{"a[!0-9]", "a1", false}, {"a[!0-9]", "ab", true}, {"[!a][!b]", "xb", false}, {"[!a][!b]", "xy", true},
		{"[L!]*", "!x", true}, {`\[!L]`, "[!L]", true}, {`\[!L]`, "x", false}, {"[[!]x", "!x", true}, {"[[!]x", "[x", true},
		{`[\]!]x`, "!x", true}, {"[!!]x", "!x", false}, {"[!!]x", "^x", true}, {"!x", "!x", true}, {"*", "a", true}, {"", "", true},
	} {
		if got, err := Match(test.pattern, test.name); got != test.want || err != nil {
			t.Errorf("%s and %s: %v, %v", test.pattern, test.name, got, err)
		}
	}
	for _, pattern := range []string{"[", "[!", "[!]", "[!a", `[!\`, `a\`} {
		if _, err := Match(pattern, "a"); err == nil {
			t.Errorf("%s is taken for a pattern", pattern)
		}
	}
}
