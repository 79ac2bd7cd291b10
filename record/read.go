package record

import (
	"errors"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxNamedDays is the longest range whose files are opened by their names.
// Listing a folder costs more than some opens that find nothing.
const maxNamedDays = 62

// maxReaders bounds the files that are read at once.
const maxReaders = 8

// listing is a Select that is being read.
type listing struct {
	store   *Store
	query   Query
	stats   *Stats
	sources []*source
	readers []*dayReader

	zones    zones
	archives bool // something was archived
	follower *Follower
	stopped  *atomic.Bool // nobody wants the rest
	standing *standing
}

func newListing(r *Rows) (*listing, error) {
	store, q, stats := r.store, r.query, &r.stats
	l := &listing{store: store, query: q, stats: stats, follower: r.follower, stopped: &r.stopped, standing: &r.standing}
	// A database that is not there yet is an empty one.
	if _, err := store.tree.rootFD(false); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l.sources = store.sources(q.Directions, q.Items, stats)
	l.archives = store.hasArchives()
	l.zones = store.zonesFor(q.location(), stats)
	matcher := newMatcher(q)
	for range min(max(runtime.GOMAXPROCS(0), 2), maxReaders, len(l.sources)) {
		reader := newDayReader(store, matcher)
		reader.follower = r.follower
		l.readers = append(l.readers, reader)
	}
	return l, nil
}

// each gives the rows in the order of the query. Only one day is held at a
// time, and where there is a limit, the rows it lets through.
func (l *listing) each(yield func(Row) bool) {
	days := l.days()
	newest := l.query.Limit > 0 && !l.query.Reverse && !l.query.Oldest
	if l.query.Reverse || newest {
		slices.Reverse(days)
	}
	if newest {
		for _, row := range slices.Backward(l.newestRows(days)) {
			if !yield(row) {
				return
			}
		}
		return
	}
	given := 0
	for _, day := range l.daysFrom(days) {
		rows, before := l.rowsFrom(day, given)
		for i, row := range rows[before:] {
			*l.standing = standing{day, rows, before + i + 1}
			if l.stopped.Load() || !yield(row) {
				return
			}
			if given++; given == l.query.Limit {
				return
			}
		}
	}
}

// newestRows gives as many rows as the limit says, the newest first.
func (l *listing) newestRows(days []string) []Row {
	var rows []Row
	for _, day := range days {
		if l.stopped.Load() {
			return nil
		}
		ofDay := l.day(day, l.query.Limit-len(rows))
		slices.Reverse(ofDay)
		ofDay = ofDay[:min(len(ofDay), l.query.Limit-len(rows))]
		if rows == nil {
			rows = ofDay // often all of them: a copy would be as large as they are
		} else {
			rows = append(rows, ofDay...)
		}
		if len(rows) == l.query.Limit {
			break
		}
	}
	return rows
}

// day gives all rows of a day in the order of the query, or with a limit above 0
// at least so many of the newest. Where nothing was ever archived, nobody looks
// for archives; the first one may be made meanwhile, of a day that was to be read.
func (l *listing) day(day string, limit int) []Row {
	if l.follower != nil {
		for _, file := range l.zones.files(day) {
			l.follower.listed[file] = true
		}
	}
	looked := l.archives
	parts, stats := l.partsOf(day, limit)
	if !looked && l.mayBeArchived(day) {
		if l.archives = l.store.hasArchives(); l.archives {
			parts, stats = l.partsOf(day, limit)
		}
	}
	l.stats.add(stats)
	rows := joined(parts)
	sortRows(rows)
	if l.query.Reverse {
		slices.Reverse(rows)
	}
	return rows
}

// joined are all rows of some parts, which are let go.
func joined(parts [][]Row) []Row {
	total := 0
	for _, part := range parts {
		total += len(part)
	}
	rows := make([]Row, 0, total)
	for i, part := range parts {
		rows = append(rows, part...)
		parts[i] = nil
	}
	return rows
}

// partsOf reads a day of each item.
func (l *listing) partsOf(day string, limit int) ([][]Row, Stats) {
	files := l.partsOfDay(day)
	parts := make([][]Row, len(l.sources))
	cut := newCut(limit, l.query.Oldest)
	var next atomic.Int64
	var group sync.WaitGroup
	for _, reader := range l.readers {
		reader.cut, reader.day = cut, day
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(parts) || l.stopped.Load() {
					return
				}
				cut.put(parts, i, reader.readParts(l.sources[i], files))
			}
		})
	}
	group.Wait()
	var stats Stats
	for _, reader := range l.readers {
		stats.add(reader.stats)
		reader.stats = Stats{}
	}
	return parts, stats
}

// days are those of which there may be wanted records, in order. Each is read from the
// file of its name, or, where zones differ, from some beside it too.
func (l *listing) days() []string {
	q := l.query
	first, last := "", "99999999"
	if !q.Begin.IsZero() {
		first = Day(q.Begin.In(q.location()))
	}
	if !q.End.IsZero() {
		last = Day(q.End.Add(-time.Nanosecond).In(q.location()))
	}
	if days, ok := namedDays(first, last); ok {
		return days
	}
	found := map[string]struct{}{}
	files, lastFiles := l.zones.files(first), l.zones.files(last)
	for _, src := range l.sources {
		l.listDays(src, files[0], lastFiles[len(lastFiles)-1], found)
	}
	if l.follower != nil {
		// Their files may be made while others are read, when nobody would look for them.
		for _, day := range l.follower.window(2) {
			found[day] = struct{}{}
		}
	}
	days := slices.Sorted(maps.Keys(found))
	if l.zones.several() {
		days = spread(days, l.zones.days)
	}
	return slices.DeleteFunc(days, func(day string) bool { return day < first || day > last })
}

// namedDays gives the days from first to last, unless they are many.
func namedDays(first, last string) ([]string, bool) {
	from, err := time.Parse(DayLayout, first)
	if err != nil {
		return nil, false
	}
	var days []string
	for at := from; Day(at) <= last; at = at.AddDate(0, 0, 1) {
		if len(days) == maxNamedDays {
			return nil, false
		}
		days = append(days, Day(at))
	}
	return days, true
}

// listDays looks which days an item has. The hosts come first: what a merger
// takes from there is in the main database by then.
func (l *listing) listDays(src *source, first, last string, found map[string]struct{}) {
	prefixes := [][]string{}
	for _, host := range src.hosts {
		prefixes = append(prefixes, host.prefix)
	}
	for _, prefix := range append(prefixes, nil) {
		folder := append(prefix[:len(prefix):len(prefix)], src.item.Direction, src.item.Name, string(l.query.Kind))
		entries, err := l.store.tree.List(folder...)
		if err != nil {
			l.stats.problem(err)
			continue
		}
		for _, entry := range entries {
			name := entry.Name()
			switch _, err := time.Parse(DayLayout, name); {
			case err != nil:
				l.stats.foreign(l.store.tree.Path(append(folder, name)...))
			case first <= name && name <= last:
				found[name] = struct{}{}
			}
		}
	}
	l.listArchives(src.item, first, last, found)
}

// listArchives looks which days of an item are archived: last, since a day that
// is archived meanwhile was still in its folder then, or is here by now.
func (l *listing) listArchives(item Item, first, last string, found map[string]struct{}) {
	entries, err := l.store.tree.List(archiveKindElem(item, l.query.Kind)...)
	if err != nil {
		l.stats.problem(err)
	}
	for _, entry := range entries {
		if day, ok := archiveDay(entry.Name()); ok && first <= day && day <= last {
			found[day] = struct{}{}
		}
	}
}
