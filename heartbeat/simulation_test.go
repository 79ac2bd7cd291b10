package heartbeat

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"
)

// A month of 200 items in three time zones, twice: in spring and in autumn, when
// clocks are set. Items have a schedule, or words, or must be learned from three
// weeks before; they have outages, move between hosts, run on hosts whose clock is
// wrong for a while, and are stopped over holidays, for which people mute them.
func TestAMonthOfItems(t *testing.T) {
	var delays []time.Duration
	outages, judged := 0, 0
	for _, month := range []string{"2026-03-05 00:00", "2026-10-20 00:00"} {
		for i := range unlessRace(100, 20) {
			s := newSimulated(t, month, uint64(i))
			judged += s.falseAlarms(t)
			found := s.detect(t)
			outages += len(s.outages)
			delays = append(delays, found...)
		}
	}
	sort.Slice(delays, func(i, j int) bool { return delays[i] < delays[j] })
	if len(delays) != outages {
		t.Errorf("%d of %d outages were found within their bounds", len(delays), outages)
	}
	t.Logf("32 days: %d of %d outages found, %v after the first missing start in the median, %v at the latest; %d silences judged, false alarms are errors",
		len(delays), outages, delays[len(delays)/2].Round(time.Minute), delays[len(delays)-1].Round(time.Minute), judged)
}

// simulated is an item, with what happened to it.
type simulated struct {
	name          string
	zone          *time.Location
	kind          simulatedKind
	given, words  *Schedule
	begin, end    time.Time // of the month
	beats         []Beat    // as they are recorded
	real          []time.Time
	starts        []time.Time // as they should have been
	outages, mute []Window
	wrong         Window // when the clock of its host is
}

// simulatedKind is how an item is started.
type simulatedKind struct {
	cron  string // by the clock of its host
	words string // what people say of it
	bound time.Duration
}

var simulatedKinds = []simulatedKind{
	{"*/5 * * * *", "every 5 minutes", 15 * time.Minute},
	{"*/10 * * * *", "每10分钟", 20 * time.Minute},
	{"0 * * * *", "every hour", 45 * time.Minute},
	{"30 2 * * *", "once a day", 3 * time.Hour},
	{"0 6 * * *", "每天一次", 2 * time.Hour},
	{"*/30 8-19 * * *", "every 30 minutes between 8:00 and 20:00", 2 * time.Hour},
	{"*/10 8-19 * * 1-5", "every 10 minutes on weekdays between 8:00 and 20:00", 2 * time.Hour},
	{"0 9,18 * * *", "twice a day", 10 * time.Hour},
	{"15 3 * * 1-5", "weekdays at 3:15", 2 * time.Hour},
	{"0 4 * * 0", "once a week", 3 * time.Hour},
}

func newSimulated(t *testing.T, month string, seed uint64) *simulated {
	zones := [...]string{"Asia/Shanghai", "Europe/Berlin", "America/New_York"}
	random := rand.New(rand.NewPCG(seed, 99))
	s := &simulated{kind: simulatedKinds[int(seed)%len(simulatedKinds)], zone: location(t, zones[random.IntN(3)])}
	source := random.IntN(3)
	s.begin = at(t, s.zone, month)
	s.end = s.begin.AddDate(0, 0, 32)
	if s.kind.cron == "0 4 * * 0" && source == 2 {
		source = 1 // three weeks are too few to learn a weekly job
	}
	switch source {
	case 0:
		s.given, _ = Parse(s.kind.cron)
	case 1:
		var err error
		if s.words, err = Parse(s.kind.words); err != nil {
			t.Fatal(err)
		}
	}
	s.name = fmt.Sprintf("%s in %s (source %d, seed %d)", s.kind.cron, s.zone, source, seed)
	s.plan(random)
	s.run(random)
	return s
}

// plan finds when the item should start, by its crontab.
func (s *simulated) plan(random *rand.Rand) {
	schedule, _ := Parse(s.kind.cron)
	moment := s.begin.AddDate(0, 0, -21)
	for moment.Before(s.end) {
		due, ok := schedule.rule.next([]time.Time{moment}, s.zone)
		if !ok {
			break
		}
		switch twice := !due.End.Equal(due.Begin); {
		case twice && s.kind.bound < time.Hour: // what runs all the time runs in both hours
			s.starts = append(s.starts, due.Begin, due.End)
		case twice && random.IntN(2) == 0:
			s.starts = append(s.starts, due.End) // some daemons start at the second 2:30 of the night
		default:
			s.starts = append(s.starts, due.Begin)
		}
		moment = due.Begin
	}
	slices.SortFunc(s.starts, time.Time.Compare)
	// An outage a fortnight, and a holiday of two days.
	for _, day := range [...]int{3 + random.IntN(6), 18 + random.IntN(6)} {
		from := s.begin.AddDate(0, 0, day).Add(time.Duration(random.IntN(24*60)) * time.Minute)
		s.outages = append(s.outages, Window{from, from.Add(time.Duration(30+random.IntN(40)) * time.Hour)})
	}
	if random.IntN(4) == 0 {
		from := s.begin.AddDate(0, 0, 13)
		s.mute = append(s.mute, Window{from, from.AddDate(0, 0, 2)})
	}
}

func within(windows []Window, moment time.Time) bool {
	return slices.ContainsFunc(windows, func(w Window) bool { return !moment.Before(w.Begin) && moment.Before(w.End) })
}

// run makes the heartbeats.
func (s *simulated) run(random *rand.Rand) {
	moved := s.begin.AddDate(0, 0, random.IntN(30))
	wrong := Window{s.begin.AddDate(0, 0, 11), s.begin.AddDate(0, 0, 11).Add(5 * time.Hour)}
	s.wrong = wrong
	off := [...]time.Duration{0, time.Hour, -time.Hour}[random.IntN(3)]
	if s.kind.cron == "0 * * * *" {
		off = max(off, 0) // behind by the time between two starts, a clock leaves no trace
	}
	for _, start := range s.starts {
		if within(s.outages, start) || within(s.mute, start) {
			continue
		}
		start = start.Add(time.Duration(random.IntN(20)) * time.Second)
		beat := Beat{Time: start, Offset: true, Hostname: "h1", Startup: "crontab"}
		if start.After(moved) {
			beat.Hostname = "h2"
		}
		if !start.Before(wrong.Begin) && start.Before(wrong.End) {
			beat.Time = start.Add(off)
		}
		s.beats, s.real = append(s.beats, beat), append(s.real, start)
		if random.IntN(300) == 0 { // somebody tries it out
			s.beats, s.real = append(s.beats, Beat{Time: start.Add(time.Minute), Offset: true, Hostname: "h1", Startup: manual}), append(s.real, start.Add(time.Minute))
		}
	}
}

// judge is a check at a time.
func (s *simulated) judge(now time.Time) Verdict {
	known := s.beats[:sort.Search(len(s.real), func(i int) bool { return s.real[i].After(now) })]
	recent := known[max(0, len(known)-8):]
	f := &Facts{
		Beats: beatTimes(recent, now), Zone: s.zone, Given: s.given, Words: s.words,
		History: func() []time.Time {
			first := sort.Search(len(known), func(i int) bool { return known[i].Time.After(now.AddDate(0, 0, -learnDays)) })
			return beatTimes(known[max(first, len(known)-8*learnBeats):], now)
		},
	}
	return Judge(f, Rules{}, now)
}

// falseAlarms judges right before each heartbeat of the month that comes after an
// unusual time, and before some of the others, and wants nothing to be wrong then.
func (s *simulated) falseAlarms(t *testing.T) (judged int) {
	first := sort.Search(len(s.real), func(i int) bool { return s.real[i].After(s.begin) })
	for i := first; i < len(s.real); i++ {
		before, now := s.real[i-1], s.real[i].Add(-time.Second)
		if s.missing(before, now) {
			continue // an outage, or a holiday
		}
		if usual := before.Sub(s.real[max(0, i-2)]); i%10 > 0 && now.Sub(before) < usual+time.Minute && !s.clockIsWrong(now) {
			continue // one as the one before
		}
		judged++
		if v := s.judge(now); len(v.Problems) > 0 {
			t.Errorf("%s: at %v, %s since %v by %q (%s), due %v", s.name, now.In(s.zone), v.State, v.Last.In(s.zone), v.Schedule, v.Source, v.Due.End.In(s.zone))
			return judged
		}
	}
	return judged
}

// clockIsWrong is true until the next day.
func (s *simulated) clockIsWrong(now time.Time) bool {
	return !now.Before(s.wrong.Begin) && now.Before(s.wrong.End.AddDate(0, 0, 1))
}

// missing reports whether a start between two times was left out.
func (s *simulated) missing(from, to time.Time) bool {
	next := sort.Search(len(s.starts), func(i int) bool { return s.starts[i].After(from.Add(time.Minute)) })
	return next < len(s.starts) && s.starts[next].Before(to.Add(-time.Minute))
}

// detect wants each outage to be found within its bound, by checks every five
// minutes, and gives the delays.
func (s *simulated) detect(t *testing.T) (delays []time.Duration) {
	for i, outage := range s.outages {
		from := sort.Search(len(s.starts), func(i int) bool { return !s.starts[i].Before(outage.Begin) })
		if from == len(s.starts) || !s.starts[from].Before(outage.End) {
			s.outages[i] = Window{} // nothing was due in it
			continue
		}
		missed := s.starts[from]
		found := false
		for now := missed; !now.After(missed.Add(s.kind.bound)); now = now.Add(5 * time.Minute) {
			if v := s.judge(now); len(v.Problems) > 0 {
				delays, found = append(delays, now.Sub(missed)), true
				break
			}
		}
		if !found && !within(s.mute, missed) {
			v := s.judge(missed.Add(s.kind.bound))
			t.Errorf("%s: the start at %v is missing, not found within %v; last %v, schedule %q (%s), due %v", s.name, missed.In(s.zone), s.kind.bound,
				v.Last.In(s.zone), v.Schedule, v.Source, v.Due.End.In(s.zone))
		}
	}
	s.outages = slices.DeleteFunc(s.outages, func(w Window) bool { return w == Window{} })
	return delays
}
