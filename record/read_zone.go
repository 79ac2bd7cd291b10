package record

import (
	"slices"
	"time"
)

// zones says by how many days dates of writers may be ahead of a reader's, or behind:
// mostly by one, for a part of the day.
type zones struct{ ahead, behind int }

// zonesFor compares the zones of those who wrote with that of a reader.
func (s *Store) zonesFor(location *time.Location, stats *Stats) (z zones) {
	entries, err := s.tree.List(metaFolder, zoneFolder)
	if err != nil {
		stats.problem(err)
	}
	if len(entries) == 0 {
		return z
	}
	own := zoneOffsets(s.options.Now().In(location))
	for _, entry := range entries {
		there := parseZone(entry.Name())
		if len(there) == 0 || slices.Equal(there, own) {
			continue
		}
		z.ahead = max(z.ahead, daysApart(slices.Max(there), own[0]))
		z.behind = max(z.behind, daysApart(own[len(own)-1], slices.Min(there)))
	}
	return z
}

// daysApart is by how many days the date at an offset may be ahead of that at another:
// two are far islands.
func daysApart(offset, other int) int {
	const day = 24 * 60 * 60
	return min(max(0, (offset-other+day-1)/day), 2)
}

// several reports whether the day of a record need not be that of its file.
func (z zones) several() bool { return z.ahead > 0 || z.behind > 0 }

// files are the days, in order, of the files that may hold records of a day.
func (z zones) files(day string) []string { return around(day, z.behind, z.ahead) }

// days are those, in order, of which a day's file may hold records.
func (z zones) days(file string) []string { return around(file, z.ahead, z.behind) }

// around is a day with some before and after it. The open ends of ranges, which are no
// days, have none.
func around(day string, before, after int) []string {
	at, err := time.Parse(DayLayout, day)
	if err != nil || before == 0 && after == 0 {
		return []string{day}
	}
	var days []string
	for by := -before; by <= after; by++ {
		if other := Day(at.AddDate(0, 0, by)); isDate(other) {
			days = append(days, other)
		}
	}
	return days
}

// dayStart is the first moment of the day that is so many after another one. Midnight
// itself may not be there, or twice, where clocks are changed then.
func dayStart(day string, after int, location *time.Location) time.Time {
	date, _ := time.Parse(DayLayout, day) // callers have looked
	date = date.AddDate(0, 0, after)
	before := func(at time.Time) bool {
		year, month, day := at.Date()
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Before(date)
	}
	at := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, location)
	for before(at) {
		at = at.Add(time.Hour)
	}
	for !before(at.Add(-1)) {
		at = at.Add(-time.Hour)
	}
	return at
}

// dayRange says which records of a file are of a day. Each record is of one day: that of
// its time, where it is in this file because dates elsewhere are other ones; else that
// of the file.
type dayRange struct {
	begin, end time.Time // of the day; zero is open

	// Of the day's own file: what is not of these days either is of no other one.
	own        bool
	from, till time.Time
}

func (s *dayRange) takes(at time.Time) bool {
	if s.own && (at.Before(s.from) || !at.Before(s.till)) {
		return true
	}
	return (s.begin.IsZero() || !at.Before(s.begin)) && (s.end.IsZero() || at.Before(s.end))
}

// rangeOf tells what of a file is of a day.
func (z zones) rangeOf(file, day string, location *time.Location) *dayRange {
	s := &dayRange{begin: dayStart(day, 0, location), end: dayStart(day, 1, location), own: file == day}
	s.from, s.till = dayStart(day, -z.ahead, location), dayStart(day, 1+z.behind, location)
	return s
}

// dayPart is a file that is read for a day of a listing.
type dayPart struct {
	file     string
	archived bool
	within   *dayRange // nil takes all
}

// partsOfDay are the files that are read for a day. What another host has archived is
// not seen from the date here; so where zones differ, any day may be.
func (l *listing) partsOfDay(day string) []dayPart {
	if !l.zones.several() {
		return []dayPart{{file: day, archived: l.archives && l.store.mayBeArchived(day)}}
	}
	var parts []dayPart
	for _, file := range l.zones.files(day) {
		parts = append(parts, dayPart{file, l.archives, l.zones.rangeOf(file, day, l.query.location())})
	}
	return parts
}

// mayBeArchived reports whether a file that is read for a day may be archived.
func (l *listing) mayBeArchived(day string) bool {
	return l.zones.several() || l.store.mayBeArchived(day)
}

// partsInRange are the files that hold the records of some days, each once.
func (l *listing) partsInRange(days []string) []dayPart {
	var parts []dayPart
	if !l.zones.several() {
		for _, day := range days {
			parts = append(parts, dayPart{file: day, archived: l.store.mayBeArchived(day)})
		}
		return parts
	}
	for _, file := range spread(days, l.zones.files) {
		part := dayPart{file: file, archived: true}
		if _, inside := slices.BinarySearch(days, file); !inside {
			part.within = &dayRange{begin: l.query.Begin, end: l.query.End} // what has no time is outside
		}
		parts = append(parts, part)
	}
	return parts
}

// spread are all days that some are turned into, in order.
func spread(days []string, into func(day string) []string) []string {
	var all []string
	for _, day := range days {
		all = append(all, into(day)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
