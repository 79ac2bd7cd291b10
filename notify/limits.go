package notify

import (
	"sync"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// limits is what this process knows of the alarms of a day without asking the
// database. The zero value is ready.
type limits struct {
	mu    sync.Mutex
	day   string
	spent map[string]string // reasons why nothing of an alarm goes today any more
	local map[string]int    // sent or being sent while the database was away
}

// maxKnown bounds the memory of a process that raises ever new alarms.
const maxKnown = 4096

// limitKey says which alarms are counted together.
func limitKey(a *Alarm) string { return a.Of().String() + " " + a.MD5() + " " + a.Frequency }

// today forgets what was true on another day.
func (l *limits) today(now time.Time) {
	if day := record.Day(now); day != l.day || len(l.spent) >= maxKnown || len(l.local) >= maxKnown {
		l.day, l.spent, l.local = day, map[string]string{}, map[string]int{}
	}
}

// spentReason gives the reason why this alarm cannot go today, if that is known
// for certain.
func (l *limits) spentReason(a *Alarm, now time.Time) string {
	if a.Frequency == "" {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.today(now)
	return l.spent[limitKey(a)]
}

func (l *limits) setSpent(a *Alarm, now time.Time, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.today(now)
	l.spent[limitKey(a)] = reason
}

// decideLocal decides for an alarm that the database did not take, and counts it
// where it may go.
func (l *limits) decideLocal(a *Alarm, policy ratelimit.Policy, now time.Time) ratelimit.Decision {
	if !policy.Limited() {
		return ratelimit.Decision{Allow: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.today(now)
	decision := policy.Decide(l.local[limitKey(a)], 0)
	if decision.Allow {
		l.local[limitKey(a)]++
	}
	return decision
}

// failedLocal takes back what decideLocal counted: a failed attempt is no alarm
// sent.
func (l *limits) failedLocal(a *Alarm) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.local[limitKey(a)] > 0 {
		l.local[limitKey(a)]--
	}
}
