package notify

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// ofKind is an alarm of a kind, about the failing of the item or what another one
// tells of.
func ofKind(kind Kind, message, run string, about *record.Item) Alarm {
	a := alarm(message)
	a.Kind, a.Run, a.About = kind, run, about
	return a
}

// TestANoticeIsTheLastWord has an alarm fail, raises the notice in another process,
// and has a third one send what is left.
func TestANoticeIsTheLastWord(t *testing.T) {
	disk := &record.Item{Direction: "storage", Name: "disk"}
	for _, c := range []struct {
		name       string
		older      Alarm
		about      *record.Item
		works      bool // what sends, when the notice is raised
		own, atEnd []string
	}{
		{"sending works again", ofKind(KindFailure, "failed", "run1", nil), nil, true, []string{"failed", "well"}, nil},
		{"it does not", ofKind(KindFailure, "failed", "run1", nil), nil, false, nil, []string{"failed", "well"}},
		{"its own run's", ofKind("", "said", "run2", nil), nil, true, nil, []string{"said", "well"}},
		{"of another matter", ofKind(KindCheck, "disk is late", "run1", disk), nil, true, []string{"well"}, []string{"disk is late"}},
		{"of the same matter", ofKind(KindCheck, "disk is late", "run1", disk), &record.Item{Direction: "storage", Name: "disk"}, true,
			[]string{"disk is late", "well"}, nil},
		{"another notice", ofKind(KindRecovery, "was well", "run1", nil), nil, true, []string{"well"}, []string{"was well"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := plainWorld(t)
			now := noon
			w.now = func() time.Time { return now }
			d := w.dispatcher(sender(refuse))
			d.Raise(c.older)
			d.Drain(time.Minute)
			var got []string
			works := c.works
			send := sender(func(_ context.Context, a *Alarm) error {
				if !works {
					return errors.New("no route")
				}
				got = append(got, a.Message)
				return nil
			})
			now = now.Add(time.Millisecond)
			d = w.dispatcher(send)
			notice := ofKind(KindRecovery, "well", "run2", c.about)
			d.Raise(notice)
			d.Drain(time.Minute)
			if !slices.Equal(got, c.own) {
				t.Errorf("its process sent %q, want %q", got, c.own)
			}
			got, works = nil, true
			now = now.Add(2 * firstBackoff)
			d = w.dispatcher(send)
			if _, err := d.FlushPending(true); err != nil {
				t.Fatal(err)
			}
			d.Drain(time.Minute)
			if !slices.Equal(got, c.atEnd) {
				t.Errorf("the flush sent %q, want %q", got, c.atEnd)
			}
			wantStates(t, w)
		})
	}
}

// Where what it follows is not due, a notice waits; and when it is, both are.
func TestANoticeWaitsForWhatIsHeldBack(t *testing.T) {
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	end := noon.Add(10 * time.Minute)
	o := w.options(sender(accept))
	o.Plan = func(a *Alarm, now time.Time) Plan {
		if a.Kind == KindRecovery {
			return Plan{Receivers: a.Receivers, Action: ActionSend}
		}
		return quietUntil(ActionHold, &end)(a, now)
	}
	d := New(o)
	d.Raise(ofKind(KindFailure, "failed", "run1", nil))
	d.Drain(time.Minute)
	now = now.Add(time.Millisecond)
	d = New(o)
	d.Raise(ofKind(KindRecovery, "well", "run2", nil))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Left: 1})
	wantStates(t, w, "rest", "wait")
	now = end.Add(time.Second)
	d = New(o)
	if n, err := d.FlushPending(false); n != 2 || err != nil {
		t.Errorf("found %d, %v", n, err)
	}
	drainOptional(d)
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: 2})
	var order []any
	for _, r := range w.records() {
		if r["send_alarm_result"] == "PASSED" {
			order = append(order, r["message"])
		}
	}
	if !slices.Equal(order, []any{"failed", "well"}) {
		t.Errorf("sent %v", order)
	}
}

func TestANoticeIsOutdatedByNewTrouble(t *testing.T) {
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	d := w.dispatcher(sender(refuse))
	d.Raise(ofKind(KindRecovery, "well", "run2", nil))
	d.Drain(time.Minute)
	now = now.Add(time.Minute)
	if err := w.store.MarkFailing(record.Item{Direction: "LSF", Name: "nodes"}, record.Failing{Since: now, Runs: 1}); err != nil {
		t.Fatal(err)
	}
	d = w.dispatcher(sender(accept))
	if _, err := d.FlushPending(true); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Suppressed: 1})
	wantStates(t, w)
	if got := w.records()[1]; got["cause"] != "outdated" || got["reason"] != "outdated: the item fails again since 2026-11-23 12:01:00" {
		t.Errorf("recorded %v", got)
	}
}
