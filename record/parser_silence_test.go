package record

import (
	"reflect"
	"testing"
	"time"
)

// silenceStep is one write, a silence after it, and what has been emitted by
// its end.
type silenceStep struct {
	write string
	wait  time.Duration
	want  []string
}

func TestParserSilence(t *testing.T) {
	const short, long = 249 * time.Millisecond, 250 * time.Millisecond
	cases := []struct {
		name  string
		steps []silenceStep
		last  []string // after Close
	}{
		{"record", []silenceStep{{"ERROR: a\n", short, nil}, {"", time.Millisecond, []string{"a"}}}, []string{"a"}},
		{"continuation starts it anew", []silenceStep{{"ERROR: a\n", short, nil}, {" b\n", short, nil}, {" c\n", long, []string{"a\n b\n c"}}}, []string{"a\n b\n c"}},
		{"what comes after is ordinary", []silenceStep{{"ERROR: a\n", long, []string{"a"}}, {" b\n", long, []string{"a"}}}, []string{"a"}},
		{"line without an end", []silenceStep{{"ERROR: a", time.Hour, nil}, {"\n", short, nil}, {"", time.Millisecond, []string{"a"}}}, []string{"a"}},
		{"line in parts is one record", []silenceStep{{"ALARM: par", 2 * long, nil}, {"tial\n", long, []string{"partial"}}}, []string{"partial"}},
		{"line in many parts", []silenceStep{
			{"ERR", long, nil}, {"OR: a", long, nil}, {".", long, nil}, {".\n", 0, nil}, {" b\n", long, []string{"a..\n b"}},
		}, []string{"a..\n b"}},
		{"line in parts until the end", []silenceStep{{"ERROR: a", long, nil}, {" b", long, nil}}, []string{"a b"}},
		{"line that goes on with nothing", []silenceStep{{"ERROR: a", long, nil}, {" \x1b[0m\r\n", long, []string{"a "}}}, []string{"a "}},
		{"prefix without text waits", []silenceStep{{"ERROR: ", long, nil}, {"a\n", long, []string{"a"}}}, []string{"a"}},
		{"unfinished bracket waits", []silenceStep{{"ALARM[to=", long, nil}, {"a]: b\n", long, []string{"b"}}}, []string{"b"}},
		{"part of a rune waits", []silenceStep{{"ERROR: a\xe7\xa3", long, nil}, {"\x81\n", long, []string{"a磁"}}}, []string{"a磁"}},
		{"part of a continuation", []silenceStep{{"ERROR: a\n  b", long, []string{"a\n  b"}}, {"c\n  d\n", long, []string{"a\n  b"}}}, []string{"a\n  b"}},
		{"part of a continuation until the end", []silenceStep{{"ERROR: a\n  b", long, []string{"a\n  b"}}, {"c", long, []string{"a\n  b"}}}, []string{"a\n  b"}},
		{"part of a rune in a continuation", []silenceStep{{"ERROR: a\n  b\xe7\xa3", long, []string{"a\n  b"}}, {"\x81\n", long, []string{"a\n  b"}}}, []string{"a\n  b"}},
		{"part of a next record", []silenceStep{{"ERROR: a\nERROR: b", long, []string{"a"}}, {"c\n", long, []string{"a", "bc"}}}, []string{"a", "bc"}},
		{"part of a next record in colour", []silenceStep{
			{"ERROR: a\n\x1b[1mERROR: b", short, nil}, {"", time.Millisecond, []string{"a"}}, {"c\x1b[0m\n", long, []string{"a", "bc"}},
		}, []string{"a", "bc"}},
		{"part of a next record until the end", []silenceStep{{"ERROR: a\n\x1b[1mERROR: b", long, []string{"a"}}}, []string{"a", "b"}},
		{"part of an ordinary line closes at once", []silenceStep{{"ERROR: a\nx", 0, []string{"a"}}}, []string{"a"}},
		{"heredoc", []silenceStep{
			{"ALARM<<END\na\n", 10*time.Second - 1, nil}, {"b\nE", 10 * time.Second, []string{"a\nb\nE"}}, {"ND\n", long, []string{"a\nb\nE"}},
		}, []string{"a\nb\nE"}},
		{"heredoc whose last line has no end", []silenceStep{{"ALARM<<END\na\nEND", 10 * time.Second, []string{"a"}}}, []string{"a"}},
		{"secret across the silence", []silenceStep{{"ERROR: password=a", long, nil}, {"bc\n", long, []string{"password=***"}}}, []string{"password=***"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			clock := newParserClock()
			o := ParserOptions{Now: clock.read}
			emit := func(m Message) { got = append(got, m.Text) }
			p := NewParser(o, emit)
			for i, step := range c.steps {
				_, _ = p.Write([]byte(step.write))
				p.Tick(clock.advance(step.wait))
				if !reflect.DeepEqual(got, step.want) {
					t.Fatalf("after step %d: got %q, want %q", i, got, step.want)
				}
				p = handOver(t, p, NewParser(o, emit))
			}
			p.Close()
			if !reflect.DeepEqual(got, c.last) {
				t.Errorf("at the end: got %q, want %q", got, c.last)
			}
		})
	}
}

func handOver(t *testing.T, from, to *Parser) *Parser {
	t.Helper()
	state, err := from.State()
	if err != nil {
		t.Fatal(err)
	}
	if err = to.Restore(state); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestParserDeadline(t *testing.T) {
	cases := []struct {
		input string
		want  time.Duration // 0: none
	}{
		{"", 0},
		{"x\ny", 0},
		{"ERROR", 0},
		{"ERROR:", 0},
		{"ERROR: a", 0},
		{"\x1b[1mERROR: a", 0},
		{"ERROR: a\n", lineSilence},
		{"ERROR: a\n  b", lineSilence},
		{"ERROR: a\nERROR: b", 0},
		{"ERROR: a\n\x1b[1mERROR: b", lineSilence},
		{"ERROR: a\nx", 0},
		{"ERROR: a\n\n", 0},
		{"ALARM[", 0},
		{"ALARM<<EN", 0},
		{"ALARM<<END\n", heredocSilence},
		{"ALARM<<END\na\nEN", heredocSilence},
		{"ALARM<<END\na\nEND\n", 0},
	}
	for _, c := range cases {
		p := NewParser(ParserOptions{Now: newParserClock().read}, func(Message) {})
		_, _ = p.Write([]byte(c.input))
		want := time.Time{}
		if c.want > 0 {
			want = parserEpoch.Add(c.want)
		}
		if got := p.Deadline(); !got.Equal(want) {
			t.Errorf("after %q: deadline %v, want %v", c.input, got, want)
		}
		p.Tick(parserEpoch.Add(time.Hour))
		if got := p.Deadline(); !got.IsZero() {
			t.Errorf("after %q and its silence: deadline %v", c.input, got)
		}
	}
}

// A line that only the end of the output ends is as old as its last part.
func TestParserTimeOfALineWithoutEnd(t *testing.T) {
	clock := newParserClock()
	var got []Message
	p := NewParser(ParserOptions{Now: clock.read}, func(m Message) { got = append(got, m) })
	_, _ = p.Write([]byte("ERROR: a"))
	p.Tick(clock.advance(time.Second))
	p.Close()
	if len(got) != 1 || !got[0].Time.Equal(parserEpoch) {
		t.Errorf("got %+v, want one record of %v", got, parserEpoch)
	}
}

// Who takes a record may take longer than the silence lasts: lines that belong
// to the next one may wait meanwhile.
func TestParserSilenceBeginsAfterTheRecords(t *testing.T) {
	clock := newParserClock()
	p := NewParser(ParserOptions{Now: clock.read}, func(Message) { clock.advance(time.Hour) })
	_, _ = p.Write([]byte("ERROR: a\nERROR: b\n"))
	if got, want := p.Deadline(), parserEpoch.Add(time.Hour+lineSilence); !got.Equal(want) {
		t.Errorf("the deadline is %v, want %v", got, want)
	}
}
