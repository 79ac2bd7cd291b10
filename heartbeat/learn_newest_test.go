package heartbeat

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// rhythms are jobs that become slower after three weeks.
var rhythms = []struct {
	name          string
	before, after job
	text          string
}{
	{"ten minutes to an hour", job{every: 10 * time.Minute, runs: always}, job{every: time.Hour, runs: always}, "every hour"},
	{"five minutes to half an hour", job{every: 5 * time.Minute, runs: always}, job{every: 30 * time.Minute, runs: always}, "every 30 minutes"},
	{"with starts that are late", job{every: 10 * time.Minute, runs: always, late: time.Minute}, job{every: time.Hour, runs: always, late: time.Minute}, "every hour"},
	{"with starts that fail", job{every: 10 * time.Minute, runs: always, skip: 0.05}, job{every: time.Hour, runs: always, skip: 0.05}, "every hour"},
	{"in work hours", job{every: 10 * time.Minute, runs: onWorkdays(between(8, 20, always))}, job{every: time.Hour, runs: onWorkdays(between(8, 20, always))},
		"every hour on Mon-Fri between 08:00 and 20:00"},
}

// A job whose crontab was changed to a slower pace is judged by that from ten
// heartbeats on, and not by the weeks before: it is not late, night and weekend are
// still its pauses, and an outage is noticed.
func TestLearnASlowerPace(t *testing.T) {
	changed := at(t, time.UTC, "2026-11-10 00:00") // a Tuesday
	for _, rhythm := range rhythms {
		for seed := range uint64(5) {
			random := rand.New(rand.NewPCG(seed, 11))
			rhythm.before.days, rhythm.after.days = 21, 12
			before := rhythm.before.history(random, changed)
			after := rhythm.after.history(random, changed.AddDate(0, 0, 12))
			for n := 2 * MinBeats; n < len(after); n += 7 {
				s, ok := Learn(append(before[:len(before):len(before)], after[:n]...), time.UTC)
				if !ok || s.String() != rhythm.text && rhythm.after.late == 0 {
					t.Fatalf("%s: learned %v from %d heartbeats after the change (seed %d)", rhythm.name, s, n, seed)
				}
				due, grace, ok := s.Due(after[:n], time.UTC)
				if gap := after[n].Sub(after[n-1]); !ok || due.End.Add(grace).Before(after[n]) && rhythm.after.skip == 0 {
					t.Fatalf("%s: the heartbeat of %v counts as late after %v: due until %v + %v", rhythm.name, after[n], gap, due.End, grace)
				}
				if until := due.End.Add(grace); until.Sub(after[n-1]) > 2*rhythm.after.every && until.Sub(after[n]) > 2*time.Hour {
					t.Fatalf("%s: after %v an outage is noticed only at %v", rhythm.name, after[n-1], until)
				}
			}
		}
	}
}

// A job that had a pace, or ran every day, and runs at few times now is judged by these
// from ten heartbeats on, however many there were before.
func TestLearnFewerTimes(t *testing.T) {
	changed := at(t, time.UTC, "2026-08-04 00:00") // a Tuesday
	onMondays := func(t time.Time) bool { return t.Weekday() == time.Monday && daily(3)(t) }
	for name, test := range map[string]struct {
		before, after job
		text          string
	}{
		"every day to every week":        {job{every: time.Hour, runs: daily(3), days: 110}, job{every: time.Hour, runs: onMondays}, "at 03:00 on Mon"},
		"four times a day to once":       {job{every: time.Hour, runs: daily(0, 6, 12, 18), days: 26}, job{every: time.Hour, runs: daily(12)}, "every day at 12:00"},
		"ten minutes to every day":       {job{every: 10 * time.Minute, runs: always, days: 15}, job{every: time.Hour, runs: daily(3)}, "every day at 03:00"},
		"ten minutes to every work day":  {job{every: 10 * time.Minute, runs: always, days: 15}, job{every: time.Hour, runs: onWorkdays(daily(3))}, "at 03:00 on Mon-Fri"},
		"work hours to twice a work day": {job{every: 10 * time.Minute, runs: onWorkdays(between(8, 20, always)), days: 21}, job{every: time.Hour, runs: onWorkdays(daily(9, 18))}, "at 09:00, 18:00 on Mon-Fri"},
	} {
		random := rand.New(rand.NewPCG(1, 11))
		test.after.days = 84
		before, after := test.before.history(random, changed), test.after.history(random, changed.AddDate(0, 0, 84))
		for n := MinBeats + 1; n <= min(len(after), 20); n++ {
			s, ok := Learn(append(before[:len(before):len(before)], after[:n]...), time.UTC)
			if !ok || s.String() != test.text {
				t.Errorf("%s: learned %v from %d heartbeats after the change", name, s, n)
			}
		}
	}
}

// What is no change of the rhythm: a pace that comes again each night or
// weekend, a host that fails to start some, and fewer than ten heartbeats.
func TestLearnNoSlowerPace(t *testing.T) {
	end := at(t, time.UTC, "2026-11-24 06:30")
	nightly := job{every: 10 * time.Minute, days: 21, runs: func(t time.Time) bool { return 6 <= t.Hour() && t.Hour() < 17 || t.Minute() == 0 }}
	weekends := job{every: 10 * time.Minute, days: 21, runs: func(t time.Time) bool { return !isWeekend(t.Weekday()) || daily(0, 4, 8, 12, 16, 20)(t) }}
	flaky := job{every: 10 * time.Minute, days: 10, skip: 0.1, runs: always}
	few := job{every: 10 * time.Minute, days: 21, runs: func(t time.Time) bool { return t.Before(end.Add(-9*time.Hour)) || t.Minute() == 0 }}
	for name, j := range map[string]job{"slow at night": nightly, "slow on weekends": weekends, "some fail": flaky, "nine": few} {
		end := end
		if name == "slow on weekends" {
			end = end.AddDate(0, 0, -1)
		}
		for back := range 4 { // in the evening, at night and in the morning
			if name == "nine" && back > 0 {
				break
			}
			beats := j.history(rand.New(rand.NewPCG(1, uint64(back))), end.Add(-time.Duration(back)*2*time.Hour))
			s, ok := Learn(beats, time.UTC)
			if !ok && name == "slow at night" {
				continue // it has no steady interval
			}
			if !ok || !strings.HasPrefix(s.String(), "every 10 minutes") {
				t.Errorf("%s, up to %v: learned %s", name, beats[len(beats)-1], s)
			}
		}
	}
}
