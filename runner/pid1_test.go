//go:build linux

package runner_test

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// startAsInit runs the wrapper as process 1 of a pid namespace.
func startAsInit(t *testing.T, script string) *wrapped {
	t.Helper()
	if out, err := exec.Command("unshare", "--pid", "--fork", "--mount-proc", "true").CombinedOutput(); err != nil {
		t.Skipf("no pid namespace here: %v: %s", err, out)
	}
	w := prepare(t, "")
	w.cmd = exec.Command("unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
		wrapProgram, "-result", w.result, "-stdout", "-", "--", "sh", "-c", script)
	w.cmd.Stderr = &w.stderr
	return w.start()
}

func TestAsInit(t *testing.T) {
	w := startAsInit(t, `for i in 1 2 3; do (true & exit 1); done; echo "parent $PPID"
		while ls -d /proc/[0-9]* | while read p; do grep -q '^State:.Z' $p/status && echo zombie; done | grep -q zombie; do :; done
		echo reaped; exit 42`)
	w.expect("parent 1")
	w.expect("reaped")
	if status, r := w.wait(); status.ExitStatus() != 42 || r.ExitCode != 42 {
		t.Errorf("wait status %#x, exit code %d", status, r.ExitCode)
	}
}

// TestAsInitOfDeadCommand: process 1 cannot die of a signal, and leaves with the status that a shell would show.
func TestAsInitOfDeadCommand(t *testing.T) {
	w := startAsInit(t, `kill -TERM $$`)
	status, r := w.wait()
	if r.ExitCode != 143 || r.Signal != int(syscall.SIGTERM) || status.ExitStatus() != 143 {
		t.Errorf("wait status %#x, exit code %d, signal %d", status, r.ExitCode, r.Signal)
	}
}

func TestKillOfTheWrapperLeavesTheJob(t *testing.T) {
	r, held := openPipe(t)
	gate, gateEnd := openPipe(t)
	w := prepare(t, "-stdout -", "sh", "-c", `echo ready; read x; echo alive >&3`)
	w.cmd.Stdin, w.cmd.Stderr = gate, nil // a buffer would be waited for
	w.cmd.ExtraFiles = append(w.cmd.ExtraFiles, held)
	w.start()
	held.Close()
	w.expect("ready")
	w.signal(syscall.SIGKILL)
	_ = w.cmd.Wait()
	_, _ = gateEnd.WriteString("\n")
	if got := strings.TrimSpace(awaitEnd(t, r)); got != "alive" {
		t.Errorf("the job said %q", got)
	}
}
