package viewer

import (
	"slices"
	"time"

	"github.com/mvrun/mvrun/record"
)

// RunBeat is the state of a heartbeat of a program that records no runs, such as
// monitorViewer: when it began is all that is known.
const RunBeat RunState = "heartbeat"

// recentDays is how far back recent runs are looked for.
const recentDays = 60

// RecentRuns gives the newest runs of an item, at most so many, in the order in
// which they began: those that have ended, and those that have only begun. A
// heartbeat without a run is given as one of the state RunBeat, without an ID. Runs
// that were not to begin, see RunSkipped, are among them. An error means that the
// database cannot be read.
func RecentRuns(store *record.Store, item record.Item, now time.Time, most int) ([]Run, error) {
	r := newRunReader(store, now, RunOptions{})
	runs, known, err := r.recentEnds(item, most)
	if err != nil {
		return nil, err
	}
	begun, err := r.recentBeats(item, most, known)
	if err != nil {
		return nil, err
	}
	runs = append(runs, begun...)
	slices.SortStableFunc(runs, func(a, b Run) int { return a.Begin.Compare(b.Begin) })
	return runs[max(0, len(runs)-most):], nil
}

func (r *runReader) recent(item record.Item, kind record.Kind, most int) record.Query {
	q := ofItem(item, kind)
	q.Begin, q.Reverse, q.Limit = r.now.AddDate(0, 0, -recentDays), true, most
	return q
}

// recentEnds gives the newest runs that have ended, and tells where each is.
func (r *runReader) recentEnds(item record.Item, most int) (runs []Run, known map[string]int, err error) {
	known = map[string]int{}
	err = r.rows(r.recent(item, record.Run, most), func(row record.Row) bool {
		run := r.ended(row)
		if run.Begin.IsZero() {
			run.Begin = row.Time
		}
		// Of a run that was closed as lost and has told of its end after all, the
		// latter counts; see runReader.run.
		at, again := known[run.ID]
		switch {
		case !again || run.ID == "":
			known[run.ID] = len(runs)
			runs = append(runs, *run)
		case runs[at].State == RunLost:
			runs[at] = *run
		}
		return true
	})
	return runs, known, err
}

// recentBeats gives what the newest heartbeats tell of runs that are not known. One
// that is older than all of those may have ended before them.
func (r *runReader) recentBeats(item record.Item, most int, known map[string]int) (runs []Run, err error) {
	err = r.rows(r.recent(item, record.Heartbeat, most), func(row record.Row) bool {
		run := Run{Item: item, ID: row.Get("run"), State: RunBeat, Begin: row.Time, Fields: row.Fields()}
		if _, ended := known[run.ID]; ended && run.ID != "" {
			return true
		}
		if run.ID != "" {
			run.Fields = r.maskFields(run.Fields)
			r.findMark(&run)
		}
		runs = append(runs, run)
		return true
	})
	return runs, err
}
