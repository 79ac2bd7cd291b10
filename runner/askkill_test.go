//go:build linux

package runner_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/mvrun/mvrun/runner"
)

// TestAskToKill: the whole tree goes, whatever it ignores and also where mvrun ignores TERM; the wrapper stays to tell.
func TestAskToKill(t *testing.T) {
	r, held := openPipe(t)
	w := prepare(t, "")
	w.cmd = exec.Command("sh", "-c", `trap '' TERM; exec "$@"`, "sh", wrapProgram, "-result", w.result, "-stdout", "-", "-attempts", "3", "--",
		"sh", "-c", `trap '' TERM HUP INT; setsid sh -c 'echo up; sleep 1000; sleep 1000' & wait; wait; sleep 1000`)
	w.cmd.ExtraFiles = []*os.File{held}
	w.start()
	held.Close()
	w.expect("up")
	if err := runner.AskToKill(w.cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if rest := awaitEnd(t, r) + w.rest(); strings.Contains(rest, "up") {
		t.Errorf("another attempt was made: %q", rest)
	}
	_, rep := w.wait()
	if rep.Signal != int(syscall.SIGKILL) || rep.StoppedBy != int(syscall.SIGKILL) || rep.Escaped != nil {
		t.Errorf("signal %d, stopped by %d, escaped %v", rep.Signal, rep.StoppedBy, rep.Escaped)
	}
}

// TestAskToKillWithoutAJob: a wrapper that has not started its command yet does not start it.
func TestAskToKillWithoutAJob(t *testing.T) {
	w := startWrap(t, "-delay 1h -stdout -", "echo", "never")
	w.expect("waiting")
	if err := runner.AskToKill(w.cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if rest := w.rest(); rest != "" {
		t.Errorf("the job was started: %q", rest)
	}
	w.wait()
}
