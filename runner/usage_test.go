//go:build linux

package runner_test

import (
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
	for name, end := range map[string]func(w *wrapped){
		"timeout": func(*wrapped) {},
		"TERM":    func(w *wrapped) { w.signal(syscall.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWrap(t, "-stdout - -timeout 3s -kill-after 1s", "sh", "-c", burn)
			w.expect("burnt")
			end(w)
			w.rest()
			if _, r := w.wait(); r.UserTime+r.SystemTime < leastBurnt {
				t.Errorf("the run has used %v and %v", r.UserTime, r.SystemTime)
			}
		})
	}
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
