package record_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// crowded is a database of few different times, of records that are of another day
// than their file, and of some that have no time.
func crowded(t *testing.T) *record.Store {
	random := rand.New(rand.NewPCG(3, 4))
	files := map[string]string{}
	for _, item := range []string{"d/a", "d/b", "e/c"} {
		for day := 20; day < 25; day++ {
			var lines strings.Builder
			for i := range random.IntN(40) {
				at := time.Date(2024, 10, day, random.IntN(26), random.IntN(2)*30, 0, 0, time.UTC)
				stamp := fmt.Sprintf(`"ts": %q, `, at.Format(record.StampLayout))
				if random.IntN(6) == 0 {
					stamp = ""
				}
				fmt.Fprintf(&lines, `{%s"message": "%s %d %d"}`+"\n", stamp, item, day, i)
			}
			files[fmt.Sprintf("%s/log/202410%d", item, day)] = lines.String()
		}
	}
	return database(t, files)
}

// Pieces that each begin behind the one before hold each record once, whatever
// times the records have.
func TestPiecesOfAListing(t *testing.T) {
	store := crowded(t)
	for _, reverse := range []bool{true, false} {
		whole, _ := selected(t, store, record.Query{Kind: record.Log, Reverse: reverse})
		if len(whole) < 100 {
			t.Fatal("too few records")
		}
		for _, size := range []int{1, 2, 7, 60} {
			var messages []string
			q := record.Query{Kind: record.Log, Reverse: reverse, Oldest: !reverse, Limit: size, Location: time.UTC}
			for {
				var place *record.Place
				rows := store.Select(q)
				for row := range rows.All() {
					place = rows.Place()
					messages = append(messages, row.Get("message"))
				}
				if rows.Err() != nil || place == nil {
					break
				}
				q.From = place
			}
			if !slices.Equal(messages, whole) {
				t.Errorf("reverse %v, %d at a time: %d records, want %d", reverse, size, len(messages), len(whole))
			}
		}
	}
}

func TestUnorderedGivesAllOnce(t *testing.T) {
	store := crowded(t)
	q := record.Query{Kind: record.Log, Location: time.UTC, Where: func(row record.Row) bool { return row.Item.Direction == "d" }}
	want, _ := selected(t, store, q)
	var got []string
	var mu sync.Mutex
	rows := store.Select(q)
	rows.Unordered(func(rows []record.Row) {
		mu.Lock()
		defer mu.Unlock()
		for _, row := range rows {
			got = append(got, row.Get("message"))
		}
	})
	slices.Sort(want)
	slices.Sort(got)
	if rows.Err() != nil || !slices.Equal(got, want) || rows.Stats().Files == 0 || strings.Contains(strings.Join(got, ""), "e/c") {
		t.Errorf("%v, %d records, want %d", rows.Err(), len(got), len(want))
	}
}

func TestPlacesThatAreNone(t *testing.T) {
	store := crowded(t)
	place := &record.Place{Day: "20241022", Time: time.Now()}
	for name, q := range map[string]record.Query{
		"the oldest, newest first": {Kind: record.Log, Oldest: true, Reverse: true},
		"no day":                   {Kind: record.Log, Reverse: true, From: &record.Place{Day: "yesterday"}},
		"less than none":           {Kind: record.Log, Reverse: true, From: &record.Place{Day: "20241022", Skip: -1}},
		"the newest, oldest first": {Kind: record.Log, Limit: 5, From: place},
	} {
		rows := store.Select(q)
		for range rows.All() {
			t.Errorf("%s: there are records", name)
			break
		}
		if rows.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
