package record

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// fixture is a database that monitorViewer wrote.
const fixture = "../tests/testdata/monitorviewer/db"

// fixtureKeys are the keys of monitorViewer's records, in its order.
var fixtureKeys = map[Kind][]string{
	Heartbeat: {"time", "user", "host", "script"},
	Log:       {"time", "message_level", "message"},
	Alarm:     {"time", "md5", "receivers", "send_alarm_result", "message"},
}

func TestEncoderWritesMonitorViewersLines(t *testing.T) {
	lines := 0
	for kind, keys := range fixtureKeys {
		files, err := filepath.Glob(filepath.Join(fixture, "*", "*", string(kind), "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no %s files in %s: %v", kind, fixture, err)
		}
		for _, file := range files {
			for _, line := range fileLines(t, file) {
				var values map[string]string
				if err := json.Unmarshal([]byte(line), &values); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				var e Encoder
				for _, key := range keys {
					e.String(key, values[key])
				}
				if got := string(e.Line()); got != line {
					t.Errorf("%s:\ngot  %swant %s", file, got, line)
				}
				if kind == Alarm && MD5(values["receivers"], values["message"]) != values["md5"] {
					t.Errorf("%s: another md5 for %s", file, line)
				}
				lines++
			}
		}
	}
	if lines < 292 {
		t.Errorf("only %d lines in %s", lines, fixture)
	}
}

func TestEncoder(t *testing.T) {
	var e Encoder
	e.String("s", "a\"\\\b\f\n\r\t\x00\x1f\x7f<>&失\u2028\xff").Optional("none", "").Optional("some", "x").
		Int("i", -5).Seconds("d", 1500*time.Millisecond).Seconds("z", 0).Seconds("u", 1400*time.Nanosecond).Seconds("f", 1773108*time.Microsecond).
		Bool("b", true).Strings("l", []string{"a", "b"}).Strings("e", nil).
		Pairs("p", [][2]string{{"k", "v"}, {"l", "\n"}}).Numbers("n", [][2]string{{"Error", "3"}, {"Fatal", "0"}})
	want := `{"s": "a\"\\\b\f\n\r\t\u0000\u001f` + "\x7f<>&失\u2028\uFFFD" + `", "some": "x", "i": -5, "d": 1.5, "z": 0, "u": 0.000001, "f": 1.773108, ` +
		`"b": true, "l": ["a", "b"], "e": [], "p": {"k": "v", "l": "\n"}, "n": {"Error": 3, "Fatal": 0}}` + "\n"
	if got := string(e.Line()); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	var empty Encoder
	if got := string(empty.Line()); got != "{}\n" {
		t.Errorf("an empty object is %q", got)
	}
}

func TestStampAndDay(t *testing.T) {
	at := time.Date(2024, 11, 1, 23, 59, 59, 5, time.FixedZone("", 8*3600))
	if got := at.Format(StampLayout); got != "2024-11-01T23:59:59.000000005+08:00" {
		t.Error(got)
	}
	if got := at.Format(TimeLayout); got != "2024-11-01 23:59:59" {
		t.Error(got)
	}
	if got := Day(at); got != "20241101" {
		t.Error(got)
	}
	if parsed, err := time.Parse(time.RFC3339Nano, at.Format(StampLayout)); err != nil || !parsed.Equal(at) {
		t.Error(parsed, err)
	}
}

func FuzzEncoder(f *testing.F) {
	f.Add("key", "plain")
	f.Add("", "\x00\"\\\n\u2028失\xf0\x9f\x98\x80\xff<&>")
	f.Fuzz(func(t *testing.T, key, value string) {
		var e Encoder
		line := e.String("k"+key, value).Line()
		if !utf8.Valid(line) || strings.Count(string(line), "\n") != 1 {
			t.Fatalf("not one line of UTF-8: %q", line)
		}
		for _, c := range line[:len(line)-1] {
			if c < 0x20 {
				t.Fatalf("a control character is in %q", line)
			}
		}
		var got map[string]string
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		want := string([]rune(value))
		if text, ok := got[string([]rune("k"+key))]; !ok || text != want {
			t.Errorf("%q was read back as %q", want, text)
		}
	})
}
