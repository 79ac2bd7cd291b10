package notify

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWithoutAWayToSendAnAlarmIsKept(t *testing.T) {
	w := plainWorld(t)
	d := w.dispatcher(nil)
	d.Raise(alarm("m"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Failed: 1, Left: 1})
	wantStates(t, w, "new")
	if got := w.records()[0]; got["error"] != noWay || got["attempts"] != nil {
		t.Errorf("recorded %v", got)
	}
	d = w.dispatcher(nil)
	if n, err := d.FlushPending(true); n != 1 || err != nil {
		t.Errorf("found %d, %v", n, err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Left: 1})

	d = w.dispatcher(sender(accept))
	if n, err := d.FlushPending(true); n != 1 || err != nil {
		t.Errorf("took %d, %v", n, err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: 1})
	wantStates(t, w)
	wantResults(t, w, map[string]int{"FAILED": 1, "PASSED": 1})
}

// Where nobody ever configures a way to send, the outbox does not grow for ever,
// and nobody is warned of it with each run.
func TestWhatThereIsNeverAWayForIsGivenUp(t *testing.T) {
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	end := noon.Add(time.Hour)
	o := w.options(nil)
	o.Plan = quietUntil(ActionHold, &end)
	New(o).raiseAndDrain("held at first")
	now = end.Add(time.Second)
	New(o).raiseAndDrain("m")
	w.dispatcher(sender(refuse)).raiseAndDrain("of another who can send")
	flush := func(want ...string) Counts {
		t.Helper()
		d := New(o)
		if _, err := d.FlushPending(false); err != nil {
			t.Fatal(err)
		}
		drainOptional(d)
		defer wantStates(t, w, want...)
		return d.Drain(time.Minute).Pending
	}
	now = now.Add(defaultGiveUp - 2*time.Second)
	flush("new", "rest", "wait")
	now = now.Add(time.Minute)
	wantCounts(t, flush("wait"), Counts{Failed: 2, GivenUp: 2, Left: 1})
	for _, got := range w.records() {
		if got["error"] != "given up after 0 attempts in 72h1m0s: "+noWay && got["error"] != "given up after 0 attempts in 72h0m0s: "+noWay || got["given_up"] != true {
			t.Errorf("recorded %v", got)
		}
	}
	if len(w.told()) != 1 {
		t.Errorf("warned %q", w.told())
	}
}

func TestWhatThereIsNoWayForIsBounded(t *testing.T) {
	w := plainWorld(t)
	w.dispatcher(nil).raiseAndDrain("first")
	folder := filepath.Join(w.path, ".mvrun", "outbox")
	for i := range maxUnsendable - 2 {
		a := alarm("of others")
		a.ID = fmt.Sprintf("%s%09d-%012x", "20261123T110000", i, i)
		if err := os.WriteFile(filepath.Join(folder, nameUnder(&a).as(stateNew, time.Time{}, owner{}).String()), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := w.dispatcher(nil)
	for i := range 3 {
		d.Raise(alarm(fmt.Sprint("m", i)))
	}
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Failed: 3, Left: 1, GivenUp: 2})
	if got := len(w.outbox()); got != maxUnsendable {
		t.Errorf("%d wait", got)
	}
	if got := w.records()[3]; got["given_up"] != true || got["error"] != "given up: no way to send is configured, and more than 10000 alarms wait for one" {
		t.Errorf("recorded %v", got)
	}
}
