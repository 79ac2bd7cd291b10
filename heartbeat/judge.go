package heartbeat

import (
	"time"

	"github.com/mvrun/mvrun/record"
)

// State is how an item fares.
type State string

// The states of an item, the first of those that apply. Idle is one of which
// nothing is expected: it was started by hand only, or has no heartbeat yet.
const (
	Retired       State = "retired"
	Muted         State = "muted"
	Stopped       State = "stopped"
	Late          State = "late"
	Hanging       State = "hanging"
	Overlong      State = "overlong"
	NeverFinished State = "never finished"
	WrapperLost   State = "wrapper lost"
	Failing       State = "failing"
	Stuck         State = "alarms stuck"
	Running       State = "running"
	Idle          State = "idle"
	OK            State = "ok"
)

// States lists all states, the worst first.
var States = []State{Stopped, Late, Hanging, Overlong, NeverFinished, WrapperLost, Failing, Stuck, Muted, Retired, Idle, Running, OK}

// Problem is one thing that is wrong with an item.
type Problem struct {
	State State
	// Since is the last heartbeat of what has stopped or is late, the start of a
	// run, the first failure, or the oldest alarm.
	Since time.Time
	// Due is when the next heartbeat was due; zero where no schedule is known.
	Due time.Time
	// Run, Host and Length are of the run; Limit is what it should have kept.
	Run    string
	Host   string
	Length time.Duration
	Limit  time.Duration
	Ended  bool // of a run that took too long
	Count  int  // missed heartbeats, failed runs, or alarms
	// Early is a failing that is to be seen, and not long enough to tell of: those who
	// are told of failed runs have been told.
	Early bool
}

// Silent reports whether a state is that there is no heartbeat: being late and
// having stopped are one problem, of which people are told once.
func (s State) Silent() bool { return s == Late || s == Stopped }

// Source says where a schedule comes from.
type Source string

// The sources. Words are those of Exec_Frequency, which are believed unless the
// heartbeats show another rhythm; Learned is from heartbeats; Daily is
// monitorViewer's rule for items without a schedule.
const (
	Given   Source = "given"
	Words   Source = "words"
	Learned Source = "learned"
	Daily   Source = "daily"
)

// Facts are what is known of an item.
type Facts struct {
	Beats []time.Time // in order, without those of manual runs; the newest ones
	Zone  *time.Location
	Given *Schedule // that mvrun was told; nil for none
	Words *Schedule // of Exec_Frequency; nil for none
	// History gives more heartbeats to learn from; it is asked only where Beats
	// cannot tell that all is well.
	History func() []time.Time
	// Learn has the schedule learned also where Beats can tell. It changes what is said
	// of the schedule, and nothing else of the verdict.
	Learn bool

	// LastRun is the last run that has ended; its Cause is "" where that is not known.
	LastRun EndedRun
	// Unfinished is a run that has a mark and no end.
	Unfinished *StartedRun
	Failing    *record.Failing
	// Failures gives how many runs have failed in a row, and when the first of them
	// began; it is asked only where the last one failed and there is no mark.
	Failures func() (since time.Time, runs int)
}

// EndedRun is a run that is recorded.
type EndedRun struct {
	ID, Cause, Host string
	Failed          bool          // of itself: it was neither stopped nor lost
	Duration, Limit time.Duration // Limit is --max-duration; 0 for none
	Start           time.Time
}

// StartedRun is a run that may be under way.
type StartedRun struct {
	ID, Host string
	Start    time.Time
	Limit    time.Duration
	// Longest gives the longest run before, and how many there were.
	Longest func() (time.Duration, int)
}

// Rules are the limits of the judgement. The zero value is good.
type Rules struct {
	Grace        time.Duration // at least, behind each due time
	FailingAfter time.Duration // until a failing is told of; 0 means a day
}

// Verdict is what is found of an item.
type Verdict struct {
	Item     record.Item
	State    State
	Problems []Problem

	Last     time.Time // heartbeat; zero for none
	Due      Window    // of the next heartbeat; zero where that is not known
	LastDue  time.Time // the last due time of an item that is late; zero where there is none
	Schedule string    // in words; "" for none
	Source   Source
	Kept     float64 // see [Schedule.Sureness]
	Beats    int

	Admin string // of the direction, as the item's settings have it
	// Startup and Script are how the item is started, as its settings have it.
	Startup, Script string
	Beat            Beat // the last heartbeat
	Mute            *record.Mute
}

// Judge says how an item fares at a time.
func Judge(f *Facts, rules Rules, now time.Time) Verdict {
	v := Verdict{State: OK}
	if len(f.Beats) > 0 {
		v.Last = f.Beats[len(f.Beats)-1]
		judgeSilence(&v, f, rules, now)
	} else {
		v.State = Idle
	}
	judgeRuns(&v, f, now)
	judgeFailing(&v, f, rules, now)
	switch {
	case len(v.Problems) > 0:
		v.State = v.Problems[0].State
	case f.Unfinished != nil:
		v.State = Running
	}
	return v
}

// judgeFailing looks whether the last run that has ended failed, and since when. The
// mark is of those that alarms are for: a run of --on-failure=log or none leaves none,
// and neither do records from elsewhere, of which the runs themselves tell.
func judgeFailing(v *Verdict, f *Facts, rules Rules, now time.Time) {
	problem := Problem{State: Failing, Early: true}
	switch mark := f.Failing; {
	case mark != nil:
		problem.Since, problem.Count = mark.Since, mark.Runs
	case f.LastRun.Failed:
		problem.Since, problem.Run, problem.Host, problem.Count = f.LastRun.Start, f.LastRun.ID, f.LastRun.Host, 1
		if f.Failures != nil {
			if since, runs := f.Failures(); runs > 0 {
				problem.Since, problem.Count = since, runs
			}
		}
	default:
		return
	}
	if problem.Count > 1 && now.Sub(problem.Since) >= orDefault(rules.FailingAfter, 24*time.Hour) {
		problem.Early = false
	}
	v.Problems = append(v.Problems, problem)
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// judgeSilence looks whether the last heartbeat is too old.
func judgeSilence(v *Verdict, f *Facts, rules Rules, now time.Time) {
	switch {
	case f.Given != nil:
		v.use(f.Given, Given, f, rules, now)
		if len(v.Problems) > 0 && f.History != nil && now.Sub(v.Last) < maxClockShift {
			v.Problems = nil // more of them may show that a clock was set
			f.remember()
			v.use(f.Given, Given, f, rules, now)
		}
		return
	case f.Words != nil:
		v.use(f.Words, Words, f, rules, now)
		if len(v.Problems) == 0 {
			return
		}
	case now.Sub(v.Last) <= f.shortest()+minGrace:
		// By its newest heartbeats nothing is due yet, and that is the verdict whether
		// the schedule is wanted or not.
		if f.Learn {
			v.nameLearned(f)
		}
		return
	}
	f.remember()
	learned, ok := Learn(f.Beats, f.Zone)
	switch {
	case ok:
		before := v.Problems
		v.Problems = nil
		v.use(learned, Learned, f, rules, now)
		if f.Words != nil && len(v.Problems) > 0 {
			// Both say so; what was written down is what people know.
			v.Problems = before
			v.name(f.Words, Words, f)
		}
	case f.Words == nil:
		v.judgeDaily(f, now)
	}
}

// nameLearned notes the schedule that the heartbeats show.
func (v *Verdict) nameLearned(f *Facts) {
	f.remember()
	v.Source = Daily
	if learned, ok := Learn(f.Beats, f.Zone); ok {
		v.name(learned, Learned, f)
	}
}

// maxClockShift bounds the silences that may be a clock that was set back.
const maxClockShift = 4 * time.Hour

// remember takes the whole history, unless it cannot be read.
func (f *Facts) remember() {
	if f.History == nil {
		return
	}
	if beats := f.History(); len(beats) > 0 {
		f.Beats = beats
	}
}

// shortest is the shortest time between two of the newest heartbeats: as long as
// that is not over, nothing is due by the rhythm in which they came.
func (f *Facts) shortest() time.Duration {
	if len(f.Beats) < 2 {
		return 0
	}
	shortest := f.Beats[1].Sub(f.Beats[0])
	for i := 2; i < len(f.Beats); i++ {
		shortest = min(shortest, f.Beats[i].Sub(f.Beats[i-1]))
	}
	return shortest
}

// maxMissedCount is where counting missed heartbeats ends: nobody wants to know
// more exactly.
const maxMissedCount = 100

// stoppedAfter is how many heartbeats in a row are missed by what has stopped.
const stoppedAfter = 2

// use judges by a schedule.
func (v *Verdict) use(s *Schedule, source Source, f *Facts, rules Rules, now time.Time) {
	due, grace, ok := v.name(s, source, f)
	if !ok {
		if !s.Expects() {
			v.State = Idle
		}
		return
	}
	if !now.After(due.End.Add(max(grace, rules.Grace))) {
		return
	}
	problem := Problem{State: Late, Since: v.Last, Due: due.End, Count: max(1, s.Missed(f.Beats, f.Zone, now, maxMissedCount))}
	if problem.Count >= stoppedAfter {
		problem.State = Stopped
	}
	if last, ok := s.Previous(now, f.Zone); ok {
		v.LastDue = last.End
	}
	v.Problems = append(v.Problems, problem)
}

// name notes the schedule by which an item is judged.
func (v *Verdict) name(s *Schedule, source Source, f *Facts) (Window, time.Duration, bool) {
	v.Schedule, v.Source = s.String(), source
	v.Kept, v.Beats = s.Sureness()
	due, grace, ok := s.Due(f.Beats, f.Zone)
	v.Due = due
	return due, grace, ok
}

// judgeDaily is monitorViewer's rule: an item has stopped where there was no
// heartbeat today and yesterday.
func (v *Verdict) judgeDaily(f *Facts, now time.Time) {
	v.Source = Daily
	year, month, day := now.In(f.Zone).Date()
	if yesterday := time.Date(year, month, day-1, 0, 0, 0, 0, f.Zone); v.Last.Before(yesterday) {
		v.Problems = append(v.Problems, Problem{State: Stopped, Since: v.Last})
	}
}

// Bounds from which on a run is much longer than ever before.
const (
	muchLonger   = 3
	minHanging   = 10 * time.Minute
	minRunsKnown = 5
)

// judgeRuns looks at the run that is under way, and at how the last one ended.
func judgeRuns(v *Verdict, f *Facts, now time.Time) {
	if run := f.Unfinished; run != nil {
		problem := Problem{Since: run.Start, Run: run.ID, Host: run.Host, Length: now.Sub(run.Start)}
		if run.Limit > 0 && problem.Length > run.Limit {
			problem.State, problem.Limit = Overlong, run.Limit
			v.Problems = append(v.Problems, problem)
		} else if problem.Length > minHanging {
			longest, known := run.Longest()
			if known >= minRunsKnown && problem.Length > muchLonger*longest {
				problem.State, problem.Limit = Hanging, longest
				v.Problems = append(v.Problems, problem)
			}
		}
		return
	}
	last := f.LastRun
	problem := Problem{Since: last.Start, Run: last.ID, Host: last.Host}
	switch {
	case last.Cause == record.CauseNeverFinished:
		problem.State = NeverFinished
	case last.Cause == record.CauseWrapperLost:
		problem.State = WrapperLost
	case last.Limit > 0 && last.Duration > last.Limit:
		problem.State, problem.Length, problem.Limit, problem.Ended = Overlong, last.Duration, last.Limit, true
	default:
		return
	}
	v.Problems = append(v.Problems, problem)
}
