package cli

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// overlapPoll is how often a run that waits for another looks again.
const overlapPoll = 100 * time.Millisecond

// overlapAllows reports whether the job may run beside, or after, the item's
// other runs on this host. The lock is held until this process ends; runs that
// allow an overlap do not take it, and are known by their marks.
func (j *job) overlapAllows() bool {
	if j.options.overlap == overlapAllow {
		return true
	}
	mine := false
	pursued := map[string]*pursuit{}
	for {
		within := j.around()
		if !mine {
			var err error
			if mine, err = takePlace(j.database(), j.item, j.run, within); err != nil {
				j.warn(fmt.Sprintf("overlap: %v; the job runs all the same", err))
				return true
			}
		}
		var others []other
		if mine || j.options.overlap != overlapWait { // who waits for the place need not know who has it
			others = j.others(within)
		}
		if mine && len(others) == 0 {
			return true
		}
		if j.options.overlap == overlapSkip {
			j.notes = append(j.notes, whoRuns(others))
			return false
		}
		if j.options.overlap == overlapKill {
			if err := j.stopOthers(others, pursued); err != nil {
				j.warn(fmt.Sprintf("overlap: %v; this run is skipped", err))
				j.notes = append(j.notes, whoRuns(others))
				return false
			}
		}
		if !j.pause(overlapPoll) {
			return false
		}
	}
}

// other is another run of the item on this host.
type other struct {
	record.Mark
	lost   bool // its mvrun was killed, and the process is its command
	teller int  // of a lost one, the user who has told of it
}

// database is where the item's runs find each other, "" where none is known.
func (j *job) database() string {
	if j.store == nil {
		return ""
	}
	return j.store.Path()
}

// others are the item's runs on this host that are not around this one; where the
// database does not answer, those that are known without it.
func (j *job) others(a around) (list []other) {
	marks := j.marks()
	for _, mark := range marks[record.StateAlive] {
		list = append(list, other{Mark: mark})
	}
	lost := lostRuns(j.placeName())
	if len(list)+len(lost) == 0 && len(marks[record.StateDead]) > 0 && j.pause(overlapPoll) {
		lost = lostRuns(j.placeName()) // of a run that was lost just now, the guardian may not have been awake yet
	}
	return notAround(append(list, lost...), a)
}

func (j *job) marks() map[record.State][]record.Mark {
	if j.store == nil {
		return nil
	}
	answers := make(chan map[record.State][]record.Mark, 1)
	go func() {
		marks, _ := j.store.Running(j.item, record.Self())
		answers <- marks
	}()
	marks, _ := record.AwaitFairly(answers, startBudget, record.Starved)
	return marks
}

// around are the runs that this one stands within, as far as they can be known
// without the database: the parent by its id, and all by their processes, which
// the orphans of a run stay below.
func (j *job) around() around {
	a := around{run: j.parent, pids: map[int]bool{}}
	buf := make([]byte, record.ProcBytes)
	for pid, ok := os.Getppid(), true; ok && pid > 0 && !a.pids[pid]; {
		a.pids[pid] = true
		_, pid, ok = readStat(pid, buf)
	}
	return a
}

type around struct {
	run  string // the parent's, "" for none
	pids map[int]bool
}

// notAround leaves out the runs that are around this one. A parent that is
// known by its id alone, since it did not start this run by a child of its own, has
// told of its parent in its mark.
func notAround(list []other, a around) (others []other) {
	parents := map[string]string{}
	for _, o := range list {
		parents[o.Run] = o.Parent
	}
	runs := map[string]bool{}
	for run := a.run; run != "" && !runs[run]; run = parents[run] {
		runs[run] = true
	}
	for _, o := range list {
		if !runs[o.Run] && !a.pids[o.PID] {
			others = append(others, o)
		}
	}
	return others
}

func whoRuns(others []other) string {
	if len(others) == 0 {
		return "another run is still running"
	}
	o := others[0]
	if o.lost {
		return fmt.Sprintf("run %s is still running, as PID %d; its mvrun was killed", o.Run, o.PID)
	}
	return fmt.Sprintf("run %s of PID %d is still running", o.Run, o.PID)
}

// stopOthers goes on to end the item's other runs, and fails where one of them
// cannot be signalled, as another user's.
func (j *job) stopOthers(others []other, pursued map[string]*pursuit) error {
	for _, o := range others {
		name := fmt.Sprintf("%s %v", o.Run, o.lost) // it may be lost meanwhile, and then begins anew
		p := pursued[name]
		if p == nil {
			p = &pursuit{since: time.Now()}
			pursued[name] = p
		}
		goOn := p.goOn
		if o.lost {
			goOn = p.stopLost
		}
		if err := goOn(o, j.options.killAfter); err != nil && err != unix.ESRCH {
			return fmt.Errorf("run %s of PID %d, user %s, cannot be stopped: %w", o.Run, o.PID, o.User, err)
		}
	}
	return nil
}

// pursuit is how far the ending of another run has come.
type pursuit struct {
	since time.Time
	steps int
}

// recordPatience is how long an mvrun may take to record the end of its job, once
// that was killed.
const recordPatience = 10 * time.Second

// goOn sends TERM, which is for the job; once kill-after has passed it has the
// job's whole tree killed, by the mvrun that runs it and that stays to record how
// it ended; and KILL to that mvrun only where nothing of this has come about.
func (p *pursuit) goOn(o other, killAfter time.Duration) error {
	pid := o.PID
	elapsed := time.Since(p.since)
	switch {
	case p.steps == 0:
		p.steps++
		return unix.Kill(pid, unix.SIGTERM)
	case p.steps == 1 && elapsed >= killAfter:
		p.steps++
		err := runner.AskToKill(pid)
		_ = unix.Kill(pid, unix.SIGCONT) // while it is stopped it does nothing
		return err
	case p.steps == 2 && elapsed >= killAfter+recordPatience:
		p.steps++
		return unix.Kill(pid, unix.SIGKILL)
	}
	return nil
}

// skip records a run that was not to be. It is no failure: it was asked for, or the
// run was stopped while it waited for its start.
func (j *job) skip() *runner.Result {
	now := time.Now()
	result := &runner.Result{Start: now, End: now, Duration: now.Sub(j.start)}
	cause := record.CauseSkipped
	if signal := j.supervisor.StopSignal(); signal != 0 {
		result.ExitCode, result.Signal, result.StoppedBy = 128+int(signal), signal, signal
		cause = record.CauseStopped + signalName(signal)
		j.notes = append(j.notes, "stopped before the start")
	}
	j.heartbeat(now)
	j.recordWarnings()
	if result.StoppedBy != 0 && j.options.onFailure != failureNone {
		j.log(record.LevelWarning, j.failureText(result), now)
	}
	j.runRecord(runEnd{result: result, cause: cause, start: j.start, end: now, duration: result.Duration, argv: j.args, notes: j.notes})
	j.close(endBudget)
	return result
}
