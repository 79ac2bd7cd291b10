//go:build linux

package runner_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// shell is an interactive shell on a terminal of its own.
type shell struct {
	t      *testing.T
	master *os.File
	out    *bufio.Reader
	seen   strings.Builder
}

// startShell starts bash with job control, as the leader of a session on a new pseudo terminal.
func startShell(t *testing.T) *shell {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash to test job control with")
	}
	master, slave := openTerminal(t)
	cmd := exec.Command(bash, "--norc", "--noprofile", "--noediting", "-i")
	cmd.Env = append(os.Environ(), "PS1=", "W="+wrapProgram+" -stdout - --", "PROGRAM="+wrapProgram, "F="+t.TempDir(), "LC_ALL=C")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	s := &shell{t: t, master: master, out: bufio.NewReader(master)}
	_ = master.SetReadDeadline(time.Now().Add(patience))
	t.Cleanup(func() {
		_ = master.Close() // hangs up
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return s
}

func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("no pseudo terminal: %v", err)
	}
	master = os.NewFile(uintptr(fd), "master")
	number, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	settings.Lflag &^= unix.ECHO // what is typed is not to be taken for an answer
	if err := unix.IoctlSetTermios(int(slave.Fd()), unix.TCSETS, settings); err != nil {
		t.Fatal(err)
	}
	return master, slave
}

func (s *shell) typeIn(text string) {
	s.t.Helper()
	if _, err := s.master.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// await reads until a line has the text, and returns that line.
func (s *shell) await(text string) string {
	s.t.Helper()
	for {
		line, err := s.out.ReadString('\n')
		s.seen.WriteString(line)
		if strings.Contains(line, text) {
			return strings.TrimSpace(line)
		}
		if err != nil {
			s.t.Fatalf("%q did not come: %v; the terminal shows:\n%s", text, err, s.seen.String())
		}
	}
}

// next reads one line.
func (s *shell) next() string { s.t.Helper(); return s.await("\n") }

const (
	ctrlC = "\x03"
	ctrlZ = "\x1a"
)

func TestInterruptFromTerminalArrivesOnce(t *testing.T) {
	s := startShell(t)
	s.typeIn("$W $PROGRAM listen; echo status $?\n")
	s.await("ready")
	s.typeIn(ctrlC)
	s.await("<2>")
	s.typeIn("\n") // ends the job
	if line := s.next(); line != "end" {
		t.Errorf("after the one INT came %q", line)
	}
	if line := s.next(); line != "status 3" {
		t.Errorf("the shell shows %q", line)
	}
}

func TestInterruptByKillIsPassedOn(t *testing.T) {
	s := startShell(t)
	s.typeIn("$W $PROGRAM listen; echo status $?\n")
	var pid, group int
	if _, err := fmt.Sscanf(s.await("ready"), "ready %d %d", &pid, &group); err != nil {
		t.Fatal(err)
	}
	if pid == group {
		t.Error("the job in the foreground has a group of its own")
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGCONT, syscall.SIGWINCH} {
		if err := syscall.Kill(group, sig); err != nil {
			t.Fatal(err)
		}
		if line, want := s.next(), fmt.Sprintf("<%d>", sig); line != want {
			t.Errorf("%q came, want %q", line, want)
		}
	}
	s.typeIn("\n")
	s.await("status 3")
}

func TestTermInForegroundReachesForegroundChild(t *testing.T) {
	s := startShell(t)
	s.typeIn("(echo $BASHPID; exec $W sh -c 'sh -c \"echo ready; exec sleep 1000\"; true'); echo status $?\n")
	var pid int
	if _, err := fmt.Sscan(s.next(), &pid); err != nil {
		t.Fatal(err)
	}
	s.await("ready")
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.await("status 143")
	s.typeIn(fmt.Sprintf("while pgrep -g %d >/dev/null; do :; done; echo nobody\n", pid))
	s.await("nobody")
}

func TestStopAndForeground(t *testing.T) {
	s := startShell(t)
	s.typeIn("$W $PROGRAM listen stoppable; echo status $?\n")
	s.await("ready")
	s.typeIn(ctrlZ)
	s.await("Stopped")
	s.typeIn("echo shell is back\n")
	s.await("shell is back")
	s.typeIn("fg\n")
	s.await("listen stoppable") // bash shows the command
	s.await("<18>")             // CONT
	s.typeIn(ctrlC)
	s.await("<2>")
	s.typeIn("\n")
	if line := s.next(); line != "end" {
		t.Errorf("after INT came %q", line)
	}
}

// TestStopsItself: STOP cannot be caught and comes from no terminal, but the shell has its terminal back all the same.
func TestStopsItself(t *testing.T) {
	jobs := map[string]string{
		"shared group": `sh -c 'echo ready; kill -STOP $$; echo got $((1+1)); exit 4'`,
		"own group":    `bash --norc --noprofile -ic 'echo ready; suspend -f; echo got $((1+1)); exit 4'`,
	}
	for name, job := range jobs {
		t.Run(name, func(t *testing.T) {
			s := startShell(t)
			s.typeIn("$W " + job + "; echo status $?\n")
			s.await("ready")
			s.await("Stopped")
			s.typeIn("echo shell $((2+2))\n")
			s.await("shell 4")
			s.typeIn("fg; echo status $?\n")
			s.await("got 2")
			s.await("status 4")
		})
	}
}

// TestIgnoredStop: a job that ignores TSTP is not left alone by its wrapper.
func TestIgnoredStop(t *testing.T) {
	s := startShell(t)
	s.typeIn("$W sh -c \"trap '' TSTP; echo ready; read x; echo got \\$x\"\n")
	s.await("ready")
	s.typeIn(ctrlZ)
	s.typeIn("line\n")
	s.await("got line")
}

func TestBackgroundJobComesToTheTerminal(t *testing.T) {
	s := startShell(t)
	s.typeIn("$W sh -c 'echo ready; read x </dev/tty; echo got $x; stty -a </dev/tty >/dev/null && echo set; read y; echo got $y' &\n")
	s.await("ready")
	s.typeIn("wait; jobs\n") // the job is stopped by its read
	s.await("Stopped")
	s.typeIn("fg\n")
	s.await("sh -c")
	s.typeIn("first\n")
	s.await("got first")
	s.await("set")
	s.typeIn(ctrlZ)
	s.await("Stopped")
	s.typeIn("bg\n")
	s.typeIn("echo shell $((1+1)); wait; jobs; fg\n") // its read stops it again
	s.await("shell 2")
	s.await("sh -c")
	s.typeIn("second\n")
	s.await("got second")
	s.typeIn("echo shell $((2+2))\n")
	s.await("shell 4")
}

func TestInterruptOfBackgroundJobMadeForeground(t *testing.T) {
	s := startShell(t)
	s.typeIn("mkfifo $F/q; $W $PROGRAM listen <$F/q & echo wrapper $!; exec 5>$F/q\n")
	var wrapper int
	if _, err := fmt.Sscanf(s.await("wrapper"), "wrapper %d", &wrapper); err != nil {
		t.Fatal(err)
	}
	s.await("ready")
	s.typeIn("fg\n")
	s.awaitForeground(wrapper)
	s.typeIn(ctrlC)
	s.await("<2>")
}

// awaitForeground returns when a process group has the terminal.
func (s *shell) awaitForeground(group int) {
	s.t.Helper()
	raw, err := s.master.SyscallConn() // Fd would take the deadline away
	if err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); runtime.Gosched() {
		got := 0
		_ = raw.Control(func(fd uintptr) { got, _ = unix.IoctlGetInt(int(fd), unix.TIOCGPGRP) })
		if got == group {
			return
		}
	}
	s.t.Fatalf("group %d does not come to the foreground", group)
}

func TestPTY(t *testing.T) {
	_, r, out := runWrap(t, "-pty -stdout -", "sh", "-c", `test -t 1 && echo terminal; printf 'a\r\nb\n'; test -t 2 || echo stderr is none`)
	if want := "terminal\na\r\nb\nstderr is none\n"; out != want || r.Notes != nil {
		t.Errorf("%q, want %q; notes %q", out, want, r.Notes)
	}
}
