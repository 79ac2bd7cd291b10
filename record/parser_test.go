package record

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

var parserEpoch = time.Date(2024, 11, 1, 16, 56, 36, 0, time.UTC)

// parserClock is a clock that stands still until it is set.
type parserClock struct{ now time.Time }

func newParserClock() *parserClock { return &parserClock{parserEpoch} }

func (c *parserClock) read() time.Time { return c.now }

func (c *parserClock) advance(d time.Duration) time.Time {
	c.now = c.now.Add(d)
	return c.now
}

// parsePieces feeds the pieces as one write each and returns what is emitted.
func parsePieces(o ParserOptions, pieces ...string) []Message {
	var got []Message
	if o.Now == nil {
		o.Now = newParserClock().read
	}
	p := NewParser(o, func(m Message) { got = append(got, m) })
	for _, piece := range pieces {
		_, _ = p.Write([]byte(piece))
	}
	p.Close()
	return got
}

// withoutTime drops what most tests do not care about.
func withoutTime(messages []Message) []Message {
	for i := range messages {
		messages[i].Time = time.Time{}
	}
	return messages
}

func message(level Level, text string) Message { return Message{Level: level, Text: text} }

// protocolCase is an input and the records in it.
type protocolCase struct {
	name  string
	input string
	want  []Message
}

var protocolCases = []protocolCase{
	{"debug", "DEBUG: a\n", []Message{message(LevelDebug, "a")}},
	{"info", "INFO: a\n", []Message{message(LevelInfo, "a")}},
	{"warning", "WARNING: a\n", []Message{message(LevelWarning, "a")}},
	{"warn", "WARN: a\n", []Message{message(LevelWarning, "a")}},
	{"error", "ERROR: a\n", []Message{message(LevelError, "a")}},
	{"fatal", "FATAL: a\n", []Message{message(LevelFatal, "a")}},
	{"critical", "CRITICAL: a\n", []Message{message(LevelFatal, "a")}},
	{"alarm", "ALARM: a\n", []Message{message(LevelAlarm, "a")}},
	{"no blank after the colon", "ERROR:a\n", []Message{message(LevelError, "a")}},
	{"many blanks after the colon", "ERROR: \t a \n", []Message{message(LevelError, "a ")}},
	{"empty text", "ALARM:\n", []Message{message(LevelAlarm, "")}},
	{"last line without an end", "ALARM: x", []Message{message(LevelAlarm, "x")}},
	{"carriage return", "ERROR: a\r\n  b\r\nc\r\n", []Message{message(LevelError, "a\n  b")}},
	{"carriage return inside stays", "ERROR: a\rb\n", []Message{message(LevelError, "a\rb")}},
	{"lower case", "error: a\nError: b\n", nil},
	{"longer word", "ERRORS: a\nINFORMATION: b\nCRITICALLY: c\n", nil},
	{"not at the start", " ERROR: a\nx ERROR: b\n", nil},
	{"no colon", "ERROR a\nERROR\nERROR :a\nWARN\n", nil},
	{"ordinary output", "hello\n\nDone.\n123\n", nil},
	{"among ordinary lines", "x\nERROR: a\ny\nINFO: b\nz", []Message{message(LevelError, "a"), message(LevelInfo, "b")}},
	{"two in a row", "ERROR: a\nERROR: b\n", []Message{message(LevelError, "a"), message(LevelError, "b")}},

	{"colour before", "\x1b[1;31mERROR: a\x1b[0m\n", []Message{message(LevelError, "a")}},
	{"colour within", "ERR\x1b[1mOR\x1b[0m\x1b[K: a\x1b[31mb\n", []Message{message(LevelError, "ab")}},
	{"colour of tput", "\x1b[31mERROR\x1b(B\x1b[m: a\n", []Message{message(LevelError, "a")}},
	{"colour before the carriage return", "ERROR: a\r\x1b[0m\n", []Message{message(LevelError, "a")}},
	{"colour and a continuation", "ERROR: a\n\x1b[2m  b\x1b[0m\n", []Message{message(LevelError, "a\n  b")}},
	{"coloured ordinary line", "\x1b[31mhello\x1b[0m\n\x1b[3", nil},
	{"escape that is no code", "ERROR: a\x1bZb\x1b[3\n", []Message{message(LevelError, "a\x1bZb\x1b[3")}},

	{"monitorViewer", "\x1b[1;31m[2024-10-25 08:00:00] *Error*: a b\x1b[0m\n", []Message{message(LevelError, "a b")}},
	{"monitorViewer without time", "*Debug*: a\n*Info*: b\n*Warning*: c\n*Fatal*: d\n", []Message{
		message(LevelDebug, "a"), message(LevelInfo, "b"), message(LevelWarning, "c"), message(LevelFatal, "d"),
	}},
	{"not quite monitorViewer", "*Errors*: a\n* Error*: b\n*Error* c\n[2024-10-25 08:00:0] *Error*: d\n[2024-10-25 08:00:00] x\n*\n[\n", nil},

	{"attributes", `ALARM[title="LSF node down", to="alice bob", frequency="max 3 times", key=n232]: n232 unreachable` + "\n", []Message{{
		Level: LevelAlarm, Text: "n232 unreachable",
		Title: "LSF node down", Receivers: "alice bob", Frequency: "max 3 times", Key: "n232",
	}}},
	{"receivers of an error", "ERROR[to=\"alice,  bob\"]: x\n", []Message{{Level: LevelError, Text: "x", Receivers: "alice bob"}}},
	{"attributes in colour", "\x1b[31mALARM\x1b[0m[to=\x1b[1malice\x1b[0m]: x\n", []Message{{Level: LevelAlarm, Text: "x", Receivers: "alice"}}},
	{"empty brackets", "ALARM[]: x\n", []Message{message(LevelAlarm, "x")}},
	{"unclosed bracket", "ALARM[to=alice: x\n", []Message{message(LevelAlarm, "[to=alice: x")}},
	{"unclosed quote", `ERROR[to="alice]: x` + "\n", []Message{message(LevelError, `[to="alice]: x`)}},
	{"doubled key", "ALARM[to=a, to=b]: x\n", []Message{message(LevelAlarm, "[to=a, to=b]: x")}},
	{"unknown key", "ERROR[who=a]: x\n", []Message{message(LevelError, "[who=a]: x")}},
	{"no colon after the bracket", "ERROR[to=a] x\n", []Message{message(LevelError, "[to=a] x")}},
	{"logrus", "INFO[0000] started\nINFO[0000] started a=b\nERROR[0001\n", nil},
	{"logrus with a colon", "INFO[0000]: started\n", []Message{message(LevelInfo, "[0000]: started")}},
	{"alarm with any bracket", "ALARM[0000] started\nALARM[\n", []Message{
		message(LevelAlarm, "[0000] started"), message(LevelAlarm, "["),
	}},

	{"continuation", "ERROR: a\n  b\n\tc\nd\n  e\n", []Message{message(LevelError, "a\n  b\n\tc")}},
	{"blank line belongs, empty line ends", "ERROR: a\n \n\n  b\n", []Message{message(LevelError, "a\n ")}},
	{"empty line with a carriage return", "ERROR: a\r\n\r\n  b\r\n", []Message{message(LevelError, "a")}},
	{"continuation without an end", "ERROR: a\n  b", []Message{message(LevelError, "a\n  b")}},
	{"continuation of nothing", "  a\nERROR: b\n", []Message{message(LevelError, "b")}},
	{"prefix ends a record", "ERROR: a\nINFO: b\n  c\n", []Message{message(LevelError, "a"), message(LevelInfo, "b\n  c")}},

	{"heredoc", "ALARM<<END\na\n\n  b\nERROR: c\nEND\n  d\n", []Message{message(LevelAlarm, "a\n\n  b\nERROR: c")}},
	{"heredoc of an error with brackets", "ERROR[title=x]<<E_1\r\na\r\nE_1\r\n", []Message{{Level: LevelError, Title: "x", Text: "a"}}},
	{"heredoc is exact about its end", "ALARM<<END\n END\nEND \nENDE\nEND\n", []Message{message(LevelAlarm, " END\nEND \nENDE")}},
	{"heredoc without text", "ALARM<<END\nEND\n", []Message{message(LevelAlarm, "")}},
	{"heredoc that is not closed", "ALARM<<END\na\nb", []Message{message(LevelAlarm, "a\nb")}},
	{"heredoc closed by the last line", "ALARM<<END\na\nEND", []Message{message(LevelAlarm, "a")}},
	{"no heredoc", "ALARM<<\nALARM<<A B\nALARM<<A-B\nALARM <<A\nALARM<A\n", nil},
	{"no heredoc after brackets", "ERROR[to=a]<<A B\n", []Message{message(LevelError, "[to=a]<<A B")}},

	{"broken UTF-8", "ALARM: a\xff\xfeb\xe4\xbd!\n", []Message{message(LevelAlarm, "a\ufffd\ufffdb\ufffd\ufffd!")}},
	{"broken UTF-8 in attributes", "ALARM[to=a\xff\xff, title=\"\xc0\"]: x\n", []Message{
		{Level: LevelAlarm, Receivers: "a\ufffd\ufffd", Title: "\ufffd", Text: "x"},
	}},
	{"broken UTF-8 in a continuation", "ALARM: a\n \xff\n", []Message{message(LevelAlarm, "a\n \ufffd")}},
	{"NUL and other controls", "ALARM: a\x00b\x07\n", []Message{message(LevelAlarm, "a\x00b\x07")}},
	{"Chinese", "ERROR: 磁盘已满\n  节点\n", []Message{message(LevelError, "磁盘已满\n  节点")}},
	{"secret in text and title", "ALARM[title=\"token=abc\"]: password=abc\n  secret: def\n", []Message{
		{Level: LevelAlarm, Title: "token=***", Text: "password=***\n  secret: ***"},
	}},
}

func TestParserProtocol(t *testing.T) {
	for _, c := range protocolCases {
		t.Run(c.name, func(t *testing.T) {
			got := withoutTime(parsePieces(ParserOptions{}, c.input))
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("records of %q:\n got %+v\nwant %+v", c.input, got, c.want)
			}
		})
	}
}

// TestParserSplitAnywhere holds that it does not matter how a job's output is
// cut into writes, nor whether another process goes on after any of them.
func TestParserSplitAnywhere(t *testing.T) {
	for _, c := range protocolCases {
		t.Run(c.name, func(t *testing.T) {
			for at := range len(c.input) + 1 {
				head, tail := c.input[:at], c.input[at:]
				if got := withoutTime(parsePieces(ParserOptions{}, head, tail)); !reflect.DeepEqual(got, c.want) {
					t.Errorf("split at %d: got %+v, want %+v", at, got, c.want)
				}
				if got := withoutTime(parseHandedOver(t, ParserOptions{}, head, tail)); !reflect.DeepEqual(got, c.want) {
					t.Errorf("handed over at %d: got %+v, want %+v", at, got, c.want)
				}
			}
			single := strings.Split(c.input, "")
			if got := withoutTime(parsePieces(ParserOptions{}, single...)); !reflect.DeepEqual(got, c.want) {
				t.Errorf("byte by byte: got %+v, want %+v", got, c.want)
			}
		})
	}
}

// parseHandedOver lets a second Parser go on after head.
func parseHandedOver(t *testing.T, o ParserOptions, head, tail string) []Message {
	t.Helper()
	var got []Message
	emit := func(m Message) { got = append(got, m) }
	o.Now = newParserClock().read
	first, second := NewParser(o, emit), NewParser(o, emit)
	_, _ = first.Write([]byte(head))
	state, err := first.State()
	if err != nil {
		t.Fatal(err)
	}
	if err = second.Restore(state); err != nil {
		t.Fatal(err)
	}
	if !second.Deadline().Equal(first.Deadline()) {
		t.Errorf("deadline %v became %v", first.Deadline(), second.Deadline())
	}
	_, _ = second.Write([]byte(tail))
	second.Close()
	return got
}

func TestParserFurtherPrefixes(t *testing.T) {
	o := ParserOptions{Prefixes: map[string]Level{
		"[ALERT]": LevelAlarm, "[ALERT] disk": LevelFatal, "ERROR: harmless": LevelInfo, "  >>": LevelWarning,
		"\x1b[1m警告": LevelWarning, "": LevelFatal,
	}}
	input := "[ALERT]: a\n[ALERT] b\n  c\n[ALERT] disk full\nERROR: harmless x\nERROR: y\n  >> z\n\x1b[33m警告\x1b[0m: w\nx\n"
	want := []Message{
		message(LevelAlarm, "a"), message(LevelAlarm, "b\n  c"), message(LevelFatal, "full"),
		message(LevelInfo, "x"), message(LevelError, "y"), message(LevelWarning, "z"), message(LevelWarning, "w"),
	}
	for at := range len(input) + 1 {
		if got := withoutTime(parsePieces(o, input[:at], input[at:])); !reflect.DeepEqual(got, want) {
			t.Fatalf("split at %d:\n got %+v\nwant %+v", at, got, want)
		}
	}
}

func TestParserFurtherPrefixesTakeAttributes(t *testing.T) {
	o := ParserOptions{Prefixes: map[string]Level{"错误：": LevelError, "告警": LevelAlarm, "[ALERT]": LevelAlarm, "：": LevelInfo}}
	input := "错误[to=bob]：x\n错误：y\n错误: no\n告警：磁盘满\n告警[title=\"标题\"]: t\n告警[x：u\n告警<<END\n多\nEND\n" +
		"[ALERT][key=k]: v\n[ALERT]<<END\nw\nEND\n：z\n[to=bob]: no\n"
	with := func(m Message, change func(*Message)) Message { change(&m); return m }
	want := []Message{
		with(message(LevelError, "x"), func(m *Message) { m.Receivers = "bob" }), message(LevelError, "y"),
		message(LevelAlarm, "磁盘满"), with(message(LevelAlarm, "t"), func(m *Message) { m.Title = "标题" }),
		message(LevelAlarm, "[x：u"), message(LevelAlarm, "多"),
		with(message(LevelAlarm, "v"), func(m *Message) { m.Key = "k" }), message(LevelAlarm, "w"), message(LevelInfo, "z"),
	}
	for at := range len(input) + 1 {
		if got := withoutTime(parsePieces(o, input[:at], input[at:])); !reflect.DeepEqual(got, want) {
			t.Fatalf("split at %d:\n got %+v\nwant %+v", at, got, want)
		}
	}
}

func TestParserPassesAByteOrderMarkOver(t *testing.T) {
	input := "\xef\xbb\xbfERROR: a\n\xef\xbb\xbfERROR: b\nERROR: c\n"
	want := []Message{message(LevelError, "a"), message(LevelError, "c")}
	for at := range len(input) + 1 {
		if got := withoutTime(parsePieces(ParserOptions{}, input[:at], input[at:])); !reflect.DeepEqual(got, want) {
			t.Fatalf("split at %d:\n got %+v\nwant %+v", at, got, want)
		}
	}
}

func TestParserTellsWhenTheFirstLineWasRead(t *testing.T) {
	clock := newParserClock()
	var got []Message
	p := NewParser(ParserOptions{Now: clock.read}, func(m Message) { got = append(got, m) })
	_, _ = p.Write([]byte("ERROR: a\n"))
	clock.advance(100 * time.Millisecond)
	_, _ = p.Write([]byte("  b\nERROR: c\n"))
	p.Close()
	if !got[0].Time.Equal(parserEpoch) || !got[1].Time.Equal(clock.now) {
		t.Errorf("times %v and %v", got[0].Time, got[1].Time)
	}
}

func TestParserHeader(t *testing.T) {
	var seen []string
	o := ParserOptions{
		Rules: []Rule{{Pattern: mustPattern("boom"), Level: LevelError}},
		Header: func(line []byte) bool {
			seen = append(seen, string(line))
			return !strings.Contains(string(line), "no")
		},
	}
	input := "x\nERROR: no\r\n  a\nERROR: \x1b[1myes\n  b\nALARM<<no\nERROR: c\nno\nboom no\nboom\n"
	want := []Message{message(LevelError, "yes\n  b"), message(LevelError, "boom")}
	wantSeen := []string{"ERROR: no", "ERROR: \x1b[1myes", "ALARM<<no", "boom no", "boom"}
	for at := range len(input) + 1 {
		seen = nil
		if got := withoutTime(parsePieces(o, input[:at], input[at:])); !reflect.DeepEqual(got, want) {
			t.Fatalf("split at %d: got %+v, want %+v", at, got, want)
		}
		if !reflect.DeepEqual(seen, wantSeen) {
			t.Fatalf("split at %d: asked about %q, want %q", at, seen, wantSeen)
		}
	}
}

func TestParserRestoreRefusesWhatNoParserGave(t *testing.T) {
	states := map[string]string{
		"no JSON":         `x`,
		"length too low":  `{"Line":"YWJj","Length":1}`,
		"line is missing": `{"Length":5}`,
		"broken text":     `{"Record":{"Text":"/w=="}}`,
		"negative count":  `{"Record":{"Left":-1}}`,
	}
	for name, state := range states {
		t.Run(name, func(t *testing.T) {
			p := NewParser(ParserOptions{}, func(Message) {})
			if p.Restore([]byte(state)) == nil {
				t.Errorf("%s was taken", state)
			}
		})
	}
}

// An older mvrun had a deadline for a line that had only begun.
func TestParserRestoreOfAnOlderState(t *testing.T) {
	var got []string
	p := NewParser(ParserOptions{}, func(m Message) { got = append(got, m.Text) })
	state := `{"Line":"RVJST1I6IGE=","Length":8,"Quiet":false,"Told":0,"Deadline":"2024-11-01T16:56:36Z"}`
	if err := p.Restore([]byte(state)); err != nil {
		t.Fatal(err)
	}
	p.Tick(parserEpoch)
	if len(got) > 0 || !p.Deadline().IsZero() {
		t.Errorf("after the silence: records %q, deadline %v", got, p.Deadline())
	}
	p.Close()
	if !reflect.DeepEqual(got, []string{"a"}) {
		t.Errorf("got %q", got)
	}
}
