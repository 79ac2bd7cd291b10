package record

import (
	"strings"
	"testing"
)

func TestCheckName(t *testing.T) {
	tests := []struct{ name, problem string }{
		{"check_lsf_node_status", ""},
		{"检查_节点", ""},
		{"a.b-c:d", ""},
		{"-x", ""},
		{strings.Repeat("a", 128), ""},
		{strings.Repeat("a", 129), "129 bytes"},
		{strings.Repeat("失", 43), "129 bytes"},
		{"", "empty"},
		{".", "dot"},
		{"..", "dot"},
		{".hidden", "dot"},
		{"a/b", "slash"},
		{"a b", "white space"},
		{"a\tb", "white space"},
		{"a\n", "white space"},
		{"a\u00a0b", "white space"},
		{"a\u2028b", "white space"},
		{"a\u3000b", "white space"},
		{"a\x00b", "control"},
		{"a\x1b[31m", "control"},
		{"a\u009bb", "control"},
		{"a\xffb", "UTF-8"},
	}
	for _, test := range tests {
		err := CheckName(test.name)
		if test.problem == "" && err != nil {
			t.Errorf("%q: %v", test.name, err)
		}
		if test.problem != "" {
			mustContain(t, err, test.problem)
		}
	}
}

func TestSanitizeName(t *testing.T) {
	tests := []struct{ text, name string }{
		{"plain", "plain"},
		{"a b/c", "a_b_c"},
		{"..x", "x"},
		{"...", ""},
		{"", ""},
		{"a\x00\xff", "a__"},
		{"失联", "失联"},
		{strings.Repeat("失", 60), strings.Repeat("失", 42)},
	}
	for _, test := range tests {
		if got := SanitizeName(test.text); got != test.name {
			t.Errorf("%q becomes %q, want %q", test.text, got, test.name)
		}
	}
}

func FuzzSanitizeName(f *testing.F) {
	f.Add("a/ .b")
	f.Add(".\xff.失")
	f.Fuzz(func(t *testing.T, text string) {
		name := SanitizeName(text)
		if err := CheckName(name); name != "" && err != nil {
			t.Errorf("%q became %q, which %v", text, name, err)
		}
		if CheckName(text) == nil && name != text {
			t.Errorf("%q, which is a name, became %q", text, name)
		}
	})
}

func TestItemValidate(t *testing.T) {
	mustContain(t, Item{"a/b", "c"}.Validate(), `direction "a/b"`)
	mustContain(t, Item{"a", ".."}.Validate(), `item ".."`)
	if err := testItem.Validate(); err != nil {
		t.Error(err)
	}
}
