package heartbeat

import (
	"cmp"
	"slices"
	"time"

	"github.com/mvrun/mvrun/record"
)

// Bounds of looking for the first of failed runs in a row: so many days, and about so
// many bytes of an item, which is a week of one that runs every minute. Its end is
// read first, for mostly there was a success not long ago.
const (
	failureDays      = 31
	failureBytes     = 16 << 10
	maxFailureBytes  = 8 << 20
	failureBytesGrow = 8
)

// failures counts the latest runs of an item that failed, without a success between
// them, and says when the first of them began. Runs that were skipped, stopped or
// lost count as neither.
func (s *Surveyor) failures(item record.Item) (since time.Time, count int) {
	left := maxFailureBytes
	for back := -1; back < failureDays && left > 0; back++ { // it may be tomorrow on another host
		day := record.Day(s.options.Now.AddDate(0, 0, -back))
		first, ofDay, read, over := s.failuresOf(item, day, left)
		if ofDay > 0 {
			since, count = first, count+ofDay
		}
		if over {
			break
		}
		left -= read
	}
	return since, count
}

// failuresOf is about the end of a day. Over is where there is a success, or what
// could not be read may have one.
func (s *Surveyor) failuresOf(item record.Item, day string, left int) (since time.Time, count, read int, over bool) {
	for most := failureBytes; ; most = min(failureBytesGrow*most, left) {
		runs, read, err := s.endedRuns(item, day, most)
		since, count, over = failuresIn(runs)
		if over || err != nil || read < most/2 || most >= left {
			return since, count, read, over || err != nil || read >= most/2
		}
	}
}

// endedRuns gives the runs at the end of a day that ended by themselves, in order;
// read is how many bytes had some.
func (s *Surveyor) endedRuns(item record.Item, day string, most int) (runs []EndedRun, read int, err error) {
	err = s.files.Tail(item, record.Run, day, most, func(line []byte) {
		read += len(line)
		run := parseRun(line)
		if !endedItself(run.Cause) {
			return
		}
		if run.Start.IsZero() { // a record of another program
			run.Start, _, _ = timeOf(line, s.options.Now.Location())
		}
		runs = append(runs, run)
	})
	slices.SortStableFunc(runs, func(a, b EndedRun) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
	return slices.CompactFunc(runs, func(a, b EndedRun) bool { return a.ID != "" && a.ID == b.ID }), read, err
}

// failuresIn counts the failed runs behind the last success; over is where there is
// one.
func failuresIn(runs []EndedRun) (since time.Time, count int, over bool) {
	for _, run := range slices.Backward(runs) {
		if !run.Failed {
			return since, count, true
		}
		since, count = run.Start, count+1
	}
	return since, count, false
}
