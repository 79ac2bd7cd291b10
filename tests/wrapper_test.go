package tests

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is for what must come, on a machine under any load; a test that
// waits so long has failed.
const patience = 40 * time.Second

// probe is the program in testdata/probe, built once.
func probe(t testing.TB) string {
	t.Helper()
	path, err := buildProbe()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var buildProbe = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(binary), "probe")
	build := exec.Command("go", "build", "-o", path, "./testdata/probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", errors.Join(err, errors.New(string(output)))
	}
	return path, nil
})

// wrapped is mvrun with a job, as the one who has started it sees it.
type wrapped struct {
	t      *testing.T
	site   *site
	cmd    *exec.Cmd
	out    *bufio.Reader // its stdout, unless the test has set cmd.Stdout
	stderr string        // the file behind its stderr
}

// wrapItem is the item that the jobs of these tests run as.
const wrapItem = "job"

// wrap prepares mvrun with flags, separated by blanks, and a job.
func (s *site) wrap(t *testing.T, flags string, job ...string) *wrapped {
	t.Helper()
	args := append([]string{"-i", wrapItem}, strings.Fields(flags)...)
	w := &wrapped{t: t, site: s, cmd: s.command(binary, append(append(args, "--"), job...)...)}
	stderr, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	w.stderr = stderr.Name()
	w.cmd.Stderr = stderr
	t.Cleanup(func() { stderr.Close() })
	return w
}

// start begins the run. It is killed should it outlive the test's patience.
func (w *wrapped) start() *wrapped {
	w.t.Helper()
	var end *os.File
	if w.cmd.Stdout == nil {
		var out *os.File
		out, end = openPipe(w.t)
		w.out, w.cmd.Stdout = bufio.NewReader(out), end
	}
	if err := w.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	if end != nil {
		end.Close()
	}
	watchdog := time.AfterFunc(2*patience, func() { _ = w.cmd.Process.Kill() })
	w.t.Cleanup(func() {
		watchdog.Stop()
		_ = w.cmd.Process.Kill()
	})
	return w
}

// openPipe gives a pipe whose read end fails after the patience.
func openPipe(t testing.TB) (in, out *os.File) {
	t.Helper()
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); out.Close() })
	if err := in.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return in, out
}

// feed gives the job a pipe as its stdin.
func (w *wrapped) feed() *os.File {
	w.t.Helper()
	in, out, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}
	w.cmd.Stdin = in
	w.t.Cleanup(func() { in.Close(); out.Close() })
	return out
}

// line gives the next line of stdout.
func (w *wrapped) line() string {
	w.t.Helper()
	line, err := w.out.ReadString('\n')
	if err != nil {
		w.t.Fatalf("read a line of stdout: %v after %q; stderr %q", err, line, readFile(w.t, w.stderr))
	}
	return strings.TrimSuffix(line, "\n")
}

func (w *wrapped) expect(want string) {
	w.t.Helper()
	if got := w.line(); got != want {
		w.t.Fatalf("the line is %q, want %q", got, want)
	}
}

// rest gives what stdout still brings until its end.
func (w *wrapped) rest() string {
	w.t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(w.out); err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

func (w *wrapped) signal(sig syscall.Signal) {
	w.t.Helper()
	if err := w.cmd.Process.Signal(sig); err != nil {
		w.t.Fatal(err)
	}
}

// wait gives how mvrun ended.
func (w *wrapped) wait() syscall.WaitStatus {
	w.t.Helper()
	if err := w.cmd.Wait(); err != nil && w.cmd.ProcessState == nil {
		w.t.Fatal(err)
	}
	status, ok := w.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok {
		w.t.Fatalf("no wait status: %v", w.cmd.ProcessState)
	}
	return status
}

// expectExit waits for mvrun and compares its status.
func (w *wrapped) expectExit(want int) {
	w.t.Helper()
	if status := w.wait(); !status.Exited() || status.ExitStatus() != want {
		w.t.Errorf("the wait status is %#x, want exit status %d; stderr %q", status, want, readFile(w.t, w.stderr))
	}
}

// expectSilence holds that mvrun has added nothing to stderr.
func (w *wrapped) expectSilence() {
	w.t.Helper()
	if text := readFile(w.t, w.stderr); text != "" {
		w.t.Errorf("stderr has %q", text)
	}
}

// merge carries over what a run had to leave in the spool, as the next run would:
// on a machine under load the database may not have answered in time.
func (s *site) merge(t testing.TB) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(s.folder, "state", "mvrun", "spool", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		s.mvrun(t, "flush", "--db", s.db)
	}
}

// runs gives the run records of the item.
func (s *site) runs(t testing.TB) []aRecord {
	t.Helper()
	s.merge(t)
	return s.records(t, "default", wrapItem, "run")
}

// theRun gives the only run record of the item.
func (s *site) theRun(t testing.TB) aRecord {
	t.Helper()
	runs := s.runs(t)
	if len(runs) != 1 {
		s.showAll(t)
		t.Fatalf("%d run records, want 1: %v", len(runs), runs)
	}
	return runs[0]
}

// logs gives the messages of the item's log records.
func (s *site) logs(t testing.TB) []string {
	t.Helper()
	s.merge(t)
	return texts(s.records(t, "default", wrapItem, "log"), "message")
}

// expectLog holds that one log record, exactly, has the text.
func (s *site) expectLog(t testing.TB, text string) {
	t.Helper()
	count := 0
	for _, message := range s.logs(t) {
		if message == text {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d log records %q, want 1; there are %q", count, text, s.logs(t))
	}
}

// expectRun compares keys of the only run record, given as key, value, key,
// value, and so on.
func (s *site) expectRun(t testing.TB, pairs ...string) {
	t.Helper()
	run := s.theRun(t)
	for pair := range slices.Chunk(pairs, 2) {
		if got := run.text(pair[0]); got != pair[1] {
			t.Errorf("the run's %s is %q, want %q: %v", pair[0], got, pair[1], run)
		}
	}
}

// awaitGone returns when a process has ended.
func awaitGone(t testing.TB, pid int) {
	t.Helper()
	waitFor(t, patience, "the end of process "+strconv.Itoa(pid), func() bool { return !alive(pid) })
}

// alive tells whether a process runs; one that is only waited for does not.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')'):]), " ")
	return rest != "" && rest[0] != 'Z' && rest[0] != 'X'
}

// number reads what a job has printed or written.
func number(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// makeFIFO makes a named pipe, which a job waits for without a sleep.
func makeFIFO(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openGate lets one reader of a named pipe go on. It waits for that reader.
func openGate(t testing.TB, path string) {
	t.Helper()
	var gate *os.File
	waitFor(t, patience, "a reader of "+path, func() bool {
		var err error
		gate, err = os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		return err == nil
	})
	if _, err := gate.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	gate.Close()
}

// showAll logs what the database and the spool hold, for a test that has failed.
func (s *site) showAll(t testing.TB) {
	t.Helper()
	for _, folder := range []string{s.db, filepath.Join(s.folder, "state")} {
		_ = filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				t.Logf("%s:\n%.500s", path, readFile(t, path))
			}
			return err
		})
	}
}
