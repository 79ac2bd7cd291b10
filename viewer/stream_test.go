package viewer

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// streamed reads a stream until it has been listed, and then as many batches as a
// function asks for by returning true.
func streamed(t *testing.T, store *record.Store, q record.Query, more func(b Batch) bool) []Batch {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var batches []Batch
	listed := false
	if err := Stream(ctx, store, q, heartbeat.Rules{}, func(b Batch) {
		batches = append(batches, b)
		listed = listed || b.Listed
		if listed && !more(b) {
			cancel()
		}
	}); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == context.DeadlineExceeded {
		t.Fatal("the stream did not give what was waited for")
	}
	return batches
}

func enough(Batch) bool { return false }

// streamStore is a database at a time, and a function that writes a message to it.
func streamStore(t *testing.T, now time.Time) (*record.Store, func(at time.Time, message string)) {
	t.Helper()
	store, err := record.OpenStore(t.TempDir(), record.StoreOptions{Layout: record.LayoutDirect, Host: "h1", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store, func(at time.Time, message string) {
		t.Helper()
		line := fmt.Sprintf(`{"time": %q, "message_level": "Info", "message": %q}`+"\n", at.Format(record.TimeLayout), message)
		if err := store.Append(record.Item{Direction: "LSF", Name: "nodes"}, record.Log, record.Day(at), []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
}

// texts are the last cells of all entries.
func texts(batches []Batch) string {
	var list []string
	for _, b := range batches {
		for _, e := range b.Entries {
			cells := e.Cells()
			list = append(list, cells[len(cells)-1].Text)
		}
	}
	return strings.Join(list, " ")
}

func TestStreamGivesTheNewestFirstAndGoesOn(t *testing.T) {
	now := time.Date(2024, 10, 31, 12, 0, 0, 0, time.UTC)
	store, add := streamStore(t, now)
	for i := range 5 {
		add(now.Add(time.Duration(i-10)*time.Minute), fmt.Sprintf("m%d", i))
	}
	q := record.Query{Kind: record.Log, Location: time.UTC, Limit: 3}
	written := false
	batches := streamed(t, store, q, func(b Batch) bool {
		if !written {
			written = true
			if !b.More || !b.Live {
				t.Errorf("more %v, live %v", b.More, b.Live)
			}
			add(now.Add(-time.Minute), "new")
		}
		return !strings.Contains(texts([]Batch{b}), "new")
	})
	if got := texts(batches); got != "m4 m3 m2 new" {
		t.Errorf("the stream gives %s", got)
	}
	if widths := batches[0].Widths; len(widths) != 5 || widths[2] != 19 || widths[4] != 2 {
		t.Errorf("the widths are %v", widths)
	}
}

// A range that is over is listed and ends; one that ends later leaves out what comes
// behind its end.
func TestStreamOfARange(t *testing.T) {
	now := time.Date(2024, 10, 31, 12, 0, 0, 0, time.UTC)
	store, add := streamStore(t, now)
	add(now.Add(-time.Hour), "old")
	add(now.Add(-time.Minute), "young")
	q := record.Query{Kind: record.Log, Location: time.UTC, Limit: 3, End: now.Add(-30 * time.Minute)}
	batches := streamed(t, store, q, enough)
	if last := batches[len(batches)-1]; texts(batches) != "old" || last.More || last.Live {
		t.Errorf("%s, more %v, live %v", texts(batches), last.More, last.Live)
	}
	q.End = now.Add(time.Hour)
	written := false
	batches = streamed(t, store, q, func(b Batch) bool {
		if !written {
			written = true
			add(now.Add(2*time.Hour), "behind")
			add(now, "within")
		}
		return !strings.Contains(texts([]Batch{b}), "within")
	})
	if got := texts(batches); got != "young old within" {
		t.Errorf("the stream gives %s", got)
	}
}

func TestStreamOfItems(t *testing.T) {
	now := time.Date(2024, 10, 31, 12, 0, 0, 0, time.UTC)
	store, add := streamStore(t, now)
	add(now.Add(-time.Hour), "old")
	batches := streamed(t, store, record.Query{Kind: Monitor, Location: time.UTC, Begin: now.AddDate(0, 0, -7), Limit: 10}, enough)
	if len(batches) != 1 || !batches[0].Replace || len(batches[0].Entries) != 1 {
		t.Fatalf("the batches are %+v", batches)
	}
	e := batches[0].Entries[0]
	if e.Item() != (record.Item{Direction: "LSF", Name: "nodes"}) {
		t.Errorf("the item is %v", e.Item())
	}
}

func TestStreamEndsWithItsContext(t *testing.T) {
	store, add := streamStore(t, time.Date(2024, 10, 31, 12, 0, 0, 0, time.UTC))
	add(time.Date(2024, 10, 31, 11, 0, 0, 0, time.UTC), "old")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, kind := range Kinds {
		if err := Stream(ctx, store, record.Query{Kind: kind, Limit: 3}, heartbeat.Rules{}, func(Batch) { t.Error("something is given") }); err != nil {
			t.Error(err)
		}
	}
}

// Details have all of a record, and why an alarm was not sent.
func TestDetails(t *testing.T) {
	row := record.Row{
		Item: record.Item{Direction: "LSF", Name: "nodes"}, Kind: record.Alarm, Time: time.Date(2024, 10, 31, 11, 0, 0, 0, time.UTC),
		Line: []byte(`{"time": "2024-10-31 11:00:00", "send_alarm_result": "SUPPRESSED", "reason": "max 1 times", "next": "2024-11-01T00:00:00Z", "message": "a\r\n\tb\u001b[31m\n"}`),
	}
	var got []string
	for _, d := range NewEntry(row).Details(heartbeat.English, row.Time) {
		got = append(got, fmt.Sprintf("%s=%s/%d", d.Name, d.Text, d.Tone))
	}
	want := "direction=LSF/0|item=nodes/0|why=held back: max 1 times; one alike may go from 2024-11-01 00:00:00 on/3|time=2024-10-31 11:00:00/0|send_alarm_result=SUPPRESSED/3|reason=max 1 times/0|next=2024-11-01T00:00:00Z/0|message=a\n    b\\x1b[31m/0"
	if text := strings.Join(got, "|"); text != want {
		t.Errorf("the details are\n%s, want\n%s", text, want)
	}
}
