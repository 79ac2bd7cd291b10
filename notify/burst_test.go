package notify

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mvrun/mvrun/record"
)

// inbox is a sender that keeps what it has sent.
type inbox struct {
	mu  sync.Mutex
	got []Alarm
}

func (b *inbox) Send(_ context.Context, a *Alarm) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, *a)
	return nil
}

func (b *inbox) digests() []Alarm {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.got), func(a Alarm) bool { return a.Kind != KindDigest })
}

func (w *world) guarded(s Sender) Options {
	o := w.options(s)
	o.Burst = 20
	return o
}

func storm(d *Dispatcher, from, to int) {
	for i := from; i < to; i++ {
		d.Raise(alarm(fmt.Sprintf("node n%d is down", i)))
	}
}

func TestAStormBecomesADigest(t *testing.T) {
	w, got := plainWorld(t), new(inbox)
	d := New(w.guarded(got))
	storm(d, 0, 500)
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 21, Suppressed: 480})
	digests := got.digests()
	if len(got.got) != 21 || len(digests) != 1 {
		t.Fatalf("%d were sent, %d digests", len(got.got), len(digests))
	}
	message := digests[0].Message
	for _, want := range []string{"480 alarms of LSF/nodes", "- node down: node n20 is down\n", "and 460 more", "mvrun view alarm --direction LSF --item nodes"} {
		if !strings.Contains(message, want) {
			t.Errorf("the digest lacks %q: %s", want, message)
		}
	}
	wantResults(t, w, map[string]int{"PASSED": 21, "SUPPRESSED": 480})
	held := 0
	for _, fields := range w.records() {
		if fields["cause"] == "burst" && fields["digest"] == digests[0].ID {
			held++
		}
	}
	if held != 480 {
		t.Errorf("%d records name the digest", held)
	}
	wantStates(t, w)
}

func TestABurstIsThatOfAMinute(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	synctest.Test(t, func(t *testing.T) {
		w, got := newWorld(t, record.LayoutDirect, "h1", path), new(inbox)
		w.now = time.Now
		d := New(w.guarded(got))
		storm(d, 0, 30)
		synctest.Wait()
		time.Sleep(burstSpan + time.Second) // of the bubble's clock
		synctest.Wait()
		if n := len(got.got); n != 21 || len(got.digests()) != 1 {
			t.Errorf("%d sent after a minute, %d digests", n, len(got.digests()))
		}
		storm(d, 30, 55)
		d.Drain(time.Minute)
		// The second digest comes too soon after the first for its receivers.
		if n := len(got.got); n != 41 || len(got.digests()) != 1 {
			t.Errorf("%d sent, %d digests", n, len(got.digests()))
		}
		wantStates(t, w, "rest")
		time.Sleep(2 * burstSpan)
		d = New(w.guarded(got))
		if n, err := d.FlushPending(false); n != 1 || err != nil {
			t.Errorf("took %d, %v", n, err)
		}
		drainOptional(d)
		d.Drain(time.Minute)
		if digests := got.digests(); len(digests) != 2 || !strings.HasPrefix(digests[1].Message, "5 alarms of LSF/nodes") {
			t.Errorf("digests %v", digests)
		}
		wantStates(t, w)
	})
}

// A burst is counted over processes, and what one that was killed has gathered
// is told by the next.
func TestADigestOutlivesItsProcess(t *testing.T) {
	w, got := plainWorld(t), new(inbox)
	now := noon
	w.now = func() time.Time { return now }
	dead := record.Self()
	dead.Ticks++
	for _, from := range []int{0, 100} {
		o := w.guarded(got)
		o.Self = dead
		d := New(o)
		storm(d, from, from+30)
		drainOwn(d) // and nothing more: it was killed
	}
	if len(got.got) != 20 {
		t.Fatalf("%d were sent", len(got.got))
	}
	wantStates(t, w, "held", "held")
	now = now.Add(time.Second)
	d := New(w.guarded(got))
	if n, err := d.FlushPending(true); n != 2 || err != nil {
		t.Fatalf("took %d, %v", n, err)
	}
	d.Drain(time.Minute)
	digests := got.digests()
	if len(digests) != 1 || !strings.HasPrefix(digests[0].Message, "40 alarms of LSF/nodes") {
		t.Errorf("digests %v", digests)
	}
	wantStates(t, w)
}

func TestAFrequencyComesBeforeTheBurst(t *testing.T) {
	w, got := plainWorld(t), new(inbox)
	d := New(w.guarded(got))
	for range 100 {
		d.Raise(limited("the same", "max 3 times"))
	}
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 3, Suppressed: 97})
	if len(got.digests()) != 0 {
		t.Errorf("digests %v", got.digests())
	}
}

func TestABurstGuardThatIsOffHoldsNothingBack(t *testing.T) {
	w, got := plainWorld(t), new(inbox)
	d := w.dispatcher(got)
	storm(d, 0, 60)
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 60})
}

func TestProcessesAtOnceShareABurst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	got := new(inbox)
	var wait sync.WaitGroup
	for i := range 8 {
		w := newWorld(t, record.LayoutDirect, "h1", path)
		wait.Go(func() {
			d := New(w.guarded(got))
			storm(d, i*10, i*10+10)
			d.Drain(time.Minute)
		})
	}
	wait.Wait()
	single := len(got.got) - len(got.digests())
	// Without a lock, one that is claimed at the same moment may be overlooked.
	if single < 10 || single > 20+8 {
		t.Errorf("%d of 80 were sent one by one", single)
	}
	if len(got.digests()) > 1 {
		t.Errorf("%d digests", len(got.digests()))
	}
}

func TestAClockThatWasAheadMakesNoBurst(t *testing.T) {
	w := plainWorld(t)
	now := noon.Add(9 * time.Hour)
	w.now = func() time.Time { return now }
	box := &inbox{}
	d := New(w.guarded(box))
	storm(d, 0, 30)
	d.Drain(time.Minute)
	now = noon
	d = New(w.guarded(box))
	d.Raise(alarm("afterwards"))
	wantCounts(t, d.Drain(time.Minute).Own, Counts{Sent: 1})
}

func TestAClockThatWasAheadHoldsNothingBackForever(t *testing.T) {
	w := plainWorld(t)
	now := noon.AddDate(1, 0, 0)
	w.now = func() time.Time { return now }
	o := w.options(sender(accept))
	end := now.Add(time.Hour)
	o.Plan = quietUntil(ActionHold, &end)
	d := New(o)
	d.Raise(alarm("m"))
	d.Drain(time.Minute)
	wantStates(t, w, "rest")
	now, end = noon, time.Time{}
	d = New(o)
	if n, err := d.FlushPending(true); n != 1 || err != nil {
		t.Fatalf("took %d, %v", n, err)
	}
	wantCounts(t, d.Drain(time.Minute).Pending, Counts{Sent: 1})
}
