package notify

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mvrun/mvrun/record"
)

// big is a message of which few find room in memory.
func big(n int) Alarm { return alarm(fmt.Sprint(n, " ", strings.Repeat("x", maxIntake/16))) }

func TestAllRaisesWaitForDisksForABoundedTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, record.LayoutDirect, "h1", path)
		o := w.options(sender(accept))
		hang := make(chan struct{})
		o.Budget = new(record.Budget)
		o.Spool = func(record.Entry) error { <-hang; return errors.New("full") }
		d := New(o)
		d.guard.hanging.Add(1)
		o.Budget.Spend(o.Budget.Left() - 2*time.Second)
		start := time.Now()
		const many = 100
		for n := range many {
			d.Raise(big(n))
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("they took %v", took)
		}
		close(hang)
		report := d.Drain(time.Minute).Own
		if report.Lost == 0 || report.Sent == 0 || report.Sent+report.Lost != many {
			t.Errorf("counts %+v", report)
		}
		for told := ""; !strings.Contains(told, "some are lost"); {
			told = <-w.warning
		}
	})
}

func TestTheSpoolTakesWhatTheOutboxIsTooSlowFor(t *testing.T) {
	w := plainWorld(t)
	d := w.dispatcher(sender(accept))
	d.waited = maxBoxWaits // as after many alarms
	const many = 100
	for n := range many {
		d.Raise(big(n))
	}
	report := d.Drain(time.Minute).Own
	if report.Left == 0 || report.Left != len(w.spooled) || report.Sent+report.Left != many {
		t.Errorf("counts %+v, %d spooled", report, len(w.spooled))
	}
	for _, e := range w.spooled {
		if !strings.HasSuffix(e.File[1], ".new") {
			t.Errorf("spooled as %q", e.File[1])
		}
	}
}

// A storm costs no file for each alarm of which it is certain that it is not sent.
func TestWhatABurstHoldsBackIsNoEntryOfTheOutbox(t *testing.T) {
	w, got := plainWorld(t), new(inbox)
	d := New(w.guarded(got))
	storm(d, 0, 22)
	drainOwn(d)
	d.guard.hanging.Add(1) // so that nothing can be put into the outbox
	storm(d, 22, 1000)
	wantHeld(t, d, 980)
	if len(w.spooled) != 0 {
		t.Errorf("%d were spooled", len(w.spooled))
	}
	d.guard.hanging.Add(-1)
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 21, Suppressed: 980})
	if digests := got.digests(); len(digests) != 1 || !strings.HasPrefix(digests[0].Message, "980 alarms") {
		t.Errorf("digests %v", digests)
	}
	wantResults(t, w, map[string]int{"PASSED": 21, "SUPPRESSED": 980})
	wantStates(t, w)
}

// wantHeld waits until nothing is on its way to a disk any more, and counts what was held back.
func wantHeld(t *testing.T, d *Dispatcher, held int) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waitWhile(d.unplaced, time.Minute)
	if got := d.report.Own.Suppressed; got != held {
		t.Errorf("%d were held back, want %d", got, held)
	}
}

func TestAnAlarmOnNoDiskThatIsNotSentIsLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, record.LayoutDirect, "h1", path)
		o := w.options(sender(func(ctx context.Context, _ *Alarm) error { <-ctx.Done(); return ctx.Err() }))
		o.Store, o.Spool = nil, func(record.Entry) error { return errors.New("full") }
		d := New(o)
		storm(d, 0, 5)
		d.Drain(time.Second)
		synctest.Wait()
		if report := d.Drain(0).Own; report.Lost != 5 || report.Left != 0 {
			t.Errorf("counts %+v", report)
		}
		if told, _ := d.Tells(0); told {
			t.Error("somebody counts as told")
		}
	})
}
