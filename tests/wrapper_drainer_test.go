//go:build linux

package tests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lateJob leaves a process behind that writes when the gate is opened.
const lateJob = `(read go <"$GATE"; echo late; echo "ERROR: too late"; echo "late on stderr" >&2; echo gone >"$GATE.end") &
	echo done`

func (s *site) wrapLate(t *testing.T, flags, gate, end string) *wrapped {
	t.Helper()
	w := s.wrap(t, flags, "sh", "-c", lateJob+end)
	w.cmd.Env = append(w.cmd.Env, "GATE="+gate)
	return w
}

// A job ends when its leader ends. What a process that it has left behind writes
// later arrives where it would have, and is recorded under the same run.
func TestWrapperDrainer(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, flags, end, stdout, stderr, level string }{
		{"plain", "", "", "done\nlate\nERROR: too late\n", "late on stderr\n", "Error"},
		{"nothing kept", "--keep-output never", "", "done\nlate\nERROR: too late\n", "late on stderr\n", "Error"},
		{"both scanned", "--scan both", "", "done\nlate\nERROR: too late\n", "late on stderr\n", "Error"},
		{"quiet", "--quiet", "", "", "", "Error"},
		{"quiet and failed", "--quiet --on-failure none", "; exit 4", "done\nlate\nERROR: too late\n", "late on stderr\n", "Error"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			gate := makeFIFO(t)
			w := s.wrapLate(t, c.flags, gate, c.end)
			stdout, err := os.Create(filepath.Join(s.folder, "stdout"))
			if err != nil {
				t.Fatal(err)
			}
			defer stdout.Close()
			w.cmd.Stdout = stdout
			status := 0
			if c.end != "" {
				status = 4
			}
			w.start().expectExit(status)
			run := s.theRun(t)
			openGate(t, gate)
			ended := gate + ".end"
			waitFor(t, patience, "the end of the late writer", func() bool { return exists(ended) })
			waitFor(t, patience, "the late record", func() bool {
				return len(s.records(t, "default", wrapItem, "log")) > 0 && (c.stdout == "" || readFile(t, stdout.Name()) == c.stdout)
			})
			waitFor(t, patience, "the late line of stderr", func() bool { return readFile(t, w.stderr) == c.stderr })
			if got := readFile(t, stdout.Name()); got != c.stdout {
				t.Errorf("stdout has %q, want %q", got, c.stdout)
			}
			s.expectLog(t, "too late")
			for _, r := range s.records(t, "default", wrapItem, "log") {
				if r.text("run") != run.text("run") || r.text("message_level") != c.level {
					t.Errorf("the late record %v is not of run %v", r, run.text("run"))
				}
			}
			if heartbeats := s.records(t, "default", wrapItem, "heartbeat"); len(heartbeats) != 1 {
				t.Errorf("the drainer has left a heartbeat: %v", heartbeats)
			}
		})
	}
}

// With stdout and stderr in one file, late lines keep their order; and a reader
// that is a pipe sees its end when the last writer has gone.
func TestWrapperDrainerPipe(t *testing.T) {
	t.Parallel()
	for _, flags := range []string{"", "--scan both"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			gate := makeFIFO(t)
			w := s.wrapLate(t, flags, gate, "")
			w.cmd.Args = append([]string{"sh", "-c", `exec "$@" 2>&1`, "sh"}, w.cmd.Args...)
			w.cmd.Path = needProgram(t, "sh")
			w.start().expectExit(0)
			w.expect("done")
			openGate(t, gate)
			if got, want := w.rest(), "late\nERROR: too late\nlate on stderr\n"; got != want {
				t.Errorf("then comes %q, want %q", got, want)
			}
			waitFor(t, patience, "the late record", func() bool { return len(s.logs(t)) == 1 })
			s.expectLog(t, "too late")
		})
	}
}

// A line that was only begun when the job ended is recorded whole, once, with
// what the process left behind adds to it, whatever time that takes.
func TestWrapperDrainerTakesOverAnOpenRecord(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	gate := makeFIFO(t)
	w := s.wrap(t, "", "sh", "-c", `(read go <"$GATE"; echo " two halves") & printf 'ERROR: of'`)
	w.cmd.Env = append(w.cmd.Env, "GATE="+gate)
	w.start().expectExit(0)
	openGate(t, gate)
	if got := w.rest(); got != "ERROR: of two halves\n" {
		t.Errorf("stdout is %q", got)
	}
	waitFor(t, patience, "the record", func() bool { return slices.Contains(s.logs(t), "of two halves") })
	if got := strings.Join(s.logs(t), "|"); got != "of two halves" {
		t.Errorf("recorded %q", got)
	}
}

// What the late writer's reader leaves behind is what it would have left without
// mvrun: the writer dies of PIPE, and nothing of mvrun stays.
func TestWrapperDrainerReaderGone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	gate := makeFIFO(t)
	ended := filepath.Join(s.folder, "ended")
	w := s.wrap(t, "", "sh", "-c", `(read go <"$GATE"; (while echo x; do :; done) 2>/dev/null; echo "$?" >"$ENDED") & echo done`)
	w.cmd.Env = append(w.cmd.Env, "GATE="+gate, "ENDED="+ended)
	in, out := openPipe(t)
	w.cmd.Stdout = out
	w.start().expectExit(0)
	out.Close()
	in.Close()
	openGate(t, gate)
	waitFor(t, patience, "the writer's end", func() bool { return exists(ended) })
	if got := strings.TrimSpace(readFile(t, ended)); got != "141" && got != "1" && got != "2" {
		t.Errorf("the late writer ended with %s, want the death by PIPE", got)
	}
}

// What an attempt that has failed leaves behind may write for ever as well,
// whatever becomes of the next attempt.
func TestWrapperDrainerOfEarlierAttempt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	gate := makeFIFO(t)
	w := s.wrap(t, "--retries 1 --retry-delay 0", "sh", "-c", `test -e once && exit 0; touch once; (read go <"$GATE"; echo "ERROR: late") & exit 1`)
	w.cmd.Env = append(w.cmd.Env, "GATE="+gate)
	w.start().expectExit(0)
	openGate(t, gate)
	if got := w.rest(); got != "ERROR: late\n" {
		t.Errorf("stdout is %q", got)
	}
	waitFor(t, patience, "the late record", func() bool { return len(s.logs(t)) > 1 })
	s.expectLog(t, "late")
	s.expectRun(t, "exit_code", "0", "attempts", "2")
}
