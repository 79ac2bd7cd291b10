package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// endBudget bounds how long a run that has ended waits for disks. Sending has a
// bound of its own, send_wait.
const endBudget = 2 * time.Second

// tailLines is how much of the output goes into the alarm of a failed run.
const tailLines = 20

// finish records the end of the run and leaves what cannot be done within the
// bounds to the next one.
func (j *job) finish(result *runner.Result) {
	end := time.Now()
	if result.Leftover == nil {
		j.closeParsers()
	} else {
		j.handOver(result, j.parserStates())
	}
	// What says how the run ended must find room behind the records of a job that
	// printed them faster than a disk took them.
	j.writer.Flush(endBudget / 2)
	j.tellFailure(result)
	j.alarms.settle()
	j.takeLabels()
	summary := j.writer.Summary()
	j.counts.dropped = summary.Dropped
	cause := causeText(result)
	if summary.Dropped > 0 {
		j.log(record.LevelWarning, fmt.Sprintf("mvrun: %d records found room neither in the database nor in the spool", summary.Dropped), end)
	}
	j.runRecord(runEnd{
		result: result, cause: cause, attempts: j.attempts, start: j.begun, end: result.End, duration: result.End.Sub(j.begun),
		counts: &j.counts, output: j.keepOutput(result), argv: j.args, notes: j.notes,
	})
	item, run := j.item, j.run
	j.writer.Put(record.Entry{Item: item, Do: func(s *record.Store) error { return s.Unmark(item, run) }})
	j.close(endBudget)
}

func (j *job) closeParsers() {
	for _, s := range j.streams {
		if s != nil {
			s.end()
		}
	}
}

// close gives the disks their time, waits for the alarms that are being sent,
// and ends everything that the run has open.
func (j *job) close(wait time.Duration) {
	deadline := time.Now().Add(wait)
	j.writer.Flush(time.Until(deadline))
	if j.alarms != nil {
		j.waitForUpkeep()
		j.alarms.drain(j.config.SendWait)
		j.nested.Close()
	}
	j.writer.Close(max(time.Until(deadline), 100*time.Millisecond))
}

// waitForUpkeep waits for a moment only: what is not through by then is done by
// the next run. A database that is bypassed is not waited for at all.
func (j *job) waitForUpkeep() {
	wait := time.Second
	if j.writer.Summary().Spooled > 0 {
		wait = 0
	}
	select {
	case <-j.upkeepDone:
	case <-time.After(wait):
	}
}

// keepOutput puts the last output of the run into the database and says where.
func (j *job) keepOutput(result *runner.Result) string {
	keep := j.options.keep == keepAlways || j.options.keep == keepFailure && failed(result)
	if !keep || j.tail == nil || j.tail.total == 0 {
		return ""
	}
	name := []string{"output", j.item.Direction, j.item.Name, j.run}
	j.writer.Put(record.Entry{Item: j.item, File: name, Line: j.masker.Mask(j.tail.text())})
	return record.MetaFolder + "/" + strings.Join(name, "/")
}

// tellFailure makes of a failed run what --on-failure says. A run that was told
// to stop has not failed; a run that has raised an alarm of its own needs no
// second one; and where a run within this one has told, that is enough.
func (j *job) tellFailure(result *runner.Result) {
	if !failed(result) || j.options.onFailure == failureNone {
		return
	}
	told := j.nested.FailureTold()
	j.nested.TellFailure()
	if told {
		return
	}
	text := j.failureText(result)
	switch {
	case result.StoppedBy != 0:
		j.log(record.LevelWarning, text, time.Now())
	case j.options.onFailure == failureLog:
		j.counts.level(record.LevelError)
		j.log(record.LevelError, text, time.Now())
	case j.counts.alarms == 0 && j.failuresInARow() >= j.options.failAfter:
		j.alarms.raise(record.Message{Level: record.LevelAlarm, Text: text, Time: time.Now()})
	}
}

// failureText names item, host, cause, duration and run, and ends with the last
// lines of the output.
func (j *job) failureText(result *runner.Result) string {
	what := causeText(result)
	switch {
	case result.StartError != nil:
		what = result.StartError.Error()
	case what == "exited":
		what = fmt.Sprintf("exit status %d", result.ExitCode)
	case what == "signal":
		what = "killed by signal " + signalName(result.Signal)
	case what == "timeout":
		what = fmt.Sprintf("timeout after %v", j.options.timeout)
	}
	text := fmt.Sprintf("%s failed on %s (%s): %s, after %v, run %s", j.item, j.origin.hostname, j.origin.address,
		what, result.Duration.Round(time.Millisecond), j.run)
	if j.attempts > 1 {
		text += fmt.Sprintf(", attempt %d", j.attempts)
	}
	if j.tail != nil && j.tail.total > 0 {
		text += "\n" + j.masker.Mask(lastLines(strings.ToValidUTF8(j.tail.text(), "\uFFFD"), tailLines))
	}
	return text
}

// failuresInARow counts this failed run and those right before it. It is asked
// only where that matters.
func (j *job) failuresInARow() int {
	if j.options.failAfter <= 1 || j.store == nil {
		return 1
	}
	before, err := j.store.FailuresInARow(j.item, j.options.failAfter-1)
	if err != nil {
		return j.options.failAfter // rather one alarm too many
	}
	return before + 1
}
