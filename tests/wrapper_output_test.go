//go:build linux

package tests

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// maxGrowth is by how much more mvrun may take, in KiB, whatever a job prints, than
// for a job that prints nothing. What the program itself takes of memory, which all
// mvruns of a host share, is not the job's.
const maxGrowth = 8 << 10

// idlePeak is the peak of a run that prints nothing.
func idlePeak(t *testing.T) int {
	t.Helper()
	w := newSite(t).wrap(t, "", "true")
	peak := w.underPeak()
	w.start().expectExit(0)
	return peak()
}

// underPeak has the largest memory of a run measured. What it gives is complete
// when the run has ended.
func (w *wrapped) underPeak() (peak func() int) {
	path := filepath.Join(w.t.TempDir(), "peak")
	w.cmd.Args = append([]string{"probe", "peak", path}, append([]string{binary}, w.cmd.Args[1:]...)...)
	w.cmd.Path = probe(w.t)
	return func() int { return number(w.t, readFile(w.t, path)) }
}

// 64 MiB without a line end, or 1 GiB with MVRUN_TEST_LARGE=1, are equal bytes
// in a memory that does not grow.
func TestWrapperNoLineEnd(t *testing.T) {
	t.Parallel()
	size := 64 << 20
	if os.Getenv("MVRUN_TEST_LARGE") == "1" {
		size = 1 << 30
	}
	job := fmt.Sprintf(`head -c %d /dev/zero | tr '\0' x`, size)
	for _, flags := range []string{"", "--scan both", "--quiet --on-failure none --keep-output always", "--pty"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			n, end := size, ""
			if flags == "--pty" {
				n = size / 8
			}
			if strings.HasPrefix(flags, "--quiet") {
				n, end = size/8, "; exit 1"
			}
			w := s.wrap(t, flags, "sh", "-c", strings.Replace(job, strconv.Itoa(size), strconv.Itoa(n), 1)+end)
			peak := w.underPeak()
			w.start()
			hash := sha256.New()
			if got, err := io.Copy(hash, w.out); err != nil || got != int64(n) {
				t.Errorf("read %d bytes, want %d: %v", got, n, err)
			}
			if got, want := hash.Sum(nil), hashOf('x', n); string(got) != want {
				t.Error("the bytes differ")
			}
			w.wait()
			s.expectRun(t, "stdout_bytes", fmt.Sprint(float64(n)))
			if got, idle := peak(), idlePeak(t); got > idle+maxGrowth {
				t.Errorf("%d KiB at the peak, and %d where nothing is printed", got, idle)
			}
		})
	}
}

// hashOf gives the SHA-256 of so many equal bytes.
func hashOf(b byte, n int) string {
	block := []byte(strings.Repeat(string(b), 1<<16))
	hash := sha256.New()
	for n > 0 {
		hash.Write(block[:min(n, len(block))])
		n -= len(block)
	}
	return string(hash.Sum(nil))
}

// 100,000 records are 100,000 records, in their order, in a memory that does not
// grow. What a disk that stands still has cost is counted.
func TestWrapperManyRecords(t *testing.T) {
	t.Parallel()
	const count = 100_000
	s := newSite(t)
	w := s.wrap(t, "", "seq", "-f", "INFO: record %.0f", strconv.Itoa(count))
	peak := w.underPeak()
	w.start()
	if got, err := io.Copy(io.Discard, w.out); err != nil || got != int64(count*len("INFO: record \n")+488_895) {
		t.Errorf("read %d bytes: %v", got, err)
	}
	w.expectExit(0)
	s.merge(t)
	found, last := 0, 0
	for _, r := range s.records(t, "default", wrapItem, "log") {
		if r.text("message_level") != "Info" {
			continue // a warning about the disk
		}
		n := number(t, strings.TrimPrefix(r.text("message"), "record "))
		if n <= last {
			t.Fatalf("record %d comes after record %d", n, last)
		}
		found, last = found+1, n
	}
	dropped, _ := s.theRun(t)["dropped"].(float64)
	if found+int(dropped) < count || found > count || dropped > 0 && found == count {
		t.Errorf("%d records and %.0f dropped ones, want %d", found, dropped, count)
	}
	if got, idle := peak(), idlePeak(t); got > idle+maxGrowth {
		t.Errorf("%d KiB at the peak, and %d where nothing is printed", got, idle)
	}
}

// alternate writes numbered lines to both streams in turn.
const alternate = `i=0; while [ $i -lt 1000 ]; do echo "out $i"; echo "ERROR: err $i" >&2; i=$((i+1)); done`

// Where both streams are one open file, their order is the unwrapped one.
func TestWrapperOrder(t *testing.T) {
	t.Parallel()
	var want strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&want, "out %d\nERROR: err %d\n", i, i)
	}
	for _, flags := range []string{"", "--scan stderr", "--scan both", "--keep-output never", "--keep-output always", "--quiet"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			end := ""
			if flags == "--quiet" {
				end = "; exit 1"
			}
			both, err := os.Create(filepath.Join(s.folder, "both"))
			if err != nil {
				t.Fatal(err)
			}
			defer both.Close()
			w := s.wrap(t, flags, "sh", "-c", alternate+end)
			w.cmd.Stdout, w.cmd.Stderr = both, both
			w.start().wait()
			if got := readFile(t, both.Name()); got != want.String() {
				t.Errorf("the order has changed; it begins with %.200q", got)
			}
		})
	}
}

// Where they are one file but opened twice, every line arrives whole and each
// stream keeps its own order. A pipe, and kept apart streams, likewise.
func TestWrapperTwoDescriptions(t *testing.T) {
	t.Parallel()
	for _, flags := range []string{"", "--scan both", "--keep-output never"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			path := filepath.Join(s.folder, "both")
			var files [2]*os.File
			for i := range files {
				file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
				if err != nil {
					t.Fatal(err)
				}
				defer file.Close()
				files[i] = file
			}
			w := s.wrap(t, flags, "sh", "-c", alternate)
			w.cmd.Stdout, w.cmd.Stderr = files[0], files[1]
			w.start().expectExit(0)
			counts := map[string]int{}
			for line := range strings.Lines(readFile(t, path)) {
				kind := "out"
				if strings.HasPrefix(line, "ERROR: err") {
					kind = "ERROR: err"
				}
				if want := fmt.Sprintf("%s %d\n", kind, counts[kind]); line != want {
					t.Fatalf("the line is %q, want %q", line, want)
				}
				counts[kind]++
			}
			if counts["out"] != 1000 || counts["ERROR: err"] != 1000 {
				t.Errorf("lines: %v", counts)
			}
		})
	}
}

func TestWrapperStreamsApart(t *testing.T) {
	t.Parallel()
	for _, flags := range []string{"", "--scan both", "--scan stderr", "--keep-output never", "--keep-output always", "--pty"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			w := s.wrap(t, flags, "sh", "-c", "echo O; echo E >&2").start()
			if got := w.rest(); got != "O\n" {
				t.Errorf("stdout is %q", got)
			}
			w.expectExit(0)
			if got := readFile(t, w.stderr); got != "E\n" {
				t.Errorf("stderr is %q", got)
			}
		})
	}
}

// 300 kB on stderr while nobody has read stdout yet, and the other way round.
func TestWrapperNoDeadlock(t *testing.T) {
	t.Parallel()
	for _, flags := range []string{"", "--scan both", "--keep-output always", "--quiet"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			end := "0"
			if flags == "--quiet" {
				end = "9"
			}
			w := s.wrap(t, flags, "sh", "-c", `head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; exec >&-; head -c 300000 /dev/zero >&2; exit `+end)
			w.start()
			if got := len(w.rest()); got != 300000 {
				t.Errorf("%d bytes on stdout", got)
			}
			w.expectExit(number(t, end))
			if got := len(readFile(t, w.stderr)); got != 600000 {
				t.Errorf("%d bytes on stderr", got)
			}
		})
	}
}

// A line, and the beginning of one, are there before the job goes on.
func TestWrapperLive(t *testing.T) {
	t.Parallel()
	for _, flags := range []string{"", "--scan both", "--pty"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			w := newSite(t).wrap(t, flags, "sh", "-c", `echo a; read go; printf 'ERROR: b'; read go; echo c`)
			stdin := w.feed()
			w.start().expect("a")
			_, _ = stdin.WriteString("\n")
			part := make([]byte, len("ERROR: b"))
			if _, err := io.ReadFull(w.out, part); err != nil || string(part) != "ERROR: b" {
				t.Errorf("read %q, %v", part, err)
			}
			_, _ = stdin.WriteString("\n")
			w.expect("c")
			w.expectExit(0)
		})
	}
}

// The reader goes away: the job's next write tells it, and the run is recorded.
func TestWrapperReaderGone(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, job, status, signal string }{
		{"dies of PIPE", `while :; do echo y; done`, "141", "PIPE"},
		{"ignores PIPE", `trap '' PIPE; while echo y; do :; done 2>/dev/null; exit 5`, "5", ""},
		{"waits before it writes again", `echo y; read go <"$GATE"; while :; do echo y; done`, "141", "PIPE"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			gate := makeFIFO(t)
			w := s.wrap(t, "--on-failure none", "sh", "-c", c.job)
			w.cmd.Env = append(w.cmd.Env, "GATE="+gate)
			in, out := openPipe(t)
			w.cmd.Stdout = out
			w.start()
			out.Close()
			if _, err := io.ReadFull(in, make([]byte, 2)); err != nil {
				t.Fatal(err)
			}
			in.Close()
			if strings.Contains(c.job, "$GATE") {
				openGate(t, gate)
			}
			status := w.wait()
			if got := status.ExitStatus(); c.signal == "" && got != 5 || c.signal != "" && (!status.Signaled() || status.Signal().String() != "broken pipe") {
				t.Errorf("the wait status is %#x", status)
			}
			s.expectRun(t, "exit_code", c.status, "signal", c.signal)
			w.expectSilence()
		})
	}
}

// A full disk behind stdout is noted; the job keeps its fate.
func TestWrapperFullDisk(t *testing.T) {
	t.Parallel()
	for _, flags := range []string{"", "--scan both", "--quiet"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			w := s.wrap(t, flags+" --on-failure none", "sh", "-c", `echo "ERROR: 12345"; echo after >&2; exit 3`)
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				lacks(t, "/dev/full")
			}
			defer full.Close()
			w.cmd.Stdout = full
			w.start().expectExit(3)
			stderr := readFile(t, w.stderr)
			if !strings.HasPrefix(stderr, "after\nmvrun: warning: stdout: ") || strings.Count(stderr, "\n") != 2 {
				t.Errorf("stderr is %q", stderr)
			}
			s.expectRun(t, "exit_code", "3", "lost_bytes", "13")
			s.expectLog(t, "12345")
		})
	}
}
