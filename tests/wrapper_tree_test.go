//go:build linux

package tests

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A timeout ends a job that ignores TERM, and all that it has started: what has
// left the group, the session, or its parent.
func TestWrapperTimeoutEndsTheTree(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, job string }{
		{"ends by TERM", `echo $$; exec sleep 1000`},
		{"ignores TERM", `trap '' TERM; echo $$; while :; do sleep 1000; done`},
		{"child ignores TERM", `(trap '' TERM; sh -c 'echo $$; while :; do sleep 1000; done'); true`},
		{"in a session of its own", `setsid sh -c 'trap "" TERM; echo $$; while :; do sleep 1000; done' & wait`},
		{"daemon", `(setsid sh -c 'trap "" TERM; echo $$; while :; do sleep 1000; done' >/dev/tty0 2>&1 <&- & true) 2>/dev/null
			(setsid sh -c 'trap "" TERM; echo $$; while :; do sleep 1000; done' &); exec sleep 1000`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			w := s.wrap(t, "--timeout 1s --kill-after 1s --on-failure none", "sh", "-c", c.job).start()
			pid := number(t, w.line())
			w.expectExit(124)
			awaitGone(t, pid)
			s.expectRun(t, "exit_code", "124", "cause", "timeout", "escaped", "")
			if run := s.theRun(t); !strings.HasPrefix(run.text("duration"), "1.") && !strings.HasPrefix(run.text("duration"), "2.") {
				t.Logf("the timeout took %s s", run.text("duration")) // on a busy machine it may
			}
		})
	}
}

// What cannot be killed, a process of another user, is named in the record.
func TestWrapperTimeoutNamesWhatEscapes(t *testing.T) {
	t.Parallel()
	needRoot(t)
	s := newSite(t)
	folder := sharedFolder(t)
	helper, pidFile := filepath.Join(folder, "unkillable"), filepath.Join(folder, "pid")
	writeFile(t, helper, readFile(t, probe(t)), 0o755|os.ModeSetuid)
	w := s.wrap(t, "--timeout 1s --kill-after 0s --on-failure none", "sh", "-c", `"$0" root "$1" & echo started; wait`, helper, pidFile)
	s.runAs(t, w, folder, nobody)
	w.start().expect("started")
	t.Cleanup(func() {
		if exists(pidFile) {
			_ = syscall.Kill(number(t, readFile(t, pidFile)), unix.SIGKILL)
		}
	})
	waitFor(t, patience, "the helper", func() bool { return exists(pidFile) })
	w.expectExit(124)
	pid := strings.TrimSpace(readFile(t, pidFile))
	if run := s.theRun(t); run.text("escaped") != "["+pid+" unkillable]" {
		t.Errorf("escaped is %q, want process %s; %v", run.text("escaped"), pid, run)
	}
}

// KILL to mvrun leaves the job alive, and the next run closes the lost one. It
// is shown as lost, and not as a success.
func TestWrapperKilled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	gate, ended := makeFIFO(t), filepath.Join(s.folder, "ended")
	w := s.wrap(t, "", "sh", "-c", `echo $$; read go <"$GATE"; echo alive >"$ENDED"`)
	w.cmd.Env = append(w.cmd.Env, "GATE="+gate, "ENDED="+ended)
	w.start()
	pid := number(t, w.line())
	w.signal(unix.SIGKILL)
	w.wait()
	if !alive(pid) {
		t.Error("the job has died with mvrun")
	}
	openGate(t, gate)
	waitFor(t, patience, "the end of the job", func() bool { return exists(ended) })
	if runs := s.runs(t); len(runs) != 0 {
		t.Errorf("a run is recorded: %v", runs)
	}
	s.expectClosedAs(t, "wrapper lost")
}

// A run of which the host knows no end, since it was started anew, never
// finished.
func TestWrapperNeverFinished(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.wrap(t, "", "sh", "-c", `echo ready; exec cat`)
	stdin := w.feed()
	w.start().expect("ready")
	var marks []string
	waitFor(t, patience, "the mark of the run under way", func() bool {
		marks, _ = filepath.Glob(filepath.Join(s.db, ".mvrun", "running", "*", "default", wrapItem, "*"))
		return len(marks) == 1
	})
	w.signal(unix.SIGKILL)
	w.wait()
	stdin.Close()
	boot := strings.TrimSpace(readFile(t, "/proc/sys/kernel/random/boot_id"))
	mark := readFile(t, marks[0])
	if !strings.Contains(mark, boot) {
		t.Fatalf("the mark does not name the boot %s: %s", boot, mark)
	}
	writeFile(t, marks[0], strings.ReplaceAll(mark, boot, "00000000-0000-0000-0000-000000000000"), 0o644)
	s.expectClosedAs(t, "never finished")
}

// expectClosedAs runs the item once more, twice, and looks what has become of
// its one lost run.
func (s *site) expectClosedAs(t *testing.T, cause string) {
	t.Helper()
	lost := s.records(t, "default", wrapItem, "heartbeat")[0].text("run")
	for range 2 {
		s.wrap(t, "", "true").start().expectExit(0)
	}
	closed := 0
	for _, run := range s.runs(t) {
		if run.text("run") != lost {
			continue
		}
		closed++
		if run.text("cause") != cause || run.text("exit_code") == "0" {
			t.Errorf("the lost run is recorded as %v", run)
		}
	}
	if closed != 1 {
		t.Errorf("the lost run is recorded %d times: %v", closed, s.runs(t))
	}
	view := s.mvrun(t, "view", "run", "--format", "csv", "--item", wrapItem)
	for line := range strings.Lines(view.stdout) {
		if strings.Contains(line, lost) && !strings.Contains(line, cause) {
			t.Errorf("view shows the lost run as %q", line)
		}
	}
	if !strings.Contains(view.stdout, lost) {
		t.Errorf("view does not show the lost run: %+v", view)
	}
}
