package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// tailLines is how much of the output goes into the alarm of a failed run.
const tailLines = 20

// toldFailure is what a failed run tells the one around it where somebody is told
// of it by an alarm.
const toldFailure = "failure"

// failure is what the run around a failed one is to know of it.
type failure struct {
	known  bool // it is one that is told of
	within bool // by an alarm of a run within it
}

// tellFailure makes of a failed run what --on-failure says. A run that was told
// to stop has not failed; a run that has raised an alarm of its own needs no
// second one; and where a run within this one has told, that is enough.
func (j *job) tellFailure(result *runner.Result) {
	if j.options.onFailure == failureNone {
		return
	}
	recorded := j.nested.FailureTold()
	j.nested.TellFailure()
	j.failure = failure{known: true, within: j.nested.Told(toldFailure) > 0}
	text := j.failureText(result)
	switch {
	case result.StoppedBy != 0:
		if !recorded {
			j.log(record.LevelWarning, text, time.Now())
		}
	case j.options.onFailure == failureLog:
		if !recorded {
			j.counts.level(record.LevelError)
			j.log(record.LevelError, text, time.Now())
		}
	default:
		j.alarmFailure(text)
	}
}

// passFailureOn tells the run around this one, once it is known, that somebody is
// told of this run's failure: that one need not be told of as well.
func (j *job) passFailureOn() {
	if !j.failure.known || !j.nested.HasParent() {
		return
	}
	if told, _ := j.alarms.tells(0); told || j.failure.within {
		j.nested.Tell(toldFailure)
	}
}

// toldWait bounds the wait for what becomes of a failed run's own alarms.
const toldWait = endBudget / 2

// ownAlarms reports whether somebody is told of the run by an alarm of its own,
// or was not, since he had been told of the like before.
func (j *job) ownAlarms() (told, limited bool) {
	told, hold := j.alarms.tells(toldWait)
	byLimit := j.nested.Told(toldLimited)
	silent := byLimit + j.nested.Told(toldDropped)
	return told || j.counts.said > silent, byLimit > 0 || hold.Limits()
}

// alarmFailure raises the alarm of a failed run, or says why there is none, and
// marks the item as failing.
func (j *job) alarmFailure(text string) {
	told, limited := j.ownAlarms()
	mark := record.Failing{Since: j.begun}
	if before := j.failing(); before != nil {
		mark = *before
	}
	mark.Runs++
	due := time.Now()
	message := record.Message{Level: record.LevelAlarm, Title: orElse(j.options.title, j.item.Name+" failed"), Text: text, Time: due}
	count := mark.Runs
	if j.options.failAfter > 1 {
		count = j.failuresInARow()
	}
	switch {
	case told:
		mark.Alarmed, mark.Told = true, due
	case j.failure.within:
		j.alarms.suppress(message, notify.KindFailure, notify.Hold{Cause: notify.CauseTold, Reason: "told: a run within this one has failed, and raised an alarm"})
		return // the mark may be the other's, where both are of one item
	case count < j.options.failAfter:
		j.alarms.suppress(message, notify.KindFailure, notify.Hold{
			Cause: notify.CauseFailAfter, Count: count,
			Reason: fmt.Sprintf("fail-after: failed run %d in a row, an alarm is raised from the %d. on", count, j.options.failAfter),
		})
	case mark.Alarmed && j.config.RemindEvery > 0 && due.Sub(mark.Told) >= j.config.RemindEvery:
		message.Title = orElse(j.options.title, fmt.Sprintf("%s still fails", j.item.Name))
		message.Text = fmt.Sprintf("%s has been failing since %s, %d runs\n%s", j.item, mark.Since.Format(record.TimeLayout), mark.Runs, text)
		message.Frequency = "everytime"
		j.alarms.raiseKind(message, notify.KindReminder)
		mark.Told = due
	case limited && mark.Alarmed && j.wasTold(mark.Since):
		j.alarms.suppress(message, notify.KindFailure, notify.Hold{
			Cause: notify.CauseTold, Count: mark.Runs - 1,
			Reason: fmt.Sprintf("told: the run's own alarm was held back by its frequency, and the item is known to fail since %s", mark.Since.Format(record.TimeLayout)),
		})
	default:
		if limited { // it comes with each run, and so would this one
			message.Frequency = j.alarms.bounded()
		}
		j.alarms.raiseKind(message, notify.KindFailure)
		if !mark.Alarmed || j.config.RemindEvery <= 0 {
			mark.Told = due
		}
		mark.Alarmed = true
	}
	item := j.item
	j.writer.Put(record.Entry{Item: item, Do: func(s *record.Store) error { return s.MarkFailing(item, mark) }})
}

// tellRecovery raises one notice where an item is well again that was alarmed.
// The mark goes once the notice is on its way; its key makes a second notice,
// of a run that ended at the same moment, be held back.
func (j *job) tellRecovery() {
	mark := j.failing()
	if mark == nil {
		return
	}
	if mark.Alarmed && j.options.onFailure == failureAlarm && j.wasTold(mark.Since) {
		j.alarms.raiseKind(record.Message{
			Level: record.LevelInfo, Title: orElse(j.options.title, j.item.Name+" is well again"), Text: j.recoveryText(mark), Time: time.Now(),
			Frequency: "max 1 times per week", Key: "recovery " + mark.Since.UTC().Format(time.RFC3339),
		}, notify.KindRecovery)
	}
	item := j.item
	j.afterAlarms = append(j.afterAlarms, record.Entry{Item: item, Do: func(s *record.Store) error { return s.UnmarkFailing(item) }})
}

func (j *job) recoveryText(mark *record.Failing) string {
	runs := "1 run"
	if mark.Runs != 1 {
		runs = fmt.Sprintf("%d runs", mark.Runs)
	}
	return fmt.Sprintf("%s is well again on %s (%s): run %s succeeded; it had been failing since %s, %s", j.item, j.origin.hostname,
		j.origin.address, j.run, mark.Since.Local().Format(record.TimeLayout), runs)
}

// failing gives the mark that earlier runs have left, which was read beside the
// job; nil for none.
func (j *job) failing() *record.Failing {
	j.waitBeside(j.failingKnown)
	select {
	case <-j.failingKnown:
		return j.failingMark
	default:
		return nil
	}
}

// askDatabase asks the database something at the end of a run, within bounds.
func askDatabase[T any](ask func() (T, error)) (answer T, ok bool) {
	answers := make(chan T, 1)
	go func() {
		if value, err := ask(); err == nil {
			answers <- value
		}
		close(answers)
	}()
	answer, ok = record.AwaitFairly(answers, endBudget/2, record.Starved)
	return answer, ok
}

// wasTold reports whether an alarm of the item was sent since a time, or still
// waits to be. Where nobody can say, rather a notice too many.
func (j *job) wasTold(since time.Time) bool {
	told, ok := askDatabase(func() (bool, error) {
		told, err := notify.Told(j.store, j.item, since, time.Now())
		return told || err != nil, nil
	})
	return told || !ok
}

// failuresInARow counts this failed run and those right before it. It is asked
// only where that matters.
func (j *job) failuresInARow() int {
	if j.store == nil {
		return 1
	}
	before, ok := askDatabase(func() (int, error) { return j.store.FailuresInARow(j.item, j.options.failAfter-1) })
	if !ok {
		return j.options.failAfter // rather one alarm too many
	}
	return before + 1
}

// failureText names item, host, cause, duration and run, and ends with the last
// lines of the output.
func (j *job) failureText(result *runner.Result) string {
	text := fmt.Sprintf("%s failed on %s (%s): %s, after %v, run %s", j.item, j.origin.hostname, j.origin.address,
		j.failureCause(result), result.Duration.Round(time.Millisecond), j.run)
	if j.attempts > 1 {
		text += fmt.Sprintf(", attempt %d, %v in all", j.attempts, result.End.Sub(j.begun).Round(time.Millisecond))
	}
	if j.tail != nil && j.tail.total > 0 {
		text += "\n" + j.masker.Mask(lastLines(strings.ToValidUTF8(j.tail.text(), "\uFFFD"), tailLines))
	}
	return text
}

// failureCause is why an attempt has failed, with the status or the signal.
func (j *job) failureCause(result *runner.Result) string {
	cause := causeText(result)
	switch {
	case result.StartError != nil:
		return record.CutTo(result.StartError.Error(), maxPath)
	case cause == "exited":
		return fmt.Sprintf("exit status %d", result.ExitCode)
	case cause == "signal":
		return "killed by signal " + signalName(result.Signal)
	case cause == "timeout":
		return fmt.Sprintf("timeout after %v", j.options.timeout)
	}
	return cause
}
