package notify

import (
	"os"
	"path/filepath"
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
