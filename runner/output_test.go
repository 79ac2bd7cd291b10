//go:build linux

package runner_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestLineIsNotHeldBack(t *testing.T) {
	r, stdin := openPipe(t)
	w := prepare(t, "-stdout -", "sh", "-c", `printf abc; read x; echo; read x`)
	w.cmd.Stdin = r
	w.start()
	got := make([]byte, 3)
	if _, err := io.ReadFull(w.out, got); err != nil || string(got) != "abc" {
		t.Fatalf("read %q, %v", got, err)
	}
	_, _ = stdin.WriteString("\n")
	w.expect("")
	stdin.Close()
	w.wait()
}

func TestSinkGetsACopyAndItsTick(t *testing.T) {
	sink := filepath.Join(t.TempDir(), "sink")
	r, stdin := openPipe(t)
	w := prepare(t, "-stdout "+sink, "sh", "-c", `echo one; read x; echo two`)
	w.cmd.Stdin = r
	w.start()
	w.expect("one")
	awaitContent(t, sink, "one\n<tick>")
	stdin.Close()
	w.expect("two")
	w.wait()
	if got, _ := os.ReadFile(sink); !strings.HasPrefix(string(got), "one\n<tick>two\n") {
		t.Errorf("the sink has %q", got)
	}
}

// awaitContent returns when a file that another process writes has the content.
func awaitContent(t *testing.T, path, want string) {
	t.Helper()
	script := `while [ "$(cat "$1")" != "$2" ]; do :; done`
	cmd := exec.Command("timeout", "20", "sh", "-c", script, "sh", path, want)
	if err := cmd.Run(); err != nil {
		got, _ := os.ReadFile(path)
		t.Fatalf("%s has %q, want %q", path, got, want)
	}
}

// TestLargeOutput sends bytes without a line end through every way there is, and looks at the memory.
func TestLargeOutput(t *testing.T) {
	const size = 64 << 20
	for _, flags := range []string{"-stdout -", "-stdout - -pty", "-hold -replay -stdout -"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			n := size
			if flags != "-stdout -" {
				n = size / 8
			}
			w := prepare(t, flags, "sh", "-c", fmt.Sprintf("head -c %d /dev/zero | tr '\\0' x", n))
			w.start()
			hash := sha256.New()
			if got, err := io.Copy(hash, w.out); err != nil || got != int64(n) {
				t.Errorf("read %d bytes, %v", got, err)
			}
			if want := sha256.Sum256(bytes.Repeat([]byte("x"), n)); !bytes.Equal(hash.Sum(nil), want[:]) {
				t.Error("the bytes differ")
			}
			_, r := w.wait()
			if r.StdoutBytes != int64(n) {
				t.Errorf("counted %d bytes", r.StdoutBytes)
			}
			if r.Peak == 0 || r.Peak > 16<<10 {
				t.Errorf("peak memory is %d KiB, want at most 16 MiB", r.Peak)
			}
		})
	}
}

func TestRandomBytesAreEqual(t *testing.T) {
	random := filepath.Join(t.TempDir(), "random")
	for _, flags := range []string{"-stdout -", "-pty -stdout -"} {
		out := underShell(t, flags, `head -c 1048576 /dev/urandom >"`+random+`"; $W cat "`+random+`" | cmp - "`+random+`" && echo equal`)
		if out != "equal\n" {
			t.Errorf("with %s: %s", flags, out)
		}
	}
}

func TestStderrFirst(t *testing.T) {
	for _, flags := range []string{"-stdout -", "-stdout - -stderr -"} {
		out := underShell(t, flags, `$W sh -c 'head -c 300000 /dev/zero >&2; exec >&-' 2>"$F/e"; wc -c <"$F/e"`)
		if strings.TrimSpace(out) != "300000" {
			t.Errorf("with %s: %s bytes on stderr", flags, out)
		}
	}
}

func TestReaderGone(t *testing.T) {
	cases := []struct{ name, job, want string }{
		{"dies of PIPE as unwrapped", `yes`, "141"},
		{"ignores PIPE", `trap '' PIPE; while echo x; do :; done 2>/dev/null; exit 5`, "5"},
		{"silent when it happens", `echo x; sleep 0.2; while :; do echo y; done`, "141"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			job := writeFile(t, "job", c.job, 0o755)
			out := underShell(t, "-stdout -", `{ $W sh `+job+`; echo $? >"$F/status"; } | head -1 >/dev/null
				while ! test -s "$F/status"; do :; done; cat "$F/status"; cat "$F/result"`)
			status, result, _ := strings.Cut(out, "\n")
			if status != c.want || !strings.Contains(result, `"ReaderGone":true`) {
				t.Errorf("status %s, want %s; report %s", status, c.want, result)
			}
		})
	}
}

func TestFullDisk(t *testing.T) {
	for _, flags := range []string{"-stdout -", "-hold -replay"} {
		out := underShell(t, flags, `$W sh -c 'echo 12345; echo E >&2; exit 3' >/dev/full 2>"$F/e"; echo $?; cat "$F/e" "$F/result"`)
		if !strings.HasPrefix(out, "3\nE\n") || !strings.Contains(out, `"Lost":["stdout 6 no space left on device"]`) {
			t.Errorf("with %s: %s", flags, out)
		}
	}
}

func TestNonBlockingStdout(t *testing.T) {
	r, out := openPipe(t)
	if err := syscall.SetNonblock(int(out.Fd()), true); err != nil {
		t.Fatal(err)
	}
	w := prepare(t, "-stdout -", "head", "-c", "1000000", "/dev/zero")
	w.cmd.Stdout = out
	w.start()
	out.Close()
	if got := len(awaitEnd(t, r)); got != 1000000 {
		t.Errorf("%d bytes arrived", got)
	}
	w.wait()
}

func TestHold(t *testing.T) {
	cases := []struct{ name, flags, tmp, want string }{
		{"hidden", "-hold", "", "0\n"},
		{"shown", "-hold -replay", "", "a\nb\n0\n"},
		{"no temporary file", "-hold", "TMPDIR=/nowhere", "a\nb\n0\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out := underShell(t, c.flags, c.tmp+` $W sh -c 'echo a; echo b >&2' 2>&1 | cat; echo 0`)
			if !strings.HasSuffix(out, c.want) || len(out) > len(c.want)+200 {
				t.Errorf("%q, want %q", out, c.want)
			}
		})
	}
}

// TestHoldMeetsTheLimit: what is held may not grow beyond the job's limit on file sizes; the pipe behind has none.
func TestHoldMeetsTheLimit(t *testing.T) {
	out := underShell(t, "-hold", `ulimit -f 8; $W sh -c 'head -c 9000 /dev/zero; echo; echo after' | tr '\0' x; grep -c 'hold the output back' "$F/result"`)
	if want := strings.Repeat("x", 9000) + "\nafter\n1\n"; out != want {
		t.Errorf("%d bytes, want %d", len(out), len(want))
	}
}

func TestLeftover(t *testing.T) {
	sink := filepath.Join(t.TempDir(), "sink")
	gate, gateEnd := openPipe(t)
	job := `(read x; echo late; echo done >&2) <&3 & echo early`
	w := prepare(t, "-stdout "+sink, "sh", "-c", job)
	w.cmd.ExtraFiles = []*os.File{gate}
	r, out := openPipe(t)
	w.cmd.Stdout, w.cmd.Stderr = out, nil
	w.start()
	status, rep := w.wait() // returns although the grandchild lives
	out.Close()
	if status.ExitStatus() != 0 || !rep.Leftover || rep.Escaped != nil {
		t.Errorf("wait status %#x, leftover %v", status, rep.Leftover)
	}
	_, _ = gateEnd.WriteString("\n")
	if got := awaitEnd(t, r); got != "early\nlate\n" {
		t.Errorf("stdout is %q", got)
	}
	// A slow machine may see the sink's deadline pass between the two.
	if got, _ := os.ReadFile(sink); strings.ReplaceAll(string(got), "<tick>", "") != "early\nlate\n" {
		t.Errorf("the sink has %q", got)
	}
}

// TestLeftoverThatWritesForever does not keep the wrapper.
func TestLeftoverThatWritesForever(t *testing.T) {
	out := underShell(t, "-stdout -", `$W sh -c 'yes & exec sleep 0.1' | head -c 1 >/dev/null; $W sh -c 'yes & echo $! >"$F/p"' >/dev/null; kill "$(cat "$F/p")"; grep -c '"Leftover":true' "$F/result"`)
	if out != "1\n" {
		t.Errorf("%q", out)
	}
}

func TestLeftoverReaderGone(t *testing.T) {
	r, held := openPipe(t)
	w := prepare(t, "-stdout -", "sh", "-c", `(while echo x; do :; done) & true`)
	w.cmd.ExtraFiles = []*os.File{held}
	pipeRead, pipeWrite := openPipe(t)
	w.cmd.Stdout = pipeWrite
	w.start()
	held.Close()
	pipeWrite.Close()
	pipeRead.Close()
	w.wait()
	awaitEnd(t, r) // the writer has died of PIPE
}

func TestLeftoverClosed(t *testing.T) {
	r, held := openPipe(t)
	w := prepare(t, "-stdout - -drop", "sh", "-c", `(while echo x; do :; done) & true`)
	w.cmd.ExtraFiles = []*os.File{held}
	w.cmd.Stdout = io.Discard
	w.start()
	held.Close()
	w.wait()
	awaitEnd(t, r)
}

func TestLeftoverOfHiddenOutput(t *testing.T) {
	gate, gateEnd := openPipe(t)
	w := prepare(t, "-hold", "sh", "-c", `(read x; echo late; exec 1>&- 2>&-; echo done >&4) <&3 & echo early`)
	told, tell := openPipe(t)
	w.cmd.ExtraFiles = []*os.File{gate, tell}
	r, out := openPipe(t)
	w.cmd.Stdout, w.cmd.Stderr = out, nil
	w.start()
	w.wait()
	out.Close()
	tell.Close()
	_, _ = gateEnd.WriteString("\n")
	if got := awaitEnd(t, told); got != "done\n" {
		t.Errorf("the grandchild was killed: %q", got)
	}
	if got := awaitEnd(t, r); got != "" {
		t.Errorf("hidden output was shown: %q", got)
	}
}
