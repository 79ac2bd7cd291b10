package heartbeat

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// times is the rule of certain times of day on certain days of the week, as it is
// learned. Each is from and to a minute after midnight; one that goes over
// midnight ends on the next day.
type times struct {
	spans []span // in order
	days  [7]bool
	slack time.Duration // how early a heartbeat may come
}

func (r times) next(beats []time.Time, zone *time.Location) (Window, bool) {
	last := beats[len(beats)-1].In(zone)
	year, month, day := last.Date()
	for offset := -1; offset <= 8; offset++ {
		at := date(year, month, day+offset)
		if !r.days[at.Weekday()] {
			continue
		}
		for _, s := range r.spans {
			due := r.window(at, s, zone)
			if due.Begin.After(last.Add(r.slack)) {
				return due, true
			}
		}
	}
	return Window{}, false
}

// window is a span on a day, see the function of that name; the zero value where
// the clock passes it over.
func (r times) window(day time.Time, s span, zone *time.Location) Window {
	end := day.Add(time.Duration(s.hi) * time.Minute) // of UTC, where days have 24 hours
	due := window(day, end, clock{hour: s.lo / 60, minute: s.lo % 60}, clock{hour: end.Hour(), minute: end.Minute()}, zone)
	if due.Begin.IsZero() {
		return due
	}
	return Window{due.Begin, later(due.Begin, due.End).Add(time.Minute - time.Second)}
}

// maxTimes is how many times of day are told apart.
const maxTimes = 24

// learnTimes finds times of day that come again on each day, or each day of some
// days of the week.
func learnTimes(h *history) (*Schedule, bool) {
	spans := h.timesOfDay()
	if len(spans) == 0 || len(spans) > maxTimes {
		return nil, false
	}
	rule := times{spans: spans, days: h.runDays(), slack: early(24 * time.Hour)}
	for i := range spans {
		after := spans[(i+1)%len(spans)].lo
		if i == len(spans)-1 {
			after += dayMinutes
		}
		rule.slack = min(rule.slack, time.Duration(after-spans[i].hi)*time.Minute/4)
	}
	s := &Schedule{text: rule.words(), rule: rule}
	outages, kept, expected := h.outages(rule)
	irregular := len(h.beats) - kept
	if float64(irregular) > maxIrregular*float64(len(h.beats)) || 2*kept < expected {
		return nil, false
	}
	return h.accept(s, outages, expected)
}

// apart is the distance from which on two times of day are not the same one.
const apart = 60 // minutes

// timesOfDay finds the times of day that occur on most days on which there are
// any.
func (h *history) timesOfDay() []span {
	minutes := make([]int, len(h.beats))
	dates := map[int]bool{}
	for i, beat := range h.beats {
		minutes[i] = beat.Hour()*60 + beat.Minute()
		dates[beat.Year()*1000+beat.YearDay()] = true
	}
	slices.Sort(minutes)
	// The day begins in the longest time without a heartbeat, since there may be
	// some just before midnight and some just after.
	start, longest := 0, minutes[0]+dayMinutes-minutes[len(minutes)-1]
	for i := 1; i < len(minutes); i++ {
		if minutes[i]-minutes[i-1] > longest {
			start, longest = i, minutes[i]-minutes[i-1]
		}
	}
	rotated := slices.Clone(minutes[start:])
	for _, minute := range minutes[:start] {
		rotated = append(rotated, minute+dayMinutes)
	}
	var spans []span
	for from := 0; from < len(rotated); {
		to := from + 1
		for to < len(rotated) && rotated[to]-rotated[to-1] < apart {
			to++
		}
		if 2*(to-from) >= len(dates) { // else they are outliers
			spans = append(spans, span{rotated[from], rotated[to-1]})
		}
		from = to
	}
	for i, s := range spans {
		if s.lo >= dayMinutes {
			spans[i] = span{s.lo - dayMinutes, s.hi - dayMinutes}
		}
	}
	return normal(spans)
}

// runDays finds the days of the week on which the job runs. A day of which there
// were two without a heartbeat is none; and so is a weekend, of which there was one
// without any between heartbeats of three work days.
func (h *history) runDays() (days [7]bool) {
	var seen, ran [7]int
	dates := map[time.Time]bool{}
	for _, beat := range h.beats {
		at := date(beat.Date())
		if !dates[at] {
			ran[at.Weekday()]++
		}
		dates[at] = true
	}
	first, last := date(h.beats[0].Date()), date(h.beats[len(h.beats)-1].Date())
	for at := first; !at.After(last); at = at.AddDate(0, 0, 1) {
		seen[at.Weekday()]++
	}
	workdaysRun := 0
	for day := time.Monday; day <= time.Friday; day++ {
		workdaysRun += min(ran[day], 1)
	}
	for day := range days {
		days[day] = ran[day] > 0 || seen[day] < 2
		if isWeekend(time.Weekday(day)) && ran[0]+ran[6] == 0 && seen[day] > 0 && workdaysRun >= 3 {
			days[day] = false
		}
		// Once or twice among many was a repetition by hand.
		if ran[day] > 0 && seen[day] >= 4 && 4*ran[day] <= seen[day] {
			days[day] = false
		}
	}
	return days
}

// outages counts the windows between the first and the last heartbeat, those with
// a heartbeat, and how often there were some without.
func (h *history) outages(rule times) (outages, kept, expected int) {
	last := h.beats[len(h.beats)-1]
	at := h.beats[0].Add(-time.Hour)
	beat, out := 0, false
	for range 20000 {
		due, ok := rule.next([]time.Time{at}, h.zone)
		if !ok || due.End.After(last) {
			break
		}
		expected++
		for beat < len(h.beats) && h.beats[beat].Before(due.Begin.Add(-rule.slack)) {
			beat++
		}
		missed := beat == len(h.beats) || h.beats[beat].After(due.End.Add(rule.slack))
		switch {
		case !missed:
			kept++
		case !out:
			outages++
		}
		out = missed
		at = due.Begin.Add(rule.slack)
	}
	return outages, kept, expected
}

// words says the times, the early ones of windows.
func (r times) words() string {
	list := make([]string, len(r.spans))
	for i, s := range r.spans {
		list[i] = fmt.Sprintf("%02d:%02d", s.lo/60, s.lo%60)
		if s.hi-s.lo > 5 {
			list[i] += fmt.Sprintf("-%02d:%02d", s.hi/60%24, s.hi%60)
		}
	}
	text := "at " + strings.Join(list, ", ")
	var days []time.Weekday
	for day, runs := range r.days {
		if runs {
			days = append(days, time.Weekday(day))
		}
	}
	if len(days) < 7 {
		return text + " on " + weekdayWords(days)
	}
	return "every day " + text
}
