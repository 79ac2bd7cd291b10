package notify

import (
	"sync"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// limits is what this process knows of alarms without asking the database. The
// zero value is ready.
type limits struct {
	mu    sync.Mutex
	spent map[string]spentLimit     // by counter: nothing goes before Next
	local map[string][]time.Time    // sent or being sent while the database was away
	burst map[record.Item]time.Time // items of which too many alarms were just sent, until when
}

// spentLimit is a limit that is reached.
type spentLimit struct {
	decision ratelimit.Decision
	at       time.Time // when that was decided
}

// maxKnown bounds the memory of a process that raises ever new alarms.
const maxKnown = 4096

// counterOf says which alarms of a process count together.
func counterOf(a *Alarm, policy ratelimit.Policy) string {
	return a.Of().String() + " " + identityOf(a, policy).counter(a, policy) + " " + policy.String()
}

// known gives the decision against an alarm that is certain already.
func (l *limits) known(a *Alarm, policy ratelimit.Policy, now time.Time) (ratelimit.Decision, bool) {
	if !policy.Limited() {
		return ratelimit.Decision{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	counter := counterOf(a, policy)
	spent, found := l.spent[counter]
	over := !spent.decision.Next.IsZero() && !now.Before(spent.decision.Next)
	if found && (over || now.Round(0).Before(spent.at)) { // or the clock was set back
		delete(l.spent, counter)
		return ratelimit.Decision{}, false
	}
	return spent.decision, found
}

// remember keeps a decision that no other process can change.
func (l *limits) remember(a *Alarm, policy ratelimit.Policy, decision ratelimit.Decision, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spent == nil || len(l.spent) >= maxKnown {
		l.spent = map[string]spentLimit{}
	}
	l.spent[counterOf(a, policy)] = spentLimit{decision, now.Round(0)}
}

// decideLocal decides for an alarm that the database did not take, and counts it
// where it may go. What has changed cannot be known then.
func (l *limits) decideLocal(a *Alarm, policy ratelimit.Policy, now time.Time) ratelimit.Decision {
	if !policy.Limited() || policy.OnChange() {
		return ratelimit.Decision{Allow: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.local == nil || len(l.local) >= maxKnown {
		l.local = map[string][]time.Time{}
	}
	counter := counterOf(a, policy)
	var history ratelimit.History
	since := policy.Since(now)
	for _, at := range l.local[counter] {
		if !at.Before(since) {
			history.Sent++
			history.Last = at
		}
	}
	decision := policy.Decide(history, now)
	if decision.Allow {
		l.local[counter] = append(l.local[counter], now)
	}
	return decision
}

// failedLocal takes back what decideLocal counted last: a failed attempt is no
// alarm sent.
func (l *limits) failedLocal(a *Alarm, policy ratelimit.Policy) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counter := counterOf(a, policy)
	if times := l.local[counter]; len(times) > 0 {
		l.local[counter] = times[:len(times)-1]
	}
}

// rememberBurst keeps until when one more alarm of an item would be too many.
func (l *limits) rememberBurst(item record.Item, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.burst == nil || len(l.burst) >= maxKnown {
		l.burst = map[record.Item]time.Time{}
	}
	l.burst[item] = until
}

// inBurst reports whether it is certain that one more alarm of an item is too many.
func (l *limits) inBurst(item record.Item, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.burst[item].Sub(now)
	return left > 0 && left <= 2*burstSpan // else the clock was set back
}
