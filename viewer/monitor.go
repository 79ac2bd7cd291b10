package viewer

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/words"
)

// printItems lists items with their settings, and how they fare.
func printItems(p printer, store *record.Store, q record.Query, o Options) error {
	now := o.Now
	if now.IsZero() {
		now = store.Now()
	}
	r := &reading{Listing: Listing{Query: q, Now: now, Rules: o.Rules}, ctx: context.Background(), store: store}
	var printed int
	var printErr error
	err := r.items(func(e *entry) bool {
		printErr = p.print(e)
		printed++
		return printErr == nil && printed != q.Limit
	})
	if o.Notes != nil {
		_, _ = r.notes.WriteTo(o.Notes)
	}
	return errors.Join(err, printErr)
}

// monitor reads what a listing says of each item.
type monitor struct {
	store    *record.Store
	query    record.Query
	now      time.Time
	retired  []record.Mute
	surveyor *heartbeat.Surveyor // nil where the database cannot be surveyed
	last     *heartbeat.Verdict  // on the item of the last entry; nil where there is none
}

func newMonitor(store *record.Store, q record.Query, now time.Time, rules heartbeat.Rules, items int) (*monitor, error) {
	m := &monitor{store: store, query: q, now: now}
	options, err := heartbeat.ReadOptions(store, now)
	options.Rules, options.Learn = rules, items <= heartbeat.MaxLearned
	m.retired = options.Retired
	surveyor, surveyErr := heartbeat.NewSurveyor(store, options)
	if surveyErr == nil {
		m.surveyor = surveyor
	}
	return m, errors.Join(err, surveyErr)
}

// entry is an item's line, but for its runs; nil where it is not wanted. An item that
// is retired is shown to who asks for it by name.
func (m *monitor) entry(item record.Item) (*entry, error) {
	if isRetired(m.retired, item) && !m.query.Names(item) {
		return nil, nil
	}
	settings, err := m.store.ReadItem(item)
	if !wantsItem(m.query, settings) {
		return nil, err
	}
	e := itemEntry(item, settings)
	m.last = nil
	if m.surveyor == nil {
		return e, err
	}
	verdict, surveyErr := m.surveyor.Item(item)
	if surveyErr != nil && !errors.Is(surveyErr, heartbeat.ErrNoItem) && err == nil {
		err = surveyErr
	}
	m.last = &verdict
	e.add("status", string(verdict.State))
	e.addTime("last", verdict.Last, m.now)
	e.addTime("next", verdict.Due.Next(m.now), m.now)
	return e, err
}

// addRuns adds to an item's line how often it ran, for which more has to be read
// than for the rest.
func (m *monitor) addRuns(e *entry) error {
	if m.surveyor == nil {
		return nil
	}
	runs, err := m.runs(e.item)
	e.fields = append(e.fields, record.Field{Key: runsKey, Value: strconv.AppendInt(nil, int64(runs), 10)})
	return err
}

// runsKey is the key of how often an item ran.
const runsKey = "runs"

// runs counts the heartbeats of the days of the query: those of the files of these
// days, which are the dates of the writers where time zones differ.
func (m *monitor) runs(item record.Item) (runs int, err error) {
	days, err := m.days(item)
	if err != nil {
		return 0, err
	}
	for _, day := range days {
		err = m.store.EachLine(item, record.Heartbeat, day, func(line []byte) {
			if len(line) > 0 && line[0] == '{' {
				runs++
			}
		})
		if err != nil {
			break
		}
	}
	return runs, err
}

// maxNamedDays is up to how many days files are asked for by their names. Of a longer
// time an item is asked which it has.
const maxNamedDays = 31

// days are those of the query, as far as an item may have heartbeats of them.
func (m *monitor) days(item record.Item) ([]string, error) {
	begin, end := m.query.Begin, m.query.End
	if end.IsZero() || end.After(m.now) {
		end = m.now
	}
	first, last := record.Day(begin), record.Day(end)
	if begin.Before(end.AddDate(0, 0, -maxNamedDays)) {
		if m.surveyor == nil {
			return nil, nil // somebody was told
		}
		days, err := m.surveyor.Days(item)
		return slices.DeleteFunc(days, func(day string) bool { return day < first || day > last }), err
	}
	var days []string
	for day := begin; record.Day(day) <= last; day = day.AddDate(0, 0, 1) {
		days = append(days, record.Day(day))
	}
	return days, nil
}

func isRetired(retired []record.Mute, item record.Item) bool {
	return slices.ContainsFunc(retired, func(m record.Mute) bool { return m.Covers(item) })
}

func splitErrors(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.Clone(joined.Unwrap())
	}
	if err != nil {
		return []error{err}
	}
	return nil
}

// wantsItem applies what of a query concerns settings: each keyword must be in
// one of them, and one of the receivers among those of the item's alarms.
func wantsItem(q record.Query, settings record.ItemSettings) bool {
	for _, keyword := range q.Keywords {
		found := false
		for key, value := range settings {
			found = found || record.IsSetting(key) && strings.Contains(value, keyword)
		}
		if !found {
			return false
		}
	}
	if holdsAny(settings, q.Not) {
		return false
	}
	names := words.Split(settings[record.KeyAlarmReceivers])
	return len(q.Receivers) == 0 || slices.ContainsFunc(q.Receivers, func(wanted string) bool {
		return slices.Contains(names, wanted)
	})
}
