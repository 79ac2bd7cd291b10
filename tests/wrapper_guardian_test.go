//go:build linux

package tests

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// guardian gives the process that stands by for a mvrun, 0 where there is none.
func guardian(mvrun int) int {
	for _, pid := range childrenOf(mvrun) {
		if words, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline"); err == nil && strings.Contains(string(words), "__mvrun-guard\x00") {
			return pid
		}
	}
	return 0
}

// awaitGuardian returns when one stands by, ready for everything.
func awaitGuardian(t *testing.T, mvrun int) (pid int) {
	t.Helper()
	waitFor(t, patience, "a guardian", func() bool {
		pid = guardian(mvrun)
		status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		return pid != 0 && err == nil && strings.Contains(string(status), "SigIgn:\t0000000000004007\n")
	})
	return pid
}

// kill ends mvrun, and nothing else, by KILL.
func (w *wrapped) kill() {
	w.t.Helper()
	w.signal(unix.SIGKILL)
	w.wait()
}

// gated gives the job a GATE to wait at, and a file in which it says how it has
// ENDED.
func (w *wrapped) gated() (gate, ended string) {
	w.t.Helper()
	gate, ended = makeFIFO(w.t), filepath.Join(w.site.folder, "ended")
	w.cmd.Env = append(w.cmd.Env, "GATE="+gate, "ENDED="+ended)
	return gate, ended
}

// toFile gives mvrun a file as stdout.
func (w *wrapped) toFile() (path string) {
	w.t.Helper()
	file, err := os.Create(filepath.Join(w.site.folder, "stdout"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { file.Close() })
	w.cmd.Stdout = file
	return file.Name()
}

// A job goes on when mvrun is killed: what it prints arrives where it would
// have, what it says in a line is recorded for the same run, and it ends as it
// likes. The next run closes the lost one, once.
func TestWrapperGuardian(t *testing.T) {
	t.Parallel()
	const job = `echo first; read go <"$GATE"; echo second && echo "ERROR: after the kill" && echo "ALARM: help" && echo "on stderr" >&2; echo "$?" >"$ENDED"`
	for _, flags := range []string{"", "--keep-output never", "--scan both", "--pty", "--quiet", "--quiet --pty", "--retries 1 --on-failure none"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			w := s.wrap(t, flags, "sh", "-c", job)
			gate, ended := w.gated()
			stdout := w.toFile()
			w.start()
			stand := awaitGuardian(t, w.cmd.Process.Pid)
			for _, sig := range []syscall.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM} {
				_ = syscall.Kill(stand, sig) // none of them is meant for it
			}
			w.kill()
			openGate(t, gate)
			waitFor(t, patience, "the end of the job", func() bool { return exists(ended) })
			awaitGone(t, stand)
			if got := readFile(t, ended); got != "0\n" {
				t.Errorf("the job's last write gave %q", got)
			}
			if got, want := readFile(t, stdout), "first\nsecond\nERROR: after the kill\nALARM: help\n"; got != want {
				t.Errorf("stdout is %q, want %q", got, want)
			}
			if got := readFile(t, w.stderr); got != "on stderr\n" {
				t.Errorf("stderr is %q", got)
			}
			if got := s.logs(t); !slices.Equal(got, []string{"after the kill"}) {
				t.Errorf("recorded %q", got)
			}
			run := s.records(t, "default", wrapItem, "heartbeat")[0].text("run")
			records := append(s.records(t, "default", wrapItem, "log"), s.records(t, "default", wrapItem, "alarm")...)
			if len(records) != 2 || records[0].text("run") != run || records[1].text("run") != run || records[1].text("send_alarm_result") != "PASSED" {
				t.Errorf("the records are %v, of run %s", records, run)
			}
			s.expectClosedAs(t, "wrapper lost")
		})
	}
}

// With both outputs in one file, their order stays; and a reader that is a pipe
// sees the end when the job ends.
func TestWrapperGuardianPipe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.wrap(t, "", "sh", "-c", `echo first; read go <"$GATE"; for i in 1 2 3; do echo "out $i"; echo "err $i" >&2; done; echo "$?" >"$ENDED"`)
	gate, _ := w.gated()
	w.cmd.Args = append([]string{"sh", "-c", `exec "$@" 2>&1`, "sh"}, w.cmd.Args...)
	w.cmd.Path = needProgram(t, "sh")
	w.start().expect("first")
	awaitGuardian(t, w.cmd.Process.Pid)
	w.kill()
	openGate(t, gate)
	if got, want := w.rest(), "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n"; got != want {
		t.Errorf("then comes %q, want %q", got, want)
	}
}

// Of a line that mvrun had begun to read when it was killed, the rest is passed
// on, and is no line of its own.
func TestWrapperGuardianInALine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.wrap(t, "", "sh", "-c", `echo whole; printf 'half a line, '; read go <"$GATE"; printf 'ERROR: the other half\nERROR: a line\n'`)
	gate, _ := w.gated()
	stdout := w.toFile()
	w.start()
	stand := awaitGuardian(t, w.cmd.Process.Pid)
	waitFor(t, patience, "the first half", func() bool { return readFile(t, stdout) == "whole\nhalf a line, " })
	w.kill()
	openGate(t, gate)
	awaitGone(t, stand)
	if got, want := readFile(t, stdout), "whole\nhalf a line, ERROR: the other half\nERROR: a line\n"; got != want {
		t.Errorf("stdout is %q, want %q", got, want)
	}
	if got := s.logs(t); !slices.Equal(got, []string{"a line"}) {
		t.Errorf("recorded %q", got)
	}
}

// A mvrun that was stopped before it was killed had read nothing for a while.
func TestWrapperGuardianOfAStopped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.wrap(t, "", "sh", "-c", `read go <"$GATE"; echo "INFO: while it stands still"; echo "$?" >"$ENDED"`)
	gate, ended := w.gated()
	stdout := w.toFile()
	w.start()
	stand := awaitGuardian(t, w.cmd.Process.Pid)
	w.signal(unix.SIGSTOP)
	status := "/proc/" + strconv.Itoa(w.cmd.Process.Pid) + "/status"
	waitFor(t, patience, "mvrun to stop", func() bool { return strings.Contains(readFile(t, status), "State:\tT") })
	openGate(t, gate)
	waitFor(t, patience, "the end of the job", func() bool { return exists(ended) })
	w.kill()
	awaitGone(t, stand)
	if got := readFile(t, stdout); got != "INFO: while it stands still\n" {
		t.Errorf("stdout is %q", got)
	}
	s.expectLog(t, "while it stands still")
}

// openFiles tells what is behind the descriptors of a process.
func openFiles(pid int) (files []string) {
	descriptors, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/fd/*")
	for _, path := range descriptors {
		if file, err := os.Readlink(path); err == nil {
			files = append(files, file)
		}
	}
	return files
}

// When the reader goes away, the guardian must not live on as another reader:
// the job's very next write tells it.
func TestWrapperGuardianReaderGone(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, job, status, signal string }{
		{"dies of PIPE", `read go <"$GATE"; echo y; exit 9`, "141", "PIPE"},
		{"ignores PIPE", `trap '' PIPE; read go <"$GATE"; echo y 2>/dev/null || exit 5`, "5", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			w := s.wrap(t, "--on-failure none", "sh", "-c", c.job)
			gate, _ := w.gated()
			in, out := openPipe(t)
			w.cmd.Stdout = out
			w.start()
			out.Close()
			mvrun := w.cmd.Process.Pid
			stand := awaitGuardian(t, mvrun)
			jobs := slices.DeleteFunc(childrenOf(mvrun), func(pid int) bool { return pid == stand })
			pipe, err := os.Readlink("/proc/" + strconv.Itoa(jobs[0]) + "/fd/1")
			if err != nil {
				t.Fatal(err)
			}
			in.Close()
			waitFor(t, patience, "mvrun to let the pipe go", func() bool { return !slices.Contains(openFiles(mvrun), pipe) })
			if alive(stand) {
				t.Error("mvrun has let the pipe go, the guardian has not")
			}
			openGate(t, gate)
			w.wait()
			s.expectRun(t, "exit_code", c.status, "signal", c.signal)
			w.expectSilence()
		})
	}
}

// At the end of mvrun the guardian has gone, and nobody holds mvrun's stdout any
// more, however the job has ended.
func TestWrapperGuardianGoesWithMvrun(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, flags, job, status, cause string }{
		{"success", "", `read go <"$GATE"; echo end`, "0", "exited"},
		{"failure", "", `read go <"$GATE"; echo end; exit 3`, "3", "exited"},
		{"death", "", `read go <"$GATE"; echo end; kill -KILL $$`, "137", "signal"},
		{"terminal", "--pty", `read go <"$GATE"; echo end`, "0", "exited"},
		{"held back", "--quiet", `read go <"$GATE"; echo end; exit 3`, "3", "exited"},
		{"again", "--retries 1 --retry-delay 0", `if test -e once; then echo end; else touch once; read go <"$GATE"; exit 1; fi`, "0", "exited"},
		{"timeout", "--timeout 2s --kill-after 1s", `trap '' TERM; read go <"$GATE"; echo end; while :; do sleep 1000; done`, "124", "timeout"},
		{"something is left", "", `sleep 1000 >/dev/null 2>&1 & echo $! >"$ENDED"; read go <"$GATE"; echo end`, "0", "exited"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			w := s.wrap(t, "--on-failure none "+c.flags, "sh", "-c", c.job)
			gate, ended := w.gated()
			in, out := openPipe(t)
			w.cmd.Stdout = out
			w.start()
			out.Close()
			stand := awaitGuardian(t, w.cmd.Process.Pid)
			openGate(t, gate)
			w.wait()
			if alive(stand) {
				t.Error("the guardian is still there")
			}
			if got, end := atHand(t, in); got != "end\n" || !end {
				t.Errorf("stdout brings %q; that its end is there is %v", got, end)
			}
			s.expectRun(t, "exit_code", c.status, "cause", c.cause, "escaped", "")
			w.expectSilence()
			if exists(ended) {
				_ = syscall.Kill(number(t, readFile(t, ended)), unix.SIGKILL)
			}
		})
	}
}

// atHand reads what is in a pipe, without waiting, and reports whether that is
// all that will ever come.
func atHand(t *testing.T, in *os.File) (text string, end bool) {
	t.Helper()
	raw, err := in.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	for {
		var n int
		if readErr := raw.Read(func(fd uintptr) bool { n, err = unix.Read(int(fd), buffer); return true }); readErr != nil {
			t.Fatal(readErr)
		}
		if n <= 0 {
			return text, err == nil
		}
		text += string(buffer[:n])
	}
}

// The guardian has nothing of what the job inherits, and nobody has what belongs
// to the guardian.
func TestWrapperGuardianDescriptors(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.wrap(t, "", "sh", "-c", `echo $$; ls /proc/self/fd | wc -l; read go <"$GATE"; ls /proc/self/fd | wc -l`)
	gate, _ := w.gated()
	_, inherited := openPipe(t)
	file, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(inherited.Fd())))
	if err != nil {
		t.Fatal(err)
	}
	w.cmd.ExtraFiles = []*os.File{inherited}
	w.start()
	job, descriptors := w.line(), w.line()
	mvrun := strconv.Itoa(w.cmd.Process.Pid)
	stand := awaitGuardian(t, w.cmd.Process.Pid)
	if !slices.Contains(openFiles(number(t, job)), file) || slices.Contains(openFiles(stand), file) {
		t.Errorf("the job has %q, the guardian %q", openFiles(number(t, job)), openFiles(stand))
	}
	flags, _ := filepath.Glob("/proc/" + mvrun + "/fdinfo/*")
	for _, path := range flags {
		fd := filepath.Base(path)
		_, err := os.Lstat("/proc/" + job + "/fd/" + fd)
		if err != nil && !closesOnExec(readFile(t, path)) {
			t.Errorf("mvrun's descriptor %s is passed on to what it starts", fd)
		}
	}
	openGate(t, gate)
	w.expect(descriptors)
	w.expectExit(0)
}

func closesOnExec(info string) bool {
	_, rest, _ := strings.Cut(info, "flags:\t")
	line, _, _ := strings.Cut(rest, "\n")
	flags, err := strconv.ParseUint(line, 8, 64)
	return err == nil && flags&unix.O_CLOEXEC != 0
}

// Of two runs, one within the other, either may be killed, or both: the job goes
// on, and each line is recorded once.
func TestWrapperGuardianNested(t *testing.T) {
	t.Parallel()
	for _, victims := range []string{"inner", "outer", "inner outer", "outer inner"} {
		t.Run(victims, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			w := s.wrap(t, "--on-failure none", binary, "-i", "inner", "--on-failure", "none", "--",
				"sh", "-c", `read go <"$GATE"; echo "ERROR: after the kill"; echo "$?" >"$ENDED"`)
			gate, ended := w.gated()
			w.start()
			outer := w.cmd.Process.Pid
			outerStand := awaitGuardian(t, outer)
			inner := childrenOf(outer)
			inner = slices.DeleteFunc(inner, func(pid int) bool { return pid == outerStand })
			if len(inner) != 1 {
				t.Fatalf("children %v", inner)
			}
			innerStand := awaitGuardian(t, inner[0])
			for _, victim := range strings.Fields(victims) {
				if victim == "outer" {
					w.kill()
				} else {
					_ = syscall.Kill(inner[0], unix.SIGKILL)
					awaitGone(t, inner[0])
				}
			}
			if victims != "outer" {
				w.wait()
			}
			openGate(t, gate)
			if got := w.rest(); got != "ERROR: after the kill\n" {
				t.Errorf("stdout is %q", got)
			}
			awaitGone(t, innerStand)
			awaitGone(t, outerStand)
			awaitGone(t, inner[0])
			if got := readFile(t, ended); got != "0\n" {
				t.Errorf("the job's write gave %q", got)
			}
			got := append(s.logs(t), texts(s.records(t, "default", "inner", "log"), "message")...)
			if !slices.Equal(got, []string{"after the kill"}) {
				t.Errorf("recorded %q", got)
			}
		})
	}
}

// Output behind a reader that is slow is in the pipes, not yet read, when mvrun
// is killed. All but what mvrun itself had in its hands arrives.
func TestWrapperGuardianSlowReader(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	s := newSite(t)
	w := s.wrap(t, "", "sh", "-c", `head -c `+strconv.Itoa(size)+` /dev/zero; echo "$?" >"$ENDED"`)
	_, ended := w.gated()
	in, out := openPipe(t)
	w.cmd.Stdout = out
	w.start()
	out.Close()
	awaitGuardian(t, w.cmd.Process.Pid)
	w.kill()
	n, err := io.Copy(io.Discard, in)
	if err != nil || n < size-256<<10 || n > size {
		t.Errorf("%d of %d bytes arrived, %v", n, size, err)
	}
	if got := readFile(t, ended); got != "0\n" {
		t.Errorf("the job ended with %q", got)
	}
}
