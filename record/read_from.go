package record

import "slices"

// daysFrom leaves out the days before the place where the listing begins.
func (l *listing) daysFrom(days []string) []string {
	from := l.query.From
	if from == nil {
		return days
	}
	return slices.DeleteFunc(days, func(day string) bool {
		return l.query.Reverse && day > from.Day || !l.query.Reverse && day < from.Day
	})
}

// rowsFrom gives the rows of a day in the order of the query, and how many of them
// stand before the place where the listing begins. So many were given of other days.
func (l *listing) rowsFrom(day string, given int) (rows []Row, before int) {
	from, limit := l.query.From, max(0, l.query.Limit-given)
	if from == nil || day != from.Day {
		return l.day(day, limit), 0
	}
	defer l.boundBy(from)()
	room := 0
	if limit > 0 {
		room = limit + min(from.Skip, maxRoom)
	}
	stats := *l.stats
	for {
		*l.stats = stats
		rows = l.day(day, room)
		before, found := from.find(rows)
		all := room == 0 || len(rows) < room || l.stopped.Load()
		// Of the rows of the place's time, some may have been cut off.
		complete := found || len(rows) > 0 && !rows[len(rows)-1].Time.Equal(from.Time)
		if all || complete && len(rows)-before >= limit {
			return rows, before
		}
		room *= 2
	}
}

// maxRoom bounds what is read beyond a limit at once for the rows of a place's
// time. There are seldom many; a place may come from anybody.
const maxRoom = 1 << 12

// boundBy lets the readers leave out what is of a time before that of a place.
func (l *listing) boundBy(place *Place) (release func()) {
	wanted := l.query.Where
	set := func(where func(Row) bool) {
		for _, reader := range l.readers {
			reader.matcher.query.Where = where
		}
	}
	set(func(row Row) bool { return !l.isBefore(row, place) && (wanted == nil || wanted(row)) })
	return func() { set(wanted) }
}

// isBefore reports whether a row of the day of a place stands before it.
func (l *listing) isBefore(row Row, place *Place) bool {
	if l.query.Reverse {
		return row.Time.After(place.Time)
	}
	return row.Time.Before(place.Time)
}
