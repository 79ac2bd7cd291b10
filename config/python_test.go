package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTakeOver holds each config.py of testdata/python against what is taken
// over of it, and what is left.
func TestTakeOver(t *testing.T) {
	files, err := filepath.Glob("testdata/python/*.py")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata/python: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".py")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, filepath.Join("testdata", "python", name+".taken"), takenText(t, data))
		})
	}
}

func takenText(t *testing.T, data []byte) string {
	t.Helper()
	taken, err := parseTakeover("config.py", data, testGrammar)
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	for _, name := range taken.Taken {
		b.WriteString(taken.yaml[name])
	}
	b.WriteString("---\n")
	for _, fault := range taken.Left {
		b.WriteString(fault.Error() + "\n")
	}
	text, _ := testTemplate(t, TemplateOptions{From: taken})
	for _, name := range monitorViewerSettings {
		for _, line := range taken.refused[name] {
			b.WriteString("#" + line)
			if !strings.Contains(text, "\n#"+line) {
				t.Errorf("the config does not show %q", line)
			}
		}
	}
	return b.String()
}

// TestPythonValues compares expressions with what Python makes of them; "" is
// one that is not worked out.
func TestPythonValues(t *testing.T) {
	for expression, want := range map[string]string{
		`"a"`: "a", `'a'`: "a", `"a" 'b'`: "ab", `"a" + "b" + 'c'`: "abc", `("a")`: "a", `(("a"))`: "a",
		`r"a\n\""`: `a\n\"`, `"\d\\d"`: `\d\d`, `"a\
b"`: "ab", `"""a"b""c"""`: `a"b""c`, `'''a
b'''`: "a\nb",
		`"\x41\101\u4e2d\U0001F600\t"`: "A" + "A中😀\t", `"\400"`: "Ā", `b"\x41\u0041"`: `A\u0041`, `rb'\x'`: `\x`, `Rb'\x'`: `\x`, `u"a"`: "a",
		`str("a")`: "a", `os.path.join("/a", "b/", "c")`: "/a/b/c", `os.path.join("/a", "/b")`: "/b", `os.path.join("/a", "")`: "/a/",
		`("a" # comment
		  "b")`: "ab",
		`f"a"`: "", `"a" f"b"`: "", `"a" b"b"`: "", `"a" + b"b"`: "", `"\ud800"`: "", `"\N{BULLET}"`: "", `"\x4"`: "", `"\U00110000"`: "", `b"\xff"`: "", `b"中"`: "", `rb"中"`: "",
		`"a" % b`: "", `"a".format()`: "", `"a" if x else "b"`: "", `"a"[0]`: "", `"a" * 2`: "", `"a" == "b"`: "", `not "a"`: "", `lambda: "a"`: "",
		`("a",)`: "", `["a"]`: "", `("a" for x in y)`: "", `str("a", "b")`: "", `str(1)`: "", `os.path.join()`: "", `os.path.join("a", x)`: "",
		`os.environ["HOME"]`: "", `os.getenv("A")`: "", `str`: "", `x`: "", `"a" "`: "", `("a"`: "", `"a")`: "", ``: "", `uu"a"`: "", `bu"a"`: "", `"a" +`: "", `+"a"`: "",
	} {
		file, err := readPython("config.py", []byte("value = "+expression))
		if err != nil {
			t.Fatal(err)
		}
		variable := file.names["value"]
		switch {
		case want == "" && variable != nil && (variable.value.kind == pythonStr || variable.value.kind == pythonByteStr):
			t.Errorf("%s is %q, should not be worked out", expression, variable.value.text)
		case want != "" && (variable == nil || variable.value.text != want):
			t.Errorf("%s: %+v, want %q", expression, variable, want)
		}
	}
}

func TestPythonNumbers(t *testing.T) {
	for expression, want := range map[string]string{
		"0": "0", "00": "0", "1_000": "1000", "-5": "-5", "+5": "5", "0x_fF": "255", "0o17": "15", "0b11": "3", "-0": "0",
		"1.5": "1.5", ".5": ".5", "1.": "1.", "1e5": "1e5", "1.5e-3": "1.5e-3", "1e+5": "1e+5",
		"007": "", "1__0": "", "1_": "", "0x": "", "1j": "", "1e": "", "0b2": "", "1.2.3": "", "--5": "", "1 2": "", "1 + 2": "", "5x": "",
	} {
		file, err := readPython("config.py", []byte("value = "+expression))
		if err != nil {
			t.Fatal(err)
		}
		if variable := file.names["value"]; variable == nil && want != "" || variable != nil && variable.value.text != want {
			t.Errorf("%s: %+v, want %q", expression, variable, want)
		}
	}
}

// TestPythonLastValue: a name has the value that Python would have given it, or
// none.
func TestPythonLastValue(t *testing.T) {
	for text, want := range map[string]string{
		"db_path = '/a'\ndb_path = '/b'":                         "/b",
		"db_path = '/a'\ndb_path = f()":                          "",
		"db_path = '/a'\ndb_path += '/b'":                        "",
		"db_path = '/a'\ndel db_path":                            "",
		"db_path = '/a'\nx = db_path = f()":                      "",
		"db_path = '/a'\nx, db_path = 1, 2":                      "",
		"db_path = '/a'\nfor db_path in x: pass":                 "/a",
		"db_path = '/a'\nif x: db_path = '/b'":                   "",
		"db_path = '/a'\nx.db_path = 1":                          "/a",
		"db_path = '/a'; db_path = '/b'; x":                      "/b",
		"db_path = f()\ndb_path = '/b'":                          "/b",
		"a = '/a'\nb = a + '/b'\ndb_path = b":                    "/a/b",
		"a = '/a'\na = f()\ndb_path = a":                         "",
		"str = 'x'\ndb_path = str('/a')":                         "",
		"os = 'x'\ndb_path = os.path.join('/a', 'b')":            "",
		"db_path: str = '/a'":                                    "/a",
		"db_path: Optional[str] = '/a'":                          "/a",
		"db_path: str":                                           "",
		"db_path == '/a'":                                        "",
		"  db_path = '/a'":                                       "",
		"if x:\n  y = 1\ndb_path = '/a'":                         "/a",
		"x = '''\ndb_path = '/a'\n'''":                           "",
		"def f():\n  '''\ndb_path = '/doc'\n'''\ndb_path = '/a'": "/a",
	} {
		taken, err := parseTakeover("config.py", []byte(text), testGrammar)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.TrimSuffix(strings.TrimPrefix(taken.yaml["db_path"], "db_path: "), "\n")
		if got != want {
			t.Errorf("%q gives %q, want %q; left: %v", text, got, want, taken.Left)
		}
	}
}

// TestPythonBounds: what would be large or deep costs neither time nor memory.
func TestPythonBounds(t *testing.T) {
	for name, text := range map[string]string{
		"doubled":       "a = 'xxxxxxxxxxxxxxxx'\n" + strings.Repeat("a = a + a\n", 50000) + "db_path = a",
		"nested lists":  "a = [1]\n" + strings.Repeat("a = [a, a]\n", 50000) + "valid_message_level_list = a",
		"deep":          "a = " + strings.Repeat("[", MaxFileBytes-10),
		"deep lines":    strings.Repeat("[\n", MaxFileBytes/2),
		"deep closed":   "a = " + strings.Repeat("(", 90) + "1" + strings.Repeat(")", 90) + strings.Repeat("+(1)", 1000),
		"signs":         "a = " + strings.Repeat("-", MaxFileBytes-10),
		"many names":    strings.Repeat("a=1;", MaxFileBytes/4),
		"quotes":        strings.Repeat("'\n", MaxFileBytes/2),
		"triple quotes": strings.Repeat(`"""\`, MaxFileBytes/4),
		"backslashes":   strings.Repeat("\\\n", MaxFileBytes/2),
		"joined":        "a = " + strings.Repeat("''", MaxFileBytes/2-10),
		"number":        "a = " + strings.Repeat("9", MaxFileBytes-10),
		"directions":    "valid_direction_dic = {" + strings.Repeat("'a':'b',", 8000) + "}",
	} {
		started := time.Now()
		if _, err := parseTakeover("config.py", []byte(text), testGrammar); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("%s took %s", name, took)
		} else {
			t.Logf("%s: %s", name, took)
		}
	}
}

func TestTakeOverUnreadable(t *testing.T) {
	folder := t.TempDir()
	if _, err := TakeOver(filepath.Join(folder, "none.py"), testGrammar); !os.IsNotExist(err) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := TakeOver(folder, testGrammar); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("folder: %v", err)
	}
	large := filepath.Join(folder, "large.py")
	writeFile(t, large, strings.Repeat("#\n", MaxFileBytes))
	if _, err := TakeOver(large, testGrammar); err == nil || !strings.Contains(err.Error(), "is larger than 1024 KiB") {
		t.Errorf("large file: %v", err)
	}
}

// FuzzTakeOver: whatever a config.py holds, the config that is made with it
// loads without faults, and says of directions and paths what was taken.
func FuzzTakeOver(f *testing.F) {
	files, err := filepath.Glob("testdata/python/*.py")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return // the config could become larger than one may be
		}
		taken, err := parseTakeover("config.py", data, testGrammar)
		if err != nil {
			return
		}
		checkFaults(t, taken.Left)
		text, cfg, err := Template(TemplateOptions{AlarmCommand: "true", From: taken})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		checkConfig(t, cfg)
	})
}

// FuzzScalar: a value is read back as the text it was written from.
func FuzzScalar(f *testing.F) {
	for _, text := range []string{"", "a b", "null", "~", "- a", "a: b", "a #b", "'", `"\`, "\n", "\u2028\ufeff\x7f", "中 文", "!tag", "1", "<<", "😀", "\u0085"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		if text == "" {
			return
		}
		for _, form := range []string{"%s", "[%s, x]", "{a: %s, b: c}"} {
			node, err := decode([]byte("k: " + strings.Replace(form, "%s", yamlScalar(text), 1) + "\n"))
			if err != nil {
				t.Fatalf("%q: %v", yamlScalar(text), err)
			}
			value := node.Content[1]
			switch form[0] {
			case '[':
				value = value.Content[0]
			case '{':
				value = value.Content[1]
			}
			if value.Value != text || isNull(value) {
				t.Errorf("%q was written %s and read as %q", text, yamlScalar(text), value.Value)
			}
		}
	})
}
