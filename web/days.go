package web

import (
	"errors"
	"net/url"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// days are a range of whole days, both ends included. They are dates of the zone of
// this host, of which each has a time of UTC.
type days struct {
	first, last time.Time
	quick       string // the name of the range that was asked for; "" for two dates
}

// quickRange is one that a button stands for.
type quickRange struct {
	name, label string
}

// quickRanges are the ranges of the overview; all of them end today.
var quickRanges = [...]quickRange{{"today", "Today"}, {"7d", "7 days"}, {"30d", "30 days"}, {"90d", "90 days"}, {"year", "This year"}}

// usualRange is the one of an overview that names none.
const usualRange = "30d"

// maxDays is what can be counted at once.
const maxDays = 3660

// daysOf reads the range of an overview: two dates, or the name of a range. Errors
// are about what the address says.
func daysOf(values url.Values, now time.Time) (days, error) {
	if values.Get("begin") != "" || values.Get("end") != "" {
		return daysBetween(values.Get("begin"), values.Get("end"), now)
	}
	d := days{last: dateOf(now), quick: values.Get("range")}
	if d.quick == "" {
		d.quick = usualRange
	}
	switch d.quick {
	case "today":
		d.first = d.last
	case "7d":
		d.first = d.last.AddDate(0, 0, -6)
	case "30d":
		d.first = d.last.AddDate(0, 0, -29)
	case "90d":
		d.first = d.last.AddDate(0, 0, -89)
	case "year":
		d.first = time.Date(now.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	default:
		return d, &viewer.InputError{Name: "range", Value: d.quick, Problem: "is not known", Hint: "today, 7d, 30d, 90d or year; or begin and end"}
	}
	return d, nil
}

func daysBetween(beginText, endText string, now time.Time) (days, error) {
	begin, end, err := viewer.ParseRange(beginText, endText, now)
	if err != nil {
		return days{}, err
	}
	d := days{first: dateOf(begin.In(now.Location())), last: dateOf(end.Add(-time.Nanosecond).In(now.Location()))}
	if d.count() > maxDays {
		return d, errors.New("a summary is of at most ten years")
	}
	return d, nil
}

func dateOf(at time.Time) time.Time {
	year, month, day := at.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// count is the number of days.
func (d days) count() int { return int(d.last.Sub(d.first)/(24*time.Hour)) + 1 }

// values are the range in the address of a listing.
func (d days) values() url.Values {
	return url.Values{"begin": {d.first.Format(time.DateOnly)}, "end": {d.last.Format(time.DateOnly)}}
}

// buckets divides the days so that each part can be a bar: into days, weeks that
// begin on Monday, or months.
func (d days) buckets() []days {
	var parts []days
	for at := d.first; !at.After(d.last); {
		next := at.AddDate(0, 0, 1)
		switch count := d.count(); {
		case count > maxWeekly:
			next = time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case count > maxDaily:
			next = at.AddDate(0, 0, 7-(int(at.Weekday())+6)%7)
		}
		last := next.AddDate(0, 0, -1)
		if last.After(d.last) {
			last = d.last
		}
		parts = append(parts, days{first: at, last: last})
		at = next
	}
	return parts
}

// Longest ranges of which each day, and each week, is a bar.
const (
	maxDaily  = 120
	maxWeekly = 800
)

// label names a bar.
func (d days) label() string {
	if d.first.Equal(d.last) {
		return d.first.Format("01-02")
	}
	if d.count() > 7 {
		return d.first.Format("2006-01")
	}
	return d.first.Format("01-02")
}

// title names a bar in full.
func (d days) title() string {
	if d.first.Equal(d.last) {
		return d.first.Format(time.DateOnly)
	}
	return d.first.Format(time.DateOnly) + " – " + d.last.Format(time.DateOnly)
}

// dayNames are the ends as day files are named.
func (d days) dayNames() (first, last string) { return record.Day(d.first), record.Day(d.last) }
