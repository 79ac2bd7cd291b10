// Package heartbeat judges jobs by their heartbeats: it reads and learns the
// schedules by which they run, and says of an item whether it runs as it should,
// is late, has stopped, hangs or keeps failing.
//
// Its rules, Schedule, Learn and Judge, are pure: they see records and a time that
// they are given. The Surveyor gathers these for them from a database, and asks of
// the runs of this host whether their processes live.
package heartbeat

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Schedule says when an item should run. It is not changed once it is made, so
// that any number of goroutines may use it.
type Schedule struct {
	text string
	zone *time.Location // of CRON_TZ=; nil for the zone of the host that runs the item
	rule rule
	// tolerance is how late heartbeats of a learned schedule have been at times.
	tolerance time.Duration
	learned   int     // from so many heartbeats; 0 for a schedule that was given
	kept      float64 // the share of what was due that came while it was learned
}

// Window is a time in which one heartbeat is due. A line of a crontab names a
// moment, where Begin and End are the same; an H of Jenkins stands for any moment
// of a window.
type Window struct{ Begin, End time.Time }

// Next is when the window begins or, once it has, when it ends.
func (w Window) Next(now time.Time) time.Time {
	if now.Before(w.Begin) {
		return w.Begin
	}
	return w.End
}

// rule is one form of a schedule.
type rule interface {
	// next gives the first window that begins after the newest of the heartbeats,
	// which are in order, and reports false where none ever comes.
	next(beats []time.Time, zone *time.Location) (Window, bool)
}

// ErrNever is given for a schedule that has the right form and no time, such as
// the 30th of February.
var ErrNever = errors.New("never comes due")

// Parse reads a schedule: a crontab's five fields, or six with seconds first,
// with CRON_TZ=ZONE or TZ=ZONE in front; Jenkins' H in any field; @daily and the
// like, and @every 10m; or words, see [parseWords].
func Parse(text string) (*Schedule, error) {
	s := &Schedule{text: strings.TrimSpace(text)}
	rest, err := s.takeZone(s.text)
	if err != nil {
		return nil, err
	}
	if s.rule, err = parseRule(rest); err != nil {
		return nil, fmt.Errorf("schedule %q: %w", s.text, err)
	}
	if !s.Expects() {
		return s, nil
	}
	if _, ok := s.rule.next([]time.Time{time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}, time.UTC); !ok {
		return nil, fmt.Errorf("schedule %q: %w", s.text, ErrNever)
	}
	return s, nil
}

// takeZone cuts off a zone in front of a schedule, as cronie(8) and Jenkins have
// it: Jenkins gives it a line of its own.
func (s *Schedule) takeZone(text string) (rest string, err error) {
	for _, prefix := range [...]string{"CRON_TZ=", "TZ="} {
		after, found := strings.CutPrefix(text, prefix)
		if !found {
			continue
		}
		name, rest, _ := strings.Cut(strings.ReplaceAll(after, "\n", " "), " ")
		name = strings.Trim(name, `"'`)
		if s.zone, err = LoadZone(name); err != nil || name == "" {
			return "", fmt.Errorf("schedule %q: time zone %q is not known on this host", s.text, name)
		}
		return strings.TrimSpace(rest), nil
	}
	return text, nil
}

// named gives the fields of the short forms of crontab(5), or "".
func named(text string) string {
	switch text {
	case "@yearly", "@annually":
		return "0 0 1 1 *"
	case "@monthly":
		return "0 0 1 * *"
	case "@weekly":
		return "0 0 * * 0"
	case "@daily", "@midnight":
		return "0 0 * * *"
	case "@hourly":
		return "0 * * * *"
	}
	return ""
}

func parseRule(text string) (rule, error) {
	lower := strings.ToLower(text)
	switch {
	case text == "":
		return nil, errors.New("is empty")
	case lower == "@reboot":
		return unscheduled{}, nil
	case strings.HasPrefix(lower, "@every"):
		period, err := time.ParseDuration(strings.TrimSpace(text[len("@every"):]))
		if err != nil || period < time.Second {
			return nil, errors.New("@every takes a time of at least a second, such as @every 10m")
		}
		return rate{count: 1, length: period}, nil
	case text[0] == '@':
		if fields := named(lower); fields != "" {
			return parseCron(fields)
		}
		return nil, fmt.Errorf("%s is not known; there are @hourly, @daily, @weekly, @monthly, @yearly and @every", text)
	}
	if looksLikeCron(text) {
		return parseCron(text)
	}
	return parseWords(text)
}

// AreWords reports whether a schedule is written in words, rather than for cron.
func AreWords(text string) bool {
	text = strings.TrimSpace(text)
	return strings.ContainsFunc(text, unicode.IsLetter) && !strings.HasPrefix(text, "@") && !strings.Contains(text, "TZ=") && !looksLikeCron(text)
}

// String is the text that was read, or what was learned, in words.
func (s *Schedule) String() string { return s.text }

// Expects reports whether the item is to run at any certain time: @reboot and
// "manual" raise no expectation.
func (s *Schedule) Expects() bool {
	_, never := s.rule.(unscheduled)
	return !never
}

// Due gives the window of the heartbeat that should follow these, which are in
// order, and the grace behind it; zone is that of the host, nil for UTC. It
// reports false where nothing is due any more.
func (s *Schedule) Due(beats []time.Time, zone *time.Location) (Window, time.Duration, bool) {
	if len(beats) == 0 {
		return Window{}, 0, false
	}
	zone = s.location(zone)
	last := len(beats) - 1
	due, ok := s.rule.next(beats, zone)
	if !ok {
		return Window{}, 0, false
	}
	after, ok := s.rule.next([]time.Time{due.Begin}, zone)
	if !ok {
		return due, maxGrace, true
	}
	gap := after.Begin.Sub(due.Begin)
	if _, byCalendar := s.rule.(*calendar); byCalendar && s.isEarly(beats[last], due, early(gap), zone) {
		due = after
	}
	return due, max(grace(gap), s.tolerance), true
}

// Next gives the first window that begins after a time.
func (s *Schedule) Next(after time.Time, zone *time.Location) (Window, bool) {
	return s.rule.next([]time.Time{after}, s.location(zone))
}

// Previous gives the last window that begins before a time. Of a rate, which counts
// from the last heartbeat, there is none.
func (s *Schedule) Previous(before time.Time, zone *time.Location) (found Window, ok bool) {
	switch s.rule.(type) {
	case *calendar, times:
	default:
		return Window{}, false
	}
	// The further back, the more windows there may be: the first look that finds
	// any finds few.
	for back := time.Hour; back < maxSearch*24*time.Hour && !ok; back *= 4 {
		for at := before.Add(-back); ; {
			due, exists := s.Next(at, zone)
			if !exists || !due.Begin.Before(before) {
				break
			}
			found, ok, at = due, true, due.Begin
		}
	}
	return found, ok
}

// isEarly reports whether a heartbeat is that of the window that begins after it,
// and of none before, in which it may lie.
func (s *Schedule) isEarly(beat time.Time, due Window, early time.Duration, zone *time.Location) bool {
	if due.Begin.Sub(beat) > early {
		return false
	}
	if due.End.After(due.Begin) {
		if before, ok := s.Previous(beat, zone); ok && !beat.After(before.End.Add(time.Minute)) {
			return false
		}
	}
	first, ok := s.rule.next([]time.Time{beat.Add(-early)}, zone)
	return ok && first == due
}

// location is the zone in which the schedule is meant.
func (s *Schedule) location(zone *time.Location) *time.Location {
	switch {
	case s.zone != nil:
		return s.zone
	case zone == nil:
		return time.UTC
	}
	return zone
}

// Bounds of the grace: cron starts within a minute, and nobody wants to hear of a
// nightly job hours later.
const (
	minGrace = 2 * time.Minute
	maxGrace = time.Hour
)

// early is how much before its time a heartbeat may come that should come this
// often: a host's clock may be wrong, of a nightly job even by the hour of summer
// time.
func early(gap time.Duration) time.Duration { return min(gap/8, 65*time.Minute) }

// grace is how late a heartbeat may be that should come this often.
func grace(gap time.Duration) time.Duration { return min(max(gap/2, minGrace), maxGrace) }

// Missed counts the windows that ended, with their grace, before now and after
// the last heartbeat, up to most.
func (s *Schedule) Missed(beats []time.Time, zone *time.Location, now time.Time, most int) int {
	missed := 0
	for missed < most {
		due, grace, ok := s.Due(beats, zone)
		if !ok || !due.End.Add(grace).Before(now) {
			break
		}
		missed++
		beats = append(beats[:len(beats):len(beats)], due.Begin)
	}
	return missed
}

// unscheduled is the rule of what runs when somebody wants it.
type unscheduled struct{}

func (unscheduled) next([]time.Time, *time.Location) (Window, bool) { return Window{}, false }

// rate is the rule of words such as "twice a day": so many heartbeats in any
// period of that length. A period of days is counted by the calendar, since a
// day may have 23 or 25 hours.
type rate struct {
	count        int
	length       time.Duration
	days, months int // with length 0
}

func (r rate) next(beats []time.Time, zone *time.Location) (Window, bool) {
	last := beats[len(beats)-1]
	from := last
	if len(beats) >= r.count {
		from = beats[len(beats)-r.count]
	}
	due := r.after(from.In(zone))
	if !due.After(last) { // there was a pause among them
		due = r.after(last.In(zone))
	}
	return Window{due, due}, true
}

// after is a period later. A time of day that a clock passes over that is set on
// is due on the next day.
func (r rate) after(from time.Time) time.Time {
	if r.length > 0 {
		return from.Add(r.length)
	}
	due := from.AddDate(0, r.months, r.days)
	if due.Hour()*60+due.Minute() != from.Hour()*60+from.Minute() {
		due = due.AddDate(0, 0, 1)
		return time.Date(due.Year(), due.Month(), due.Day(), from.Hour(), from.Minute(), from.Second(), 0, due.Location())
	}
	return due
}

// about is the length of the period, of months in the mean.
func (r rate) about() time.Duration {
	const day = 24 * time.Hour
	return r.length + time.Duration(r.days)*day + time.Duration(r.months)*30*day
}
