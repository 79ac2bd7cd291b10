package notify

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

func TestParseRate(t *testing.T) {
	for text, want := range map[string]rate{"20/m": {{20, time.Minute}}, "1/s": {{1, time.Second}}, " 100 / h": {{100, time.Hour}}} {
		if got, err := parseRate(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "20", "20/", "/m", "0/m", "-1/s", "x/m", "20/d", "20000/s", "1.5/s"} {
		if got, err := parseRate(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// limiters are those of several processes of one host.
func limiters(t *testing.T, n int, r rate, now func() time.Time) []*limiter {
	shared := hostState(t)
	var list []*limiter
	for range n {
		list = append(list, &limiter{rate: r, name: "it", state: shared, now: now})
	}
	return list
}

func TestARateHoldsOverProcesses(t *testing.T) {
	now := noon
	var mu sync.Mutex
	list := limiters(t, 5, rate{{20, time.Minute}, {10, time.Second}}, func() time.Time { mu.Lock(); defer mu.Unlock(); return now })
	take := func() (taken int) {
		var wait sync.WaitGroup
		var counting sync.Mutex
		for i := range 40 {
			wait.Go(func() {
				if list[i%len(list)].reserve(0) <= 0 {
					counting.Lock()
					taken++
					counting.Unlock()
				}
			})
		}
		wait.Wait()
		return taken
	}
	for step, want := range []int{10, 10, 0, 0} {
		if got := take(); got != want {
			t.Errorf("second %d: %d went, want %d", step, got, want)
		}
		mu.Lock()
		now = now.Add(time.Second)
		mu.Unlock()
	}
	now = noon.Add(time.Minute)
	if got := take(); got != 10 {
		t.Errorf("a minute later: %d went", got)
	}
}

func TestAShortWaitIsATurnOfOnesOwn(t *testing.T) {
	list := limiters(t, 2, rate{{1, time.Second}}, func() time.Time { return noon })
	for i, want := range []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second, 4 * time.Second} {
		if got := list[i%2].reserve(maxShortWait); got != want {
			t.Errorf("turn %d is in %v, want %v", i, got, want)
		}
	}
}

func TestAClockThatWasWrongBlocksNobodyForLong(t *testing.T) {
	now := noon
	l := limiters(t, 1, rate{{1, time.Minute}}, func() time.Time { return now })[0]
	l.reserve(0)
	l.block(2 * time.Hour) // is an hour at most
	now = noon.Add(-24 * time.Hour)
	if wait := l.reserve(0); wait > 0 {
		t.Errorf("the clock was set back by a day: wait %v", wait)
	}
}

func TestAStateThatCannotBeKeptLimitsThisProcessOnly(t *testing.T) {
	for name, open := range map[string]func() (*record.Tree, error){
		"none": nil, "unusable": func() (*record.Tree, error) { return nil, errors.New("no") },
	} {
		l := &limiter{rate: rate{{2, time.Minute}}, name: "it", state: open, now: func() time.Time { return noon }}
		if a, b, c := l.reserve(0), l.reserve(0), l.reserve(0); a > 0 || b > 0 || c != time.Minute {
			t.Errorf("%s: %v %v %v", name, a, b, c)
		}
	}
}

func TestAChannelOverItsRateMakesNoAttempt(t *testing.T) {
	c := vendorCases()["slack"]
	v := newVendor(t, c.rule)
	channel := channelTo(t, "slack", broken(c.settings, "rate", "2/h"), v.server.URL, hostState(t))
	for range 2 {
		if err := channel.Deliver(t.Context(), deliveryOf("m")); err != nil {
			t.Fatal(err)
		}
	}
	err := channel.Deliver(t.Context(), deliveryOf("m"))
	if failure := failureOf(err); !failure.Unsent || failure.Wait < 50*time.Minute || v.calls != 2 {
		t.Errorf("%+v after %d calls", err, v.calls)
	}
	// Nor where there is no time to wait for one's turn.
	channel = channelTo(t, "slack", broken(c.settings, "rate", "1/s"), newVendor(t, func(*vendor, *http.Request, []byte) (int, string) { return 200, "ok" }).server.URL, hostState(t))
	if err := channel.Deliver(t.Context(), deliveryOf("m")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := channel.Deliver(ctx, deliveryOf("m")); !failureOf(err).Unsent {
		t.Errorf("%+v", err)
	}
}
