//go:build linux

package tests

import (
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// asInit makes mvrun process 1 of a pid namespace with a /proc of its own.
func (w *wrapped) asInit() {
	w.t.Helper()
	needRoot(w.t)
	attributes := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
	try := exec.Command("true")
	try.SysProcAttr = attributes
	if err := try.Run(); err != nil {
		lacks(w.t, "pid and mount namespaces: "+err.Error())
	}
	// exec keeps the process id 1.
	w.cmd.Args = append([]string{"sh", "-e", "-c", `mount --make-rprivate /; mount -t proc proc /proc; exec "$@"`, "sh"}, w.cmd.Args...)
	w.cmd.Path = needProgram(w.t, "sh")
	w.cmd.SysProcAttr = attributes
}

// As process 1, mvrun reaps orphans, and never takes the job's own status for
// one of theirs.
func TestWrapperAsInit(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.wrap(t, "--on-failure none", "sh", "-c", `for i in 1 2 3 4 5; do (sh -c "exit $i" & exit 1); done; echo "parent $PPID"
		while grep -l '^State:.Z' /proc/[0-9]*/status >/dev/null 2>&1; do :; done
		echo reaped; exit 42`)
	w.asInit()
	w.start()
	w.expect("parent 1")
	w.expect("reaped")
	w.expectExit(42)
	w.expectSilence()
	s.expectRun(t, "exit_code", "42", "cause", "exited")
}

// Process 1 cannot die of its own signal: it leaves with 128+N. TERM from
// outside reaches the job all the same.
func TestWrapperAsInitSignals(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.wrap(t, "--on-failure none", "sh", "-c", `echo ready; exec sleep 1000`)
	w.asInit()
	w.start().expect("ready")
	w.signal(unix.SIGTERM)
	w.expectExit(143)
	s.expectRun(t, "exit_code", "143", "signal", "TERM", "cause", "stopped by TERM")
}

// When process 1 ends, the kernel ends all others of its namespace: a job that
// leaves one behind has its output up to then.
func TestWrapperAsInitTimeout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.wrap(t, "--on-failure none --timeout 1s --kill-after 1s", "sh", "-c", `setsid sh -c 'trap "" TERM; while :; do sleep 1000; done' & trap '' TERM; while :; do sleep 1000; done`)
	w.asInit()
	w.start().expectExit(124)
	s.expectRun(t, "exit_code", "124", "cause", "timeout", "escaped", "")
}
