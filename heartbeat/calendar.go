package heartbeat

import "time"

// calendar is the rule of a crontab's line.
type calendar struct {
	second, minute, hour, day, month, weekday field
	eitherDay                                 bool // one of the two day fields is enough
}

// maxSearch is how many days are looked through for the next time: the 29th of
// February may be eight years away.
const maxSearch = 9 * 366

// next looks day after day; within a day it makes the times of the fields.
func (c *calendar) next(beats []time.Time, zone *time.Location) (Window, bool) {
	after := beats[len(beats)-1].In(zone)
	year, month, day := after.Date()
	for searched := 0; searched < maxSearch; {
		first, last, found := c.days(year, month, day)
		if found {
			if due, ok := c.within(first, last, after, zone); ok {
				return due, true
			}
		}
		next := c.nextDay(year, month, day)
		if found && !last.Before(next) {
			next = last.AddDate(0, 0, 1)
		}
		searched += int(next.Sub(date(year, month, day)).Hours() / 24)
		year, month, day = next.Date()
	}
	return Window{}, false
}

// date is a day, as midnight of UTC, where each has 24 hours.
func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// nextDay is the day after, or the first of the month after where the month has
// none.
func (c *calendar) nextDay(year int, month time.Month, day int) time.Time {
	if !c.month.has(int(month)) {
		return date(year, month+1, 1)
	}
	return date(year, month, day+1)
}

// days reports whether one of the schedule's days, or a range of days of which
// one is meant, includes this one.
func (c *calendar) days(year int, month time.Month, day int) (first, last time.Time, found bool) {
	at := date(year, month, day)
	if !c.month.has(int(month)) {
		return at, at, false
	}
	if !c.month.exact() {
		months := c.month.whole()
		return date(year, time.Month(months.lo), 1), date(year, time.Month(months.hi)+1, 0), true
	}
	if !c.weekday.exact() {
		days, weekday := c.weekday.whole(), int(at.Weekday())
		if weekday < days.lo || weekday > days.hi {
			return at, at, false
		}
		return at.AddDate(0, 0, days.lo-weekday), at.AddDate(0, 0, days.hi-weekday), true
	}
	inWeek := c.weekday.has(int(at.Weekday()))
	for _, s := range c.day {
		if day < s.lo || day > s.hi || !c.eitherDay && !inWeek && s.exact() {
			continue
		}
		// A range is at most as long as the month.
		return date(year, month, s.lo), date(year, month, min(s.hi, date(year, month+1, 0).Day())), true
	}
	return at, at, c.eitherDay && inWeek
}

// face is the clock's face of a zone on a day.
type face struct {
	zone     *time.Location
	midnight time.Time
	plain    bool // the clock is not set within a day of it
}

func faceOf(day time.Time, zone *time.Location) face {
	midnight := wall(day, clock{}, zone)
	_, before := midnight.AddDate(0, 0, -1).Zone()
	_, after := midnight.AddDate(0, 0, 2).Zone()
	_, now := midnight.Zone()
	return face{zone, midnight, before == now && now == after}
}

// window is that of the function of this name, on one day.
func (f face) window(day time.Time, from, to clock) Window {
	if f.plain {
		return Window{f.midnight.Add(from.sinceMidnight()), f.midnight.Add(to.sinceMidnight())}
	}
	return window(day, day, from, to, f.zone)
}

// within gives the first window of a day, or a range of days, that begins after
// a time.
func (c *calendar) within(first, last, after time.Time, zone *time.Location) (Window, bool) {
	if !first.Equal(last) {
		due := window(first, last, c.clock(false), c.clock(true), zone)
		return due, due.Begin.After(after)
	}
	face := faceOf(first, zone)
	for _, hour := range c.hour {
		if hour.exact() {
			if due, ok := c.withinHour(first, hour.lo, after, face); ok {
				return due, true
			}
			continue
		}
		from, to := c.clock(false), c.clock(true)
		from.hour, to.hour = hour.lo, hour.hi
		if due := face.window(first, from, to); due.Begin.After(after) {
			return due, true
		}
	}
	return Window{}, false
}

func (c *calendar) withinHour(day time.Time, hour int, after time.Time, face face) (Window, bool) {
	// Most hours lie before the time that is looked for. The hour may be there
	// twice, in which case it ends an hour later.
	if end := face.midnight.Add(time.Duration(hour+1) * time.Hour); end.Add(3 * time.Hour).Before(after) {
		return Window{}, false
	}
	for _, minute := range c.minute {
		seconds := c.second
		if !minute.exact() {
			seconds = field{c.second.whole()}
		}
		for _, second := range seconds {
			due := face.window(day, clock{hour, minute.lo, second.lo}, clock{hour, minute.hi, second.hi})
			if due.Begin.After(after) {
				return due, true
			}
		}
	}
	return Window{}, false
}

// clock is a time of day by the clock's face.
type clock struct{ hour, minute, second int }

func (c clock) sinceMidnight() time.Duration {
	return time.Duration(c.hour)*time.Hour + time.Duration(c.minute)*time.Minute + time.Duration(c.second)*time.Second
}

// clock is the first or the last time of a day.
func (c *calendar) clock(last bool) clock {
	if last {
		return clock{c.hour.whole().hi, c.minute.whole().hi, c.second.whole().hi}
	}
	return clock{c.hour[0].lo, c.minute[0].lo, c.second[0].lo}
}

// window is the time from one clock time to another. On the night when the clock
// is set on, some times do not exist: cronie starts such a job at once
// afterwards, others pass it over, so that it is not due. On the night when it is
// set back some exist twice: it is due from the first until the second.
func window(first, last time.Time, from, to clock, zone *time.Location) Window {
	begin, _, begins := wallTimes(first, from, zone)
	_, end, ends := wallTimes(last, to, zone)
	if !begins && !ends {
		return Window{}
	}
	return Window{begin, end}
}

// wall is the moment of a clock time in a zone.
func wall(day time.Time, at clock, zone *time.Location) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), at.hour, at.minute, at.second, 0, zone)
}

// wallTimes gives the first and the last moment at which the clock of a zone
// shows a time, which may be none.
func wallTimes(day time.Time, at clock, zone *time.Location) (first, last time.Time, exists bool) {
	t := wall(day, at, zone)
	first, last = t, t
	shows := func(t time.Time) bool {
		hour, minute, second := t.Clock()
		return hour == at.hour && minute == at.minute && second == at.second && t.Day() == day.Day()
	}
	if !shows(t) {
		return t, t, false
	}
	_, offset := t.Zone()
	for _, other := range [...]time.Time{t.Add(-12 * time.Hour), t.Add(12 * time.Hour)} {
		_, beside := other.Zone()
		if beside == offset {
			continue
		}
		// The same clock time by the offset that holds before or afterwards.
		twin := t.Add(time.Duration(offset-beside) * time.Second)
		if !shows(twin) || twin.Equal(t) {
			continue
		}
		if twin.Before(first) {
			first = twin
		}
		if twin.After(last) {
			last = twin
		}
	}
	return first, last, true
}
