package ratelimit

import "time"

// Window is the span of local time, or the run, within which alarms are counted.
type Window int

// The windows of "max <n> times per …". A week begins on Monday (ISO 8601).
const (
	Day Window = iota
	Minute
	Hour
	Week
	Run
)

var windowNames = [...]string{Day: "day", Minute: "minute", Hour: "hour", Week: "week", Run: "run"}

func (w Window) String() string { return windowNames[w] }

// current is "today" and the like.
func (w Window) current() string {
	if w == Day {
		return "today"
	}
	return "in this " + w.String()
}

// start is when the window began that contains now; zero for a run.
func (w Window) start(now time.Time) time.Time {
	year, month, day := now.Date()
	switch w {
	case Day:
		return dayStart(year, month, day, now.Location())
	case Week:
		sinceMonday := (int(now.Weekday()) + 6) % 7
		return dayStart(year, month, day-sinceMonday, now.Location())
	case Minute:
		return now.Add(-sinceMinute(now))
	case Hour:
		// Not by the clock's face: where the clock is set back, an hour of that
		// name comes twice.
		return now.Add(-time.Duration(now.Minute())*time.Minute - sinceMinute(now))
	}
	return time.Time{}
}

// dayStart is the first moment of a day. Where the clock skips midnight,
// time.Date may give one before it.
func dayStart(year int, month time.Month, day int, location *time.Location) time.Time {
	start := time.Date(year, month, day, 0, 0, 0, 0, location)
	if start.Hour() > 12 {
		_, start = start.ZoneBounds()
	}
	return start
}

func sinceMinute(now time.Time) time.Duration {
	return time.Duration(now.Second())*time.Second + time.Duration(now.Nanosecond())
}

// end is when the window ends that contains now; zero for a run.
func (w Window) end(now time.Time) time.Time {
	start := w.start(now)
	year, month, day := start.Date()
	switch w {
	case Day:
		return dayStart(year, month, day+1, now.Location())
	case Week:
		return dayStart(year, month, day+7, now.Location())
	case Minute:
		return start.Add(time.Minute)
	case Hour:
		return start.Add(time.Hour)
	}
	return time.Time{}
}
