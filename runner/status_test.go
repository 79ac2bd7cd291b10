//go:build linux

package runner_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestStatus(t *testing.T) {
	plain := writeFile(t, "plain", "not executable\n", 0o644)
	noInterpreter := writeFile(t, "nointerpreter", "#!/nowhere/sh\n", 0o755)
	foreign := writeFile(t, "foreign", "\x7fELF\x00\x01 of another machine\n", 0o755)
	cases := []struct {
		name     string
		command  []string
		exitCode int // of the program; -1 where it dies
		signal   syscall.Signal
		cause    string
		reported int // ExitCode
	}{
		{"success", []string{"true"}, 0, 0, "exited", 0},
		{"status", []string{"sh", "-c", "exit 42"}, 42, 0, "exited", 42},
		{"highest status", []string{"sh", "-c", "exit 255"}, 255, 0, "exited", 255},
		{"fault", []string{"sh", "-c", "kill -SEGV $$"}, -1, syscall.SIGSEGV, "signal", 139},
		{"abort", []string{"sh", "-c", "kill -ABRT $$"}, -1, syscall.SIGABRT, "signal", 134},
		{"killed", []string{"sh", "-c", "kill -KILL $$"}, -1, syscall.SIGKILL, "signal", 137},
		{"pipe", []string{"sh", "-c", "kill -PIPE $$"}, -1, syscall.SIGPIPE, "signal", 141},
		{"missing", []string{"no-such-program"}, 127, 0, "spawn-error", 127},
		{"missing path", []string{"/nowhere/program"}, 127, 0, "spawn-error", 127},
		{"below a file", []string{plain + "/program"}, 127, 0, "spawn-error", 127},
		{"empty name", []string{""}, 127, 0, "spawn-error", 127},
		{"not executable", []string{plain}, 126, 0, "spawn-error", 126},
		{"a folder", []string{"/tmp/"}, 126, 0, "spawn-error", 126},
		{"no interpreter", []string{noInterpreter}, 127, 0, "spawn-error", 127},
		{"another machine", []string{foreign}, 126, 0, "spawn-error", 126},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			status, r, _ := runWrap(t, "-stdout -", c.command...)
			if status.ExitStatus() != c.exitCode || c.signal != 0 && status.Signal() != c.signal {
				t.Errorf("wait status is %#x, want exit %d, signal %v", status, c.exitCode, c.signal)
			}
			if status.CoreDump() {
				t.Error("a core file was written")
			}
			if r.Cause != c.cause || r.ExitCode != c.reported || r.Signal != int(c.signal) {
				t.Errorf("report says %s, %d, signal %d", r.Cause, r.ExitCode, r.Signal)
			}
			if failed := c.cause == "spawn-error"; failed != (r.StartError != "") || failed != (r.PID == 0) {
				t.Errorf("start error %q, process id %d", r.StartError, r.PID)
			}
		})
	}
}

func TestScriptWithoutInterpreterRunsInShell(t *testing.T) {
	script := writeFile(t, "script", "echo \"$0 $1 $#\"\nexit 9\n", 0o755)
	status, _, out := runWrap(t, "-stdout -", script, "a b", "")
	if want := script + " a b 2\n"; out != want || status.ExitStatus() != 9 {
		t.Errorf("printed %q with status %d, want %q and 9", out, status.ExitStatus(), want)
	}
}

func TestPathSearch(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("denied/tool", "#!/bin/sh\necho denied\n", 0o644)
	write("folder/tool/x", "", 0o644)
	write("good/tool", "#!/bin/sh\necho good\n", 0o755)
	write("here/tool", "#!/bin/sh\necho here\n", 0o755)
	in := func(names ...string) string {
		for i, name := range names {
			if name != "" {
				names[i] = filepath.Join(dir, name)
			}
		}
		return "PATH=" + strings.Join(names, ":")
	}
	cases := []struct {
		name, path, out string
		code            int
	}{
		{"first", in("good", "here"), "good\n", 0},
		{"denied is passed over", in("denied", "good"), "good\n", 0},
		{"denied is remembered", in("denied", "nowhere"), "", 126},
		{"a folder is passed over", in("folder", "good"), "good\n", 0},
		{"empty element is the working directory", in("nowhere", ""), "here\n", 0},
		{"nowhere", in("nowhere"), "", 127},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := prepare(t, "-stdout -", "tool")
			w.cmd.Dir = filepath.Join(dir, "here")
			w.cmd.Env = []string{c.path}
			w.start()
			out := w.rest()
			status, _ := w.wait()
			if out != c.out || status.ExitStatus() != c.code {
				t.Errorf("printed %q with status %d, want %q and %d", out, status.ExitStatus(), c.out, c.code)
			}
		})
	}
	t.Run("no PATH at all", func(t *testing.T) {
		w := prepare(t, "-stdout -", "sh", "-c", "echo found")
		w.cmd.Env = []string{}
		w.start()
		w.expect("found")
		w.wait()
	})
}

func TestResourcesAreReported(t *testing.T) {
	_, r, _ := runWrap(t, "-stdout -", "sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; printf 12345; printf 123 >&2")
	if r.UserTime <= 0 || r.MaxRSS <= 0 || r.Duration <= 0 {
		t.Errorf("user time %v, maximum RSS %d, duration %v: all must be above 0", r.UserTime, r.MaxRSS, r.Duration)
	}
	if r.StdoutBytes != 5 || r.StderrBytes != 0 {
		t.Errorf("counted %d and %d bytes, want 5 and 0: stderr is inherited", r.StdoutBytes, r.StderrBytes)
	}
}

// TestMemoryIsTheCommands: what mvrun itself holds, and the larger program that has started it, is not taken for the
// command's memory.
func TestMemoryIsTheCommands(t *testing.T) {
	ballast := bytes.Repeat([]byte{1}, 96<<20) // what ru_maxrss of a wrapper that is forked from here begins with
	_, small, _ := runWrap(t, "-stdout -", "true")
	if !small.RSSBound || small.MaxRSS <= 0 || small.MaxRSS > 24<<20 {
		t.Errorf("true has %d bytes, as a bound: %v", small.MaxRSS, small.RSSBound)
	}
	_, large, _ := runWrap(t, "-stdout -", "dd", "if=/dev/zero", "of=/dev/null", "bs=48M", "count=1")
	if large.RSSBound || large.MaxRSS < 48<<20 || large.MaxRSS > 64<<20 {
		t.Errorf("a command of 48 MiB has %d bytes, as a bound: %v", large.MaxRSS, large.RSSBound)
	}
	runtime.KeepAlive(ballast)
}

func TestAttempts(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	status, _, out := runWrap(t, "-stdout - -attempts 3", "sh", "-c", `echo x >>"$0"; [ $(wc -l <"$0") -eq 2 ] && echo good`, count)
	if out != "good\n" || status.ExitStatus() != 0 {
		t.Errorf("printed %q with status %d; the second attempt succeeds", out, status.ExitStatus())
	}
}

// TestFewDescriptors: where the pipes would leave none for the start of the command, it has its outputs as they are.
func TestFewDescriptors(t *testing.T) {
	for limit := 24; limit > 0; limit-- {
		w := prepare(t, "")
		w.cmd = exec.Command("sh", "-c", `ulimit -n "$0"; exec "$@"`, strconv.Itoa(limit), wrapProgram, "-result", w.result,
			"-stdout", "-", "-stderr", "-", "--", "sh", "-c", "echo out; exit 3")
		w.start()
		out := w.rest()
		status, r := w.wait()
		if status.ExitStatus() != 3 || out != "out\n" {
			t.Fatalf("with %d descriptors: wait status %#x, output %q, notes %v", limit, status, out, r.Notes)
		}
		if slices.Contains(r.Notes, "the output is not recorded: too many open files") {
			return
		}
	}
}
