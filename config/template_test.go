package config

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func testTemplate(t *testing.T, o TemplateOptions) (string, *Config) {
	t.Helper()
	if o.AlarmCommand == "" {
		o.AlarmCommand, o.CommandComment = `logger -- "<TITLE>: <MESSAGE>"`, "To the system log."
	}
	data, cfg, err := Template(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), cfg
}

func TestTemplate(t *testing.T) {
	text, cfg := testTemplate(t, TemplateOptions{DBPath: "/data/项目 a: #1/db", Admin: "o'neil"})
	compareGolden(t, "testdata/template.golden", text)
	if cfg.DBPath != "/data/项目 a: #1/db" || cfg.SendAlarmCommand != `logger -- "<TITLE>: <MESSAGE>"` {
		t.Errorf("unexpected config: %+v", cfg)
	}
	if admin, ok := cfg.Admin("storage"); admin != "o'neil" || !ok {
		t.Errorf("admin of storage: %q, %v", admin, ok)
	}
	for _, line := range strings.Split(text, "\n") {
		if len(line) > 90 || strings.TrimRight(line, " ") != line {
			t.Errorf("line is too long, or ends with blanks: %q", line)
		}
	}
}

// TestTemplateShowsAll: a setting that is added to settingTable must be shown.
func TestTemplateShowsAll(t *testing.T) {
	text, _ := testTemplate(t, TemplateOptions{})
	for _, name := range settingNames() {
		if count := len(regexp.MustCompile(`(?m)^#?`+name+`:`).FindAllString(text, -1)); count != 1 {
			t.Errorf("%s is shown %d times, add it to templateParts", name, count)
		}
	}
	for _, part := range templateParts {
		if !slices.Contains(settingNames(), part.name) {
			t.Errorf("%s is shown and is no setting", part.name)
		}
		if part.example != "" && !strings.Contains(part.comment, "default") && !strings.Contains(part.comment, "Default") {
			t.Errorf("%s: nothing is said about its default", part.name)
		}
	}
	for _, name := range flagDefaultNames() {
		if !strings.Contains(text, "#  "+name+": ") && !regexp.MustCompile(`# .*\b`+name+`\b`).MatchString(text) {
			t.Errorf("the default of %s is not shown", name)
		}
	}
}

// shownSettings are the examples behind #, each as a whole.
func shownSettings(text string) [][]int {
	return regexp.MustCompile(`(?m)^#[a-z].*\n(?:#  .*\n)*`).FindAllStringIndex(text, -1)
}

// uncommented takes the # of one example away.
func uncommented(text string, example []int) string {
	shown := regexp.MustCompile(`(?m)^#`).ReplaceAllString(text[example[0]:example[1]], "")
	return text[:example[0]] + shown + text[example[1]:]
}

// TestTemplateExamples takes the # away from each example on its own and from
// all together, also beside directions and levels of somebody else.
func TestTemplateExamples(t *testing.T) {
	odd, err := parseTakeover("config.py", []byte("valid_direction_dic = {'芯片': '王芳'}\nvalid_message_level_list = ['Schlimm']\n"), testGrammar)
	if err != nil || len(odd.Left) > 0 {
		t.Fatal(err, odd.Left)
	}
	for _, from := range []*Takeover{nil, odd} {
		text, _ := testTemplate(t, TemplateOptions{From: from})
		examples := shownSettings(text)
		if want := len(templateParts) - len(monitorViewerSettings); len(examples) != want {
			t.Fatalf("%d examples, want %d", len(examples), want)
		}
		all := text
		for _, example := range slices.Backward(examples) {
			if _, faults := Parse("mvrun.yaml", []byte(uncommented(text, example)), testGrammar); len(faults) > 0 {
				t.Error(faults)
			}
			all = uncommented(all, example)
		}
		cfg, faults := Parse("mvrun.yaml", []byte(all), testGrammar)
		if len(faults) > 0 || len(cfg.Routes) != 2 || len(cfg.Channels) != 2 || len(cfg.Defaults) != 12 {
			t.Errorf("all examples: %+v, %v", cfg, faults)
		}
	}
}

func TestTemplateRefused(t *testing.T) {
	for _, path := range []string{"relative", "/a\nb", "/a\x01", " "} {
		data, cfg, err := Template(TemplateOptions{DBPath: path, AlarmCommand: "true"})
		if data != nil || cfg != nil || err == nil || !strings.Contains(err.Error(), "db_path: ") {
			t.Errorf("%q: %s, %v", path, data, err)
		}
	}
}

// TestTemplateEmptyPath leaves the database to each user's default.
func TestTemplateEmptyPath(t *testing.T) {
	if text, cfg := testTemplate(t, TemplateOptions{}); cfg.DBPath != "" || !strings.Contains(text, "\ndb_path:\n") {
		t.Errorf("path %q in\n%s", cfg.DBPath, text)
	}
}
