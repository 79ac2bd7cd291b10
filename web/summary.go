package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// summary counts the records of some days for totals and charts.
type summary struct {
	days       days
	parts      []days // the bars
	directions []string

	alarms, logs, heartbeats, runs int

	alarmsBy, heartbeatsBy series // by direction
	logsBy                 series // by direction and level
	topItems               []itemCount
	results                series // alarms by their result, in the order of the alphabet
}

// tally is a row of counts, one for each part of the days.
type tally struct {
	direction, value string // level or result; "" where there is none
	counts           []int
	total            int
}

// series are such rows.
type series struct {
	rows  []*tally
	known map[[2]string]*tally // by direction and value
}

// itemCount is an item with how many records it has.
type itemCount struct {
	item  record.Item
	count int
}

// topCount is how many items a chart of those with the most alarms has.
const topCount = 10

// summaryKinds are what the overview counts.
var summaryKinds = [...]record.Kind{record.Heartbeat, record.Log, record.Alarm, record.Run}

// counted are the records of some days, as they were at a time.
type counted struct {
	at     time.Time
	counts []record.DayCount
}

// countsOf begins to count the records of some days. Those of closed days are kept
// by the database, see record.Store.Summarize.
func (s *Server) countsOf(d days, directions, items []string) *sharedCall[*counted] {
	first, last := d.dayNames()
	key := url.Values{"days": {first, last}, "direction": directions, "item": items}.Encode()
	return s.counts.ask(key, func() (*counted, error) {
		at := s.now()
		counts, stats, err := s.options.Load().Store.Summarize(record.SummaryQuery{
			Kinds: summaryKinds[:], First: first, Last: last, Directions: directions, Items: items,
		})
		for _, problem := range stats.Problems {
			s.log.Warn("summary", "problem", problem.Error())
		}
		return &counted{at, counts}, err
	})
}

// newSummary adds counts up.
func newSummary(d days, counts []record.DayCount) *summary {
	m := &summary{days: d, parts: d.buckets()}
	alarms, directions := map[record.Item]int{}, map[string]bool{}
	part := 0
	for i := range counts {
		c := &counts[i]
		for part < len(m.parts)-1 && c.Day > record.Day(m.parts[part].last) {
			part++ // counts are in the order of days
		}
		total := m.add(c, part)
		if c.Kind == record.Alarm {
			alarms[c.Item] += total
		}
		directions[c.Item.Direction] = true
	}
	for direction := range directions {
		m.directions = append(m.directions, direction)
	}
	slices.Sort(m.directions)
	for _, s := range []*series{&m.alarmsBy, &m.heartbeatsBy, &m.logsBy, &m.results} {
		s.sort()
	}
	m.topItems = topOf(alarms)
	return m
}

// add adds the counts of an item and day to a part.
func (m *summary) add(c *record.DayCount, part int) (total int) {
	direction := c.Item.Direction
	for value, count := range c.Counts {
		total += count
		switch c.Kind {
		case record.Log:
			m.logsBy.add(direction, levelName(value), part, len(m.parts), count)
		case record.Alarm:
			m.results.add("", value, part, len(m.parts), count)
		}
	}
	switch c.Kind {
	case record.Heartbeat:
		m.heartbeats += total
		m.heartbeatsBy.add(direction, "", part, len(m.parts), total)
	case record.Log:
		m.logs += total
	case record.Alarm:
		m.alarms += total
		m.alarmsBy.add(direction, "", part, len(m.parts), total)
	case record.Run:
		m.runs += total
	}
	return total
}

// levelName is a level as it is written in most records.
func levelName(text string) string {
	for _, level := range record.Levels {
		if strings.EqualFold(text, string(level)) {
			return string(level)
		}
	}
	return text
}

func (s *series) add(direction, value string, part, parts, count int) {
	key := [2]string{direction, value}
	row := s.known[key]
	if row == nil {
		row = &tally{direction: direction, value: value, counts: make([]int, parts)}
		if s.known == nil {
			s.known = map[[2]string]*tally{}
		}
		s.known[key] = row
		s.rows = append(s.rows, row)
	}
	row.counts[part] += count
	row.total += count
}

// sort puts levels in the order of their severity, and what is no level last.
func (s *series) sort() {
	slices.SortFunc(s.rows, func(a, b *tally) int {
		return cmp.Or(strings.Compare(a.direction, b.direction), cmp.Compare(levelRank(a.value), levelRank(b.value)), strings.Compare(a.value, b.value))
	})
}

func levelRank(value string) int {
	if i := slices.Index(record.Levels, record.Level(value)); i >= 0 {
		return i
	}
	return len(record.Levels)
}

// topOf are the items with the most, the most first.
func topOf(counts map[record.Item]int) []itemCount {
	var top []itemCount
	for item, count := range counts {
		top = append(top, itemCount{item, count})
	}
	slices.SortFunc(top, func(a, b itemCount) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.item.String(), b.item.String()))
	})
	return top[:min(len(top), topCount)]
}

// summaryKeys are what the address of a summary may say.
var summaryKeys = [...]string{"begin", "end", "range", "direction", "item", "lang"}

// apiSummary answers with totals and what the charts show.
func (s *Server) apiSummary(w http.ResponseWriter, r *http.Request, _ *identity) {
	values := r.URL.Query()
	d, err := daysOf(values, s.now())
	if err == nil {
		err = checkKeys(values, summaryKeys[:])
	}
	filter := viewer.Filter{Kind: string(record.Log), Directions: given(values["direction"]), Items: given(values["item"])}
	if err == nil {
		_, err = filter.Query(s.now(), nil)
	}
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err.Error())
		return
	}
	call := s.countsOf(d, filter.Directions, filter.Items)
	states, stuck, err := s.statesOf(filter.Directions, filter.Items)
	if err != nil {
		s.databaseFailed(w, r, err)
		return
	}
	found, err := call.wait()
	if errors.Is(err, record.ErrTooMuch) {
		s.fail(w, r, http.StatusBadRequest, err.Error()+"; ask for fewer days, or for some directions or items")
		return
	}
	if err != nil {
		s.databaseFailed(w, r, err)
		return
	}
	s.writeJSON(w, r, http.StatusOK, newSummary(d, found.counts).document(states, stuck))
}
