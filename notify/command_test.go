package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// execution is what an Executor was asked for.
type execution struct {
	argv, env []string
	stdin     []byte
	code      int
	output    string
	err       error
}

func (e *execution) Exec(_ context.Context, argv, env []string, stdin []byte, _ int) (int, []byte, error) {
	e.argv, e.env, e.stdin = argv, env, stdin
	return e.code, []byte(e.output), e.err
}

func (e *execution) value(name string) string {
	for _, variable := range e.env {
		if value, found := strings.CutPrefix(variable, name+"="); found {
			return value
		}
	}
	return "not set"
}

func mustParse(t testing.TB, template string) *Template {
	t.Helper()
	parsed, err := ParseTemplate(template)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestEnvironmentAndStdinOfTheCommand(t *testing.T) {
	e := &execution{}
	c := &Command{Template: mustParse(t, "send <RECEIVERS>"), Executor: e, Env: []string{"PATH=/bin", "MVRUN_ALARM_OLD=x", "MVRUN_RUN=r"}}
	a := alarm("a\x00b\nc \xff <&>")
	a.Receivers = []string{"alice", "bob", "alice", "", "b\x00c"}
	a.Startup, a.Key = "crontab", "k"
	a.normalise(noon, "")
	if err := c.Send(context.Background(), &a); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"PATH=/bin", "MVRUN_RUN=r", "MVRUN_ALARM_DIRECTION=LSF", "MVRUN_ALARM_ITEM=nodes", "MVRUN_ALARM_LEVEL=Alarm",
		"MVRUN_ALARM_RUN=run1", "MVRUN_ALARM_HOST=10.1.2.3", "MVRUN_ALARM_TIME=2026-11-23 12:00:00", "MVRUN_ALARM_ID=" + a.ID,
		"MVRUN_ALARM_TITLE=node down", "MVRUN_ALARM_RECEIVERS=alice bob bc", "MVRUN_ALARM_RECEIVER_1=alice",
		"MVRUN_ALARM_RECEIVER_2=bob", "MVRUN_ALARM_RECEIVER_3=bc", "MVRUN_ALARM_MESSAGE=ab\nc \uFFFD <&>",
	}
	if !slices.Equal(e.env, want) {
		t.Errorf("environment %q\nwant %q", e.env, want)
	}
	script := `send "$MVRUN_ALARM_RECEIVER_1" "$MVRUN_ALARM_RECEIVER_2" "$MVRUN_ALARM_RECEIVER_3"`
	if !slices.Equal(e.argv, []string{"/bin/sh", "-c", script}) {
		t.Errorf("argv %q", e.argv)
	}
	var back Alarm
	if err := json.Unmarshal(e.stdin, &back); err != nil || back.Message != "a\x00b\nc \uFFFD <&>" || !back.Time.Equal(a.Time) ||
		back.Key != "k" || back.Startup != "crontab" || !slices.Equal(back.Receivers, a.Receivers) {
		t.Errorf("stdin %q: %v", e.stdin, err)
	}
	if !strings.Contains(string(e.stdin), "<&>") || !strings.HasSuffix(string(e.stdin), "}\n") {
		t.Errorf("stdin %q", e.stdin)
	}
}

func TestFailuresOfTheCommand(t *testing.T) {
	for _, c := range []struct {
		execution
		want string
	}{
		{execution{code: 3}, "send_alarm_command: exit status 3"},
		{execution{code: 3, output: " no route\n\n"}, "send_alarm_command: exit status 3: no route"},
		{execution{err: errors.New("exec: no sh")}, "send_alarm_command: exec: no sh"},
		{execution{code: 1, output: "\xff" + strings.Repeat("é", 4096)}, "send_alarm_command: exit status 1: …" + strings.Repeat("é", 2048)},
	} {
		command := &Command{Template: mustParse(t, "send"), Executor: &c.execution}
		a := alarm("m")
		if err := command.Send(context.Background(), &a); err == nil || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

// A message of 200 kB goes through a real shell: cut on a rune border and marked
// in the words and in the environment, whole on stdin.
func TestALongMessageIsCutInTheCommandLine(t *testing.T) {
	b := newBench(t)
	for _, template := range []string{
		`send "<MESSAGE>"; cat >stdin`,
		`send "$MVRUN_ALARM_MESSAGE"; cat >stdin`,
		`send "--x=<TITLE> <MESSAGE>: <RECEIVERS> <MESSAGE>"; cat >stdin`,
		`send <MESSAGE> <MESSAGE> <MESSAGE> '<MESSAGE>'; cat >stdin`,
	} {
		a := alarm(strings.Repeat("失联", 100_000/3))
		a.Title = strings.Repeat("t", 100_000)
		a.normalise(noon, "")
		work, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
		c := &Command{Template: mustParse(t, template), Executor: shellExecutor{b.shells[0], work},
			Env: []string{"PATH=" + b.folder + ":" + os.Getenv("PATH"), "MVRUN_TEST_OUT=" + out}}
		if err := c.Send(context.Background(), &a); err != nil {
			t.Fatalf("%s: %v", template, err)
		}
		written, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		word := calls(t, string(written))[0][0]
		_, word, _ = strings.Cut("失"+strings.TrimPrefix(word, "失"), "失")
		if !strings.Contains(word, "… [cut: ") || !utf8.ValidString(word) || len(word) < 20_000 {
			t.Errorf("%s: %d bytes, ending %q", template, len(word), tail(word, 60))
		}
		stdin, err := os.ReadFile(filepath.Join(work, "stdin"))
		var back Alarm
		if err != nil || json.Unmarshal(stdin, &back) != nil || back.Message != a.Message || back.Title != a.Title {
			t.Errorf("%s: stdin of %d bytes, %v", template, len(stdin), err)
		}
	}
}

func TestALargeEnvironmentLeavesLessRoom(t *testing.T) {
	var stack unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_STACK, &stack); err != nil || stack.Cur < 8<<20 {
		t.Skipf("a stack of %d bytes: no room for this, %v", stack.Cur, err)
	}
	small, large := &execution{}, &execution{}
	a := alarm(strings.Repeat("m", 200_000))
	var env []string
	for i := range 9 {
		env = append(env, fmt.Sprintf("V%d=%s", i, strings.Repeat("v", 100_000)))
	}
	for e, environment := range map[*execution][]string{small: nil, large: env} {
		c := &Command{Template: mustParse(t, `send "<MESSAGE>"`), Executor: e, Env: environment}
		if err := c.Send(context.Background(), &a); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(small.value("MVRUN_ALARM_MESSAGE")); got < 120_000 || got > maxString-64 {
		t.Errorf("%d bytes of message", got)
	}
	if got := len(large.value("MVRUN_ALARM_MESSAGE")); size(large.env)+got+reserve > maxTotal || got < minMessage {
		t.Errorf("%d bytes of message beside %d of environment", got, size(large.env))
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 0, ""},
		{"abc", 3, "abc"},
		{strings.Repeat("a", 100), 40, strings.Repeat("a", 11) + "… [cut: 89 bytes left out]"},
		{strings.Repeat("失", 30), 40, strings.Repeat("失", 4) + "… [cut: 78 bytes left out]"},
		{strings.Repeat("a", 100), 1, "… [cut: 100 bytes left out]"},
	} {
		if got := cut(c.text, c.limit); got != c.want {
			t.Errorf("cut(%d bytes, %d) = %q, want %q", len(c.text), c.limit, got, c.want)
		}
	}
	for limit := 30; limit < 300; limit++ {
		if got := cut(strings.Repeat("a失", 200), limit); len(got) > limit || !utf8.ValidString(got) {
			t.Fatalf("limit %d: %d bytes, %q", limit, len(got), got)
		}
	}
}

func TestJSONOfAnyAlarm(t *testing.T) {
	for _, a := range []Alarm{{}, {Time: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)}, {Message: "\x00\xff\u2028"}} {
		if bytes.Contains(a.json(), []byte("null")) {
			t.Errorf("%+v: %q", a, a.json())
		}
		if !json.Valid(a.json()) {
			t.Errorf("%+v: %q", a, a.json())
		}
	}
}

// BenchmarkRaiseToSend measures from Raise to the sender, with the files of one
// run after another in one day's alarm file.
func BenchmarkRaiseToSend(b *testing.B) {
	for _, frequency := range []string{"everytime", "max 3 times"} {
		b.Run(frequency, func(b *testing.B) {
			w := plainWorld(b)
			started := make(chan struct{})
			d := w.dispatcher(sender(func(context.Context, *Alarm) error {
				started <- struct{}{}
				return nil
			}))
			for i := 0; b.Loop(); i++ {
				d.Raise(limited(fmt.Sprint("m", i), frequency))
				<-started
			}
			d.Drain(time.Minute)
		})
	}
}
