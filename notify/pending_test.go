package notify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

func TestAFailureIsKeptAndTriedAgain(t *testing.T) {
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	o := w.options(sender(refuse))
	o.Mask = func(text string) string { return strings.ReplaceAll(text, "route", "***") }
	d := New(o)
	d.Raise(alarm("m"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Failed: 1, Left: 1})
	wantStates(t, w, "wait")
	failed := w.records()[0]
	if failed["send_alarm_result"] != "FAILED" || failed["error"] != "exit status 3: no ***" || failed["attempts"] != 1.0 {
		t.Errorf("recorded %v", failed)
	}

	d = w.dispatcher(sender(accept))
	if n, err := d.FlushPending(false); n != 0 || err != nil {
		t.Errorf("took %d alarms before they were due, %v", n, err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{})

	now = now.Add(firstBackoff + time.Second)
	d = w.dispatcher(sender(accept))
	if n, err := d.FlushPending(false); n != 1 || err != nil {
		t.Fatalf("took %d alarms that were due, %v", n, err)
	}
	drainOptional(d)
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: 1})
	wantStates(t, w)
	if passed := w.records()[1]; passed["send_alarm_result"] != "PASSED" || passed["attempts"] != 2.0 || passed["alarm"] != failed["alarm"] {
		t.Errorf("recorded %v", passed)
	}
}

// drainOptional waits for what Drain would not wait for.
func drainOptional(d *Dispatcher) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waitWhile(func() bool { return d.workers > 0 || d.queue.len() > 0 }, time.Minute)
}

// An alarm for which there is never a turn is given up as well.
func TestWhatIsNeverTriedIsGivenUp(t *testing.T) {
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	busy := sender(func(context.Context, *Alarm) error {
		return &DeliveryError{Problem: "its rate is used up", Unsent: true, Wait: time.Hour}
	})
	w.dispatcher(busy).raiseAndDrain("m")
	wantStates(t, w, "wait")
	wantResults(t, w, map[string]int{})
	now = now.Add(defaultGiveUp)
	d := w.dispatcher(busy)
	if n, err := d.FlushPending(false); n != 1 || err != nil {
		t.Fatalf("took %d, %v", n, err)
	}
	drainOptional(d)
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Failed: 1, GivenUp: 1})
	wantStates(t, w)
	if got := w.records()[0]["error"]; got != "given up after 0 attempts in 72h0m0s: its rate is used up" {
		t.Errorf("recorded %q", got)
	}
}

// The record of a sending is found however long the alarm was held back before.
func TestDaysOfAnAlarm(t *testing.T) {
	for raised, want := range map[int]int{0: 1, 1: 2, 8: 9, 16: 16, 30: 16} {
		var days []string
		for day := range daysOf(&Alarm{Time: noon.AddDate(0, 0, -raised)}, noon) {
			days = append(days, day)
		}
		if len(days) != want || days[0] != record.Day(noon.AddDate(0, 0, -raised)) || days[want-1] != record.Day(noon) || !slices.IsSorted(days) {
			t.Errorf("%d days ago: %v", raised, days)
		}
	}
}

func TestFlushWithForceDoesNotWaitForTheBackoff(t *testing.T) {
	w := plainWorld(t)
	d := w.dispatcher(sender(refuse))
	d.Raise(alarm("m"))
	d.Drain(time.Minute)
	d = w.dispatcher(sender(accept))
	if n, err := d.FlushPending(true); n != 1 || err != nil {
		t.Fatalf("took %d alarms, %v", n, err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: 1})
	wantStates(t, w)
}

func TestWhatADeadProcessLeftIsSent(t *testing.T) {
	self := record.Self()
	dead := ownerOf(self, "h1")
	dead.ticks++ // the number was given to another process since
	mine := ownerOf(self, "h1")
	other := owner{place: "00000000", pid: 1, ticks: 1}
	for _, c := range []struct {
		name  string
		state state
		until time.Time
		owner owner
		taken bool
	}{
		{"new", stateNew, noon, owner{}, true},
		{"held by a dead process", stateHeld, noon.Add(time.Minute), dead, true},
		{"being sent by a dead process", stateSend, noon.Add(time.Minute), dead, true},
		{"held by a living process", stateHeld, noon.Add(-time.Hour), mine, false},
		{"being sent by a living process", stateSend, noon.Add(-time.Hour), mine, false},
		{"held elsewhere", stateHeld, noon.Add(time.Minute), other, false},
		{"being sent elsewhere", stateSend, noon.Add(time.Minute), other, false},
		{"being sent elsewhere, lapsed", stateSend, noon.Add(-time.Minute), other, true},
		{"due", stateWait, noon, owner{}, true},
		{"not due", stateWait, noon.Add(time.Second), owner{}, false},
		{"unreadable", stateBad, noon, owner{}, false},
	} {
		for _, frequency := range []string{"everytime", "max 1 times"} {
			t.Run(c.name+" "+frequency, func(t *testing.T) {
				w := plainWorld(t)
				a := limited("m", frequency)
				a.normalise(noon, "")
				box := newOutbox(w.store, self, w.now)
				if err := box.write(nameUnder(&a).as(c.state, c.until, c.owner), &entry{Alarm: a}); err != nil {
					t.Fatal(err)
				}
				d := w.dispatcher(sender(accept))
				if n, err := d.FlushPending(false); n == 1 != c.taken || err != nil {
					t.Fatalf("took %d, %v", n, err)
				}
				drainOptional(d)
				report := d.Drain(time.Minute)
				if sent := report.Pending.Sent == 1; sent != c.taken || len(w.outbox()) == 0 != c.taken {
					t.Errorf("%+v, outbox %v", report, w.outbox())
				}
			})
		}
	}
}

func TestARecordedAlarmIsNotSentAgain(t *testing.T) {
	for _, frequency := range []string{"everytime", "max 1 times", "max 5 times"} {
		w := plainWorld(t)
		a := limited("m", frequency)
		a.normalise(noon.Add(-24*time.Hour), "")
		line := lineOf(result{value: passedResult, attempts: 1}, &a)
		if err := w.store.Append(a.Of(), record.Alarm, record.Day(noon), line); err != nil {
			t.Fatal(err)
		}
		box := newOutbox(w.store, record.Self(), w.now)
		for _, s := range []state{stateNew, stateSent} {
			if err := box.write(nameUnder(&a).as(s, noon, owner{}), &entry{Alarm: a}); err != nil {
				t.Fatal(err)
			}
		}
		d := w.dispatcher(sender(func(context.Context, *Alarm) error {
			t.Error("sent again")
			return nil
		}))
		if _, err := d.FlushPending(true); err != nil {
			t.Fatal(err)
		}
		wantCounts(t, d.Drain(time.Minute).Pending, Counts{})
		wantStates(t, w)
		wantResults(t, w, map[string]int{"PASSED": 1})
	}
}

func TestTwoFlushersSendOnce(t *testing.T) {
	for _, frequency := range []string{"everytime", "max 500 times"} {
		path := filepath.Join(t.TempDir(), "db")
		w := newWorld(t, record.LayoutDirect, "h1", path)
		d := w.dispatcher(nil)
		d.options.Unable = "config: bad"
		for i := range 40 {
			d.Raise(limited(fmt.Sprint("m", i), frequency))
		}
		wantCounts(t, d.Drain(time.Minute).Own, Counts{Failed: 40, Left: 40})
		var mu sync.Mutex
		seen := map[string]int{}
		var wait sync.WaitGroup
		for i := range 4 {
			other := newWorld(t, record.LayoutDirect, fmt.Sprint("h", i), path)
			wait.Go(func() {
				d := other.dispatcher(sender(func(_ context.Context, a *Alarm) error {
					mu.Lock()
					defer mu.Unlock()
					seen[a.ID]++
					return nil
				}))
				if _, err := d.FlushPending(true); err != nil {
					t.Error(err)
				}
				d.Drain(time.Minute)
			})
		}
		wait.Wait()
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%s was sent %d times", id, n)
			}
		}
		if len(seen) != 40 {
			t.Errorf("%d alarms were sent, want 40", len(seen))
		}
		wantStates(t, w)
	}
}

func TestWhatTheSpoolKeptIsSentOnce(t *testing.T) {
	w := plainWorld(t)
	if err := os.WriteFile(w.path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dead := record.Self()
	dead.Ticks++
	for _, send := range []sender{accept, refuse} {
		o := w.options(send)
		o.Self = dead
		d := New(o)
		d.Raise(alarm("m"))
		d.Drain(time.Minute)
	}
	// The database is back, and the spool is merged.
	if err := os.Remove(w.path); err != nil {
		t.Fatal(err)
	}
	for _, line := range w.lines {
		if err := w.store.Append(record.Item{Direction: "LSF", Name: "nodes"}, record.Alarm, "20261123", []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range w.spooled {
		if err := w.store.Meta().WriteFile([]byte(e.Line), 0o600, append([]string{record.MetaFolder}, e.File...)...); err != nil {
			t.Fatal(err)
		}
	}
	d := w.dispatcher(sender(accept))
	if _, err := d.FlushPending(true); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: 1})
	wantResults(t, w, map[string]int{"FAILED": 1, "PASSED": 2})
	wantStates(t, w)
}

func TestAnUnreadableEntryIsPutAside(t *testing.T) {
	w := plainWorld(t)
	a := alarm("m")
	a.normalise(noon, "")
	name := nameUnder(&a).as(stateNew, noon, owner{})
	if err := w.store.Meta().WriteFile([]byte("{torn"), 0o600, outboxElem(name)...); err != nil {
		t.Fatal(err)
	}
	d := w.dispatcher(sender(accept))
	if _, err := d.FlushPending(true); err != nil {
		t.Fatal(err)
	}
	d.Drain(time.Minute)
	wantStates(t, w, "bad")
}

// What was raised at one moment is sent in its order, by whatever process, and a
// digest tells of the first of it.
func TestWhatWaitedIsSentInItsOrder(t *testing.T) {
	for _, wait := range []string{"a failure", "quiet hours"} {
		t.Run(wait, func(t *testing.T) {
			w := plainWorld(t)
			now, end := noon, noon.Add(time.Hour)
			w.now = func() time.Time { return now }
			o := w.options(sender(refuse))
			if wait == "quiet hours" {
				o.Plan = quietUntil(ActionHold, &end)
			}
			d := New(o)
			var want []string
			for i := range 20 {
				want = append(want, fmt.Sprintf("step %d", i))
				d.Raise(alarm(want[i]))
			}
			d.Drain(time.Minute)

			now = end.Add(time.Second)
			var mu sync.Mutex
			var got []string
			o.Sender = sender(func(_ context.Context, a *Alarm) error {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, a.Message)
				return nil
			})
			o.Burst = 12
			d = New(o)
			if n, err := d.FlushDue(); n != len(want) || err != nil {
				t.Errorf("took %d, %v", n, err)
			}
			d.Drain(time.Minute)
			if len(got) != 13 || !slices.Equal(got[:12], want[:12]) || !strings.Contains(got[12], "- node down: step 12\n- node down: step 13\n- node down: step 14\n") {
				t.Errorf("sent %q", got)
			}
		})
	}
}

// Alarms that fail one after the other are due in the same order.
func TestWhatFailsIsDueInItsOrder(t *testing.T) {
	w := plainWorld(t)
	d := w.dispatcher(sender(refuse))
	for range 20 {
		d.Raise(alarm("m"))
	}
	d.Drain(time.Minute)
	names, err := listOutbox(w.store.Meta())
	if err != nil || len(names) != 20 || !slices.IsSortedFunc(names, func(a, b entryName) int { return int(a.until - b.until) }) {
		t.Errorf("%v, %v", names, err)
	}
}
