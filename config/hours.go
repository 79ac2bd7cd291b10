package config

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours is a part of each day, in minutes since midnight of local time: from From
// on, and before To. Where To is not after From it ends on the next day. The zero
// value is the whole day.
type Hours struct{ From, To int }

// Weekdays is a set of days, one bit each, 1<<time.Sunday first. The zero value
// is all of them. A part of a day that goes over midnight belongs to the day on
// which it begins.
type Weekdays uint8

const (
	hoursExample    = "write hours such as 22:00-07:00"
	weekdaysExample = "write days such as Mon-Fri or [Sat, Sun]"
	minutesOfDay    = 24 * 60
)

func (r *reader) hours(e entry) Hours {
	text, ok := r.line(e, hoursExample)
	if !ok {
		return Hours{}
	}
	from, to, found := strings.Cut(text, "-")
	begin, beginOK := minuteOfDay(from)
	end, endOK := minuteOfDay(to)
	switch {
	case !found || !beginOK || !endOK || begin == minutesOfDay:
		r.fault(e, quoted(text)+" is no part of a day", hoursExample)
	case begin == end:
		r.fault(e, quoted(text)+" begins where it ends", hoursExample+", or leave hours out for the whole day")
	default:
		return Hours{begin, end}
	}
	return Hours{}
}

// minuteOfDay reads 7, 07:00 or 24:00.
func minuteOfDay(text string) (int, bool) {
	hourText, minuteText, found := strings.Cut(strings.TrimSpace(text), ":")
	hour, err := strconv.ParseUint(hourText, 10, 8)
	if err != nil || hour > 24 {
		return 0, false
	}
	minute := uint64(0)
	if found {
		if minute, err = strconv.ParseUint(minuteText, 10, 8); err != nil || minute > 59 || len(minuteText) != 2 {
			return 0, false
		}
	}
	total := int(hour*60 + minute)
	return total, total <= minutesOfDay
}

// weekdays reads days, and ranges of days, in any case and at any length from
// three letters on.
func (r *reader) weekdays(e entry) Weekdays {
	var set Weekdays
	words, _ := r.words(e, weekdaysExample)
	for _, word := range strings.Fields(words) {
		from, to, isRange := strings.Cut(word, "-")
		first, ok := weekday(from)
		last, lastOK := first, ok
		if isRange {
			last, lastOK = weekday(to)
		}
		if !ok || !lastOK {
			r.fault(e, quoted(word)+" is no day of the week", weekdaysExample)
			continue
		}
		for day := first; ; day = (day + 1) % 7 {
			set |= 1 << day
			if day == last {
				break
			}
		}
	}
	return set
}

func weekday(text string) (time.Weekday, bool) {
	text = strings.ToLower(text)
	for day := time.Sunday; day <= time.Saturday; day++ {
		if len(text) >= 3 && strings.HasPrefix(strings.ToLower(day.String()), text) {
			return day, true
		}
	}
	return 0, false
}

// String gives hours in the form of the config.
func (h Hours) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", h.From/60, h.From%60, h.To/60, h.To%60)
}

// minutesOfWeek counts from the beginning of Sunday.
const minutesOfWeek = 7 * minutesOfDay

// alwaysOn reports whether hours are such that at each moment of the week some of them
// are on.
func alwaysOn(matches []*Match) bool {
	total := 0
	for _, m := range matches {
		total += m.Hours.length() * m.Weekdays.count()
	}
	if total < minutesOfWeek { // as nearly always
		return false
	}
	var on [minutesOfWeek]bool
	for _, m := range matches {
		for day := range 7 {
			if m.Weekdays != 0 && m.Weekdays&(1<<day) == 0 {
				continue
			}
			for minute := range m.Hours.length() {
				on[(day*minutesOfDay+m.Hours.From+minute)%minutesOfWeek] = true
			}
		}
	}
	return !slices.Contains(on[:], false)
}

// length is in minutes.
func (h Hours) length() int {
	if h.To > h.From {
		return h.To - h.From
	}
	return h.To + minutesOfDay - h.From
}

// count is how many days there are in a week.
func (w Weekdays) count() int {
	if w == 0 {
		return 7
	}
	return bits.OnesCount8(uint8(w))
}
