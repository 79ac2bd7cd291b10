//go:build linux

package runner_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startListener runs the test program's listening job below the wrapper and returns the job's process id and group.
func startListener(t *testing.T, flags string) (w *wrapped, pid, group int, stdin *os.File) {
	t.Helper()
	r, stdin := openPipe(t)
	w = prepare(t, flags, wrapProgram, "listen")
	w.cmd.Stdin = r
	w.start()
	if _, err := fmt.Sscanf(w.line(), "ready %d %d", &pid, &group); err != nil {
		t.Fatal(err)
	}
	return w, pid, group, stdin
}

func TestSignalsArriveOnce(t *testing.T) {
	w, pid, group, stdin := startListener(t, "-stdout -")
	if pid != group {
		t.Errorf("the job is %d in group %d, want a group of its own", pid, group)
	}
	list := []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGCONT,
		syscall.SIGWINCH, syscall.SIGALRM, syscall.SIGTSTP, syscall.SIGABRT, syscall.SIGXCPU, syscall.SIGVTALRM,
		syscall.SIGIO, syscall.SIGPWR, syscall.SIGPIPE, syscall.SIGXFSZ, 35, 50, 64, syscall.SIGTERM, syscall.SIGTERM}
	for _, sig := range list {
		w.signal(sig)
		w.expect(fmt.Sprintf("<%d>", sig))
	}
	stdin.Close()
	if rest := w.rest(); rest != "end\n" {
		t.Errorf("after the last signal came %q", rest)
	}
	status, r := w.wait()
	if status.ExitStatus() != 3 || r.StoppedBy != int(syscall.SIGHUP) || r.Cause != "exited" {
		t.Errorf("wait status %#x, stopped by %d, cause %s", status, r.StoppedBy, r.Cause)
	}
}

// TestUnusualSignals: a program in Go dies of these, and mvrun is one.
func TestUnusualSignals(t *testing.T) {
	w := startWrap(t, "-stdout -", "sh", "-c", `trap 'echo got 16' 16; trap 'echo got 34; exit 5' 34; echo ready; while :; do sleep 0.05; done`)
	w.expect("ready")
	for _, sig := range []syscall.Signal{16, 34} { // STKFLT, RTMIN
		w.signal(sig)
		w.expect(fmt.Sprintf("got %d", sig))
	}
	if status, _ := w.wait(); status.ExitStatus() != 5 {
		t.Errorf("wait status %#x, want the job's 5", status)
	}
}

func TestSignalDuringStartIsNotLost(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		w := prepare(t, "-delay 1h -stdout -", "echo", "never")
		w.start()
		w.expect("waiting")
		w.signal(sig)
		if rest := w.rest(); rest != "" {
			t.Errorf("the job was started: %q", rest)
		}
		status, r := w.wait()
		if status.Signal() != sig || r.StoppedBy != int(sig) || r.PID != 0 {
			t.Errorf("wait status %#x, stopped by %d, process id %d", status, r.StoppedBy, r.PID)
		}
	}
}

func TestTrapRunsAndWrapperWaits(t *testing.T) {
	w := startWrap(t, "-stdout -", "sh", "-c", `trap 'echo cleaning; exit 7' TERM; echo ready; while :; do sleep 0.05; done`)
	w.expect("ready")
	w.signal(syscall.SIGTERM)
	w.expect("cleaning")
	status, r := w.wait()
	if status.ExitStatus() != 7 || r.StoppedBy != int(syscall.SIGTERM) {
		t.Errorf("wait status %#x, stopped by %d; want 7 and TERM", status, r.StoppedBy)
	}
}

// TestTermReachesForegroundChild: a shell dies of TERM and leaves its child, unless that gets the signal too. The child
// itself says that it is there: one that dash is just starting may outlive a signal to its group, wrapped or not.
func TestTermReachesForegroundChild(t *testing.T) {
	r, held := openPipe(t)
	w := prepare(t, "-stdout -", "sh", "-c", `sh -c "echo ready; exec sleep 1000"; true`)
	w.cmd.ExtraFiles = []*os.File{held}
	w.start()
	held.Close()
	w.expect("ready")
	w.signal(syscall.SIGTERM)
	awaitEnd(t, r)
	if status, _ := w.wait(); status.Signal() != syscall.SIGTERM {
		t.Errorf("wait status %#x, want death of TERM", status)
	}
}

// TestStoppedGroupGoesOn: TSTP reaches the command's whole group, and so has the CONT after it to.
func TestStoppedGroupGoesOn(t *testing.T) {
	r, stdin := openPipe(t)
	w := prepare(t, "-stdout -", "sh", "-c", `sh -c 'echo $$ $PPID; exec cat'; exit 6`)
	w.cmd.Stdin = r
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // without a terminal
	w.start()
	var child, command int
	if _, err := fmt.Sscan(w.line(), &child, &command); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"once", "twice"} {
		w.signal(syscall.SIGTSTP)
		awaitState(t, command, "T")
		awaitState(t, child, "T")
		w.signal(syscall.SIGCONT)
		_, _ = stdin.WriteString(text + "\n")
		w.expect(text)
	}
	stdin.Close()
	if status, _ := w.wait(); status.ExitStatus() != 6 {
		t.Errorf("wait status %#x, want the job's 6", status)
	}
}

func awaitState(t *testing.T, pid int, state string) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); runtime.Gosched() {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if strings.Contains(string(status), "State:\t"+state) {
			return
		}
	}
	t.Fatalf("process %d does not come to state %s", pid, state)
}

func TestSecondTermReachesWholeTree(t *testing.T) {
	r, held := openPipe(t)
	w := prepare(t, "-stdout -", "sh", "-c", `trap 'echo first' TERM
		setsid sh -c 'echo session; exec sleep 1000' &
		(setsid sh -c 'echo orphan; exec sleep 1000' &)
		wait; wait; wait; true`)
	w.cmd.ExtraFiles = []*os.File{held}
	w.start()
	held.Close()
	got := map[string]bool{w.line(): true, w.line(): true}
	if !got["session"] || !got["orphan"] {
		t.Fatalf("lines %v", got)
	}
	w.signal(syscall.SIGTERM)
	w.expect("first")
	w.signal(syscall.SIGTERM)
	awaitEnd(t, r)
	w.wait()
}

func TestOrphansAreReaped(t *testing.T) {
	w, pid, _, stdin := startOrphans(t)
	children := fmt.Sprintf("/proc/%d/task/%d/children", w.cmd.Process.Pid, w.cmd.Process.Pid)
	var got string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); runtime.Gosched() {
		text, err := os.ReadFile(children)
		if err != nil {
			t.Skipf("the kernel does not list children: %v", err)
		}
		if got = strings.TrimSpace(string(text)); got == strconv.Itoa(pid) {
			break
		}
	}
	if got != strconv.Itoa(pid) {
		t.Errorf("children of the wrapper: %s, want the job %d alone", got, pid)
	}
	stdin.Close()
	if status, _ := w.wait(); status.ExitStatus() != 8 {
		t.Errorf("wait status %#x, want the job's 8", status)
	}
}

func startOrphans(t *testing.T) (w *wrapped, pid, parent int, stdin *os.File) {
	t.Helper()
	r, stdin := openPipe(t)
	w = prepare(t, "-stdout -", "sh", "-c", `for i in 1 2 3 4 5; do (true & exit $i); done; echo $$ $PPID; read x; exit 8`)
	w.cmd.Stdin = r
	w.start()
	if _, err := fmt.Sscan(w.line(), &pid, &parent); err != nil {
		t.Fatal(err)
	}
	return w, pid, parent, stdin
}
