package record

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// FuzzScanObject holds the scanner against encoding/json.
func FuzzScanObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a": "b", "c": [1, -0.5e+3, true, false, null, {"x": []}], "a": {}}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":1e}`,
		`{"longer than eight bytes": "\u12aF \" \\ \/ \b\f\n\r\t", "失联": "\uD800"}`, `{"a": "\u12g4"}`, `{"a": "\x"}`, "{\"a\": \"\x1f\"}",
		"{\"a\": \"\xff\x80\x7f\x9f\xa2\xdc1234567\"}", `{"a": "b"`, `{"a" "b"}`, `{"a": tru}`, `{"a": nulls}`, `{,}`, `{"a":1,}`, `{"a":[1,]}`, `{"a":[,]}`, `{}}`, `{"a`, `{"a\`, `{"a":"\u12`,
		strings.Repeat(`{"a":[`, 20) + strings.Repeat(`]}`, 20),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = trimBlankEnds(text)
		var got, want []string
		valid := scanObject(text, func(key, value []byte) { got = append(got, string(key), string(value)) })
		if expected := looksLikeRecord(text) && json.Valid(text); valid != expected {
			t.Fatalf("scanObject(%q) = %v, want %v", text, valid, expected)
		}
		if !valid {
			return
		}
		for key, value := range eachField(text) {
			want = append(want, string(key), string(value))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("scanObject(%q) gives %q, want %q", text, got, want)
		}
	})
}

func TestScanObjectAtTheLimitOfNesting(t *testing.T) {
	for _, depth := range []int{maxNesting - 1, maxNesting, maxNesting + 1} {
		text := `{"a": ` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
		if got, want := scanObject([]byte(text), nil), json.Valid([]byte(text)); got != want {
			t.Errorf("depth %d: %v, want %v", depth, got, want)
		}
	}
}
