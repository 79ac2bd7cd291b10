package record

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// followTest lists what a follower gives: the messages.
type followTest struct {
	t        *testing.T
	follower *Follower
	got      []string
}

func startFollowing(t *testing.T, store *Store, q Query) *followTest {
	t.Helper()
	f := &followTest{t: t, follower: store.Follow(q)}
	for row := range f.follower.Rows().All() {
		f.got = append(f.got, row.Get("message"))
	}
	if stats := f.follower.Settle(); stats.Failures > 0 {
		t.Fatal(stats.Problems)
	}
	return f
}

func (f *followTest) next(changes ...Change) {
	f.t.Helper()
	rows, stats := f.follower.Next(changes, false)
	if stats.Failures > 0 {
		f.t.Fatal(stats.Problems)
	}
	for _, row := range rows {
		f.got = append(f.got, row.Get("message"))
	}
}

func (f *followTest) want(messages ...string) {
	f.t.Helper()
	if !slices.Equal(f.got, messages) {
		f.t.Fatalf("got %q, want %q", f.got, messages)
	}
	f.got = nil
}

func liveLine(at time.Time, message string) string {
	return fmt.Sprintf(`{"time": "%s", "message_level": "Error", "message": "%s", "ts": "%s"}`, at.Format(TimeLayout), message, at.Format(time.RFC3339Nano))
}

// liveStore has a clock that a test moves on.
func liveStore(t *testing.T, db string, layout Layout) (*Store, *time.Time) {
	now := time.Date(2024, 12, 15, 12, 0, 0, 0, time.Local)
	return testStore(t, db, StoreOptions{Host: "h1", Layout: layout, Now: func() time.Time { return now }}), &now
}

func put(t *testing.T, store *Store, item string, at time.Time, message string) {
	t.Helper()
	if err := store.Append(Item{"d", item}, Log, Day(at), []byte(liveLine(at, message)+"\n")); err != nil {
		t.Fatal(err)
	}
}

func TestFollowerGivesWhatIsNew(t *testing.T) {
	db := t.TempDir()
	store, now := liveStore(t, db, LayoutDirect)
	put(t, store, "a", *now, "one")
	put(t, store, "a", now.AddDate(0, 0, -3), "old")
	f := startFollowing(t, store, Query{Kind: Log, Limit: 1, Keywords: []string{"o"}})
	f.want("one")
	f.next()
	f.want()
	put(t, store, "a", now.AddDate(0, 0, -3), "late, of an old day that was not listed")
	put(t, store, "b", *now, "of a new item")
	put(t, store, "a", *now, "unwanted, without the text: a")
	put(t, store, "a", now.Add(time.Second), "two")
	f.next()
	f.want("late, of an old day that was not listed", "unwanted, without the text: a", "of a new item", "two")
	*now = now.AddDate(0, 0, 1)
	put(t, store, "a", *now, "tomorrow")
	f.next(Change{Item{"d", "a"}, Day(*now)})
	f.want("tomorrow")
	for range 2 {
		put(t, store, "a", *now, "the same on purpose")
	}
	f.next()
	f.want("the same on purpose", "the same on purpose")
	// A line is given once it is whole.
	path := store.tree.Path("d", "a", "log", Day(*now))
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	line := liveLine(*now, "torn")
	file.WriteString(line[:20])
	f.next()
	f.want()
	file.WriteString(line[20:] + "\n")
	f.next()
	f.want("torn")
	// A file that was put in another's place has what is newer.
	data, _ := os.ReadFile(path)
	*now = now.Add(time.Minute)
	writeTestFile(t, path+"x", string(data)+liveLine(*now, "from an editor")+"\n")
	if err := os.Rename(path+"x", path); err != nil {
		t.Fatal(err)
	}
	f.next()
	f.want("from an editor")
	*now = now.AddDate(0, 0, 20)
	f.next()
	f.want()
	if len(f.follower.places)+len(f.follower.seen) > 0 {
		t.Errorf("days that are past are kept: %v %v", f.follower.places, f.follower.seen)
	}
}

func TestFollowerGivesAnUnendedLineOnce(t *testing.T) {
	db := t.TempDir()
	store, now := liveStore(t, db, LayoutDirect)
	path := store.tree.Path("d", "a", "log", Day(*now))
	writeTestFile(t, path, liveLine(*now, "no end"))
	f := startFollowing(t, store, Query{Kind: Log})
	f.want("no end")
	writeTestFile(t, path, liveLine(*now, "no end")+"\n"+liveLine(*now, "next")+"\n")
	f.next()
	f.want("next")
}

func TestFollowerOverMergeAndArchive(t *testing.T) {
	db := t.TempDir()
	hosts, now := liveStore(t, db, LayoutPerHost)
	old := now.AddDate(0, 0, -4)
	put(t, hosts, "a", *now, "listed")
	put(t, hosts, "a", old, "old")
	f := startFollowing(t, hosts, Query{Kind: Log, Limit: 1})
	f.want("listed")
	merge := func() {
		if _, err := hosts.Merge(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	merge()
	f.next()
	f.want()
	put(t, hosts, "a", *now, "seen before it is carried over")
	f.next()
	f.want("seen before it is carried over")
	merge()
	put(t, hosts, "b", *now, "carried over before it is seen")
	merge()
	f.next()
	f.want("carried over before it is seen")
	put(t, hosts, "a", old, "late")
	f.next()
	mustPrune(t, hosts, terms(0, 2))
	f.next()
	mustPrune(t, hosts, terms(0, 2))
	put(t, hosts, "a", old, "after the archive")
	f.next()
	merge()
	f.next()
	f.want("late", "after the archive")
}

// TestFollowerIsExactWhileHostsWriteAndMerge follows while others write and merge.
func TestFollowerIsExactWhileHostsWriteAndMerge(t *testing.T) {
	db := t.TempDir()
	done := make(chan struct{})
	const writers, count = 3, 150
	running := make(chan struct{}, writers)
	for w := range writers {
		store := testStore(t, db, StoreOptions{Host: fmt.Sprint("h", w), Layout: []Layout{LayoutPerHost, LayoutDirect}[w%2]})
		go func() {
			for i := range count {
				put(t, store, fmt.Sprint("i", rand.IntN(3)), time.Now(), fmt.Sprintf("%d-%d", w, i))
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			}
			running <- struct{}{}
		}()
	}
	merger := testStore(t, db, StoreOptions{Host: "m", Layout: LayoutPerHost})
	go func() {
		defer close(done)
		for range writers {
			<-running
		}
	}()
	merged := make(chan struct{})
	defer func() { <-merged }()
	go func() {
		defer close(merged)
		for {
			_, _ = merger.Merge(context.Background())
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	time.Sleep(20 * time.Millisecond)
	f := startFollowing(t, testStore(t, db, StoreOptions{Host: "r", Layout: LayoutPerHost}), Query{Kind: Log})
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		f.next()
	}
	slices.Sort(f.got)
	if twice := len(f.got) - len(slices.Compact(slices.Clone(f.got))); len(f.got) != writers*count || twice > 0 {
		t.Errorf("%d records, %d twice, want %d; %s …", len(f.got), twice, writers*count, strings.Join(f.got[:min(20, len(f.got))], " "))
	}
}
