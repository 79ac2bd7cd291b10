package heartbeat

import (
	"math/rand/v2"
	"testing"
	"time"
)

// job is a generated history: what starts it, and what goes wrong.
type job struct {
	name  string
	every time.Duration // steps of a day
	runs  func(t time.Time) bool
	late  time.Duration // starts are late by up to this
	skip  float64       // share of starts that fail
	days  int
	// quiet is a time after the end of the history at which nothing is amiss, and
	// stopped one at which something is; zero for no schedule to be learned.
	text string
}

func daily(hours ...int) func(time.Time) bool {
	return func(t time.Time) bool {
		for _, hour := range hours {
			if t.Hour() == hour && t.Minute() == 0 {
				return true
			}
		}
		return false
	}
}

func always(time.Time) bool { return true }

func onWorkdays(runs func(time.Time) bool) func(time.Time) bool {
	return func(t time.Time) bool { return !isWeekend(t.Weekday()) && runs(t) }
}

func between(from, to int, runs func(time.Time) bool) func(time.Time) bool {
	return func(t time.Time) bool { return from <= t.Hour() && t.Hour() < to && runs(t) }
}

var generated = []job{
	{name: "minute", every: time.Minute, runs: always, days: 1, text: "every minute"},
	{name: "ten minutes", every: 10 * time.Minute, runs: always, days: 4, late: 20 * time.Second, text: "every 10 minutes"},
	{name: "ten minutes with outliers", every: 10 * time.Minute, runs: always, days: 10, skip: 0.05, text: "every 10 minutes"},
	{name: "hour", every: time.Hour, runs: always, days: 5, late: time.Minute, text: "every hour"},
	{name: "two hours", every: 2 * time.Hour, runs: always, days: 5, text: "every 2 hours"},
	{name: "day", every: time.Hour, runs: daily(3), days: 14, late: 2 * time.Minute, text: "every day at 03:00"},
	{name: "late day", every: time.Hour, runs: daily(3), days: 30, late: 50 * time.Minute, text: "every day at 03:00-03:49"},
	{name: "twice a day", every: time.Hour, runs: daily(8, 18), days: 10, text: "every day at 08:00, 18:00"},
	{name: "work days", every: time.Hour, runs: onWorkdays(daily(9)), days: 28, text: "at 09:00 on Mon-Fri"},
	{name: "work hours", every: 10 * time.Minute, runs: onWorkdays(between(8, 20, always)), days: 21, text: "every 10 minutes on Mon-Fri between 08:00 and 20:00"},
	{name: "work days all day", every: 10 * time.Minute, runs: onWorkdays(always), days: 21, text: "every 10 minutes on Mon-Fri"},
	{name: "work days, one weekend", every: 10 * time.Minute, runs: onWorkdays(always), days: 5, text: "every 10 minutes on Mon-Fri"},
	{name: "work hours, one weekend", every: 10 * time.Minute, runs: onWorkdays(between(8, 20, always)), days: 8, text: "every 10 minutes on Mon-Fri between 08:00 and 20:00"},
	{name: "twice on work days, one weekend", every: time.Hour, runs: onWorkdays(daily(9, 18)), days: 7, text: "at 09:00, 18:00 on Mon-Fri"},
	{name: "day time", every: 30 * time.Minute, runs: between(6, 22, always), days: 8, text: "every 30 minutes between 06:00 and 22:00"},
	{name: "day time hours", every: time.Hour, runs: between(9, 18, always), days: 10, text: "every hour between 09:00 and 18:00"},
	{name: "week", every: time.Hour, runs: func(t time.Time) bool { return t.Weekday() == time.Monday && daily(3)(t) }, days: 90, text: "at 03:00 on Mon"},
	{name: "month", every: time.Hour, runs: func(t time.Time) bool { return t.Day() == 1 && daily(3)(t) }, days: 400, text: "every 31 days"},
	{name: "few", every: time.Hour, runs: daily(3), days: 9, text: ""},
}

// history generates the heartbeats of a job up to a day.
func (j job) history(random *rand.Rand, end time.Time) []time.Time {
	var beats []time.Time
	for t := end.AddDate(0, 0, -j.days); t.Before(end); t = t.Add(j.every) {
		if !j.runs(t) || random.Float64() < j.skip {
			continue
		}
		start := t.Add(time.Second)
		if j.late > 0 {
			start = start.Add(time.Duration(random.Int64N(int64(j.late))))
		}
		beats = append(beats, start)
	}
	return beats
}

func TestLearn(t *testing.T) {
	zone := location(t, "Asia/Shanghai")
	for _, job := range generated {
		for seed := range uint64(5) {
			// A Tuesday at midnight.
			beats := job.history(rand.New(rand.NewPCG(seed, 7)), at(t, zone, "2026-11-24 00:00"))
			s, ok := Learn(beats, zone)
			if ok != (job.text != "") {
				t.Errorf("%s: learned %v of %d", job.name, ok, len(beats))
				continue
			}
			if !ok {
				continue
			}
			if seed == 0 && s.String() != job.text && job.late < 10*time.Minute {
				t.Errorf("%s: learned %q, want %q", job.name, s, job.text)
			}
			if kept, from := s.Sureness(); kept < 0.85 || from < MinBeats {
				t.Errorf("%s: kept %v of %d", job.name, kept, from)
			}
			checkLearned(t, job, s, beats, zone)
		}
	}
}

// checkLearned goes on with the job for two weeks, and wants no heartbeat of it to
// be late; and one left out to be noticed before twice the usual time is over.
func checkLearned(t *testing.T, job job, s *Schedule, beats []time.Time, zone *time.Location) {
	t.Helper()
	job.skip = 0
	job.days = 62
	future := job.history(rand.New(rand.NewPCG(1, 2)), beats[len(beats)-1].AddDate(0, 0, 60).Truncate(24*time.Hour).In(zone).Add(-8*time.Hour))
	for _, beat := range future {
		last := beats[len(beats)-1]
		if !beat.After(last.Add(job.every / 2)) {
			continue
		}
		due, grace, ok := s.Due(beats, zone)
		if !ok || due.End.Add(grace).Before(beat) {
			t.Errorf("%s (%s): after %v the heartbeat of %v counts as late: due until %v + %v", job.name, s, last, beat, due.End, grace)
			return
		}
		if bound := beat.Add(max(job.every, time.Hour) + job.late + 2*time.Hour); due.Begin.After(bound) && job.name != "month" {
			t.Errorf("%s (%s): after %v due only at %v, it came at %v", job.name, s, last, due.Begin, beat)
			return
		}
		beats = append(beats, beat)
	}
}

// What comes at random has no schedule.
func TestLearnNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	found := 0
	for range 50 {
		var beats []time.Time
		now := at(t, time.UTC, "2026-11-01 00:00")
		for range 100 {
			now = now.Add(time.Duration(random.ExpFloat64() * float64(3*time.Hour)))
			beats = append(beats, now)
		}
		if s, ok := Learn(beats, time.UTC); ok {
			t.Logf("learned %s", s)
			found++
		}
	}
	if found > 1 {
		t.Errorf("%d schedules were learned from chance", found)
	}
}

// A job that runs around the clock and stops in its first days is missed at once, on
// whatever day it began: what was not seen is no pause.
func TestLearnInTheFirstDays(t *testing.T) {
	for start := range 7 {
		for days := 2; days <= 6; days++ {
			for _, j := range []job{
				{every: 15 * time.Minute, runs: always}, {every: time.Hour, runs: always}, {every: time.Hour, runs: daily(0, 6, 12, 18)},
			} {
				j.days = days
				end := at(t, time.UTC, "2026-11-23 00:00").AddDate(0, 0, start)
				beats := j.history(rand.New(rand.NewPCG(1, 1)), end)
				s, ok := Learn(beats, time.UTC)
				if !ok {
					if len(beats) >= MinBeats {
						t.Errorf("nothing was learned of %d days up to %v", days, end)
					}
					continue
				}
				last := beats[len(beats)-1]
				if due, _, _ := s.Due(beats, time.UTC); due.End.Sub(last) > 2*last.Sub(beats[len(beats)-2]) {
					t.Errorf("%s, of %d days up to %v: due only at %v", s, days, end.Format(time.RFC1123), due.End)
				}
			}
		}
	}
}

// From Wednesday to Friday it ran, and on Sunday nobody says that all is well.
func TestJudgeTheFirstWeekend(t *testing.T) {
	j := job{every: 15 * time.Minute, runs: always, days: 3}
	beats := j.history(rand.New(rand.NewPCG(1, 1)), at(t, time.UTC, "2026-11-28 00:00"))
	v := Judge(&Facts{Beats: beats, Zone: time.UTC}, Rules{}, at(t, time.UTC, "2026-11-29 02:35"))
	if v.State != Stopped || v.Schedule != "every 15 minutes" {
		t.Errorf("%s by %q", v.State, v.Schedule)
	}
}
