package viewer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/mvrun/mvrun/record"
)

// run reads the record of a run, or says what is known without.
func (r *runReader) run(found foundRun) (*Run, error) {
	q := ofItem(found.item, record.Run)
	q.Run = found.id
	if start, ok := runStart(found.id); ok {
		q.Begin = start.AddDate(0, 0, -1)
	}
	var run *Run
	err := r.rows(q, func(row record.Row) bool {
		// A run that was closed as lost may have told of its end after all, by the
		// spool of its host.
		if run == nil || run.State == RunLost {
			run = r.ended(row)
		}
		return run.State == RunLost
	})
	if err != nil || run != nil {
		return run, err
	}
	run = &Run{Item: found.item, ID: found.id, Begin: found.begin}
	run.Fields = r.maskFields(found.beat.Fields())
	r.findMark(run)
	return run, nil
}

// ended makes a run of its record.
func (r *runReader) ended(row record.Row) *Run {
	run := &Run{Item: row.Item, ID: row.Get("run"), Begin: parseStamp(row.Get("start")), End: parseStamp(row.Get("end"))}
	run.State = endState(row.Get("cause"), row.Get("exit_code"))
	if seconds, err := strconv.ParseFloat(row.Get("duration"), 64); err == nil && seconds >= 0 && seconds < maxSeconds {
		run.Duration = time.Duration(seconds * float64(time.Second))
	}
	if run.End.IsZero() && run.State != RunLost {
		run.End = row.Time
	}
	_ = json.Unmarshal([]byte(row.Get("argv")), &run.Argv) // what is no list of texts is none
	run.Argv = r.masker.MaskArgs(run.Argv)
	fields := row.Fields()
	run.environment = readEnvironment(row)
	kept := fields[:0]
	for _, field := range fields {
		switch field.Key {
		case record.KeyEnvironment, record.KeyEnvironmentKey, record.KeyEnvironmentSum:
		default:
			kept = append(kept, field)
		}
	}
	run.Fields = r.maskFields(kept)
	return run
}

func endState(cause, exitCode string) RunState {
	switch {
	case cause == record.CauseSkipped:
		return RunSkipped
	case cause == record.CauseWrapperLost || cause == record.CauseNeverFinished:
		return RunLost
	case exitCode == "0" && (cause == "exited" || cause == ""):
		return RunOK
	}
	return RunFailed
}

// findMark looks whether a run without an end is under way. Only its own host can
// tell whether its process lives.
func (r *runReader) findMark(run *Run) {
	run.State = RunUnknown
	host := cmp.Or(run.Get("hostname"), r.store.Host())
	marks, err := r.store.Marks(run.Item, host)
	r.problem(err)
	for _, mark := range marks {
		if mark.Run != run.ID {
			continue
		}
		if begin := parseStamp(mark.Start); !begin.IsZero() {
			run.Begin = begin
		}
		r.judgeMark(run, mark, record.SanitizeName(host))
		return
	}
	run.Detail = "it has a heartbeat, but no record of its end, and no mark says that it is under way"
}

func (r *runReader) judgeMark(run *Run, mark record.Mark, host string) {
	state := record.StateUnknown
	if host == r.store.Host() {
		state = mark.State(record.Self())
	}
	switch state {
	case record.StateDead:
		run.State, run.Detail = RunLost, fmt.Sprintf("its mvrun, PID %d, is gone; the item's next run, or mvrun check, records that", mark.PID)
		return
	case record.StateRebooted:
		run.State, run.Detail = RunLost, "the host was started anew since; the item's next run, or mvrun check, records that"
		return
	case record.StateAlive:
		run.Detail = fmt.Sprintf("PID %d on this host", mark.PID)
	default:
		run.Detail = fmt.Sprintf("PID %d on %s, which cannot be asked from here", mark.PID, host)
	}
	run.State = RunRunning
	if !run.Begin.IsZero() {
		run.Duration = max(0, r.now.Sub(run.Begin))
	}
}

// newest gives the newest run of an item that ended before a time, the zero time for
// any, and is wanted by its state and id; nil for none. Skipped ones are no runs.
func (r *runReader) newest(item record.Item, before time.Time, wanted func(state RunState, id string) bool) (*Run, error) {
	q := ofItem(item, record.Run)
	q.End, q.Reverse = before, true
	var found *Run
	err := r.rows(q, func(row record.Row) bool {
		state := endState(row.Get("cause"), row.Get("exit_code"))
		if state != RunSkipped && wanted(state, row.Get("run")) {
			found = r.ended(row)
		}
		return found == nil
	})
	return found, err
}
