package cli

import (
	"fmt"
	"hash/fnv"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// overlapPoll is how often a run that waits for another looks again.
const overlapPoll = 100 * time.Millisecond

// overlapLock holds an item's place on this host. It is a socket in the
// abstract namespace: the kernel gives it to one process at a time and takes it
// back when that one ends, however it ends; no file can be stale, read-only, or
// on a network file system; and the command, which does not inherit it, cannot
// keep it by a daemon that it leaves behind.
func overlapLock(db string, item record.Item) (release func(), held bool, err error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, false, err
	}
	unix.CloseOnExec(fd)
	h := fnv.New128a()
	fmt.Fprintf(h, "%s\x00%s", db, item)
	err = unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("@mvrun-overlap-%x", h.Sum(nil))})
	if err != nil {
		unix.Close(fd)
		if err == unix.EADDRINUSE {
			return nil, true, nil
		}
		return nil, false, err
	}
	return func() { unix.Close(fd) }, false, nil
}

// overlapAllows reports whether the job may run beside, or after, the item's
// other runs on this host. The lock is held until this process ends; runs that
// allow an overlap do not take it, and are known by their marks.
func (j *job) overlapAllows() bool {
	if j.options.overlap == overlapAllow {
		return true
	}
	db := ""
	if j.store != nil {
		db = j.store.Path()
	}
	mine := false
	for asked := 0; ; {
		if !mine {
			_, held, err := overlapLock(db, j.item)
			if err != nil {
				j.warn(fmt.Sprintf("overlap: %v; the job runs all the same", err))
				return true
			}
			mine = !held
		}
		if mine && len(j.others()) == 0 {
			return true
		}
		if j.options.overlap == overlapSkip {
			j.notes = append(j.notes, j.whoRuns())
			return false
		}
		if j.options.overlap == overlapKill {
			asked = j.stopOthers(asked)
		}
		if !j.pause(overlapPoll) {
			return false
		}
	}
}

// others are the item's runs on this host that are not around this one, or none
// where the database does not answer.
func (j *job) others() []record.Mark {
	if j.store == nil {
		return nil
	}
	answers := make(chan map[record.State][]record.Mark, 1)
	go func() {
		marks, _ := j.store.Running(j.item, record.Self())
		answers <- marks
	}()
	marks, _ := record.AwaitFairly(answers, startBudget, record.Starved)
	var others []record.Mark
	for _, mark := range marks[record.StateAlive] {
		if mark.Run != j.parent && mark.PID != os.Getpid() {
			others = append(others, mark)
		}
	}
	return others
}

func (j *job) whoRuns() string {
	for _, mark := range j.others() {
		return fmt.Sprintf("run %s of PID %d is still running", mark.Run, mark.PID)
	}
	return "another run is still running"
}

// stopOthers asks the item's other runs to end: at once, a second time after
// kill-after, which reaches their whole tree, and at last by KILL.
func (j *job) stopOthers(asked int) int {
	patience := max(1, int(j.options.killAfter/overlapPoll))
	var signal syscall.Signal
	switch asked {
	case 0, patience:
		signal = unix.SIGTERM
	case 2 * patience:
		signal = unix.SIGKILL
	default:
		return asked + 1
	}
	for _, mark := range j.others() {
		_ = unix.Kill(mark.PID, signal)
	}
	return asked + 1
}

// skip records a run that was not to be. It is no failure: it was asked for.
func (j *job) skip() *runner.Result {
	now := time.Now()
	result := &runner.Result{Start: now, End: now}
	cause := record.CauseSkipped
	if signal := j.supervisor.StopSignal(); signal != 0 {
		result.ExitCode, result.Signal, result.StoppedBy = 128+int(signal), signal, signal
		cause = "stopped by " + signalName(signal)
	}
	j.heartbeat(now)
	j.recordWarnings()
	j.runRecord(runEnd{result: result, cause: cause, start: j.start, end: now, duration: now.Sub(j.start), argv: j.args, notes: j.notes})
	j.close(endBudget)
	return result
}
