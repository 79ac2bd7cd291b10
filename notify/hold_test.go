package notify

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// quietUntil is a plan in which everything is held back, or dropped, until then.
func quietUntil(action Action, end *time.Time) func(*Alarm, time.Time) Plan {
	return func(a *Alarm, now time.Time) Plan {
		plan := Plan{Receivers: a.Receivers, Action: ActionSend}
		if now.Before(*end) {
			plan.Action, plan.Until, plan.Reason = action, *end, "quiet hours"
		}
		return plan
	}
}

func TestQuietHoursHoldAnAlarmUntilTheirEnd(t *testing.T) {
	w := plainWorld(t)
	now, end := noon, noon.Add(7*time.Hour)
	w.now = func() time.Time { return now }
	o := w.options(sender(accept))
	o.Plan = quietUntil(ActionHold, &end)
	d := New(o)
	d.Raise(alarm("m"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Suppressed: 1})
	wantStates(t, w, "rest")
	held := w.records()[0]
	if held["cause"] != "quiet" || held["reason"] != "quiet hours" || held["next"] != end.Format(time.RFC3339) {
		t.Errorf("recorded %v", held)
	}

	d = New(o)
	if n, err := d.FlushPending(true); n != 0 || err != nil {
		t.Errorf("took %d in the quiet hours, %v", n, err)
	}
	now = end.Add(time.Second)
	end = end.Add(time.Hour) // they were made longer meanwhile
	d = New(o)
	if n, err := d.FlushPending(false); n != 1 || err != nil {
		t.Errorf("took %d, %v", n, err)
	}
	drainOptional(d)
	d.Drain(time.Minute)
	wantStates(t, w, "rest")
	wantResults(t, w, map[string]int{"SUPPRESSED": 1})

	now = end.Add(time.Second)
	d = New(o)
	if n, err := d.FlushPending(false); n != 1 || err != nil {
		t.Errorf("took %d, %v", n, err)
	}
	drainOptional(d)
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: 1})
	wantStates(t, w)
	wantResults(t, w, map[string]int{"PASSED": 1, "SUPPRESSED": 1})
}

func TestQuietHoursMayDropAnAlarm(t *testing.T) {
	w := plainWorld(t)
	end := noon.Add(time.Hour)
	o := w.options(sender(accept))
	o.Plan = quietUntil(ActionDrop, &end)
	d := New(o)
	d.Raise(alarm("m"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Suppressed: 1})
	wantStates(t, w)
	wantResults(t, w, map[string]int{"SUPPRESSED": 1})
}

func TestMutes(t *testing.T) {
	until := noon.Add(2 * time.Hour)
	for _, c := range []struct {
		name       string
		mute       record.Mute
		cause      string
		sent, kept int
	}{
		{"this item", record.Mute{Pattern: "LSF/nodes", Until: until, By: "erin", Reason: "maintenance"}, "mute", 0, 0},
		{"to be sent later", record.Mute{Pattern: "L*/*", Until: until, By: "erin", Hold: true}, "mute", 0, 1},
		{"for good", record.Mute{Pattern: "LSF/n?des", By: "erin"}, "mute", 0, 0},
		{"another item", record.Mute{Pattern: "LSF/disks", Until: until, By: "erin"}, "", 1, 0},
		{"ended", record.Mute{Pattern: "LSF/nodes", Until: noon, By: "erin"}, "", 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := plainWorld(t)
			now := noon
			w.now = func() time.Time { return now }
			if err := w.store.PutMute(c.mute); err != nil {
				t.Fatal(err)
			}
			d := w.dispatcher(sender(accept))
			d.Raise(alarm("m"))
			wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: c.sent, Suppressed: 1 - c.sent})
			if c.cause != "" {
				held := w.records()[0]
				if held["cause"] != c.cause || !strings.Contains(held["reason"].(string), "is muted by erin") {
					t.Errorf("recorded %v", held)
				}
			}
			now = until.Add(time.Second)
			d = w.dispatcher(sender(accept))
			if n, err := d.FlushPending(false); n != c.kept || err != nil {
				t.Errorf("took %d after the mute, %v", n, err)
			}
			drainOptional(d)
			wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: c.kept})
			wantStates(t, w)
		})
	}
}

// What failed is tried again only when nobody has silenced it meanwhile, and not
// in quiet hours.
func TestARetryAsksAgain(t *testing.T) {
	for name, c := range map[string]struct {
		mute  *record.Mute
		state []string
	}{
		"dropped by a mute": {&record.Mute{Pattern: "LSF/nodes", By: "erin"}, nil},
		"held by a mute":    {&record.Mute{Pattern: "LSF/nodes", By: "erin", Hold: true}, []string{"rest"}},
		"quiet hours":       {nil, []string{"rest"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := plainWorld(t)
			now := noon
			w.now = func() time.Time { return now }
			w.dispatcher(sender(refuse)).raiseAndDrain("m")
			now = now.Add(firstBackoff + time.Second)
			o := w.options(sender(accept))
			if end := now.Add(time.Hour); c.mute == nil {
				o.Plan = quietUntil(ActionHold, &end)
			} else if err := w.store.PutMute(*c.mute); err != nil {
				t.Fatal(err)
			}
			d := New(o)
			if n, err := d.FlushPending(true); n != 1 || err != nil {
				t.Fatalf("took %d, %v", n, err)
			}
			if got := d.Drain(time.Minute).Pending.Sent; got != 0 {
				t.Errorf("%d were sent", got)
			}
			wantStates(t, w, c.state...)
		})
	}
}

// raiseAndDrain is a whole process that raises one alarm.
func (d *Dispatcher) raiseAndDrain(message string) {
	d.Raise(alarm(message))
	d.Drain(time.Minute)
}

// The days that an alarm was held back are no reason to give it up.
func TestAgeCountsFromTheEndOfAHold(t *testing.T) {
	w := plainWorld(t)
	now, end := noon, noon.AddDate(0, 0, 10)
	w.now = func() time.Time { return now }
	o := w.options(sender(refuse))
	o.Plan = quietUntil(ActionHold, &end)
	New(o).raiseAndDrain("m")
	flush := func(want ...string) {
		t.Helper()
		d := New(o)
		if n, err := d.FlushPending(true); n != 1 || err != nil {
			t.Fatalf("took %d, %v", n, err)
		}
		d.Drain(time.Minute)
		wantStates(t, w, want...)
	}
	now = end.Add(time.Second)
	flush("wait")
	now = now.Add(2 * 24 * time.Hour)
	flush("wait")
	now = now.Add(24 * time.Hour)
	flush()
	if got := w.records()[0]["error"]; got != "given up after 3 attempts in 72h0m0s: exit status 3: no route" {
		t.Errorf("recorded %q", got)
	}
}

func TestAMuteThatCannotBeReadSilencesNothing(t *testing.T) {
	w := plainWorld(t)
	folder := filepath.Join(w.path, ".mvrun", "mute")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"a": "{", "b": `{"pattern": "["}`, "c": `{"pattern": "LSF/nodes", "until": "2020-01-01T00:00:00Z"}`} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d := w.dispatcher(sender(accept))
	d.Raise(alarm("m"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 1})
}

func TestARoutesFrequencyIsForWhatJobsHaveToSay(t *testing.T) {
	for kind, want := range map[Kind]int{"": 1, KindFailure: 1, KindReminder: 3, KindTest: 3} {
		w := plainWorld(t)
		o := w.options(sender(accept))
		o.Plan = func(a *Alarm, _ time.Time) Plan {
			return Plan{Receivers: a.Receivers, Action: ActionSend, Frequency: "max 1 times"}
		}
		d := New(o)
		for range 3 {
			d.Raise(with(alarm("m"), func(a *Alarm) { a.Kind, a.Frequency = kind, "everytime" }))
		}
		if got := d.Drain(time.Minute).Own.Sent; got != want {
			t.Errorf("%q: %d were sent, want %d", kind, got, want)
		}
	}
}

func TestAnAlarmThatWasHeldBackGoesByTheRoutesOfItsHour(t *testing.T) {
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	router := &Router{
		Usual: []string{"mail"},
		Quiet: []QuietHours{{Match: Match{Hours: Hours{11 * 60, 14 * 60}}, Action: ActionHold}},
		Routes: []Route{
			{Match: Match{Hours: Hours{11 * 60, 14 * 60}}, Receivers: []string{"lunch-shift"}, Replace: true, Frequency: "max 1 times per hour"},
			{Match: Match{Hours: Hours{14 * 60, 18 * 60}}, Receivers: []string{"carol"}},
		},
	}
	var got []string
	o := w.options(sender(func(_ context.Context, a *Alarm) error {
		got = append(a.Deliveries[0].Receivers, a.Frequency)
		return nil
	}))
	o.Plan = router.Plan
	d := New(o)
	d.Raise(limited("m", "everytime"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Suppressed: 1})
	now = now.Add(3 * time.Hour)
	d = New(o)
	if n, err := d.FlushPending(true); n != 1 || err != nil {
		t.Fatalf("took %d, %v", n, err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: 1})
	if want := []string{"alice", "bob", "carol", "everytime"}; !slices.Equal(got, want) {
		t.Errorf("went to %v, want %v", got, want)
	}
}

// What a mute holds back is due as soon as that mute is gone or another one has
// taken its place, and not before.
func TestAMuteThatIsGoneHoldsNothing(t *testing.T) {
	mute := record.Mute{Pattern: "LSF/nodes", Since: noon.Add(-time.Minute), Until: noon.Add(8 * time.Hour), By: "erin", Hold: true}
	for _, c := range []struct {
		name   string
		change func(*record.Store) error
		found  int
		sent   int
		states []string
	}{
		{"it stands", func(*record.Store) error { return nil }, 0, 0, []string{"rest"}},
		{"taken back", func(s *record.Store) error { _, err := s.RemoveMute("LSF/nodes"); return err }, 1, 1, nil},
		{"made shorter", func(s *record.Store) error {
			shorter := mute
			shorter.Until = noon
			return s.PutMute(shorter)
		}, 1, 1, nil},
		{"made longer", func(s *record.Store) error {
			longer := mute
			longer.Until = noon.Add(9 * time.Hour)
			return s.PutMute(longer)
		}, 1, 0, []string{"rest"}},
		{"it drops from now on", func(s *record.Store) error {
			dropping := mute
			dropping.Since, dropping.Hold = noon, false
			return s.PutMute(dropping)
		}, 1, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := plainWorld(t)
			if err := w.store.PutMute(mute); err != nil {
				t.Fatal(err)
			}
			w.dispatcher(sender(accept)).raiseAndDrain("m")
			if held := w.records()[0]; held["next"] != mute.Until.Format(time.RFC3339) {
				t.Errorf("recorded %v", held)
			}
			if err := c.change(w.store); err != nil {
				t.Fatal(err)
			}
			d := w.dispatcher(sender(accept))
			if n, err := d.FlushPending(true); n != c.found || err != nil {
				t.Errorf("found %d, %v", n, err)
			}
			if got := d.Drain(time.Minute).Pending.Sent; got != c.sent {
				t.Errorf("%d were sent", got)
			}
			wantStates(t, w, c.states...)
		})
	}
}

func TestWhatIsDroppedHasNoNextTime(t *testing.T) {
	w := plainWorld(t)
	if err := w.store.PutMute(record.Mute{Pattern: "LSF/nodes", Until: noon.Add(time.Hour), By: "erin"}); err != nil {
		t.Fatal(err)
	}
	w.dispatcher(sender(accept)).raiseAndDrain("m")
	if got := w.records()[0]; got["cause"] != "mute" || got["next"] != nil {
		t.Errorf("recorded %v", got)
	}
}
