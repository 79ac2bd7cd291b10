package record

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func flatYAML(settings map[string]string) string {
	var buf bytes.Buffer
	appendFlatYAML(&buf, settings)
	return buf.String()
}

// parseFlatYAML reads a file in which no key is foreign.
func parseFlatYAML(data []byte) (map[string]string, error) { return new(flatParser).parse(data) }

// TestFlatYAMLIsPyYAMLs compares with what PyYAML 6.0.3 wrote for the same texts
// by yaml.dump({"script_path": text}, allow_unicode=True).
func TestFlatYAMLIsPyYAMLs(t *testing.T) {
	data, err := os.ReadFile("testdata/flatyaml.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases [][2]string
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 150 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		if got := flatYAML(map[string]string{"script_path": c[0]}); got != c[1] {
			t.Errorf("%q is written\n%q, PyYAML writes\n%q", c[0], got, c[1])
		}
		got, err := parseFlatYAML([]byte(c[1]))
		if err != nil || got["script_path"] != c[0] || len(got) != 1 {
			t.Errorf("%q is read as %q, %v", c[1], got, err)
		}
	}
}

func TestFlatYAMLOfTheFixture(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(fixture, "*", "*", itemFile))
	if err != nil || len(files) != 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		settings, err := parseFlatYAML(data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if got := flatYAML(settings); got != string(data) {
			t.Errorf("%s is written back as\n%s", file, got)
		}
		if settings[KeyItem] != filepath.Base(filepath.Dir(file)) {
			t.Errorf("%s names the item %q", file, settings[KeyItem])
		}
	}
}

func TestParseFlatYAMLByHand(t *testing.T) {
	tests := []struct {
		name, text string
		want       map[string]string
	}{
		{"nothing", "", map[string]string{}},
		{"comments", "# head\n\na: b # tail\n  # deep\nc: d#e\n", map[string]string{"a": "b", "c": "d#e"}},
		{"document", "---\na: b\n...\nrest\n", map[string]string{"a": "b"}},
		{"byte order mark", "\uFEFFa: b\n", map[string]string{"a": "b"}},
		{"CRLF", "a: b\r\nc: 'd'\r\n", map[string]string{"a": "b", "c": "d"}},
		{"no last line end", "a: b", map[string]string{"a": "b"}},
		{"quoted keys", "\"a\": b\n'c''d' : e\n", map[string]string{"a": "b", "c'd": "e"}},
		{"null", "a:\nb: null\nc: ~\nd: # none\ne: ''\n", map[string]string{"a": "", "b": "", "c": "", "d": "", "e": ""}},
		{"other types", "a: 5\nb: yes\nc: 2024-01-01\n", map[string]string{"a": "5", "b": "yes", "c": "2024-01-01"}},
		{"next line", "a:\n  b\n  c\n\n  d\n", map[string]string{"a": "b c\nd"}},
		{"quotes", `a: "b # \"c\" \u5931\x41\t" # tail` + "\nd: 'it''s: x'\n", map[string]string{"a": "b # \"c\" 失A\t", "d": "it's: x"}},
		{"quotes over lines", "a: 'b\n\n  c\n  d'\ne: \"f \\\n  \\ g\n  h\"\n", map[string]string{"a": "b\nc d", "e": "f  g h"}},
		{"after empty lines", "a:\n\n \n  b\n", map[string]string{"a": "b"}},
		{"keys like indicators", ":a: b\n?c: d\n", map[string]string{":a": "b", "?c": "d"}},
		{"twice", "a: 1\na: 2\n", map[string]string{"a": "2"}},
		{"colons", "a: http://h:80/\nb: 10:30\n", map[string]string{"a": "http://h:80/", "b": "10:30"}},
		{"dashes", "a: -x\n-b: ?c\n", map[string]string{"a": "-x", "-b": "?c"}},
	}
	for _, test := range tests {
		got, err := parseFlatYAML([]byte(test.text))
		if err != nil || !maps.Equal(got, test.want) {
			t.Errorf("%s: %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

func TestParseFlatYAMLRefuses(t *testing.T) {
	tests := []struct{ text, problem string }{
		{"a: b\nc\n", "line 2: is not of the form"},
		{"a:\n  - b\n", "line 1: a: is not a plain text"},
		{"a:\n- b\n", "line 2: is not of the form"},
		{"- a: b\n", "line 1: is not of the form"},
		{"a: [b, c]\n", "line 1: a: is not a plain text"},
		{"a: {b: c}\n", "line 1: a: is not a plain text"},
		{"a:\n  b: c\n", "line 1: a: has a colon"},
		{"a: b: c\n", "line 1: a: has a colon"},
		{"a: |\n  b\n", "line 1: a: is not a plain text"},
		{"a: >-\n  b\n", "line 1: a: is not a plain text"},
		{"a: *b\n", "line 1: a: is not a plain text"},
		{"a: 'b\n", "line 1: a: has no closing quote"},
		{"a: \"b\n\n", "line 1: a: has no closing quote"},
		{"a: 'b' c\n", "line 1: a: has something behind"},
		{`a: "\q"` + "\n", `line 1: a: has an unknown escape \q`},
		{`a: "\x4"` + "\n", `line 1: a: has an unknown escape \x`},
		{"'a: b\n", "line 1: has no closing quote"},
		{"  a: b\n", "line 1: is not of the form"},
		{": b\n", "line 1: is not of the form"},
		{"a: \xff\n", "UTF-8"},
	}
	for _, test := range tests {
		_, err := parseFlatYAML([]byte(test.text))
		if err == nil {
			t.Errorf("%q is read", test.text)
			continue
		}
		mustContain(t, err, test.problem)
	}
}

func FuzzFlatYAML(f *testing.F) {
	f.Add("a: b # c", "key")
	f.Add(" it's\n\n \"x\"\t\\ ", "k: ")
	f.Add(strings.Repeat("word ", 40), "-")
	f.Add("\x01 \u0085\u2028\uFEFF😀", "失")
	f.Fuzz(func(t *testing.T, value, key string) {
		value, key = strings.ToValidUTF8(value, "\uFFFD"), strings.ToValidUTF8(key, "\uFFFD")
		want := map[string]string{key: value, "z" + key: "x"}
		text := flatYAML(want)
		got, err := parseFlatYAML([]byte(text))
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%q was written as\n%sand read as %q, %v", want, text, got, err)
		}
		_, _ = parseFlatYAML([]byte(value)) // whatever it is, it ends
	})
}

func TestItemSettings(t *testing.T) {
	store := testStore(t, t.TempDir(), StoreOptions{})
	before, err := store.ReadItem(testItem)
	if err != nil || len(before) != 0 {
		t.Fatal(before, err)
	}
	after := ItemSettings{KeyItem: testItem.Name, KeyExecuteFrequency: "每10分钟", "of_others": "kept"}
	if err := store.WriteItem(testItem, before, after); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(store.Path(), testItem.Direction, testItem.Name, itemFile)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		t.Errorf("others may write to it: %v", info.Mode())
	}
	read, err := store.ReadItem(testItem)
	if err != nil || !maps.Equal(read, after) {
		t.Fatal(read, err)
	}
	// What has not changed is not written.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := store.WriteItem(testItem, read, maps.Clone(read)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it was written without a change")
	}
	if _, err := store.ReadItem(Item{"..", "x"}); err == nil {
		t.Error("a direction \"..\" is read")
	}
	writeTestFile(t, path, "direction: [1]\n")
	_, err = store.ReadItem(testItem)
	mustContain(t, err, itemFile+": line 1: direction: is not a plain text")
	if rest, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(rest) > 0 {
		t.Errorf("left behind: %q", rest)
	}
}
