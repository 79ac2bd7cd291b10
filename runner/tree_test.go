//go:build linux

package runner_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestTimeout(t *testing.T) {
	cases := []struct{ name, script string }{
		{"plain", `exec sleep 1000`},
		{"ignores TERM", `trap '' TERM; sleep 1000 & wait; wait; sleep 1000`},
		{"exits 0 on TERM", `trap 'exit 0' TERM; sleep 1000 & wait`},
		{"stopped", `kill -STOP $$; sleep 1000`},
		{"session of its own", `setsid sh -c 'trap "" TERM; sleep 1000; sleep 1000' & wait`},
		{"orphan in a session of its own", `(setsid sh -c 'trap "" TERM; sleep 1000; sleep 1000' &) ; sleep 1000`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, held := openPipe(t)
			w := prepare(t, "-stdout - -timeout 300ms -kill-after 300ms", "sh", "-c", c.script)
			w.cmd.ExtraFiles = []*os.File{held}
			w.start()
			held.Close()
			awaitEnd(t, r)
			status, rep := w.wait()
			if status.ExitStatus() != 124 || rep.Cause != "timeout" || rep.ExitCode != 124 || rep.Escaped != nil {
				t.Errorf("wait status %#x, cause %s, exit code %d, escaped %v", status, rep.Cause, rep.ExitCode, rep.Escaped)
			}
		})
	}
}

// TestTimeoutOfWhoeverForksAndEnds: a process that is another one at every look, in a session of its own, does not
// outlive KILL. It ends by itself when nobody holds its stdin any more.
func TestTimeoutOfWhoeverForksAndEnds(t *testing.T) {
	r, held := openPipe(t)
	w := prepare(t, "-stdout - -timeout 300ms -kill-after 300ms", "sh", "-c", `exec 4<&0; "$0" relay <&4 & exec sleep 1000`, wrapProgram)
	stdin, alive := openPipe(t)
	w.cmd.Stdin, w.cmd.ExtraFiles = stdin, []*os.File{held}
	w.start()
	held.Close()
	stdin.Close()
	status, rep := w.wait()
	if status.ExitStatus() != 124 || rep.Escaped != nil {
		t.Errorf("wait status %#x, escaped %v", status, rep.Escaped)
	}
	awaitEnd(t, r)
	alive.Close()
}

func TestCancelEndsTheTree(t *testing.T) {
	_, r, _ := runWrap(t, "-stdout - -cancel -exec true -kill-after 5s", "sh", "-c", "sleep 1000; true")
	if r.Cause != "canceled" || r.Signal != int(syscall.SIGTERM) {
		t.Errorf("cause %s, signal %d", r.Cause, r.Signal)
	}
}

// TestForeignChildrenAreSpared: what the process had started before it became the wrapper is not the job's.
func TestForeignChildrenAreSpared(t *testing.T) {
	r, held := openPipe(t)
	w := prepare(t, "")
	w.cmd = exec.Command("sh", "-c", `sh -c 'exec 4>&-; trap "echo told >&3" TERM; while read x <&0; do :; done; echo spared >&3' & exec "$@"`,
		"sh", wrapProgram, "-result", w.result, "-stdout", "-", "-timeout", "300ms", "-kill-after", "100ms", "--", "sleep", "1000")
	w.cmd.ExtraFiles = []*os.File{held}
	stdin, stdinEnd := openPipe(t)
	w.cmd.Stdin = stdin
	w.start()
	held.Close()
	_ = stdinEnd
	if status, _ := w.wait(); status.ExitStatus() != 124 {
		t.Errorf("wait status %#x", status)
	}
	stdinEnd.Close()
	if got := awaitEnd(t, r); strings.Contains(got, "told") {
		t.Error("a child of before was sent TERM")
	}
}

func TestHelper(t *testing.T) {
	cases := []struct {
		name, helper, text string
		code, signal       int
		timedOut           bool
	}{
		{"output and stdin", `cat; echo err >&2; exit 5`, "to the helper\nerr\n", 5, 0, false},
		{"stdin unread", `exit 6`, "", 6, 0, false},
		{"dies", `kill -KILL $$`, "", 137, 9, false},
		{"tail", `i=0; while [ $i -lt 50 ]; do printf 'line %04d\n' $i; i=$((i+1)); done`, "line 0040\nline 0041\nline 0042\nline 0043\nline 0044\nline 0045\nline 0046\nline 0047\nline 0048\nline 0049\n", 0, 0, false},
		{"hangs", `echo a; trap '' TERM; sleep 1000; sleep 1000`, "a\n", 137, 9, true},
		{"hangs in a session", `setsid sh -c 'echo b; sleep 1000' & wait`, "b\n", 137, 9, true},
		{"background child holds the pipe", `sleep 3 & echo c`, "c\n", 0, 0, false},
		{"descriptor is not inherited", `test -e /proc/self/fd/3 && echo leaked; exit 0`, "", 0, 0, false},
		{"session", `test "$(cut -d' ' -f6 /proc/$$/stat)" = $$ && echo own`, "own\n", 0, 0, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := prepare(t, "-stdout - -exec-timeout 2s", "sh", "-c", "test -e /proc/self/fd/3 || exit 1; read x; exit 4")
			w.cmd.Args = append([]string{w.cmd.Args[0], "-exec", c.helper}, w.cmd.Args[1:]...)
			_, held := openPipe(t)
			w.cmd.ExtraFiles = []*os.File{held}
			w.start()
			w.rest()
			status, r := w.wait()
			if status.ExitStatus() != 4 {
				t.Errorf("the job's status is %#x, want 4", status)
			}
			h := r.Helper
			if h == nil || h.ExitCode != c.code || h.Signal != c.signal || h.TimedOut != c.timedOut || r.HelperText != c.text {
				t.Errorf("helper %+v printed %q", h, r.HelperText)
			}
		})
	}
}

// TestHelperIsNotTheJob: a timeout of the job leaves the helper alone.
func TestHelperIsNotTheJob(t *testing.T) {
	w := prepare(t, "-stdout - -timeout 200ms -kill-after 100ms", "sleep", "1000")
	w.cmd.Args = append([]string{w.cmd.Args[0], "-exec", `trap 'echo told' TERM; (setsid sleep 0.1 &) ; sleep 1; echo done`}, w.cmd.Args[1:]...)
	w.start()
	if status, r := w.wait(); status.ExitStatus() != 124 || r.HelperText != "done\n" {
		t.Errorf("wait status %#x, helper printed %q", status, r.HelperText)
	}
}
