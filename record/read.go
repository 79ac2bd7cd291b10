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
}

func newListing(store *Store, q Query, stats *Stats) (*listing, error) {
	l := &listing{store: store, query: q, stats: stats}
	// A database that is not there yet is an empty one.
	if _, err := store.tree.rootFD(false); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l.sources = store.sources(q.Directions, q.Items, stats)
	matcher := newMatcher(q)
	for range min(max(runtime.GOMAXPROCS(0), 2), maxReaders, len(l.sources)) {
		l.readers = append(l.readers, newDayReader(store, matcher))
	}
	return l, nil
}

// each gives the rows in the order of the query. Only one day is held at a
// time, and where there is a limit, the rows it lets through.
func (l *listing) each(yield func(Row) bool) {
	days := l.days()
	if l.query.Reverse || l.query.Limit > 0 {
		slices.Reverse(days)
	}
	if l.query.Limit > 0 && !l.query.Reverse {
		for _, row := range slices.Backward(l.newestRows(days)) {
			if !yield(row) {
				return
			}
		}
		return
	}
	given := 0
	for _, day := range days {
		for _, row := range l.day(day) {
			if !yield(row) {
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
		ofDay := l.day(day)
		slices.Reverse(ofDay)
		rows = append(rows, ofDay[:min(len(ofDay), l.query.Limit-len(rows))]...)
		if len(rows) == l.query.Limit {
			break
		}
	}
	return rows
}

// day gives all rows of a day in the order of the query.
func (l *listing) day(day string) []Row {
	parts := make([][]Row, len(l.sources))
	var next atomic.Int64
	var group sync.WaitGroup
	for _, reader := range l.readers {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(parts) {
					return
				}
				parts[i] = reader.read(l.sources[i], day)
			}
		})
	}
	group.Wait()
	for _, reader := range l.readers {
		l.stats.add(reader.stats)
		reader.stats = Stats{}
	}
	rows := slices.Concat(parts...)
	sortRows(rows)
	if l.query.Reverse {
		slices.Reverse(rows)
	}
	return rows
}

// days are the names of the day files that may hold wanted records, in order.
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
	for _, src := range l.sources {
		l.listDays(src, first, last, found)
	}
	return slices.Sorted(maps.Keys(found))
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
}
