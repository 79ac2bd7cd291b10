//go:build linux

package tests

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is an interactive bash with job control on a pseudo terminal.
type terminal struct {
	t      *testing.T
	site   *site
	master *os.File
	out    *bufio.Reader
	seen   strings.Builder
}

const (
	ctrlC         = "\x03"
	ctrlZ         = "\x1a"
	ctrlBackslash = "\x1c"
)

// openTerminal starts the shell as the leader of a session of its own. W stands
// for mvrun up to the job, and P for the probe.
func (s *site) openTerminal(t *testing.T) *terminal {
	t.Helper()
	bash := needProgram(t, "bash")
	master, slave := openPseudoTerminal(t)
	shell := s.command(bash, "--norc", "--noprofile", "--noediting", "-i")
	shell.Env = append(shell.Env, "PS1=", "PS2=", "W="+binary+" -i job --on-failure none --", "P="+probe(t), "F="+t.TempDir())
	shell.Stdin, shell.Stdout, shell.Stderr = slave, slave, slave
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	if err := master.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = master.Close() // hangs up
		_ = shell.Process.Kill()
		_ = shell.Wait()
	})
	return &terminal{t: t, site: s, master: master, out: bufio.NewReader(master)}
}

func openPseudoTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		lacks(t, "pseudo terminals: "+err.Error())
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

func (c *terminal) typeIn(text string) {
	c.t.Helper()
	if _, err := c.master.WriteString(text); err != nil {
		c.t.Fatal(err)
	}
}

// await reads until a line has the text, and gives that line.
func (c *terminal) await(text string) string {
	c.t.Helper()
	for {
		line, err := c.out.ReadString('\n')
		c.seen.WriteString(line)
		if strings.Contains(line, text) {
			return strings.TrimSpace(line)
		}
		if err != nil {
			c.t.Fatalf("%q did not come: %v; the terminal shows:\n%s", text, err, c.seen.String())
		}
	}
}

// expectNext compares the very next line.
func (c *terminal) expectNext(want string) {
	c.t.Helper()
	if got := c.await("\n"); got != want {
		c.t.Errorf("the line is %q, want %q", got, want)
	}
}

// Ctrl-C reaches the job once, and the job decides what comes of it.
func TestWrapperCtrlC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, key, signal string }{{"INT", ctrlC, "<2>"}, {"QUIT", ctrlBackslash, "<3>"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			term := s.openTerminal(t)
			term.typeIn("$W $P listen; echo status $?\n")
			term.await("ready")
			term.typeIn(c.key)
			term.await(c.signal)
			term.typeIn("\n")
			term.expectNext("end")
			term.expectNext("status 3")
			s.expectRun(t, "exit_code", "3", "cause", "stopped by "+c.name)
		})
	}
}

func TestWrapperCtrlCTrapped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.openTerminal(t)
	// A key between two commands waits for the end of the second.
	c.typeIn("$W sh -c 'trap \"echo once; exit 3\" INT; echo ready; while :; do sleep 0.1; done'; echo status $?\n")
	c.await("ready")
	c.typeIn(ctrlC)
	c.await("once")
	c.expectNext("status 3")
}

// A job without a trap dies of Ctrl-C, and the shell's loop around it ends as it
// would without mvrun.
func TestWrapperCtrlCEndsALoop(t *testing.T) {
	t.Parallel()
	c := newSite(t).openTerminal(t)
	c.typeIn("for i in 1 2 3; do $W sh -c 'echo ready; exec sleep 1000'; done\n")
	c.await("ready")
	c.typeIn(ctrlC)
	c.typeIn("echo after $((1+1))\n")
	if line := c.await("after 2"); strings.Contains(c.seen.String()[strings.Index(c.seen.String(), "ready")+5:], "ready") {
		t.Errorf("the loop went on until %q:\n%s", line, c.seen.String())
	}
}

// ^Z gives the shell back and stops the job; fg and bg go on with it.
func TestWrapperStopAndGoOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.openTerminal(t)
	c.typeIn("$W $P listen stoppable; echo status $?\n")
	mvrun := groupOf(t, c.await("ready"))
	for range 2 {
		awaitCatching(t, mvrun, unix.SIGTSTP) // fg may have been a moment ago
		c.typeIn(ctrlZ)
		c.await("Stopped")
		c.typeIn("echo shell $((1+1))\n")
		c.await("shell 2")
		c.typeIn("fg\n")
		c.await("listen stoppable") // bash shows the command
		c.await("<18>")
	}
	c.typeIn(ctrlC)
	c.await("<2>")
	c.typeIn("\n")
	c.expectNext("end")
	c.typeIn("echo through $?\n")
	c.await("through")
	s.expectRun(t, "exit_code", "3")
}

// groupOf is the process group in what a listening job prints: mvrun's process
// id, where bash has started it.
func groupOf(t *testing.T, ready string) int {
	t.Helper()
	var pid, group int
	if _, err := fmt.Sscanf(ready, "ready %d %d", &pid, &group); err != nil {
		t.Fatalf("%q: %v", ready, err)
	}
	return group
}

// awaitCatching returns when a process has a handler for a signal.
func awaitCatching(t *testing.T, pid int, sig unix.Signal) {
	t.Helper()
	waitFor(t, patience, "a handler of "+sig.String(), func() bool {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, mask, _ := strings.Cut(string(status), "\nSigCgt:")
		mask, _, _ = strings.Cut(mask, "\n")
		caught, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
		return err == nil && caught>>(uint(sig)-1)&1 == 1
	})
}

// A job in the background is stopped by its read of the terminal, and goes on in
// the foreground, there and back.
func TestWrapperBackgroundToForeground(t *testing.T) {
	t.Parallel()
	c := newSite(t).openTerminal(t)
	c.typeIn("$W sh -c 'echo ready; read x </dev/tty; echo got $x; stty -a </dev/tty >/dev/null && echo stty works; read y; echo got $y' &\n")
	c.await("ready")
	c.typeIn("wait; jobs\n")
	c.await("Stopped")
	c.typeIn("fg\n")
	c.await("sh -c")
	c.typeIn("first\n")
	c.await("got first")
	c.await("stty works")
	c.typeIn(ctrlZ)
	c.await("Stopped")
	c.typeIn("bg\n")
	c.typeIn("echo shell $((1+1)); wait; jobs; fg\n")
	c.await("shell 2")
	c.await("sh -c")
	c.typeIn("second\n")
	c.await("got second")
	c.typeIn("echo shell $((2+2))\n")
	c.await("shell 4")
}

// In a pipeline the job has the terminal, too.
func TestWrapperPipelineInForeground(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.openTerminal(t)
	c.typeIn("$W sh -c 'echo ready; read x </dev/tty; echo got $x; stty size </dev/tty; exec $P listen' | cat\n")
	c.await("ready")
	c.typeIn("line\n")
	c.await("got line")
	c.await("ready")
	c.typeIn(ctrlC) // ends cat as well
	c.typeIn("\n")
	c.typeIn("echo shell $((1+1))\n")
	c.await("shell 2")
	if run := s.theRun(t); run.text("cause") != "stopped by INT" {
		t.Errorf("the run is %v", run)
	}
}

// What a job changes in the terminal's settings is as without mvrun, and the
// terminal belongs to the shell again afterwards.
func TestWrapperTerminalSettings(t *testing.T) {
	t.Parallel()
	c := newSite(t).openTerminal(t)
	c.typeIn("$W stty rows 33 cols 77; stty size; $W sh -c 'test -t 0 && echo stdin is a terminal; test -t 2 && echo stderr is one'\n")
	c.await("33 77")
	c.await("stdin is a terminal")
	c.typeIn("$W --version >/dev/null 2>&1; " + binary + " -i job --pty -- sh -c 'test -t 1 && echo stdout is a terminal; stty size <&1'; echo shell $((1+1))\n")
	c.await("stdout is a terminal")
	c.await("33 77")
	c.await("shell 2")
}

// A hang-up ends the job as it would without mvrun, and the run is recorded.
func TestWrapperHangUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.openTerminal(t)
	c.typeIn("$W sh -c 'echo $$ ready; exec sleep 1000'\n")
	var pid int
	if _, err := fmt.Sscan(c.await("ready"), &pid); err != nil {
		t.Fatal(err)
	}
	c.master.Close()
	awaitGone(t, pid)
	waitFor(t, patience, "the run record", func() bool { return len(s.runs(t)) == 1 })
	s.expectRun(t, "exit_code", "129", "signal", "HUP", "cause", "stopped by HUP")
}
