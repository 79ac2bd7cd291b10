package record

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParser(f *testing.F) {
	for i, c := range protocolCases {
		f.Add([]byte(c.input), uint16(i*3), uint8(0))
	}
	f.Add([]byte("[ALERT]: a\nboom b\n  boom\nOOM"), uint16(4), uint8(0))
	f.Add([]byte("ALARM: x磁\n  x\n"), uint16(8), uint8(70))
	f.Add([]byte("ALARM<<END\nx\nEND\n"), uint16(12), uint8(72))
	o := ParserOptions{
		Prefixes: map[string]Level{"[ALERT]": LevelAlarm, "!": LevelDebug},
		Rules: []Rule{
			{Pattern: mustPattern("OOM"), Level: LevelAlarm},
			{Pattern: mustPattern(`boom (?P<message>\S+)( (?P<title>\S+))?`), Level: LevelError},
		},
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16, padding uint8) {
		split := min(int(at), len(data))
		// The padding, in KiB, takes small inputs to the bounds of a record.
		kib := unlessRace(int(padding), 0)
		head := string(data[:split]) + strings.Repeat("磁 x", kib<<10/len("磁 x"))
		tail := string(data[split:])
		for _, options := range []ParserOptions{{}, o} {
			want := parsePieces(options, head+tail)
			for _, m := range want {
				checkMessage(t, m)
			}
			if got := parsePieces(options, head, tail); !reflect.DeepEqual(got, want) {
				t.Errorf("split at %d: got %+v, want %+v", split, got, want)
			}
			if got := parseHandedOver(t, options, head, tail); !reflect.DeepEqual(got, want) {
				t.Errorf("handed over at %d: got %+v, want %+v", split, got, want)
			}
			checkSilences(t, options, head, tail)
		}
	})
}

func checkMessage(t *testing.T, m Message) {
	t.Helper()
	for _, text := range []string{m.Text, m.Title, m.Receivers, m.Frequency, m.Key} {
		if !utf8.ValidString(text) {
			t.Errorf("not valid UTF-8: %q", text)
		}
	}
	if len(m.Text) > MaxMessageBytes {
		t.Errorf("text of %d bytes", len(m.Text))
	}
	if m.Level == "" || m.Cut < 0 {
		t.Errorf("record %+v", m)
	}
}

// checkSilences lets every deadline pass and holds that only an open record has
// one, that nothing is open then, and that the silence made no other record.
func checkSilences(t *testing.T, o ParserOptions, pieces ...string) {
	t.Helper()
	clock := newParserClock()
	o.Now = clock.read
	emitted := 0
	p := NewParser(o, func(m Message) { checkMessage(t, m); emitted++ })
	for _, piece := range pieces {
		_, _ = p.Write([]byte(piece))
		end, before := p.Deadline(), emitted
		if p.open == end.IsZero() {
			t.Errorf("behind %q: open %v, deadline %v", piece, p.open, end)
		}
		if !end.IsZero() {
			clock.now = end
			p.Tick(end)
		}
		if end.IsZero() && emitted > before || emitted > before+1 {
			t.Errorf("the silence behind %q made %d records", piece, emitted-before)
		}
		if p.open || !p.Deadline().IsZero() {
			t.Errorf("after the silence behind %q something is open", piece)
		}
	}
	p.Close()
}

func FuzzMasker(f *testing.F) {
	for _, seed := range []string{
		"ordinary", "password=abc", `{"token": "x"}`, "Authorization: Bearer abc", "postgres://a:b@c", "?key=a&b=c",
		"-----BEGIN PRIVATE KEY-----\nabc", "--password x", `password="`, "密码：x", "https://hooks.slack.com/services/x",
	} {
		f.Add(seed)
	}
	m, err := NewMasker([]string{`EMP-(\d+)`, `q*`})
	if err != nil {
		f.Fatal(err)
	}
	const secret = "Xhunter2X"
	f.Fuzz(func(t *testing.T, text string) {
		got := m.Mask(text)
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q became %q", text, got)
		}
		checkHints(t, text)
		// Whatever stands on the lines before it, this is a secret.
		if out := m.Mask(text + "\npassword=" + secret); strings.Contains(out, secret) {
			t.Errorf("a secret is left in %q", out)
		}
		if args := m.MaskArgs([]string{text, "--password", secret, text}); args[2] != masked {
			t.Errorf("a secret is left in %q", args)
		}
	})
}

// checkHints holds that no pattern matches where the look before it found no
// reason to try. Two letters beyond ASCII that fold to k and s are the exception.
func checkHints(t *testing.T, text string) {
	t.Helper()
	if strings.ContainsAny(text, "\u212a\u017f") {
		return
	}
	hints := findHints(text)
	for _, p := range builtInPatterns() {
		if hints&p.hint == 0 && p.pattern.MatchString(text) {
			t.Errorf("%q matches %v but is not tried", text, p.pattern)
		}
	}
}
