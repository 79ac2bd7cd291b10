package screen

import (
	"slices"
	"strings"
	"testing"

	"github.com/mvrun/mvrun/viewer"
)

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                      nil,
		" , ":                   nil,
		"LSF":                   {"LSF"},
		"LSF, license":          {"LSF", "license"},
		`"checked out" license`: {"checked out", "license"},
		`say \"hi\"`:            {"say", `"hi"`},
		`"a \"b\" \\ c"`:        {`a "b" \ c`},
		`check_[a-z]\* C:\x`:    {`check_[a-z]\*`, `C:\x`},
		`"not closed`:           {"not closed"},
		`a""b`:                  {"ab"},
		"项目 使用率":                {"项目", "使用率"},
	} {
		if got := splitWords(text); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add(`a b\"`, `\`)
	f.Add(`,`, `"x y" \\`)
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == "" || b == "" {
			return
		}
		if got := splitWords(joinWords([]string{a, b})); !slices.Equal(got, []string{a, b}) {
			t.Errorf("%q and %q become %q", a, b, got)
		}
	})
}

func TestCompletion(t *testing.T) {
	names := []string{"check_home", "check_host", "disk usage", "user_quota"}
	for _, c := range []struct{ text, want, candidates string }{
		{"u", "user_quota", "user_quota"},
		{"check_ho", "check_ho", "check_home,check_host"},
		{"ch", "check_ho", "check_home,check_host"},
		{"CH", "check_ho", "check_home,check_host"},
		{"home", "check_home", "check_home"}, // within a name
		{"user_quota, d", `user_quota, "disk usage"`, "disk usage"},
		{`"disk u`, `"disk usage"`, "disk usage"},
		{"x", "x", ""},
		{"", "", strings.Join(names, ",")},
	} {
		got, candidates := complete(c.text, names)
		if got != c.want || strings.Join(candidates, ",") != c.candidates {
			t.Errorf("%q becomes %q of %q, want %q of %q", c.text, got, candidates, c.want, c.candidates)
		}
	}
	if got, _ := complete("项", []string{"项目甲", "项目乙"}); got != "项目" {
		t.Errorf("becomes %q", got)
	}
}

func TestTabGoesThroughTheCandidates(t *testing.T) {
	f := newForm(filter{}, fieldItem)
	names := known{items: []string{"check_a", "check_b", "other"}}
	want := func(text string, field int) {
		t.Helper()
		if got := f.lines[fieldItem].text(); got != text || f.field != field {
			t.Errorf("%q in field %d, want %q in %d", got, f.field, text, field)
		}
	}
	f.edit("c")
	f.tab(names)
	want("check_", fieldItem)
	f.tab(names)
	want("check_a", fieldItem)
	f.tab(names)
	want("check_b", fieldItem)
	f.tab(names)
	want("check_a", fieldItem)
	f.edit(" ")
	f.edit("o")
	f.tab(names)
	want("check_a other", fieldItem)
	f.tab(names)
	want("check_a other", fieldLevel)
	f.field = fieldBegin
	f.tab(names)
	if f.field != fieldEnd {
		t.Error("Tab does not leave an empty date")
	}
}

func TestFlagsBecomeFields(t *testing.T) {
	f := filterOf(viewer.Filter{Begin: "7d", Directions: []string{"LSF", "a b"}, Levels: []string{"Error,Fatal"}, Keywords: []string{"checked out"}, Run: "r1"})
	if got := strings.Join(f[:], "|"); got != `7d||LSF "a b"||"Error,Fatal"||"checked out"||r1` {
		t.Errorf("the fields are %s", got)
	}
	if _, err := f.check(testNow, nil); err != nil {
		t.Error(err)
	}
	if f.firstTab() != 4 {
		t.Error("a run is not looked for in its tab")
	}
	for _, bad := range []viewer.Filter{{Begin: "soon"}, {Begin: "today", End: "yesterday"}, {Levels: []string{"Eror"}}, {Items: []string{"[a"}}, {Directions: []string{"a/b"}}} {
		if err := CheckFilter(bad, testNow, nil); err == nil {
			t.Errorf("%+v is not refused", bad)
		}
	}
}

func TestTyping(t *testing.T) {
	l := newLine("ab 项目 🎉")
	for _, c := range []struct{ key, want string }{
		{"backspace", "ab 项目 |"}, {"left", "ab 项目| "}, {"left", "ab 项|目 "}, {"x", "ab 项x|目 "}, {"delete", "ab 项x| "},
		{"home", "|ab 项x "}, {"right", "a|b 项x "}, {"ctrl+k", "a|"}, {"end", "a|"}, {" ", "a |"}, {"b", "a b|"}, {"ctrl+w", "a |"},
		{"ctrl+u", "|"}, {"backspace", "|"}, {"left", "|"}, {"👩‍👩‍👧", "👩‍👩‍👧|"}, {"left", "|👩‍👩‍👧"},
	} {
		l.edit(key(c.key))
		if got := strings.Join(l.before, "") + "|" + strings.Join(l.after, ""); got != c.want {
			t.Fatalf("%s gives %q, want %q", c.key, got, c.want)
		}
	}
	long := newLine(strings.Repeat("项", 50))
	if text, cursor := long.view(10); cursor >= 10 || text != "项项项项" {
		t.Errorf("in 10 cells %q is seen, with the cursor at %d", text, cursor)
	}
}
