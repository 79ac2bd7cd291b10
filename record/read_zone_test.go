package record

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// far are zones without a date in common for two hours of each day.
var (
	farAhead  = time.FixedZone("", 14*3600)
	farBehind = time.FixedZone("", -12*3600)
)

// zonesOf are the mixtures that the tests read.
func zonesOf(t *testing.T) [][]*time.Location {
	return [][]*time.Location{
		{time.UTC, zone(t, "Asia/Shanghai")},
		{time.UTC, zone(t, "Europe/London")},
		{time.UTC, zone(t, "Asia/Shanghai"), zone(t, "America/New_York")},
		{farAhead, farBehind},
		{zone(t, "America/Havana"), zone(t, "Asia/Beirut"), time.UTC}, // clocks change at midnight
	}
}

// mixedAt is when the records of mixed are of: also days on which clocks change.
var mixedAt = []time.Time{
	time.Date(2024, 7, 10, 0, 7, 0, 0, time.UTC),
	time.Date(2024, 11, 1, 0, 7, 0, 0, time.UTC),
	time.Date(2024, 3, 30, 0, 7, 0, 0, time.UTC),
}

// stamped is a record and its time.
type stamped struct {
	at      time.Time
	message string
}

// mixed has writers in some zones write in turn over three days. What it gives is in
// the order of a listing.
func mixed(t *testing.T, db string, layout Layout, from time.Time, zones []*time.Location) []stamped {
	t.Helper()
	var all []stamped
	var stores []*Store
	now := from
	for i, location := range zones {
		stores = append(stores, testStore(t, db, StoreOptions{
			Layout: layout, Host: fmt.Sprint("h", i), Now: func() time.Time { return now.In(location) },
		}))
	}
	for i := 0; now.Before(from.AddDate(0, 0, 3)); i++ {
		message := fmt.Sprint("m", i)
		put(t, stores[i%len(zones)], []string{"a", "b"}[i/2%2], now.In(zones[i%len(zones)]), message)
		all = append(all, stamped{now, message})
		now = now.Add(19 * time.Minute)
	}
	return all
}

// mixedReader has a clock in the middle of what mixed writes.
func mixedReader(t *testing.T, db string, from time.Time) *Store {
	return testStore(t, db, StoreOptions{Host: "reader", Now: func() time.Time { return from.AddDate(0, 0, 2) }})
}

// messages are those of a listing.
func messages(t *testing.T, rows *Rows) []string {
	t.Helper()
	var all []string
	for row := range rows.All() {
		all = append(all, row.Get("message"))
	}
	if rows.Err() != nil || rows.Stats().Failures > 0 {
		t.Fatal(rows.Err(), rows.Stats().Problems)
	}
	return all
}

// between are the messages of a range; a zero time is an open end.
func between(all []stamped, begin, end time.Time) []string {
	var some []string
	for _, one := range all {
		if !one.at.Before(begin) && (end.IsZero() || one.at.Before(end)) {
			some = append(some, one.message)
		}
	}
	return some
}

func reversed(list []string) []string {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

// TestZonesAreReadExactly reads, in each of the zones, what writers in others wrote.
func TestZonesAreReadExactly(t *testing.T) {
	for i, zones := range zonesOf(t) {
		for j, layout := range []Layout{LayoutDirect, LayoutPerHost} {
			t.Run(fmt.Sprint(i, layout), func(t *testing.T) {
				one := (i + j) % len(mixedAt)
				for _, from := range unlessRace(mixedAt, mixedAt[one:one+1]) {
					db := t.TempDir()
					all := mixed(t, db, layout, from, zones)
					for _, location := range zones {
						readMixed(t, mixedReader(t, db, from), all, Query{Kind: Log, Location: location})
					}
				}
			})
		}
	}
}

func readMixed(t *testing.T, store *Store, all []stamped, q Query) {
	t.Helper()
	whole := between(all, time.Time{}, time.Time{})
	equalLines(t, "all", messages(t, store.Select(q)), whole)
	q.Reverse = true
	equalLines(t, "all, newest first", messages(t, store.Select(q)), reversed(whole))
	for _, limit := range []int{1, 2, 3, 100} {
		q.Limit, q.Reverse = limit, false
		equalLines(t, "the newest", messages(t, store.Select(q)), whole[len(whole)-limit:])
		q.Reverse = true
		equalLines(t, "the newest first", messages(t, store.Select(q)), reversed(whole[len(whole)-limit:]))
	}
	q.Limit, q.Reverse = 0, false
	readRanges(t, store, all, q)
	for _, size := range []int{unlessRace(2, 9), 60} {
		equalLines(t, "pages", pages(t, store, q, size), whole)
		reverse := q
		reverse.Reverse = true
		equalLines(t, "pages, newest first", pages(t, store, reverse, size), reversed(whole))
	}
}

// readRanges reads each hour, and other ranges, also with one end open.
func readRanges(t *testing.T, store *Store, all []stamped, q Query) {
	t.Helper()
	first, last := all[0].at.Truncate(time.Hour), all[len(all)-1].at
	for begin := first; begin.Before(last); begin = begin.Add(unlessRace(time.Hour, 5*time.Hour)) {
		q.Begin, q.End = begin, begin.Add(time.Hour)
		equalLines(t, "an hour", messages(t, store.Select(q)), between(all, q.Begin, q.End))
	}
	for begin := first; begin.Before(last); begin = begin.Add(13 * time.Hour) {
		q.Begin, q.End, q.Limit = begin, begin.AddDate(0, 0, 1), 2
		want := between(all, q.Begin, q.End)
		equalLines(t, "the newest of a range", messages(t, store.Select(q)), want[max(0, len(want)-2):])
		q.Begin, q.End, q.Limit = begin, time.Time{}, 0
		equalLines(t, "from", messages(t, store.Select(q)), between(all, begin, time.Time{}))
		sameLines(t, "from, unordered", unordered(store.Select(q)), between(all, begin, time.Time{}))
		q.Begin, q.End = time.Time{}, begin
		equalLines(t, "to", messages(t, store.Select(q)), between(all, time.Time{}, begin))
		sameLines(t, "to, unordered", unordered(store.Select(q)), between(all, time.Time{}, begin))
		q.Begin = begin.Add(-3 * time.Hour)
		sameLines(t, "a range, unordered", unordered(store.Select(q)), between(all, q.Begin, begin))
	}
}

func unordered(rows *Rows) []string {
	found := make(chan string, 1000) // more than there are
	rows.Unordered(func(rows []Row) {
		for _, row := range rows {
			found <- row.Get("message")
		}
	})
	close(found)
	var all []string
	for message := range found {
		all = append(all, message)
	}
	return all
}

// pages reads a listing in pieces that begin behind one another.
func pages(t *testing.T, store *Store, q Query, size int) []string {
	t.Helper()
	q.Limit, q.Oldest = size, !q.Reverse
	var all []string
	for {
		rows := store.Select(q)
		piece := messages(t, rows)
		if len(piece) == 0 {
			return all
		}
		all, q.From = append(all, piece...), rows.Place()
	}
}

// TestZonesAndForeignRecords: what has no time, or one that no zone explains, is of the
// day of its file, as it is where there is one zone; each is listed once.
func TestZonesAndForeignRecords(t *testing.T) {
	db := t.TempDir()
	var want []string
	for day := 20; day < 24; day++ {
		var lines strings.Builder
		for i, time := range []string{"", `"ts": "2024-10-02T12:00:00Z", `, `"ts": "2024-12-02T12:00:00Z", `, `"time": "2024-10-21 12:00:00", `, `"ts": "2024-10-21T23:30:00Z", `} {
			message := fmt.Sprintf("%d of %d", i, day)
			fmt.Fprintf(&lines, `{%s"message": "%s"}`+"\n", time, message)
			want = append(want, message)
		}
		writeTestFile(t, fmt.Sprintf("%s/d/a/log/202410%d", db, day), lines.String())
	}
	for _, left := range []string{"+0800", "-0500", "+0000+0100", "+1400"} {
		store := mixedReader(t, db, testClock())
		store.leaveZone(left)
		q := Query{Kind: Log, Location: time.UTC}
		sameLines(t, "all", messages(t, store.Select(q)), want)
		sameLines(t, "pages", pages(t, store, q, 2), want)
		sameLines(t, "unordered", unordered(store.Select(q)), want)
		q.Begin = time.Date(2024, 10, 22, 0, 0, 0, 0, time.UTC)
		q.End = q.Begin.AddDate(0, 0, 1)
		equalLines(t, "a day", messages(t, store.Select(q)), []string{"0 of 22"})
		sameLines(t, "a day, unordered", unordered(store.Select(q)), []string{"0 of 22"})
	}
}

// TestOneZoneIsReadAsBefore: only the file of a day is read for it where all writers
// have the reader's zone, also one with two offsets, or did not say.
func TestOneZoneIsReadAsBefore(t *testing.T) {
	london := zone(t, "Europe/London")
	for _, month := range []time.Month{time.January, time.July} {
		from := time.Date(2024, month, 10, 0, 0, 0, 0, london)
		db := t.TempDir()
		mixed(t, db, LayoutDirect, from, []*time.Location{london})
		files := func(location *time.Location) int {
			q := Query{Kind: Log, Items: []string{"a"}, Directions: []string{"d"}, Location: location, Begin: time.Date(2024, month, 11, 0, 0, 0, 0, location)}
			q.End = q.Begin.AddDate(0, 0, 1)
			rows := mixedReader(t, db, from).Select(q)
			messages(t, rows)
			return rows.Stats().Files
		}
		if got := files(london); got != 1 {
			t.Errorf("%v: %d files were read for one day", month, got)
		}
		if got := files(time.UTC); got != 2 {
			t.Errorf("%v: in another zone %d files were read for one day", month, got)
		}
		if err := os.RemoveAll(db + "/" + metaFolder + "/" + zoneFolder); err != nil {
			t.Fatal(err)
		}
		if got := files(time.UTC); got != 1 {
			t.Errorf("%v: without zones %d files were read for one day", month, got)
		}
	}
}

// TestZonesAndTheArchive: what a host elsewhere has archived is read by a reader to
// whom its day is none that may be.
func TestZonesAndTheArchive(t *testing.T) {
	for i, zones := range zonesOf(t) {
		db := t.TempDir()
		from := mixedAt[0]
		all := mixed(t, db, LayoutDirect, from, zones)
		for j, location := range zones {
			now := all[len(all)-1].at.Add(12 * time.Hour).In(location)
			mustPrune(t, testStore(t, db, StoreOptions{Now: func() time.Time { return now }}), terms(0, 2))
			other := (j + 1) % len(zones)
			for _, reader := range unlessRace(zones, zones[other:other+1]) {
				store := testStore(t, db, StoreOptions{Now: func() time.Time { return now.In(reader) }})
				q := Query{Kind: Log, Location: reader}
				equalLines(t, fmt.Sprint(i, " all"), messages(t, store.Select(q)), between(all, time.Time{}, time.Time{}))
				readRanges(t, store, all, q)
			}
		}
	}
}
