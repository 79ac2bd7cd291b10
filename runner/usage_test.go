//go:build linux

package runner_test

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// burn is a shell whose child uses the processor, which costs itself next to nothing.
const burn = `sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo burnt; exec sleep 1000'; true`

// leastBurnt is less than that takes anywhere, and more than all the rest.
const leastBurnt = 30 * time.Millisecond

// A shell that is ended together with what it runs does not wait for that; what that has used is the run's all the same.
func TestUsageOfWhatAShellHasNotWaitedFor(t *testing.T) {
	check := func(t *testing.T, w *wrapped) {
		t.Helper()
		w.rest()
		if _, r := w.wait(); r.UserTime+r.SystemTime < leastBurnt {
			t.Errorf("the run has used %v and %v", r.UserTime, r.SystemTime)
		}
	}
	t.Run("timeout", func(t *testing.T) {
		t.Parallel()
		check(t, startWrap(t, "-stdout - -timeout 2s -kill-after 1s", "sh", "-c", burn))
	})
	t.Run("TERM", func(t *testing.T) {
		t.Parallel()
		w := startWrap(t, "-stdout -", "sh", "-c", burn)
		w.expect("burnt")
		w.signal(syscall.SIGTERM)
		check(t, w)
	})
}

// What an orphan has held in memory is known, also where that of a small command is not.
func TestMemoryOfAnOrphan(t *testing.T) {
	_, r, _ := runWrap(t, "-stdout -", "sh", "-c", `(dd if=/dev/zero of=/dev/null bs=48M count=1 2>&1 &); sleep 1`)
	if r.RSSBound || r.MaxRSS < 48<<20 {
		t.Errorf("%d bytes, as a bound: %v", r.MaxRSS, r.RSSBound)
	}
}

// A helper, and what it has started, is not the run.
func TestUsageOfAHelperIsNotTheRuns(t *testing.T) {
	w := prepare(t, "-stdout -", "sh", "-c", "read x; true")
	stdin, end := openPipe(t)
	w.cmd.Stdin = stdin
	w.cmd.Args = append([]string{w.cmd.Args[0], "-exec", `(sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done' &); sleep 1`}, w.cmd.Args[1:]...)
	w.start()
	stdin.Close()
	time.AfterFunc(1500*time.Millisecond, func() { end.Close() })
	w.rest()
	if _, r := w.wait(); r.UserTime+r.SystemTime >= leastBurnt {
		t.Errorf("the run has used %v and %v", r.UserTime, r.SystemTime)
	}
}

// Several attempts are one run: processor time adds up, and the largest memory counts.
func TestUsageOfAttempts(t *testing.T) {
	again := t.TempDir() + "/again"
	script := `if [ -e "$0" ]; then exit 0; fi; : >"$0"; dd if=/dev/zero of=/dev/null bs=48M count=1 2>&1
i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exit 1`
	status, r, _ := runWrap(t, "-stdout - -attempts 2", "sh", "-c", script, again)
	if _, err := os.Stat(again); err != nil || status.ExitStatus() != 0 {
		t.Fatalf("the second attempt did not succeed: %#x, %v", status, err)
	}
	if r.UserTime+r.SystemTime < leastBurnt || r.RSSBound || r.MaxRSS < 48<<20 {
		t.Errorf("the run has used %v and %v, and %d bytes, as a bound: %v", r.UserTime, r.SystemTime, r.MaxRSS, r.RSSBound)
	}
}
