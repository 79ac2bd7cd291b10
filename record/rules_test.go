package record

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func mustPattern(text string) *regexp.Regexp { return regexp.MustCompile(text) }

func TestParserRules(t *testing.T) {
	alarmOn := Rule{Pattern: mustPattern("OOM|卡住"), Level: LevelAlarm}
	errorOn := Rule{Pattern: mustPattern("(?i)failed"), Level: LevelError}
	named := Rule{
		Pattern: mustPattern(`^(?P<level>\w+) (?P<title>\w+)(?: to (?P<receivers>\S+))?\|(?P<message>.*)$`), Level: LevelWarning,
	}
	cases := []struct {
		name  string
		rules []Rule
		input string
		want  []Message
	}{
		{"whole line", []Rule{alarmOn}, "x\n  an OOM here \r\ny\n任务卡住\n", []Message{
			message(LevelAlarm, "  an OOM here "), message(LevelAlarm, "任务卡住"),
		}},
		{"last line without an end", []Rule{alarmOn}, "OOM", []Message{message(LevelAlarm, "OOM")}},
		{"first rule wins", []Rule{alarmOn, errorOn}, "OOM failed\nfailed\n", []Message{
			message(LevelAlarm, "OOM failed"), message(LevelError, "failed"),
		}},
		{"continuation", []Rule{errorOn}, "it failed\n  at a\nb\n", []Message{message(LevelError, "it failed\n  at a")}},
		{"colours do not count", []Rule{alarmOn}, "\x1b[31mO\x1b[1mOM\x1b[0m\n", []Message{message(LevelAlarm, "OOM")}},
		{"named groups", []Rule{named}, "fatal disk to a,b|full\nodd disk|gone\nwarn disk|\n", []Message{
			{Level: LevelFatal, Title: "disk", Receivers: "a b", Text: "full"},
			{Level: LevelWarning, Title: "disk", Text: "gone"},
			{Level: LevelWarning, Title: "disk", Text: "warn disk|"},
		}},
		{"an alarm may be indented below a record", []Rule{alarmOn}, "ERROR: a\n  OOM\n  b\n", []Message{
			message(LevelError, "a"), message(LevelAlarm, "  OOM\n  b"),
		}},
		{"a prefixed line is raised", []Rule{alarmOn}, "ERROR[title=t]: OOM\n", []Message{
			{Level: LevelAlarm, Title: "t", Text: "OOM"},
		}},
		{"a prefixed line is not lowered", []Rule{errorOn}, "ALARM: failed\n", []Message{message(LevelAlarm, "failed")}},
		{"not within a heredoc", []Rule{alarmOn}, "INFO<<END\nOOM\nEND\n", []Message{message(LevelInfo, "OOM")}},
		{"long title", []Rule{named}, "fatal " + strings.Repeat("t", maxAttribute+9) + "|x\n", []Message{
			{Level: LevelFatal, Title: strings.Repeat("t", maxAttribute), Text: "x"},
		}},
		{"no level", []Rule{{Pattern: mustPattern("x")}}, "x\n", []Message{message(LevelInfo, "x")}},
		{"no pattern", []Rule{{Level: LevelAlarm}}, "x\n", nil},
		{"secret", []Rule{alarmOn}, "OOM token=abc\n", []Message{message(LevelAlarm, "OOM token=***")}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := ParserOptions{Rules: c.rules}
			for at := 0; at <= len(c.input); at += 1 + len(c.input)/500 {
				if got := withoutTime(parsePieces(o, c.input[:at], c.input[at:])); !reflect.DeepEqual(got, c.want) {
					t.Fatalf("split at %d:\n got %+v\nwant %+v", at, got, c.want)
				}
			}
		})
	}
}

func TestParserRulesSeeTheFirst64KiB(t *testing.T) {
	o := ParserOptions{Rules: []Rule{{Pattern: mustPattern("OOM"), Level: LevelAlarm}}}
	early := strings.Repeat("x", MaxMessageBytes-3) + "OOM" + strings.Repeat("x", 1<<20)
	late := strings.Repeat("x", MaxMessageBytes-2) + "OOM" + strings.Repeat("x", 1<<20)
	got := parsePieces(o, early+"\n"+late+"\n")
	if len(got) != 1 {
		t.Fatalf("%d records", len(got))
	}
	checkCut(t, got[0], early)
	if split := parsePieces(o, early[:70000], early[70000:]+"\n", late); !reflect.DeepEqual(split, got) {
		t.Error("in pieces the record is another")
	}
}
