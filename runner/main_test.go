//go:build linux

package runner_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is for what must come; a test that waits so long has failed.
const patience = 20 * time.Second

var wrapProgram string

// TestMain builds the program that the tests run, as releases are built: without cgo.
func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "runner-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	wrapProgram = filepath.Join(dir, "wrap")
	build := exec.Command("go", "build", "-o", wrapProgram, "./testdata/wrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the test program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// report is the wrap program's record of a run.
type report struct {
	PID, ExitCode, Signal, StoppedBy int
	Peak                             int // KiB
	Cause, StartError                string
	StdoutBytes, StderrBytes, MaxRSS int64
	UserTime, SystemTime             time.Duration
	Duration                         float64
	Lost, Escaped, Notes             []string
	ReaderGone, Leftover, RSSBound   bool
	Helper                           *struct {
		ExitCode, Signal int
		TimedOut         bool
	}
	HelperText string
}

// wrapped is a running wrap program.
type wrapped struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    *bufio.Reader // its stdout, unless the test has set cmd.Stdout
	stderr bytes.Buffer
	result string
}

// prepare makes a wrap program ready to start. flags are those of the program.
func prepare(t *testing.T, flags string, command ...string) *wrapped {
	t.Helper()
	w := &wrapped{t: t, result: filepath.Join(t.TempDir(), "result")}
	args := append([]string{"-result", w.result}, strings.Fields(flags)...)
	w.cmd = exec.Command(wrapProgram, append(append(args, "--"), command...)...)
	w.cmd.Stderr = &w.stderr
	w.cmd.WaitDelay = patience
	return w
}

func (w *wrapped) start() *wrapped {
	w.t.Helper()
	if w.cmd.Stdout == nil {
		out, err := w.cmd.StdoutPipe()
		if err != nil {
			w.t.Fatal(err)
		}
		w.out = bufio.NewReader(out)
	}
	if err := w.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	watchdog := time.AfterFunc(patience, func() { _ = w.cmd.Process.Kill() })
	w.t.Cleanup(func() {
		watchdog.Stop()
		_ = w.cmd.Process.Kill()
	})
	return w
}

func startWrap(t *testing.T, flags string, command ...string) *wrapped {
	t.Helper()
	return prepare(t, flags, command...).start()
}

// line returns the next line of stdout.
func (w *wrapped) line() string {
	w.t.Helper()
	line, err := w.out.ReadString('\n')
	if err != nil {
		w.t.Fatalf("read a line of stdout: %v after %q; stderr %q", err, line, w.stderr.String())
	}
	return strings.TrimSuffix(line, "\n")
}

func (w *wrapped) expect(want string) {
	w.t.Helper()
	if got := w.line(); got != want {
		w.t.Fatalf("line is %q, want %q", got, want)
	}
}

func (w *wrapped) signal(sig syscall.Signal) {
	w.t.Helper()
	if err := w.cmd.Process.Signal(sig); err != nil {
		w.t.Fatal(err)
	}
}

// rest returns what stdout still brings until its end.
func (w *wrapped) rest() string {
	w.t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(w.out); err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

// wait returns how the program ended and what it reported.
func (w *wrapped) wait() (syscall.WaitStatus, report) {
	w.t.Helper()
	err := w.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return w.cmd.ProcessState.Sys().(syscall.WaitStatus), w.report()
}

func (w *wrapped) report() report {
	w.t.Helper()
	text, err := os.ReadFile(w.result)
	if err != nil {
		w.t.Fatalf("no report: %v; stderr %q", err, w.stderr.String())
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// runWrap runs the program to its end and returns its stdout, too.
func runWrap(t *testing.T, flags string, command ...string) (syscall.WaitStatus, report, string) {
	t.Helper()
	w := startWrap(t, flags, command...)
	out := w.rest()
	status, r := w.wait()
	return status, r, out
}

// openPipe returns a pipe whose read end fails after the patience.
func openPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	_ = r.SetReadDeadline(time.Now().Add(patience))
	return r, w
}

// awaitEnd returns when nobody holds the write end of a pipe any more.
func awaitEnd(t *testing.T, r *os.File) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Fatalf("the pipe is still held: %v", err)
	}
	return b.String()
}

func writeFile(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}
