package record_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

func TestParseLine(t *testing.T) {
	tests := []struct {
		line string
		want []string // key, text, key, text, …; nil where it is no record
	}{
		{`{}`, []string{}},
		{` { "a" : "b" , "c" : 1 } ` + "\r\n", []string{"a", "b", "c", "1"}},
		{`{"z": "1", "a": "2", "z": "3"}`, []string{"z", "1", "a", "2", "z", "3"}},
		{`{"m": "a\nb\t\"c\" \u5931\ud83d\ude00 \\ \/"}`, []string{"m", "a\nb\t\"c\" 失😀 \\ /"}},
		{`{"k\u0065y": [1, {"x": "}]"}], "n": {"a": [","]}, "last": null}`, []string{"key", `[1, {"x": "}]"}]`, "n", `{"a": [","]}`, "last", "null"}},
		{"{\"m\": \"a\xffb\"}", []string{"m", "a\uFFFDb"}},
		{`{"e": "", "q": "\\"}`, []string{"e", "", "q", `\`}},
		{``, nil}, {`[]`, nil}, {`{`, nil}, {`{"a": }`, nil}, {`{"a": 1,}`, nil}, {"{\"a\": \"\x00\"}", nil}, {`{"a": "}`, nil},
	}
	for _, test := range tests {
		fields, err := record.ParseLine([]byte(test.line))
		if (err != nil) != (test.want == nil) {
			t.Errorf("ParseLine(%q): error %v", test.line, err)
		}
		got := []string{}
		for _, field := range fields {
			got = append(got, field.Key, field.Text())
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("ParseLine(%q) = %q, want %q", test.line, got, test.want)
		}
	}
}

func TestGetTakesTheLast(t *testing.T) {
	row := record.Row{Line: []byte(`{"a": "1", "\u0061": "2", "b": {"a": "3"}}`)}
	if got := row.Get("a"); got != "2" {
		t.Errorf("got %q, want the last", got)
	}
	if got := row.Get("c"); got != "" {
		t.Errorf("a key that is not there: %q", got)
	}
}

// FuzzRecord holds two things over any content of a day file: the lines that are
// records are those that encoding/json takes for objects, with the same keys and
// values; and each line is either a row, counted, or empty.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		`{"time": "2024-10-25 08:00:00", "message_level": "Error", "message": "失联 \"x\"\n"}` + "\n",
		"{}\n{\"a\": [1, {\"b\": \"}\"}]}\n\n\x00\x00\n{\"a\": ", "[1]\r\n{\"a\": \"\\u0000\\ud800\"}\r\n", "{\"a\":1,\"a\":{}}", "{\"a\": \"\xff\"}\n",
	} {
		f.Add([]byte(seed))
	}
	store := database(f, map[string]string{"d/i/log/20241025": ""})
	file := filepath.Join(store.Path(), "d/i/log/20241025")
	f.Fuzz(func(t *testing.T, content []byte) {
		wantRows, wantSkipped := 0, 0
		for line := range bytes.SplitSeq(content, []byte{'\n'}) {
			if len(bytes.Trim(line, " \t\r")) == 0 {
				continue
			}
			if checkLine(t, line) {
				wantRows++
			} else {
				wantSkipped++
			}
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		standStill(t, file)
		messages, stats := selected(t, store, record.Query{Kind: record.Log, Location: time.UTC})
		if len(messages) != wantRows || stats.Skipped != wantSkipped {
			t.Errorf("%d rows and %d skipped, want %d and %d", len(messages), stats.Skipped, wantRows, wantSkipped)
		}
	})
}

// checkLine compares with encoding/json and reports whether a line is a record.
func checkLine(t *testing.T, line []byte) bool {
	fields, err := record.ParseLine(line)
	var object map[string]json.RawMessage
	isObject := json.Unmarshal(line, &object) == nil && object != nil
	if !isObject {
		if err == nil {
			t.Errorf("%q was taken for a record", line)
		}
		return false
	}
	if err != nil {
		t.Errorf("%q was not taken for a record", line)
		return true
	}
	last := map[string]record.Field{}
	for _, field := range fields {
		last[field.Key] = field
	}
	if len(last) != len(object) {
		t.Errorf("%q: keys %v, want %v", line, last, object)
	}
	for key, value := range object {
		if !bytes.Equal(last[key].Value, value) {
			t.Errorf("%q: %q is %q, want %q", line, key, last[key].Value, value)
		}
	}
	return true
}
