package record

import (
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// DayCount says how many records of a kind an item has in a day.
type DayCount struct {
	Item Item
	Kind Kind
	Day  string
	// Counts are by level of a log, result of an alarm, RunOK and RunFailed of a
	// run, and "" of a heartbeat, as the records say it: not in any fixed set.
	Counts map[string]int
}

// What became of a run, in a summary.
const (
	RunOK     = "ok"
	RunFailed = "failed"
)

// maxValues bounds how many different values are counted apart of a day of an
// item, and maxValue their length; the others count as OtherValue.
const (
	maxValues  = 64
	maxValue   = 64
	OtherValue = "other"
)

// SummaryQuery says what is to be counted. Empty lists mean all.
type SummaryQuery struct {
	Kinds             []Kind
	First, Last       string // days, 20241025, both included; their files are counted whole
	Directions, Items []string
}

// ErrTooMuch is given for a summary of so many items and days that their counts would
// need memory that a server does not have to spare.
var ErrTooMuch = errors.New("too many items and days to count at once")

// maxSummaryFiles bounds what is counted at once, in items times kinds times days, of
// which each takes a few hundred bytes: a month of 15,000 items.
const maxSummaryFiles = 1_500_000

// Summarize counts records for charts and totals: one entry for each item, kind
// and day that has any, in the order of days, items and kinds. A day is that of the
// file, also where writers are in other time zones: what is counted once can be kept,
// for readers in any. Days before
// yesterday are kept below .mvrun/rollup, see rollup; where that cannot be
// written they are counted anew each time. What is wrong with parts of the
// database is in the Stats. The error may be ErrTooMuch.
func (s *Store) Summarize(q SummaryQuery) ([]DayCount, Stats, error) {
	var stats Stats
	if err := (Query{Directions: q.Directions, Items: q.Items}).check(); err != nil {
		return nil, stats, err
	}
	days, ok := summaryDays(q.First, q.Last)
	if !ok {
		return nil, stats, errors.New("a summary is of some days, of at most ten years")
	}
	if _, err := s.tree.rootFD(false); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return nil, stats, err
	}
	if len(q.Kinds) == 0 {
		q.Kinds = Kinds
	}
	sources := s.sources(q.Directions, q.Items, &stats)
	if len(sources)*len(days)*len(q.Kinds) > maxSummaryFiles {
		return nil, stats, ErrTooMuch
	}
	sum := &summing{store: s, sources: sources, kinds: q.Kinds, days: days}
	sum.archives = s.hasArchives()
	sum.kept = s.readRollups(days)
	counts := sum.all(&stats)
	s.writeRollups(sum.kept)
	return counts, stats, s.whole(&stats)
}

// summing is a summary that is being made.
type summing struct {
	store    *Store
	sources  []*source
	kinds    []Kind
	days     []string
	archives bool
	kept     *rollups
}

// all counts the items beside one another.
func (m *summing) all(stats *Stats) []DayCount {
	parts := make([][]DayCount, len(m.sources))
	var next atomic.Int64
	var group sync.WaitGroup
	var mu sync.Mutex
	for range min(max(runtime.GOMAXPROCS(0), 2), maxReaders, len(m.sources)) {
		group.Go(func() {
			reader := newDayReader(m.store, newMatcher(Query{}))
			for i := int(next.Add(1)) - 1; i < len(parts); i = int(next.Add(1)) - 1 {
				parts[i] = m.item(reader, m.sources[i])
			}
			mu.Lock()
			defer mu.Unlock()
			stats.add(reader.stats)
		})
	}
	group.Wait()
	counts := slices.Concat(parts...)
	slices.SortStableFunc(counts, func(a, b DayCount) int { return strings.Compare(a.Day, b.Day) })
	return counts
}

// item counts one item. Days before yesterday that are counted already, and whose
// files are what they were, are not read.
func (m *summing) item(reader *dayReader, src *source) []DayCount {
	var counts []DayCount
	for _, kind := range m.kinds {
		states := m.newStates(src, kind, &reader.stats)
		for _, day := range m.days {
			file := dayFile{src.item, kind, day}
			closed := m.store.mayBeArchived(day) && day < Day(m.store.options.Now())
			state, found := states.of(day)
			if !found {
				continue
			}
			counted, ok := m.kept.get(file, state)
			if !closed || !ok {
				before := reader.stats
				counted = m.count(reader, src, file)
				after, _ := states.of(day)
				whole := reader.stats.Failures == before.Failures
				if closed && whole && after == state {
					m.kept.put(file, state, counted)
				}
			}
			if len(counted) > 0 {
				counts = append(counts, DayCount{src.item, kind, day, counted})
			}
		}
		states.close()
	}
	return counts
}

// count reads a day.
func (m *summing) count(reader *dayReader, src *source, file dayFile) map[string]int {
	matcher := *reader.matcher
	matcher.query.Kind = file.kind
	reader.matcher, reader.tally = &matcher, &tally{kind: file.kind, counts: map[string]int{}}
	reader.read(src, file.day, m.archives && m.store.mayBeArchived(file.day))
	return reader.tally.counts
}

// tally counts records by what they say.
type tally struct {
	kind   Kind
	counts map[string]int
}

func (t *tally) add(keys queryKeys) {
	var raw []byte
	switch t.kind {
	case Log:
		raw = keys.messageLevel
	case Alarm:
		raw = keys.result
	case Run:
		raw = []byte(RunFailed)
		if string(keys.exitCode) == "0" {
			raw = []byte(RunOK)
		}
	}
	if len(raw) > 2 && raw[0] == '"' && !slices.Contains(raw, '\\') {
		raw = raw[1 : len(raw)-1]
	}
	if _, known := t.counts[string(raw)]; !known && (len(raw) > maxValue || len(t.counts) >= maxValues) {
		raw = []byte(OtherValue)
	}
	t.counts[string(raw)]++
}

// maxSummaryDays bounds a summary.
const maxSummaryDays = 3660

func summaryDays(first, last string) ([]string, bool) {
	if !isDate(first) || !isDate(last) {
		return nil, false
	}
	var days []string
	for day := first; day <= last; day = nextDay(day) {
		if len(days) == maxSummaryDays {
			return nil, false
		}
		days = append(days, day)
	}
	return days, len(days) > 0
}
