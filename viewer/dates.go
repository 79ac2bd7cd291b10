package viewer

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// datesHint says what a date may be.
const datesHint = "2024-10-25, 20241025, 2024-10-25 08:00, 2024-10-25T08:00:00+08:00, now, today, yesterday, or how long ago: 30m, 12h, 7d, 2w"

// defaultDays is how long before its end a range begins that names no beginning.
const defaultDays = 7

// ParseRange reads the two ends of a time range, in the location of now where
// they name no other. A beginning that is not given is seven days before the
// end, to the second; an end that is not given is the end of today, for the
// sake of hosts whose clocks are ahead.
//
// A date is a unit of time, and both units belong to the range: from 2024-10-25
// to 2024-10-25 is that day, to 23:59 includes 23:59:59, and to 23:59:59 that
// second. The range is returned as [begin, end). The error is an *InputError.
func ParseRange(beginText, endText string, now time.Time) (begin, end time.Time, err error) {
	_, end = wholeDay(now)
	base := now
	if endText != "" {
		if _, end, err = parseDate("end", endText, now); err != nil {
			return begin, end, err
		}
		base = end
	}
	if beginText == "" {
		return base.AddDate(0, 0, -defaultDays), end, nil
	}
	if begin, _, err = parseDate("begin", beginText, now); err != nil {
		return begin, end, err
	}
	switch {
	case !begin.Before(end) && endText == "":
		err = &InputError{"begin", beginText, "is in the future", datesHint}
	case !begin.Before(end):
		err = &InputError{"begin", beginText, "is not before the end, " + endText, "the earlier date as --begin"}
	}
	return begin, end, err
}

// ParseMoment reads a time; a date means its beginning, and a time of day the next
// one. The error is an *InputError.
func ParseMoment(name, text string, now time.Time) (time.Time, error) {
	if at, _, ok := comingDate(text, now); ok {
		return at, nil
	}
	at, _, err := parseDate(name, text, now)
	if input, ok := errors.AsType[*InputError](err); ok {
		input.Hint = "18:30, tomorrow, " + input.Hint
	}
	return at, err
}

// ParseEnd reads the end of a time range that begins now; a date means to its
// end. The error is an *InputError.
func ParseEnd(name, text string, now time.Time) (time.Time, error) {
	from, end, ok := comingDate(text, now)
	var err error
	if !ok {
		from, end, err = parseDate(name, text, now)
	}
	if end.Sub(from) <= time.Minute {
		end = from // a time is that moment
	}
	if err == nil && !end.After(now) {
		err = &InputError{name, text, "is not in the future", comingHint}
	} else if input, ok := errors.AsType[*InputError](err); ok {
		input.Hint = comingHint
	}
	return end, err
}

// dateForms are the forms of a date and the length of the unit each names; days
// are not always 24 hours long and have 0.
var dateForms = [...]struct {
	layout string
	unit   time.Duration
}{
	{"2006-01-02", 0},
	{"20060102", 0},
	{"2006-01-02 15:04", time.Minute},
	{"2006-01-02T15:04", time.Minute},
	{"2006-01-02 15:04:05", time.Second},
	{"2006-01-02T15:04:05", time.Second},
	{time.RFC3339, time.Second},
}

// parseDate gives the unit of time that a text names as [from, to).
func parseDate(name, text string, now time.Time) (from, to time.Time, err error) {
	switch word := strings.ToLower(strings.TrimSpace(text)); word {
	case "now":
		return now, now.Add(time.Nanosecond), nil
	case "today":
		from, to = wholeDay(now)
		return from, to, nil
	case "yesterday":
		from, to = wholeDay(now.AddDate(0, 0, -1))
		return from, to, nil
	default:
		if at, ok := ago(word, now); ok {
			return at, at, nil
		}
	}
	trimmed := strings.TrimSpace(text)
	for _, form := range dateForms {
		at, err := time.ParseInLocation(form.layout, trimmed, now.Location())
		switch {
		case err != nil || at.Year() < 1:
			continue
		case form.unit == 0:
			from, to = wholeDay(at)
			return from, to, nil
		case strings.ContainsAny(trimmed, ".,"):
			return at, at.Add(time.Nanosecond), nil // a fraction of a second names a moment
		}
		return at, at.Add(form.unit), nil
	}
	return from, to, &InputError{name, text, dateProblem(trimmed), datesHint}
}

// dateProblem tells a date that the calendar does not have from a wrong form.
func dateProblem(text string) string {
	for _, form := range dateForms {
		if shape(text) == shape(form.layout) {
			return "there is no such date"
		}
	}
	return "is not a date"
}

// shape is a text with each digit made a zero.
func shape(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, text)
}

func wholeDay(at time.Time) (from, to time.Time) {
	year, month, day := at.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, at.Location()), time.Date(year, month, day+1, 0, 0, 0, 0, at.Location())
}

// ago reads how long before now. Days and weeks are those of the calendar: the
// same time of day, also when the clocks were changed between.
func ago(text string, now time.Time) (time.Time, bool) {
	if len(text) < 2 {
		return now, false
	}
	number, unit := text[:len(text)-1], text[len(text)-1]
	count, err := strconv.ParseUint(number, 10, 31)
	if err != nil || number[0] == '+' {
		return now, false
	}
	switch unit {
	case 's':
		return before(now, count, time.Second)
	case 'm':
		return before(now, count, time.Minute)
	case 'h':
		return before(now, count, time.Hour)
	case 'd':
		return now.AddDate(0, 0, -int(count)), count <= maxDaysAgo
	case 'w':
		return now.AddDate(0, 0, -7*int(count)), count <= maxDaysAgo/7
	}
	return now, false
}

// maxDaysAgo keeps dates within the years that a day file can be named by.
const maxDaysAgo = 200 * 365

func before(now time.Time, count uint64, unit time.Duration) (time.Time, bool) {
	if count > math.MaxInt64/uint64(unit) {
		return now, false
	}
	return now.Add(-time.Duration(count) * unit), true
}
