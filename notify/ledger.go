package notify

import (
	"bytes"
	"sync"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// ledger reads from the alarm records what was sent. It remembers how far it
// has read and what it found, and opens each file anew to see what other
// processes and hosts have added; so the first question about a day costs as
// much as its file is long, and each further one next to nothing.
type ledger struct {
	store *record.Store

	mu   sync.Mutex
	days map[dayOfItem]*dayLedger
}

type dayOfItem struct {
	item record.Item
	day  string
	most int64 // bytes of what was there at first, 0 for all
}

// dayLedger is what was sent of one item on one day, by the file that says so.
type dayLedger struct {
	reader  *record.DayReader
	sources map[string]*sourceLedger
}

type sourceLedger struct {
	sent []sentAlarm
	torn []sentAlarm // of a last line without its end, which will come again
}

// maxLedgerDays bounds what a process that serves many items remembers.
const maxLedgerDays = 64

func newLedger(store *record.Store) *ledger {
	return &ledger{store: store, days: map[dayOfItem]*dayLedger{}}
}

// sent is what counts of an alarm: the ids of mvrun's records and the number of
// those without an id, which are monitorViewer's. A record that is being carried
// over from a host's database stands in two files, with one id.
type sent struct {
	ids       map[fingerprint]bool // true: wholly; false: to a part of its channels or receivers
	anonymous int
	last      time.Time
	unchanged bool // the last one of the series was the same; see ratelimit.History
}

func (s sent) count() int { return len(s.ids) + s.anonymous }

func (s sent) history(inFlight int) ratelimit.History {
	return ratelimit.History{Sent: s.count(), InFlight: inFlight, Last: s.last, Unchanged: s.unchanged}
}

func (s *sent) add(one sentAlarm) {
	if one.id == 0 {
		s.anonymous++
	} else {
		s.ids[one.id] = s.ids[one.id] || !one.partly
	}
	if one.at > s.last.UnixNano() || s.last.IsZero() {
		s.last = time.Unix(0, one.at)
	}
}

// passed finds what was sent of an alarm that a policy has to know of.
func (l *ledger) passed(a *Alarm, id identity, policy ratelimit.Policy, now time.Time) (sent, error) {
	if policy.OnChange() {
		return l.lastOfSeries(a.Of(), id, now)
	}
	since, until, run := policy.Since(now), policy.Until(now), fingerprint(0)
	if policy.PerRun() {
		since, run = runStart(a, now), fingerprintOf(a.Run)
	}
	found := sent{ids: map[fingerprint]bool{}}
	same := fingerprintOf(id.same)
	for day := since; ; day = day.AddDate(0, 0, 1) {
		err := l.each(dayOfItem{a.Of(), record.Day(day), 0}, func(one sentAlarm) {
			if one.same == same && (run == 0 || one.run == run) && one.at >= since.UnixNano() &&
				(until.IsZero() || one.at < until.UnixNano()) {
				found.add(one)
			}
		})
		if err != nil || record.Day(day) >= record.Day(now) {
			return inLocation(found, now), err
		}
	}
}

func inLocation(s sent, now time.Time) sent {
	if !s.last.IsZero() {
		s.last = s.last.In(now.Location())
	}
	return s
}

// maxRunDays bounds the search for what a run has sent: a run that is longer
// begins to count anew.
const maxRunDays = 8

// runStart is a time before the run of an alarm began.
func runStart(a *Alarm, now time.Time) time.Time {
	start := now.AddDate(0, 0, -1)
	if len(a.Run) >= 16 {
		if begun, err := time.Parse("20060102T150405Z", a.Run[:16]); err == nil {
			start = begun.In(now.Location())
		}
	}
	if earliest := now.AddDate(0, 0, -maxRunDays); start.Before(earliest) || start.After(now) {
		return earliest
	}
	return start
}

// maxChangeDays bounds the search for the last alarm of a series. One that is
// older does not hold back any more.
const maxChangeDays = 31

// maxAhead is by how much a record may be ahead of this host's clock to be the
// last one of its series. Beyond that it was written by a clock that was wrong.
const maxAhead = time.Hour

// lastOfSeries finds the last alarm that was sent of a series, newest day first.
func (l *ledger) lastOfSeries(item record.Item, id identity, now time.Time) (sent, error) {
	found := sent{ids: map[fingerprint]bool{}}
	series, same := fingerprintOf(id.series), fingerprintOf(id.same)
	year, month, day := now.Date()
	for back := range maxChangeDays {
		noon := time.Date(year, month, day-back, 12, 0, 0, 0, now.Location()) // which no clock skips
		err := l.each(dayOfItem{item, record.Day(noon), 0}, func(one sentAlarm) {
			if one.series != series || one.at > now.Add(maxAhead).UnixNano() {
				return
			}
			if at := time.Unix(0, one.at); found.last.IsZero() || !at.Before(found.last) {
				found.last, found.unchanged = at, one.same == same
			}
			found.ids[one.id] = found.ids[one.id] || !one.partly
		})
		if err != nil || !found.last.IsZero() {
			return inLocation(found, now), err
		}
	}
	return found, nil
}

// each gives what was sent of an item on a day.
func (l *ledger) each(of dayOfItem, use func(sentAlarm)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.days[of]
	if known == nil {
		reader, err := l.store.ReadDay(of.item, record.Alarm, of.day, of.most)
		if err != nil {
			return err
		}
		if len(l.days) >= maxLedgerDays {
			clear(l.days)
		}
		known = &dayLedger{reader: reader, sources: map[string]*sourceLedger{}}
		l.days[of] = known
	}
	if err := known.reader.Next(known.take); err != nil {
		delete(l.days, of) // what was read of it before the error would be counted twice
		return err
	}
	for _, source := range known.sources {
		for _, list := range [...][]sentAlarm{source.sent, source.torn} {
			for _, one := range list {
				use(one)
			}
		}
	}
	return nil
}

// take notes what a line says.
func (d *dayLedger) take(line record.DayLine) {
	source := d.sources[line.Source]
	if source == nil || line.Restart {
		source = new(sourceLedger)
		d.sources[line.Source] = source
	}
	source.torn = source.torn[:0]
	one, ok := parseSent(line.Text)
	switch {
	case ok && line.Torn:
		source.torn = append(source.torn, one)
	case ok:
		source.sent = append(source.sent, one)
	}
}

// recentBytes is how much of the end of a day is looked at for what was sent
// just now: some 3,000 records.
const recentBytes = 2 << 20

// recent gives the ids of what was sent of an item since a time that is not long
// ago, without digests, and when, in Unix nanoseconds. It does not read whole days.
func (l *ledger) recent(item record.Item, since, now time.Time) (map[fingerprint]int64, error) {
	ids := map[fingerprint]int64{}
	for day := since; ; day = day.AddDate(0, 0, 1) {
		err := l.each(dayOfItem{item, record.Day(day), recentBytes}, func(one sentAlarm) {
			if one.at >= since.UnixNano() && one.at <= now.Add(burstSpan).UnixNano() && one.id != 0 && !one.digest {
				ids[one.id] = one.at
			}
		})
		if err != nil || record.Day(day) >= record.Day(now) {
			return ids, err
		}
	}
}

// maxSearchDays bounds the search for the record of an alarm that waited long:
// so many days from when it was raised, and so many up to now.
const maxSearchDays = 8

// hasPassed reports whether the record says that this very alarm was sent.
func (l *ledger) hasPassed(a *Alarm, now time.Time) (bool, error) {
	found := false
	sought := fingerprintOf(a.ID)
	for day := range daysOf(a, now) {
		err := l.store.EachLine(a.Of(), record.Alarm, day, func(line []byte) {
			if bytes.Contains(line, []byte(a.ID)) {
				one, ok := parseSent(line)
				found = found || ok && !one.partly && one.id == sought
			}
		})
		if found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// daysOf gives the days on which something about an alarm may have been
// recorded: the first ones after it was raised, and the last ones, since one that
// is held back may wait for long.
func daysOf(a *Alarm, now time.Time) func(func(string) bool) {
	return func(yield func(string) bool) {
		raised := a.Time.In(now.Location())
		for n := 0; ; n++ {
			day := raised.AddDate(0, 0, n)
			if n == maxSearchDays {
				if recent := now.AddDate(0, 0, 1-maxSearchDays); recent.After(day) {
					raised, day = recent.AddDate(0, 0, -n), recent
				}
			}
			if !yield(record.Day(day)) || record.Day(day) >= record.Day(now) {
				return
			}
		}
	}
}
