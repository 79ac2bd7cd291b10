//go:build linux

package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Each signal that mvrun gets reaches the command once.
func TestWrapperSignalsOnce(t *testing.T) {
	t.Parallel()
	for _, flags := range []string{"", "--pty --scan both"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			w := s.wrap(t, flags+" --on-failure none", probe(t), "listen")
			stdin := w.feed()
			w.start()
			var pid, group int
			if _, err := fmt.Sscanf(w.line(), "ready %d %d", &pid, &group); err != nil {
				t.Fatal(err)
			}
			if pid != group {
				t.Errorf("the job %d has no process group of its own but %d", pid, group)
			}
			signals := []syscall.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGCONT,
				unix.SIGWINCH, unix.SIGALRM, unix.SIGIO, unix.SIGPWR, 40, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR1}
			for _, sig := range signals {
				w.signal(sig)
				if got, want := w.line(), fmt.Sprintf("<%d>", sig); got != want {
					t.Fatalf("after signal %d came %q", sig, got)
				}
			}
			_, _ = stdin.WriteString("\n")
			w.expect("end")
			w.expectExit(3)
			s.expectRun(t, "exit_code", "3", "cause", "stopped by HUP")
		})
	}
}

// TERM lets the job clean up, and mvrun leaves with its status.
func TestWrapperTermLetsTheJobCleanUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		signal syscall.Signal
		cause  string
	}{{unix.SIGTERM, "stopped by TERM"}, {unix.SIGHUP, "stopped by HUP"}, {unix.SIGINT, "stopped by INT"}, {unix.SIGQUIT, "stopped by QUIT"}} {
		t.Run(c.cause, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			gate := makeFIFO(t)
			w := s.wrap(t, "", "sh", "-c", `sleep 1000 >/dev/null 2>&1 &
				trap 'kill $!; echo trapped; read go <"$GATE"; echo "INFO: clean"; exit 7' TERM HUP INT QUIT
				echo ready; while :; do wait; done`)
			w.cmd.Env = append(w.cmd.Env, "GATE="+gate)
			w.start().expect("ready")
			w.signal(c.signal)
			w.expect("trapped")
			openGate(t, gate)
			w.expect("INFO: clean")
			w.expectExit(7)
			s.expectRun(t, "exit_code", "7", "cause", c.cause)
			s.expectLog(t, "clean")
		})
	}
}

// TERM ends a shell's foreground child, too, and mvrun dies of the same signal.
func TestWrapperTermReachesForegroundChild(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.wrap(t, "", "sh", "-c", `sh -c 'echo $$; exec sleep 1000'; true`).start()
	pid := number(t, w.line())
	w.signal(unix.SIGTERM)
	if status := w.wait(); !status.Signaled() || status.Signal() != unix.SIGTERM {
		t.Errorf("the wait status is %#x", status)
	}
	awaitGone(t, pid)
	s.expectRun(t, "exit_code", "143", "signal", "TERM", "cause", "stopped by TERM")
}

// USR1 is for the command alone: what it has started does not get it.
func TestWrapperUSR1IsForTheCommandAlone(t *testing.T) {
	t.Parallel()
	w := newSite(t).wrap(t, "--on-failure none", "sh", "-c", `trap 'echo command' USR1; sleep 1000 | "$0" listen & while :; do wait; done`, probe(t))
	w.start()
	var pid, group int
	if _, err := fmt.Sscanf(w.line(), "ready %d %d", &pid, &group); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.signal(unix.SIGUSR1)
		w.expect("command")
	}
	if err := syscall.Kill(pid, unix.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	w.expect("<12>") // and no <10> before it
	if err := syscall.Kill(-group, unix.SIGKILL); err != nil {
		t.Error(err)
	}
	w.wait()
}

// A second TERM reaches what has left the job's group and session.
func TestWrapperSecondTermReachesTheTree(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.wrap(t, "", "sh", "-c", `trap 'echo first' TERM; setsid sh -c 'echo $$; exec sleep 1000' & while kill -0 $! 2>/dev/null; do wait $!; done`).start()
	pid := number(t, w.line())
	w.signal(unix.SIGTERM)
	w.expect("first")
	if !alive(pid) {
		t.Error("the first TERM has left the job's process group")
	}
	w.signal(unix.SIGTERM)
	awaitGone(t, pid)
	w.expect("first") // the second one, which the shell traps as well
	w.wait()
}

// TERM before the job starts keeps it from starting, at once, and the run is
// recorded for what it is.
func TestWrapperTermBeforeTheStart(t *testing.T) {
	t.Parallel()
	t.Run("jitter", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		w := s.wrap(t, "--jitter 100h", "sh", "-c", "touch started")
		w.beforeTheStart()
		w.signal(unix.SIGTERM)
		w.expectNotStarted()
	})
	t.Run("overlap", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		first := s.wrap(t, "--overlap wait", "cat")
		stdin := first.feed()
		first.start()
		_, _ = stdin.WriteString("runs\n")
		first.expect("runs")
		w := s.wrap(t, "--overlap wait", "sh", "-c", "touch started")
		w.beforeTheStart()
		w.signal(unix.SIGTERM)
		w.expectNotStarted()
		stdin.Close()
		first.expectExit(0)
	})
	t.Run("retry", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		w := s.wrap(t, "--retries 5 --retry-delay 100h --on-failure none", "sh", "-c", "echo x >>started; exit 4").start()
		waitFor(t, patience, "the record of the first attempt", func() bool { return len(s.logs(t)) == 1 })
		w.signal(unix.SIGTERM)
		w.expectExit(4)
		if got := readFile(t, filepath.Join(s.folder, "started")); got != "x\n" {
			t.Errorf("the job was started again: %q", got)
		}
		s.expectRun(t, "exit_code", "4", "attempts", "1")
	})
}

// beforeTheStart starts a run that waits before its job, and returns when mvrun
// is up: it has read its config, a named pipe, by then.
func (w *wrapped) beforeTheStart() {
	w.t.Helper()
	path := makeFIFO(w.t)
	config, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	defer config.Close()
	if _, err := config.WriteString("\n"); err != nil {
		w.t.Fatal(err)
	}
	w.cmd.Env = append(w.cmd.Env, "MVRUN_CONFIG="+path, "MVRUN_DB="+w.site.db)
	w.start()
	waitFor(w.t, patience, "mvrun to read its config", func() bool {
		waiting, err := unix.IoctlGetInt(int(config.Fd()), unix.TIOCINQ)
		return err == nil && waiting == 0
	})
}

func (w *wrapped) expectNotStarted() {
	w.t.Helper()
	if status := w.wait(); !status.Signaled() || status.Signal() != unix.SIGTERM {
		w.t.Errorf("the wait status is %#x; stderr %q", status, readFile(w.t, w.stderr))
	}
	if exists(filepath.Join(w.site.folder, "started")) {
		w.t.Error("the job was started")
	}
	waited := w.site.runs(w.t)
	if len(waited) != 1 || waited[0].text("cause") != "stopped by TERM" || waited[0].text("exit_code") != "143" {
		w.t.Errorf("the runs are %v; stderr %q", waited, readFile(w.t, w.stderr))
		w.site.showAll(w.t)
	}
}

// Signals that were ignored when mvrun started stay ignored, and those that were
// blocked stay blocked: the job sees what it would see without mvrun.
func TestWrapperSignalDispositions(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGPIPE,
		unix.SIGALRM, unix.SIGCONT, unix.SIGWINCH, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGXFSZ, unix.SIGURG, unix.SIGIO, unix.SIGCHLD, 40} {
		for _, how := range []string{"ignore", "block"} {
			t.Run(fmt.Sprintf("%s %d", how, sig), func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				ask := []string{"grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status"}
				set := []string{how, strconv.Itoa(int(sig))}
				bare := run(t, s.command(probe(t), append(set, ask...)...))
				if !strings.Contains(bare.stdout, fmt.Sprintf("%016x", uint64(1)<<(sig-1))) {
					t.Fatalf("unwrapped, the job sees %q", bare.stdout)
				}
				command := append(append(set, binary, "-i", wrapItem, "--"), ask...)
				if got := run(t, s.command(probe(t), command...)); got != bare {
					t.Errorf("wrapped %+v, unwrapped %+v", got, bare)
				}
			})
		}
	}
}

// An ignored CHLD does not cost the job its status, nor anything else that it
// inherits, and is ignored in the job.
func TestWrapperIgnoredCHLD(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "script")
	writeFile(t, script, "echo \"$1\"; exit 4\n", 0o755)
	if run(t, exec.Command("env", "--ignore-signal=CHLD", "--block-signal=USR1", "true")).status != 0 {
		lacks(t, "an env that ignores signals") // what `trap` ignores, not every shell passes on for CHLD
	}
	ignoring := []string{"-c", `ulimit -n 64; exec env --ignore-signal=CHLD --block-signal=USR1 "$@" <&- 2>&- 7>/dev/null`, "sh"}
	for _, c := range []struct {
		name   string
		job    []string
		status int
	}{
		{"status", []string{"sh", "-c", "exit 7"}, 7},
		{"signals", []string{"grep", "-E", "^Sig(Ign|Blk|Cgt)", "/proc/self/status"}, 0},
		{"descriptors", []string{"sh", "-c", `ls /proc/self/fd | tr "\n" " "; ulimit -n`}, 0},
		{"arguments", []string{"printf", "<%s>", "a b", "", "*", "\n", "\xff", "--help"}, 0},
		{"script without #!", []string{script, "a  b"}, 4},
		{"environment", []string{"sh", "-c", `env | grep -vE "^(MVRUN|PYTHONUNBUFFERED|_)" | sort`}, 0},
		{"missing", []string{"no-such-program"}, 127},
		{"no program", []string{"/etc/passwd"}, 126},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			command := append(slices.Clone(ignoring), binary, "-i", wrapItem, "--on-failure", "none", "--")
			got := run(t, s.command("sh", append(command, c.job...)...))
			if got.status != c.status {
				t.Errorf("the status is %d, want %d", got.status, c.status)
			}
			bare := run(t, s.command("sh", append(slices.Clone(ignoring), c.job...)...))
			if got.stdout != bare.stdout {
				t.Errorf("wrapped, the job prints %q, unwrapped %q", got.stdout, bare.stdout)
			}
			if c.name == "signals" && !strings.Contains(got.stdout, fmt.Sprintf("SigIgn:\t%016x", 1<<(unix.SIGCHLD-1))) {
				t.Errorf("CHLD is not ignored: %q", got.stdout)
			}
			s.expectRun(t, "exit_code", strconv.Itoa(c.status), "signal", "")
		})
	}
}

// The death by a signal is passed on as such, and only the job leaves a core
// file, if it does.
func TestWrapperDiesOfTheSameSignal(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{unix.SIGSEGV, unix.SIGABRT, unix.SIGFPE, unix.SIGBUS, unix.SIGQUIT, unix.SIGTRAP, unix.SIGSYS,
		unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGKILL, unix.SIGUSR1, unix.SIGALRM, unix.SIGPIPE, 40} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			w := s.wrap(t, "--on-failure none", "sh", "-c", fmt.Sprintf("ulimit -c 0; kill -%d $$", sig))
			w.cmd.Args = append([]string{"sh", "-c", `ulimit -c unlimited 2>/dev/null; exec "$@"`, "sh"}, w.cmd.Args...)
			w.cmd.Path = needProgram(t, "sh")
			status := w.start().wait()
			if !status.Signaled() || status.Signal() != sig || status.CoreDump() {
				t.Errorf("the wait status is %#x, want the death by %d without a core file", status, sig)
			}
			name := strings.TrimPrefix(unix.SignalName(sig), "SIG")
			if name == "" {
				name = "RTMIN+6"
			}
			s.expectRun(t, "exit_code", strconv.Itoa(128+int(sig)), "signal", name, "cause", "signal")
			w.expectSilence()
		})
	}
}

// A shell shows 128+N.
func TestWrapperDeathAsShellsShowIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := run(t, s.command("sh", "-c", binary+` -i job -- sh -c 'kill -9 $$'; echo "$?"`))
	if got.stdout != "137\n" {
		t.Errorf("got %+v", got)
	}
}
