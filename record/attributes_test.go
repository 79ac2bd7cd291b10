package record

import (
	"maps"
	"strings"
	"testing"
)

func TestParseAttributes(t *testing.T) {
	cases := []struct {
		input string
		want  map[string]string
		rest  string
	}{
		{`[]: x`, nil, ": x"},
		{`[ ]`, nil, ""},
		{`[to=alice]: x`, map[string]string{"to": "alice"}, ": x"},
		{`[ to = alice , key = "k" ] x`, map[string]string{"to": "alice", "key": "k"}, " x"},
		{"[\ttitle=\ta\t]", map[string]string{"title": "a"}, ""},
		{`[title=""]`, map[string]string{"title": ""}, ""},
		{`[title="a]b, c=d"]`, map[string]string{"title": "a]b, c=d"}, ""},
		{`[title="say \"hi\" \\o/ C:\temp"]`, map[string]string{"title": `say "hi" \o/ C:\temp`}, ""},
		{`[title=磁盘,to=a@b.c/d;e'f]`, map[string]string{"title": "磁盘", "to": "a@b.c/d;e'f"}, ""},
		{`[title=a=b]`, map[string]string{"title": "a=b"}, ""},
		{"[title=\"a\xff\xfe\"]", map[string]string{"title": "a\ufffd\ufffd"}, ""},
		{`[to='alice bob', title='say \'hi\' "ho" \\o/']: x`, map[string]string{"to": "alice bob", "title": `say 'hi' "ho" \o/`}, ": x"},
		{`[title="it's"]`, map[string]string{"title": "it's"}, ""},
		{`[title='']`, map[string]string{"title": ""}, ""},
		{`[frequency="max 3 times"]`, map[string]string{"frequency": "max 3 times"}, ""},
	}
	for _, c := range cases {
		got, rest, ok := parseAttributes([]byte(c.input))
		if !ok || !maps.Equal(got, c.want) || string(rest) != c.rest {
			t.Errorf("%s: got %q, rest %q, %v", c.input, got, rest, ok)
		}
	}
}

func TestParseAttributesRefuses(t *testing.T) {
	inputs := []string{
		`[`, `[ `, `[to`, `[to=`, `[to=a`, `[to="a`, `[to="a"`, `[to="a\"]`, `[to=a,`, `[to=a,]`, `[,to=a]`,
		`[to]`, `[to=]`, `[=a]`, `[a]`, `[0000]`, `[To=a]`, `[cc=a]`, `[to=a to=b]`, `[to=a b]`, `[to=a,to=b]`,
		`[to="a"b]`, `[to=a"b"]`, `[to=a[b]`, `[to: a]`, `[to=a;key=b`,
		`[to='a`, `[to='a"]`, `[to='a'b]`, `[to='a\']`, `[to="a']`, `[to=a"]`,
		`[to=` + strings.Repeat("a", maxAttribute+1) + `]`, `[to="` + strings.Repeat("a", maxAttribute+1) + `"]`,
	}
	for _, input := range inputs {
		if got, _, ok := parseAttributes([]byte(input)); ok {
			t.Errorf("%.60s: got %q", input, got)
		}
	}
}

func TestMessageIsAlarm(t *testing.T) {
	got := parsePieces(ParserOptions{}, "ERROR[to=alice]: a\nERROR[title=x]: b\nALARM: c\n")
	for i, want := range []bool{true, false, true} {
		if got[i].IsAlarm() != want {
			t.Errorf("%+v: alarm is %v", got[i], !want)
		}
	}
}
