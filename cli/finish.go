package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// endBudget bounds how long a run that has ended waits for disks. Sending has a
// bound of its own, send_wait.
const endBudget = 2 * time.Second

// finish records the end of the run and leaves what cannot be done within the
// bounds to the next one.
func (j *job) finish(result *runner.Result) {
	end := time.Now()
	if result.Leftover == nil {
		j.closeParsers()
	} else {
		j.handOver(result, j.parserStates(failed(result)), j.options.quiet && !failed(result))
	}
	// What says how the run ended must find room behind the records of a job that
	// printed them faster than a disk took them.
	j.writer.Flush(endBudget / 2)
	fingerprint := j.fingerprint()
	nestedAlarms := j.counts.addTold(j.nested)
	if failed(result) {
		j.tellFailure(result)
	}
	j.alarms.settle()
	if nestedAlarms {
		j.counts.addResults(j.nested)
	}
	j.takeLabels()
	summary := j.writer.Summary()
	j.counts.dropped = summary.Dropped
	cause := causeText(result)
	if summary.Dropped > 0 {
		j.log(record.LevelWarning, fmt.Sprintf("mvrun: %d records found room neither in the database nor in the spool", summary.Dropped), end)
	}
	item, run := j.item, j.run
	unmark := record.Entry{Item: item, Do: func(s *record.Store) error { return s.Unmark(item, run) }}
	j.runRecord(runEnd{
		result: result, cause: cause, attempts: j.attempts, start: j.begun, end: result.End, duration: result.End.Sub(j.begun),
		counts: &j.counts, output: j.keepOutput(result), argv: j.args, notes: j.notes,
		fingerprint: fingerprint,
	}, append(j.keepEnvironment(fingerprint.environment, result.End), unmark)...)
	if !failed(result) {
		j.tellRecovery()
	}
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
		j.waitBeside(j.upkeepDone)
		j.alarms.drain(context.Background(), j.config.SendWait)
		j.passFailureOn()
		j.writer.Put(j.afterAlarms...)
		j.nested.Close()
	}
	summary := j.writer.Close(max(time.Until(deadline), 100*time.Millisecond))
	if summary.Unwritten > 0 {
		printLine(fmt.Sprintf("mvrun: warning: %d records are lost: neither the database nor the spool took them in time", summary.Unwritten))
	}
}

// waitBeside waits for upkeep, for a moment only: what is not through by then is
// done by the next run. A database that is bypassed is not waited for at all.
func (j *job) waitBeside(done <-chan struct{}) {
	wait := time.Second
	if j.held || j.writer.Summary().Spooled > 0 {
		wait = 0
	}
	closedWithin(done, wait)
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
