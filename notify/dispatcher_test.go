package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mvrun/mvrun/record"
)

func TestAnAlarmIsOnDiskUntilItsResultIs(t *testing.T) {
	w := plainWorld(t)
	d := w.dispatcher(sender(func(_ context.Context, a *Alarm) error {
		wantStates(t, w, "send")
		if len(w.records()) != 0 {
			t.Error("recorded before it was sent")
		}
		return nil
	}))
	a := alarm("n232 unreachable")
	a.BuildURL = "http://ci/1"
	id := d.Raise(a)
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 1})
	wantStates(t, w)
	line := `{"time": "2026-11-23 12:00:00", "md5": "` + record.MD5("alice bob", "n232 unreachable") + `", "receivers": "alice bob", ` +
		`"send_alarm_result": "PASSED", "message": "n232 unreachable", "ts": "` + noon.Format(record.StampLayout) + `", "run": "run1", ` +
		`"title": "node down", "level": "Alarm", "host": "10.1.2.3", "alarm": "` + id + `", "attempts": 1, "build_url": "http://ci/1"}` + "\n"
	data, err := os.ReadFile(filepath.Join(w.path, "LSF/nodes/alarm/20261123"))
	if err != nil || string(data) != line {
		t.Errorf("recorded %q, %v\nwant %q", data, err, line)
	}
}

func TestAnAlarmIsSpooledThatNoDiskTookInTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, record.LayoutDirect, "h1", path)
		o := w.options(sender(accept))
		hang := make(chan struct{})
		first := true
		var mu sync.Mutex
		o.Spool = func(e record.Entry) error {
			mu.Lock()
			hangs := first
			first = false
			mu.Unlock()
			if hangs {
				<-hang
			}
			return w.spool(e)
		}
		d := New(o)
		d.guard.hanging.Add(1)
		d.Raise(alarm("m1"))
		d.Raise(alarm("m2"))
		start := time.Now()
		wantCounts(t, d.Drain(0).Own, Counts{Left: 1}) // the other is still in the hands of the spool
		if took := time.Since(start); took > 3*drainGrace {
			t.Errorf("took %v", took)
		}
		if len(w.spooled) != 1 || !strings.HasSuffix(w.spooled[0].File[1], ".new") || !strings.Contains(w.spooled[0].Line, `"m2"`) {
			t.Errorf("spooled %+v", w.spooled)
		}
		close(hang)
		synctest.Wait()
		if len(w.spooled) != 2 || !strings.Contains(w.spooled[1].Line, `"m1"`) {
			t.Errorf("spooled %+v", w.spooled)
		}
	})
}

func TestAnOutageOfTheDatabaseSwallowsNoAlarm(t *testing.T) {
	for _, c := range []struct {
		name string
		send sender
		want Counts
	}{
		{"sent", accept, Counts{Sent: 2 + 3, Suppressed: 4}},
		{"failed", refuse, Counts{Failed: 3 + 6, Left: 3 + 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := plainWorld(t)
			if err := os.WriteFile(w.path, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			d := w.dispatcher(c.send)
			for i := range 3 {
				d.Raise(alarm(fmt.Sprint("m", i)))
				drainOwn(d)
			}
			for range 6 {
				d.Raise(limited("m", "max 2 times"))
				drainOwn(d)
			}
			wantCounts(t, d.Drain(time.Minute).Own, c.want)
			<-w.warning
			if len(w.lines) != 9 {
				t.Errorf("recorded %q", w.lines)
			}
			for _, e := range w.spooled {
				if err := record.CheckName(e.File[1]); err != nil || e.DB != w.path || e.File[0] != "outbox" || e.ID != "" {
					t.Errorf("spooled %+v: %v", e, err)
				}
			}
			if got := len(w.spooled); got != c.want.Sent+c.want.Left {
				t.Errorf("%d spooled", got)
			}
		})
	}
}

func TestManyAlarmsAreAllSent(t *testing.T) {
	w := plainWorld(t)
	var mu sync.Mutex
	seen := map[string]int{}
	hold := make(chan struct{})
	d := w.dispatcher(sender(func(_ context.Context, a *Alarm) error {
		<-hold
		mu.Lock()
		defer mu.Unlock()
		seen[a.Message]++
		return nil
	}))
	const many = maxBacklog + 100
	for i := range many {
		d.Raise(alarm(fmt.Sprint("m", i)))
	}
	func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.waitWhile(func() bool { return d.placer }, time.Minute)
	}()
	if got := len(w.outbox()); got != many {
		t.Errorf("%d alarms are on disk, want %d", got, many)
	}
	close(hold)
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: many})
	if len(seen) != many {
		t.Errorf("%d messages, want %d", len(seen), many)
	}
	wantStates(t, w)
}

func TestDrainWaitsNoLongerThanTold(t *testing.T) {
	path := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, record.LayoutDirect, "h1", filepath.Join(path, "db"))
		d := w.dispatcher(sender(func(ctx context.Context, a *Alarm) error {
			<-ctx.Done()
			return commandError(ctx, 137, []byte("said\n"), nil)
		}))
		for i := range maxSenders + 3 {
			d.Raise(alarm(fmt.Sprint("m", i)))
		}
		start := time.Now()
		report := d.Drain(10 * time.Second)
		if took := time.Since(start); took < 10*time.Second || took > 10*time.Second+2*drainGrace {
			t.Errorf("took %v", took)
		}
		wantCounts(t, report.Own, Counts{Failed: maxSenders, Left: maxSenders + 3})
		wantStates(t, w, "new", "new", "new", "wait")
		if got := w.records()[0]["error"]; got != "send_alarm_command: was stopped, since the run had ended: said" {
			t.Errorf("error %v", got)
		}
	})
}

// An attempt that the end of a run gave no time is none: nobody is told of a
// failure, and the alarm waits for the next run.
func TestDrainWithoutAWait(t *testing.T) {
	path := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, record.LayoutDirect, "h1", filepath.Join(path, "db"))
		begun := make(chan struct{})
		d := w.dispatcher(sender(func(ctx context.Context, a *Alarm) error {
			close(begun)
			<-ctx.Done()
			return commandError(ctx, 137, nil, nil)
		}))
		d.Raise(alarm("m"))
		<-begun
		start := time.Now()
		report := d.Drain(0)
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
		wantCounts(t, report.Own, Counts{Left: 1})
		wantStates(t, w, "wait")
		if records, said := w.records(), w.told(); len(records)+len(said) > 0 {
			t.Errorf("records %v, warnings %q", records, said)
		}
	})
}

func TestAnAttemptHasALimit(t *testing.T) {
	path := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, record.LayoutDirect, "h1", filepath.Join(path, "db"))
		var took time.Duration
		d := w.dispatcher(sender(func(ctx context.Context, a *Alarm) error {
			start := time.Now()
			<-ctx.Done()
			took = time.Since(start)
			return commandError(ctx, 137, nil, errors.New("killed"))
		}))
		d.Raise(alarm("m"))
		wantCounts(t, d.Drain(time.Minute).Own, Counts{Failed: 1, Left: 1})
		if took != 30*time.Second {
			t.Errorf("stopped after %v", took)
		}
		if got := w.records()[0]["error"]; got != "send_alarm_command: did not end in time and was stopped" {
			t.Errorf("error %v", got)
		}
	})
}

func TestALongRunTriesAgainItself(t *testing.T) {
	path := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, record.LayoutDirect, "h1", filepath.Join(path, "db"))
		w.now = time.Now
		tries := 0
		d := w.dispatcher(sender(func(context.Context, *Alarm) error {
			if tries++; tries < 3 {
				return errors.New("busy")
			}
			return nil
		}))
		d.Raise(alarm("m"))
		time.Sleep(firstBackoff + 2*firstBackoff + time.Second)
		wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 1, Failed: 2})
		wantStates(t, w)
	})
}

func TestAnAlarmThatIsRaisedAfterDrainIsLeftToOthers(t *testing.T) {
	w := plainWorld(t)
	d := w.dispatcher(sender(accept))
	d.Drain(time.Second)
	d.Raise(alarm("late"))
	if !d.Placed(10 * time.Second) {
		t.Fatal("it is on no disk")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.spooled)+len(w.outbox()) != 1 {
		t.Errorf("spooled %d, in the outbox %v", len(w.spooled), w.outbox())
	}
}

// TestDrainTakesNoAlarmFromTheOutbox: an alarm that Drain brings to the spool, for want
// of patience with the outbox, stays there until the spool has it.
func TestDrainTakesNoAlarmFromTheOutbox(t *testing.T) {
	for _, kept := range []bool{true, false} {
		path := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, record.LayoutDirect, "h1", filepath.Join(path, "db"))
			d := w.dispatcher(sender(accept))
			d.open()
			d.left = true // as Drain leaves it
			a := alarm("m")
			a.ID = NewID(time.Now())
			stored := make(chan struct{})
			go func() {
				d.store([]placement{d.decide(&a)}, false)
				close(stored)
			}()
			synctest.Wait()
			if names := w.outbox(); len(names) != 1 {
				t.Errorf("the spool does not have it yet, and the outbox %q", names)
			}
			d.settleAside(kept)
			<-stored
			if names := w.outbox(); (len(names) == 0) != kept {
				t.Errorf("kept in the spool: %v; in the outbox %q", kept, names)
			}
		})
	}
}
