package heartbeat

import (
	"slices"
	"time"
)

// A crontab may have been changed to fewer starts after weeks in which there were
// more. Where the newest heartbeats, at least MinBeats of them, came at a longer
// interval than those of the whole history, they are what a schedule is learned from.
// A job that is slower every night, or every weekend, has not changed: the stretch must
// be longer than twice any like it before. Of a job that has become faster nothing is
// said here: by the slower schedule it is never late without reason.

// newestGaps are those between the newest MinBeats.
func (h *history) newestGaps() []time.Duration {
	return h.gaps[max(0, len(h.gaps)-(MinBeats-1)):]
}

// isLonger reports whether an interval is longer than that of the whole history.
func (h *history) isLonger(interval time.Duration) bool { return interval > h.median+h.tolerance() }

// middle is the median.
func middle(gaps []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(gaps))[len(gaps)/2]
}

// rarer gives the newest heartbeats of a job that has some times of day now, or days of
// the week, and had more of them, or a pace. How long a gap is does not matter: there
// are weekends among them.
func (h *history) rarer() (newest *history, ok bool) {
	shortest := slices.Min(h.newestGaps())
	if !h.isLonger(shortest) || shortest <= fewTimes {
		return nil, false
	}
	fits := make([]bool, len(h.gaps))
	for i, gap := range h.gaps {
		fits[i] = gap >= shortest-toleranceOf(shortest)
	}
	from, _, ok := newestStretch(fits)
	if !ok {
		return nil, false
	}
	return newHistory(h.beats[from:], h.zone), true
}

// slowed finds that a job runs at a slower pace than it did. Its pauses stay those of
// the whole history, for few heartbeats show none.
func (h *history) slowed(whole pace) (*Schedule, bool) {
	interval := middle(h.newestGaps())
	if !h.isLonger(interval) || interval > fewTimes {
		return nil, false
	}
	fits := h.fits(pace{interval, whole.active}, toleranceOf(interval))
	from, kept, ok := newestStretch(fits)
	if !ok {
		return nil, false
	}
	var steady []time.Duration // without those over a pause
	for i := from; i < len(fits); i++ {
		if gap := h.gaps[i]; fits[i] && gap <= interval+toleranceOf(interval) {
			steady = append(steady, gap)
		}
	}
	if len(steady) < MinBeats/2 {
		return nil, false
	}
	interval = middle(steady)
	s := paceSchedule(pace{roundInterval(interval), whole.active})
	late := slices.Max(steady) - s.rule.(pace).interval
	s.tolerance = max(0, late+late/2)
	s.learned, s.kept = len(fits)-from+1, float64(kept)/float64(len(fits)-from)
	return s, true
}

// fits says of each gap whether the heartbeat behind it came as a rule has it.
func (h *history) fits(r rule, tolerance time.Duration) []bool {
	list := make([]bool, len(h.gaps))
	for i := range list {
		due, ok := r.next(h.beats[:i+1], h.zone)
		beat := h.beats[i+1]
		list[i] = ok && !beat.Before(due.Begin.Add(-tolerance)) && !beat.After(due.End.Add(tolerance))
	}
	return list
}

// newestStretch is the longest end of a list in which there are no more misses than
// a schedule may have, and how many are none; ok is whether it is long enough, and
// longer than what was there before.
func newestStretch(fits []bool) (from, kept int, ok bool) {
	from = len(fits)
	count := 0
	for i := len(fits) - 1; i >= 0; i-- {
		if !fits[i] {
			continue
		}
		count++
		if all := len(fits) - i; float64(all-count) <= maxMissed*float64(all) {
			from, kept = i, count
		}
	}
	return from, kept, kept >= MinBeats-1 && kept > 2*longestRun(fits[:from])
}

// longestRun is how many fit in a row.
func longestRun(fits []bool) (longest int) {
	run := 0
	for _, fit := range fits {
		run++
		if !fit {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}
