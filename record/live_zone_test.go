package record

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// elsewhere writes with the clock of another zone.
func elsewhere(t *testing.T, db string, layout Layout, now *time.Time, location *time.Location) (put func(message string, ago time.Duration)) {
	store := testStore(t, db, StoreOptions{Host: "h2", Layout: layout, Now: func() time.Time { return now.In(location) }})
	return func(message string, ago time.Duration) {
		t.Helper()
		at := now.In(location).Add(-ago)
		if err := store.Append(Item{"d", "a"}, Log, Day(at), []byte(liveLine(at, message)+"\n")); err != nil {
			t.Fatal(err)
		}
		store.Release()
	}
}

// TestFollowerOverZones: what was listed is not given again, and nothing is lost that
// was written while the listing, which reads a file for several days, was read.
func TestFollowerOverZones(t *testing.T) {
	for _, layout := range []Layout{LayoutDirect, LayoutPerHost} {
		for _, location := range []*time.Location{farAhead, farBehind, time.FixedZone("", 5*3600)} {
			for _, hour := range []int{1, 12, 23} {
				for _, limit := range []int{0, 1, 3, 5} {
					name := fmt.Sprint(layout, location, hour, limit)
					t.Run(name, func(t *testing.T) { followZones(t, layout, location, hour, limit) })
				}
			}
		}
	}
}

func followZones(t *testing.T, layout Layout, location *time.Location, hour, limit int) {
	db := t.TempDir()
	now := time.Date(2024, 12, 15, hour, 30, 0, 0, time.UTC)
	here := testStore(t, db, StoreOptions{Host: "h1", Layout: layout, Now: func() time.Time { return now }})
	there := elsewhere(t, db, layout, &now, location)
	beside := elsewhere(t, db, layout, &now, time.UTC)
	listed := []string{}
	for i := 40; i > 0; i -= 5 {
		message := fmt.Sprint("listed ", i)
		[]func(string, time.Duration){there, beside}[i%2](message, time.Duration(i)*time.Hour)
		listed = append(listed, message)
	}
	if limit > 0 {
		listed = listed[len(listed)-limit:]
	}
	f := &followTest{t: t, follower: here.Follow(Query{Kind: Log, Location: time.UTC, Limit: limit})}
	var meanwhile []string
	for row := range f.follower.Rows().All() {
		f.got = append(f.got, row.Get("message"))
		if n := len(meanwhile); n < 8 { // of a day that was listed, or will be, or is the last
			message := fmt.Sprint("meanwhile ", n)
			[]func(string, time.Duration){there, beside}[n%2](message, time.Duration(n)*5*time.Hour)
			meanwhile = append(meanwhile, message)
		}
	}
	f.follower.Settle()
	if _, err := here.Merge(context.Background()); err != nil {
		t.Fatal(err)
	}
	for ahead := range 4 {
		message := fmt.Sprint("later ", ahead)
		[]func(string, time.Duration){there, beside}[ahead%2](message, 0)
		meanwhile = append(meanwhile, message)
		f.next()
		now = now.Add(20 * time.Minute)
	}
	if limit > 0 { // the listing was read before its first row was given
		equalLines(t, "the listing", f.got[:limit], listed)
	}
	sameLines(t, "each once", f.got, slices.Concat(listed, meanwhile))
}

// TestFollowerOverZonesBegins: what is new may come to the file of the day before the
// range.
func TestFollowerOverZonesBegins(t *testing.T) {
	db := t.TempDir()
	shanghai := zone(t, "Asia/Shanghai")
	now := time.Date(2024, 12, 15, 1, 30, 0, 0, shanghai)
	here := testStore(t, db, StoreOptions{Host: "h1", Now: func() time.Time { return now }})
	there := elsewhere(t, db, LayoutDirect, &now, time.UTC)
	there("too old", 2*time.Hour)
	there("listed", 30*time.Minute)
	f := startFollowing(t, here, Query{Kind: Log, Location: shanghai, Begin: now.Add(-time.Hour)})
	there("new", 0)
	f.next()
	f.want("listed", "new")
}

// TestFollowerOverZonesAndMerge: the file of a host is carried over and removed between
// two days of the listing that it is read for.
func TestFollowerOverZonesAndMerge(t *testing.T) {
	db := t.TempDir()
	now := time.Date(2024, 12, 15, 1, 30, 0, 0, time.UTC)
	here := testStore(t, db, StoreOptions{Host: "h1", Layout: LayoutPerHost, Now: func() time.Time { return now }})
	there := elsewhere(t, db, LayoutPerHost, &now, farAhead)
	merge := func() {
		if _, err := here.Merge(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	there("before midnight", 100*time.Minute)
	merge()
	there("after midnight", time.Minute)
	f := &followTest{t: t, follower: here.Follow(Query{Kind: Log, Location: time.UTC})}
	for row := range f.follower.Rows().All() {
		f.got = append(f.got, row.Get("message"))
		if len(f.got) > 1 {
			continue
		}
		there("meanwhile", 0)
		merge()
		host := dayFile{Item{"d", "a"}, Log, "20241215"}.elem([]string{metaFolder, hostsFolder, "h2"})
		if err := os.Remove(here.tree.Path(host...)); err != nil {
			t.Fatal(err)
		}
	}
	f.follower.Settle()
	f.next()
	f.want("before midnight", "after midnight", "meanwhile")
}
