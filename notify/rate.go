package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mvrun/mvrun/record"
)

// rate is how much a channel takes: all of these bounds hold.
type rate []bound

type bound struct {
	count int
	per   time.Duration
}

// parseRate reads 20/m, 1/s or 100/h.
func parseRate(text string) (rate, error) {
	number, unit, found := strings.Cut(text, "/")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[strings.TrimSpace(unit)]
	if !found || err != nil || n < 1 || n > 10_000 || per == 0 {
		return nil, fmt.Errorf("%q is no rate", text)
	}
	return rate{{n, per}}, nil
}

// limiter keeps the rate of one channel over the processes of a host.
type limiter struct {
	rate  rate
	name  string                       // of the file
	state func() (*record.Tree, error) // nil: this process only
	now   func() time.Time

	mu    sync.Mutex
	local limiterState
}

// limiterState is the content of the file.
type limiterState struct {
	Sent    []int64 `json:"sent"`    // Unix nanoseconds, oldest first
	Blocked int64   `json:"blocked"` // until when the other side wants nothing
}

const (
	stateFolder   = "channels"
	limiterWait   = 2 * time.Second // for the lock, which is held for a moment by each process of a busy host
	maxShortWait  = 3 * time.Second // for one's turn; more is left to another process
	maxPenalty    = time.Hour
	maxRateMemory = 10_000
)

// reserve takes the next turn, and returns how long it is until then. The turn
// is not taken where that is longer than most.
func (l *limiter) reserve(most time.Duration) (wait time.Duration) {
	l.update(func(s *limiterState) {
		now := l.now()
		if wait = s.wait(l.rate, now); wait <= most {
			s.Sent = append(s.Sent, now.Add(wait).UnixNano())
		}
	})
	return wait
}

// block notes that the other side wants nothing for a while.
func (l *limiter) block(d time.Duration) {
	l.update(func(s *limiterState) { s.Blocked = max(s.Blocked, l.now().Add(min(d, maxPenalty)).UnixNano()) })
}

// wait is how long it is until one more may go. What lies so far in the future
// that no bound explains it was written by a clock that was wrong.
func (s *limiterState) wait(r rate, now time.Time) time.Duration {
	longest := time.Duration(0)
	for _, b := range r {
		longest = max(longest, b.per)
	}
	kept := s.Sent[:0]
	for _, at := range s.Sent {
		if age := now.Sub(time.Unix(0, at)); age < longest && age > -longest-maxShortWait {
			kept = append(kept, at)
		}
	}
	s.Sent = kept[max(0, len(kept)-maxRateMemory):]
	until := now
	if blocked := time.Unix(0, s.Blocked); s.Blocked != 0 && blocked.Sub(now) <= maxPenalty {
		until = later(until, blocked)
	}
	for _, b := range r {
		if len(s.Sent) >= b.count {
			until = later(until, time.Unix(0, s.Sent[len(s.Sent)-b.count]).Add(b.per))
		}
	}
	return until.Sub(now)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// update changes the state under a lock. Where the folder cannot be used, the
// rate holds within this process only.
func (l *limiter) update(change func(*limiterState)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == nil {
		change(&l.local)
		return
	}
	tree, err := l.state()
	if err != nil {
		change(&l.local)
		return
	}
	unlock, err := record.HoldLock(tree.Path(stateFolder, l.name+".lock"), limiterWait)
	if err != nil && !errors.Is(err, record.ErrLocked) {
		change(&l.local)
		return
	}
	if err == nil {
		defer unlock()
	}
	state := l.local
	if data, err := tree.ReadFile(stateFolder, l.name+".json"); err == nil {
		var read limiterState
		if json.Unmarshal(data, &read) == nil {
			state = read
		}
	}
	change(&state)
	l.local = state
	if data, err := json.Marshal(state); err == nil {
		_ = tree.WriteFile(data, 0o600, stateFolder, l.name+".json")
	}
}
