package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// dayFiles reads the lines of an item's day files, in their order.
func dayFiles(ts *testscript.TestScript, kind, item string) []string {
	days, err := filepath.Glob(filepath.Join(ts.Getenv("DB"), item, kind, "*"))
	ts.Check(err)
	slices.Sort(days)
	var lines []string
	for _, day := range days {
		content := ts.ReadFile(day)
		if !strings.HasSuffix(content, "\n") {
			ts.Fatalf("%s: the last line is torn", day)
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(content, "\n"), "\n")...)
	}
	return lines
}

func recordsCommand(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	sorted := len(args) > 0 && args[0] == "-sort"
	if sorted {
		args = args[1:]
	}
	if len(args) < 2 {
		ts.Fatalf("usage: records [-sort] KIND DIRECTION/ITEM [KEY…]")
	}
	var lines []string
	for _, line := range dayFiles(ts, args[0], args[1]) {
		var values map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &values); err != nil {
			ts.Fatalf("%q: %v", line, err)
		}
		var shown []string
		for _, key := range args[2:] {
			shown = append(shown, shownValue(values[key]))
		}
		lines = append(lines, strings.Join(shown, " | ")+"\n")
	}
	if sorted {
		slices.Sort(lines)
	}
	fmt.Fprint(ts.Stdout(), strings.Join(lines, ""))
}

// shownValue is a text without its quotes, with line ends as \n, and anything
// else as it stands in the record.
func shownValue(value json.RawMessage) string {
	var text string
	switch {
	case value == nil:
		return "-"
	case json.Unmarshal(value, &text) != nil:
		return string(value)
	}
	return strings.NewReplacer("\n", `\n`, "\t", `\t`, "\r", `\r`, "\x00", `\0`).Replace(text)
}

// variableValues are the keys whose values differ from run to run, with the form
// that they must have and what a script shows instead.
var variableValues = []struct{ keys, form, shown string }{
	{"time", `"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"`, `"TIME"`},
	{"ts|start|end", `"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d"`, `"STAMP"`},
	{"run|parent", `"\d{8}T\d{6}Z-[0-9a-f]{10}"`, `"RUN"`},
	{"alarm", `"\d{8}T\d{15}-[0-9a-f]{12}"`, `"ALARM"`},
	{"host", `"[0-9a-f.:]+"`, `"HOST"`},
	{"hostname", `"[^"]+"`, `"HOSTNAME"`},
	{"user", `"[^"]+"`, `"USER"`},
	{"pid|max_rss|block_in|block_out|alarms_sent", `\d+`, `N`},
	{"duration|user_cpu|system_cpu", `\d+(?:\.\d+)?`, `SECONDS`},
	{"env", `\{("[^"]+": "[0-9a-f]{4}"(, )?)+\}`, `DIGESTS`},
	{"env_sum", `"[0-9a-f]{12}"`, `"SUM"`},
	{"env_key", `"[0-9a-f]{4}"`, `"KEY"`},
}

func shapeCommand(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	text := strings.Join(dayFiles(ts, args[0], args[1]), "\n") + "\n"
	for _, v := range variableValues {
		pattern := regexp.MustCompile(`"(` + v.keys + `)": ` + v.form)
		text = pattern.ReplaceAllString(text, `"$1": `+v.shown)
	}
	text = regexp.MustCompile(`\d{8}T\d{6}Z-[0-9a-f]{10}`).ReplaceAllString(text, "RUN")
	fmt.Fprint(ts.Stdout(), strings.ReplaceAll(text, ts.Getenv("WORK"), "$WORK"))
}

func settingsCommand(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	text, err := os.ReadFile(filepath.Join(ts.Getenv("DB"), args[0], "monitor_item.yaml"))
	ts.Check(err)
	host := regexp.MustCompile(`(?m)^script_startup_host: ['"]?[0-9a-f.:]+['"]?$`)
	shown := host.ReplaceAllString(string(text), "script_startup_host: HOST")
	fmt.Fprint(ts.Stdout(), strings.ReplaceAll(shown, ts.Getenv("WORK"), "$WORK"))
}
