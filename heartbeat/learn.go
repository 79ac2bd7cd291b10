package heartbeat

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// MinBeats is how many heartbeats it takes to learn a schedule.
const MinBeats = 10

// Bounds of learning: a history may have some outages and extra runs in it, and a
// job that has more of them has no schedule.
const (
	maxMissed    = 0.15
	maxIrregular = 0.35
)

// fewTimes is the interval from which on a job has certain times of day, rather
// than a pace.
const fewTimes = 3 * time.Hour

// Learn finds the schedule by which heartbeats came, which are in order and not
// those of manual runs; zone is that of the host. It reports false where there
// are fewer than MinBeats, or no regularity among them.
//
// Outages and extra runs are outliers. A job may pause on some days of the week or
// hours of the day: that is learned from days that were seen. A job that has run on
// work days so far may have stopped when its first weekend is silent. Where the newest
// heartbeats alone show a slower pace than all of them, they are what counts.
func Learn(beats []time.Time, zone *time.Location) (*Schedule, bool) {
	if zone == nil {
		zone = time.UTC
	}
	h := newHistory(beats, zone)
	if len(h.beats) < MinBeats {
		return nil, false
	}
	if newest, ok := h.rarer(); ok {
		if s, ok := newest.learn(); ok {
			return s, true
		}
	}
	return h.learn()
}

func (h *history) learn() (*Schedule, bool) {
	learners := []func(*history) (*Schedule, bool){learnPace, learnTimes}
	if h.median > fewTimes {
		slices.Reverse(learners)
	}
	for _, learn := range learners {
		if s, ok := learn(h); ok {
			return s, true
		}
	}
	return nil, false
}

// Sureness is how far a learned schedule was kept while it was learned, from 0 to
// 1, and from how many heartbeats; 1 and 0 for one that was given.
func (s *Schedule) Sureness() (kept float64, beats int) {
	if s.learned == 0 {
		return 1, 0
	}
	return s.kept, s.learned
}

// history is what is learned from.
type history struct {
	beats  []time.Time // in the zone, without repeated starts
	gaps   []time.Duration
	median time.Duration
	zone   *time.Location
}

func newHistory(beats []time.Time, zone *time.Location) *history {
	h := &history{zone: zone}
	h.beats = beats
	h.measure()
	// Two starts right after one another are one and its repetition.
	var single []time.Time
	for _, beat := range beats {
		if len(single) == 0 || beat.Sub(single[len(single)-1]) > h.median/20 {
			single = append(single, beat.In(zone))
		}
	}
	h.beats = single
	h.measure()
	return h
}

func (h *history) measure() {
	h.gaps, h.median = nil, 0
	for i := 1; i < len(h.beats); i++ {
		h.gaps = append(h.gaps, h.beats[i].Sub(h.beats[i-1]))
	}
	if len(h.gaps) > 0 {
		h.median = middle(h.gaps)
	}
}

// tolerance is how much a gap may differ from the interval.
func (h *history) tolerance() time.Duration { return toleranceOf(h.median) }

func toleranceOf(interval time.Duration) time.Duration { return max(interval/4, 90*time.Second) }

// replay counts how often a rule would have missed a heartbeat of the history.
func (h *history) replay(s *Schedule) (missed int) {
	for i := 1; i < len(h.beats); i++ {
		due, grace, ok := s.Due(h.beats[:i], h.zone)
		if ok && due.End.Add(grace).Before(h.beats[i]) {
			missed++
		}
	}
	return missed
}

// accept fills in how sure a schedule is, or rejects it.
func (h *history) accept(s *Schedule, missed, expected int) (*Schedule, bool) {
	if expected == 0 || missed > max(1, int(maxMissed*float64(expected))) {
		return nil, false
	}
	s.learned, s.kept = len(h.beats), 1-float64(missed)/float64(expected)
	return s, true
}

// learnPace finds a steady interval, with its pauses.
func learnPace(h *history) (*Schedule, bool) {
	tolerance, irregular := h.tolerance(), 0
	longest := h.median
	for _, gap := range h.gaps {
		switch {
		case gap < h.median-tolerance:
			irregular++
		case gap <= h.median+tolerance:
			longest = max(longest, gap)
		}
	}
	if h.median < time.Second || float64(irregular) > maxIrregular*float64(len(h.gaps)) {
		return nil, false
	}
	interval := roundInterval(h.median)
	p := pace{interval: interval}
	if h.median <= fewTimes {
		p.active = h.activeHours()
	} else {
		p.interval, interval = longest, longest // of a month, for example
	}
	if s, ok := h.slowed(p); ok {
		return s, true
	}
	s := paceSchedule(p)
	if late := longest - interval; late > 0 {
		s.tolerance = late + late/2
	}
	return h.accept(s, h.replay(s), len(h.gaps))
}

func paceSchedule(p pace) *Schedule {
	return &Schedule{text: "every " + durationWords(p.interval) + p.pauses(), rule: p}
}

// roundInterval takes away the seconds by which starts differ.
func roundInterval(interval time.Duration) time.Duration {
	for _, unit := range [...]time.Duration{time.Hour, 5 * time.Minute, time.Minute} {
		if rounded := interval.Round(unit); rounded > 0 && (interval-rounded).Abs() <= min(interval/50, 20*time.Second) {
			return rounded
		}
	}
	return max(interval.Round(time.Second), time.Second)
}

// week says of each hour of the week, from Sunday on, whether the job runs in it.
type week [7 * 24]bool

func hourOfWeek(t time.Time) int { return int(t.Weekday())*24 + t.Hour() }

func isWeekend(day time.Weekday) bool { return day == time.Saturday || day == time.Sunday }

// pace is the rule of a steady interval that has pauses.
type pace struct {
	interval time.Duration
	active   *week // nil for all
}

func (p pace) next(beats []time.Time, zone *time.Location) (Window, bool) {
	due := rate{length: p.interval}.after(beats[len(beats)-1].In(zone))
	if days := p.interval / (24 * time.Hour); days > 0 && p.interval%(24*time.Hour) == 0 {
		due = rate{days: int(days)}.after(beats[len(beats)-1].In(zone))
	}
	if p.active == nil || p.active[hourOfWeek(due)] {
		return Window{due, due}, true
	}
	for range len(p.active) + 2 {
		year, month, day := due.Date()
		begin := time.Date(year, month, day, due.Hour()+1, 0, 0, 0, zone)
		if !begin.After(due) { // the hour that is there twice
			begin = due.Add(time.Hour)
		}
		due = begin
		if p.active[hourOfWeek(due)] {
			return Window{due, due.Add(max(time.Hour, p.interval) - time.Second)}, true
		}
	}
	return Window{}, false
}

// hourSeen counts the dates on which an hour was within the history, and those of
// them on which it was within a pause.
type hourSeen struct{ covered, silent int }

// activeHours finds the hours in which the job runs; nil for all. An hour is a
// pause where it always was one: on two dates of its weekday, or, as long as there
// are none, on three work days or both days of a weekend.
func (h *history) activeHours() *week {
	var seen [7 * 24]hourSeen
	var kinds [2][24]hourSeen // of work days and weekends
	h.eachHour(func(hour time.Time, silent bool) {
		kind := 0
		if isWeekend(hour.Weekday()) {
			kind = 1
		}
		for _, count := range [...]*hourSeen{&seen[hourOfWeek(hour)], &kinds[kind][hour.Hour()]} {
			count.covered++
			if silent {
				count.silent++
			}
		}
	})
	active, pauses := &week{}, false
	for at := range seen {
		kind, hour := 0, at%24
		if isWeekend(time.Weekday(at / 24)) {
			kind = 1
		}
		paused := false
		switch all := kinds[kind][hour]; {
		case seen[at].covered >= 2:
			paused = seen[at].silent == seen[at].covered
		case all.covered >= 3-kind:
			paused = all.silent == all.covered
		case kind == 1:
			work := kinds[0][hour]
			paused = work.covered >= 3 && work.silent == work.covered
		}
		active[at] = !paused
		pauses = pauses || paused
	}
	if !pauses || *active == (week{}) {
		return nil
	}
	return active
}

// maxHours bounds the history that is looked at hour by hour.
const maxHours = 120 * 24

// eachHour gives the whole hours between the first and the last heartbeat, and
// whether each was within a gap that is no ordinary one.
func (h *history) eachHour(use func(hour time.Time, silent bool)) {
	first := h.beats[0]
	hour := time.Date(first.Year(), first.Month(), first.Day(), first.Hour()+1, 0, 0, 0, h.zone)
	last, at := h.beats[len(h.beats)-1], 0
	ordinary := h.median + h.tolerance()
	for count := 0; !hour.Add(time.Hour).After(last) && count < maxHours; count++ {
		for at+1 < len(h.beats) && !h.beats[at+1].After(hour) {
			at++
		}
		silent := h.gaps[at] > ordinary && !h.beats[at+1].Before(hour.Add(time.Hour))
		use(hour, silent)
		hour = hour.Add(time.Hour)
	}
}

// pauses says in words when the job does not run.
func (p pace) pauses() string {
	if p.active == nil {
		return ""
	}
	var days []time.Weekday
	var hours [24]bool
	for at, active := range p.active {
		if active {
			days = append(days, time.Weekday(at/24))
			hours[at%24] = true
		}
	}
	text := ""
	if days = slices.Compact(days); len(days) < 7 {
		text = " on " + weekdayWords(days)
	}
	if first, last := slices.Index(hours[:], true), 23-slices.Index(reversed(hours), true); first > 0 || last < 23 {
		text += fmt.Sprintf(" between %02d:00 and %02d:00", first, last+1)
	} else if slices.Contains(hours[:], false) || text == "" {
		text += " with pauses"
	}
	return text
}

func reversed(hours [24]bool) []bool {
	list := slices.Clone(hours[:])
	slices.Reverse(list)
	return list
}

// weekdayWords writes days of the week as Mon-Fri or Mon, Wed.
func weekdayWords(days []time.Weekday) string {
	names := make([]string, len(days))
	for i, day := range days {
		names[i] = day.String()[:3]
	}
	if slices.Equal(days, []time.Weekday{1, 2, 3, 4, 5}) {
		return "Mon-Fri"
	}
	return strings.Join(names, ", ")
}

// durationWords writes 10m, 2h or 7d in words.
func durationWords(d time.Duration) string {
	if d >= 48*time.Hour {
		d = d.Round(time.Hour)
	}
	if d >= 10*24*time.Hour {
		d = d.Round(24 * time.Hour)
	}
	for _, unit := range [...]struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d < unit.length || d%unit.length != 0 && unit.length > time.Minute {
			continue
		}
		n := int((d + unit.length/2) / unit.length)
		if n == 1 {
			return unit.name
		}
		return fmt.Sprintf("%d %ss", n, unit.name)
	}
	return d.String()
}
