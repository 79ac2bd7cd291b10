package notify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// channelFunc is a channel from a function.
type channelFunc func() error

func (c channelFunc) Deliver(context.Context, *Delivery) error { return c() }

// twoWays has a channel that refuses alarms for good, and one that fails as long as
// down is true, and counts what they are asked, at the same time.
type twoWays struct {
	mu    sync.Mutex
	asked map[string]int
	down  bool
}

func (w *twoWays) board(now func() time.Time) *Switchboard {
	w.asked = map[string]int{}
	ways := map[string]channelFunc{
		"chat": func() error { return &DeliveryError{Problem: "code 401: who are you", Permanent: true} },
		"mail": func() error {
			if w.down {
				return errors.New("busy")
			}
			return nil
		},
	}
	return &Switchboard{
		Now: now,
		Plan: func(*Alarm, time.Time) Plan {
			return Plan{Deliveries: []PlannedDelivery{{Channel: "chat"}, {Channel: "mail"}}}
		},
		Channel: func(name string) (Channel, error) {
			return channelFunc(func() error {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.asked[name]++
				return ways[name]()
			}), nil
		},
	}
}

func TestAChannelThatRefusesForGoodIsAskedOnce(t *testing.T) {
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	ways := &twoWays{down: true}
	o := w.options(nil)
	o.Sender, o.Mask = ways.board(w.now), func(text string) string { return strings.ReplaceAll(text, "who are you", "***") }
	d := New(o)
	d.Raise(alarm("m"))
	drainOwn(d)
	d.Drain(time.Minute)
	due := func(flush func(*Dispatcher) (int, error), asked map[string]int) {
		t.Helper()
		now = now.Add(lastBackoff)
		d := New(o)
		if n, err := flush(d); n > 1 || err != nil {
			t.Fatalf("took %d, %v", n, err)
		}
		d.Drain(time.Minute)
		if ways.asked["chat"] != asked["chat"] || ways.asked["mail"] != asked["mail"] {
			t.Errorf("asked %v, want %v", ways.asked, asked)
		}
	}
	due((*Dispatcher).FlushDue, map[string]int{"chat": 1, "mail": 2})
	ways.down = false
	due((*Dispatcher).FlushDue, map[string]int{"chat": 1, "mail": 3})
	due((*Dispatcher).FlushDue, map[string]int{"chat": 1, "mail": 3}) // nothing is left but what was refused
	due(func(d *Dispatcher) (int, error) { return d.FlushPending(true) }, map[string]int{"chat": 2, "mail": 3})
	wantStates(t, w, "wait")
	var told []string
	for _, fields := range w.records() {
		final := ""
		if fields["refused"] == true {
			final = " for good"
		}
		told = append(told, fields["error"].(string)+final)
	}
	want := []string{
		"chat: code 401: *** (not tried again); mail: busy",
		"chat: code 401: *** (not tried again); mail: busy",
		"chat: code 401: *** for good",
		"chat: code 401: *** for good",
	}
	if !slices.Equal(told, want) {
		t.Errorf("recorded %q", told)
	}
	waiting, err := WaitingOf(w.store, record.Item{Direction: "LSF", Name: "nodes"}, "run1", time.UTC)
	if err != nil || len(waiting) != 1 || !strings.Contains(waiting[0].Why, "refused for good") {
		t.Errorf("waiting %+v, %v", waiting, err)
	}
}

// Drain waits for what FlushDue begins with, and that is nothing that is not due.
func TestFlushDueRespectsTheBackoff(t *testing.T) {
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	d := w.dispatcher(sender(refuse))
	d.Raise(alarm("m"))
	drainOwn(d)
	d.Drain(time.Minute)
	for _, c := range []struct{ found, sent int }{{0, 0}, {1, 1}} {
		d = w.dispatcher(sender(accept))
		if n, err := d.FlushDue(); n != c.found || err != nil {
			t.Errorf("took %d, %v", n, err)
		}
		wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: c.sent})
		now = now.Add(lastBackoff)
	}
}

func TestStopEndsDrainAndLosesNothing(t *testing.T) {
	w := plainWorld(t)
	sending := make(chan struct{}, 1)
	d := w.dispatcher(sender(func(ctx context.Context, _ *Alarm) error {
		sending <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}))
	storm(d, 0, 5)
	<-sending
	drained := make(chan Report)
	go func() { drained <- d.Drain(time.Hour) }()
	d.Stop()
	report := <-drained
	if got := len(w.outbox()) + len(w.spooled); got != 5 || report.Own.Lost != 0 {
		t.Errorf("%d are kept, counts %+v", got, report.Own)
	}
}

func TestACodeWithoutATextIsWhole(t *testing.T) {
	for said, want := range map[string]string{"": "code 45009", "freq out of limit": "code 45009: freq out of limit"} {
		if got := codeText(45009, said); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
