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

func TestALimitHoldsOverManyProcesses(t *testing.T) {
	for _, layout := range []record.Layout{record.LayoutDirect, record.LayoutPerHost} {
		t.Run(string(layout), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "db")
			var wait sync.WaitGroup
			worlds := make([]*world, 20)
			for i := range worlds {
				worlds[i] = newWorld(t, layout, fmt.Sprintf("h%d", i%5), path)
				wait.Go(func() {
					d := worlds[i].dispatcher(sender(accept))
					for range 3 {
						d.Raise(limited("the same", "max 3 times"))
					}
					d.Raise(alarm(fmt.Sprintf("another of %d", i)))
					d.Drain(time.Minute)
				})
			}
			wait.Wait()
			passed, total := 0, 0
			for _, fields := range worlds[0].records() {
				if fields["message"] != "the same" {
					continue
				}
				total++
				switch fields["send_alarm_result"] {
				case "PASSED":
					passed++
				case "SUPPRESSED":
					if reason := fields["reason"].(string); !strings.HasPrefix(reason, "max 3 times a day: ") {
						t.Errorf("reason %q", reason)
					}
				}
			}
			if passed != 3 || total != 60 {
				t.Errorf("%d of %d were sent, want 3 of 60", passed, total)
			}
			wantStates(t, worlds[0])
		})
	}
}

func TestFailedAttemptsAreNotCounted(t *testing.T) {
	w := plainWorld(t)
	failures := 2
	var mu sync.Mutex
	d := w.dispatcher(sender(func(context.Context, *Alarm) error {
		mu.Lock()
		defer mu.Unlock()
		if failures--; failures >= 0 {
			return errors.New("busy")
		}
		return nil
	}))
	for range 5 {
		d.Raise(limited("m", "max 2 times"))
		drainOwn(d)
	}
	report := d.Drain(time.Minute)
	wantCounts(t, report.Own, Counts{Failed: 2, Left: 2, Sent: 2, Suppressed: 1})

	// What failed before is decided anew, and comes too late.
	d = w.dispatcher(sender(accept))
	if n, err := d.FlushPending(true); n != 2 || err != nil {
		t.Fatalf("took %d, %v", n, err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Suppressed: 2})
	wantStates(t, w)
}

// drainOwn waits until nothing is under way.
func drainOwn(d *Dispatcher) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waitWhile(func() bool { return d.placer || d.workers > 0 || d.queue.len() > 0 }, time.Minute)
}

func TestMonitorViewersRecordsCount(t *testing.T) {
	w := plainWorld(t)
	folder := filepath.Join(w.path, "LSF", "nodes", "alarm")
	md5 := record.MD5("alice bob", "m")
	lines := ""
	for _, result := range []string{"PASSED", "FAILED", "PASSED"} {
		lines += `{"time": "2026-11-23 08:00:00", "md5": "` + md5 + `", "receivers": "alice bob", "send_alarm_result": "` + result + `", "message": "m"}` + "\n"
	}
	lines += `{"time": "2026-11-23 08:00:00", "md5": "0", "send_alarm_result": "PASSED", "message": "` + md5 + `"}` + "\n" + "torn " + md5 + " PASSED\n"
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, "20261123"), []byte(lines), 0o644),
		os.WriteFile(filepath.Join(folder, "20261122"), []byte(lines), 0o644)); err != nil {
		t.Fatal(err)
	}
	d := w.dispatcher(sender(accept))
	for range 3 {
		d.Raise(limited("m", "max 3 times"))
		drainOwn(d)
	}
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 1, Suppressed: 2})
}

func TestTheLimitIsThatOfADay(t *testing.T) {
	w := plainWorld(t)
	now := noon
	w.now = func() time.Time { return now }
	d := w.dispatcher(sender(accept))
	for range 3 {
		d.Raise(limited("m", "max 1 times"))
		drainOwn(d)
		now = now.Add(8 * time.Hour)
	}
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 2, Suppressed: 1})
}

func TestAReachedLimitCostsNoFile(t *testing.T) {
	w := plainWorld(t)
	d := w.dispatcher(sender(accept))
	for range 2 {
		d.Raise(limited("m", "max 1 times"))
		drainOwn(d)
	}
	if err := errors.Join(os.RemoveAll(w.path), os.WriteFile(w.path, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	d.Raise(limited("m", "max 1 times"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 1, Suppressed: 2})
	if len(w.spooled) != 0 || len(w.told()) != 0 {
		t.Errorf("spooled %v, warned %q", w.spooled, w.told())
	}
}

func TestEntriesInFlightCount(t *testing.T) {
	self := record.Self()
	elsewhere := owner{place: "00000000", pid: 1, ticks: 1}
	for _, c := range []struct {
		state state
		until time.Time
		sent  int
	}{
		{stateSend, noon.Add(time.Minute), 0},
		{stateSent, noon, 0},
		{stateSend, noon.Add(-time.Minute), 1}, // lapsed
		{stateHeld, noon.Add(time.Minute), 1},  // not decided
		{stateWait, noon, 1},
		{stateNew, noon, 1},
	} {
		w := plainWorld(t)
		other := limited("m", "max 1 times")
		other.normalise(noon, "")
		box := newOutbox(w.store, self, w.now)
		if err := box.write(nameUnder(&other).as(c.state, c.until, elsewhere), &entry{Alarm: other}); err != nil {
			t.Fatal(err)
		}
		d := w.dispatcher(sender(accept))
		d.Raise(limited("m", "max 1 times"))
		if report := d.Drain(time.Minute); report.Own.Sent != c.sent {
			t.Errorf("beside one in state %s: %+v", c.state, report)
		}
	}
}

func TestAnAlarmThatIsRecordedAndInFlightCountsOnce(t *testing.T) {
	w := plainWorld(t)
	a := limited("m", "max 2 times")
	a.normalise(noon, "")
	line := lineOf(result{value: passedResult, attempts: 1}, &a)
	if err := w.store.Append(a.Of(), record.Alarm, record.Day(noon), line); err != nil {
		t.Fatal(err)
	}
	box := newOutbox(w.store, record.Self(), w.now)
	if err := box.write(nameUnder(&a).as(stateSend, noon.Add(time.Minute), owner{place: "00000000", pid: 1}), &entry{Alarm: a}); err != nil {
		t.Fatal(err)
	}
	d := w.dispatcher(sender(accept))
	d.Raise(limited("m", "max 2 times"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 1})
}

func TestNothingIsDecidedWhileTheItemIsLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, record.LayoutDirect, "h1", path)
		unlock, err := w.store.Lock("LSF", "nodes")
		if err != nil {
			t.Fatal(err)
		}
		d := w.dispatcher(sender(accept))
		d.Raise(limited("m", "max 3 times"))
		d.Raise(alarm("m")) // everytime needs no lock
		wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 1, Left: 1})
		wantStates(t, w, "new")
		unlock()
		d = w.dispatcher(sender(accept))
		if _, err := d.FlushPending(true); err != nil {
			t.Fatal(err)
		}
		wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: 1})
	})
}

func TestASentAlarmCountsBeforeItsRecordIsThere(t *testing.T) {
	w := plainWorld(t)
	folder := filepath.Join(w.path, "LSF", "nodes", "alarm")
	if err := errors.Join(os.MkdirAll(filepath.Dir(folder), 0o755), os.WriteFile(folder, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	d := w.dispatcher(sender(accept))
	d.Raise(alarm("m"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 1})
	wantStates(t, w, "sent")
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}

	d = w.dispatcher(sender(accept))
	d.Raise(limited("m", "max 1 times"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Suppressed: 1})
	wantStates(t, w, "sent")

	// What the recorder kept comes into the database.
	if err := w.store.Append(record.Item{Direction: "LSF", Name: "nodes"}, record.Alarm, record.Day(noon), []byte(w.lines[0])); err != nil {
		t.Fatal(err)
	}
	d = w.dispatcher(sender(accept))
	if n, err := d.FlushPending(true); n != 0 || err != nil {
		t.Errorf("%d alarms to send, %v", n, err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{})
	wantStates(t, w)
}

func TestABadFrequencyDoesNotSwallowTheAlarm(t *testing.T) {
	w := plainWorld(t)
	d := w.dispatcher(sender(accept))
	d.Raise(limited("m", "now and then"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 1})
}
