package viewer

import (
	"strings"
	"time"
)

// comingHint says what a time that is to come may be.
const comingHint = "18:30, tomorrow, tomorrow 08:00, 2024-10-25, 2024-10-25 08:00 or 2024-10-25T08:00:00+08:00"

// comingDate gives the unit of time that a text names as [from, to), if it is one that
// is meant of the future: a time of day is the next of that name.
func comingDate(text string, now time.Time) (from, to time.Time, ok bool) {
	word, clock, _ := strings.Cut(strings.ToLower(strings.Join(strings.Fields(text), " ")), " ")
	year, month, day := now.Date()
	switch {
	case word == "tomorrow" && clock == "":
		from, to = wholeDay(time.Date(year, month, day+1, 12, 0, 0, 0, now.Location()))
		return from, to, true
	case word == "tomorrow" || word == "today":
	case clock == "":
		word, clock = "", word
	default:
		return from, to, false
	}
	for layout, unit := range map[string]time.Duration{"15:04": time.Minute, "15:04:05": time.Second} {
		at, err := time.Parse(layout, clock)
		if err != nil {
			continue
		}
		on := func(day int) time.Time {
			return time.Date(year, month, day, at.Hour(), at.Minute(), at.Second(), 0, now.Location())
		}
		from = on(day)
		if word == "tomorrow" || word == "" && !from.After(now) {
			from = on(day + 1)
		}
		return from, from.Add(unit), true
	}
	return from, to, false
}
