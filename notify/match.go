package notify

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/words"
)

// Match is the condition of a route or of quiet hours: all that is given has to
// be true, of each list one element. The zero value matches everything.
type Match struct {
	Directions, Items []string       // patterns of words.Match
	Title, Message    *regexp.Regexp // nil for any
	Levels            []record.Level
	Hours             Hours
	Weekdays          Weekdays
}

// Hours is a part of each day, in minutes since midnight of local time: from From
// on, and before To. Where To is not after From it ends on the next day. The zero
// value is the whole day.
type Hours struct{ From, To int }

// Weekdays is a set of days, one bit each, 1<<time.Sunday first. The zero value
// is all of them. Hours that go over midnight belong to the day on which they
// begin.
type Weekdays uint8

// Matches reports whether an alarm is meant at this time; if not, it says which
// condition is the first that is not true.
func (m *Match) Matches(a *Alarm, now time.Time) (ok bool, differs string) {
	of := a.Of()
	if a.About != nil && m.meansItem(*a.About) {
		of = *a.About
	}
	switch {
	case !anyPattern(m.Directions, of.Direction):
		return false, fmt.Sprintf("direction %s is not %s", of.Direction, strings.Join(m.Directions, " or "))
	case !anyPattern(m.Items, of.Name):
		return false, fmt.Sprintf("item %s is not %s", of.Name, strings.Join(m.Items, " or "))
	case len(m.Levels) > 0 && !slices.Contains(m.Levels, a.Level):
		return false, fmt.Sprintf("level %s is not %s", a.Level, joinLevels(m.Levels))
	case m.Title != nil && !m.Title.MatchString(a.Title):
		return false, fmt.Sprintf("title %q does not match %s", a.Title, m.Title)
	case m.Message != nil && !m.Message.MatchString(a.Message):
		return false, fmt.Sprintf("the message does not match %s", m.Message)
	}
	if _, inside := m.window(now); !inside {
		return false, fmt.Sprintf("%s is outside of its hours", now.Format("Mon 15:04"))
	}
	return true, ""
}

func (m *Match) meansItem(item record.Item) bool {
	return anyPattern(m.Directions, item.Direction) && anyPattern(m.Items, item.Name)
}

func anyPattern(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, _ := words.Match(pattern, name)
		return ok
	})
}

func joinLevels(levels []record.Level) string {
	texts := make([]string, len(levels))
	for i, level := range levels {
		texts[i] = string(level)
	}
	return strings.Join(texts, " or ")
}

// window reports whether a time is within the hours on the weekdays, and when
// they end then. The zero time means that they do not end.
func (m *Match) window(now time.Time) (end time.Time, inside bool) {
	if m.Hours == (Hours{}) {
		return time.Time{}, m.Weekdays.has(now.Weekday())
	}
	// Hours of today, and those of yesterday that go on today.
	for _, back := range [...]int{0, -1} {
		year, month, day := now.Date()
		day += back
		begin := atMinute(year, month, day, m.Hours.From, now.Location())
		if m.Hours.To > m.Hours.From {
			end = atMinute(year, month, day, m.Hours.To, now.Location())
		} else {
			end = atMinute(year, month, day+1, m.Hours.To, now.Location())
		}
		if !now.Before(begin) && now.Before(end) && m.Weekdays.has(time.Date(year, month, day, 12, 0, 0, 0, now.Location()).Weekday()) {
			return end, true
		}
	}
	return time.Time{}, false
}

// atMinute is a time of day by the clock's face, whatever the clock did before
// on that day. One that the clock skips is the moment of that, while time.Date
// gives one before or after it.
func atMinute(year int, month time.Month, day, minute int, location *time.Location) time.Time {
	at := time.Date(year, month, day, minute/60, minute%60, 0, 0, location)
	const wholeDay = 24 * 60
	skipped := (at.Hour()*60 + at.Minute() - minute + 2*wholeDay) % wholeDay
	begin, end := at.ZoneBounds()
	switch {
	case skipped == 0:
		return at
	case skipped > wholeDay/2:
		return end
	}
	return begin
}

func (w Weekdays) has(day time.Weekday) bool { return w == 0 || w&(1<<day) != 0 }
