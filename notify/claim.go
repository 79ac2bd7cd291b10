package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// claim decides whether an alarm may be sent and, if so, makes it this process's
// to send.
func (d *Dispatcher) claim(j *job) (verdict, error) {
	a := j.entry.Alarm
	policy := d.policy(&a)
	now := d.options.Now()
	if j.outside {
		return verdict{outcome: claimed, name: j.name}, nil // decided when it was stored
	}
	c := claimant{
		box: d.box, ledger: d.ledger, store: d.options.Store, policy: policy, now: now,
		alarm: a, id: identityOf(&a, policy), from: j.name, to: nameOf(&a, policy).as(stateSend, d.leaseEnd(now), d.box.mine),
		burst: d.options.Burst,
		// Only an entry that this process did not make itself may have been
		// sent already.
		suspect: j.left,
	}
	if a.Kind == KindDigest {
		c.burst = 0
	}
	take := c.unlimited
	if policy.Limited() {
		d.deciding.Lock()
		defer d.deciding.Unlock()
		take = c.limited
	}
	v, err := bounded(&d.guard, claimLimit, take)
	if errors.Is(err, fs.ErrNotExist) || j.left && errors.Is(err, fs.ErrPermission) {
		return verdict{outcome: gone}, nil // taken, or another user's
	}
	return v, err
}

// claimant claims one entry. It shares nothing that changes with the dispatcher,
// which may give it up.
type claimant struct {
	box    *outbox
	ledger *ledger
	store  *record.Store
	policy ratelimit.Policy
	now    time.Time

	alarm    Alarm
	id       identity
	from, to entryName
	burst    int // alarms of the item a minute; 0 for any number
	suspect  bool
}

func (c claimant) unlimited() (verdict, error) {
	if err := c.box.move(c.from, c.to); err != nil {
		return verdict{}, err
	}
	if c.burst > 0 {
		// Trouble here must not keep an alarm from going out.
		if flying, err := c.box.inFlight(c.to); err == nil {
			if until, burst := c.inBurst(flying); burst {
				return c.burstVerdict(until), nil
			}
		}
	}
	return c.unlessSent()
}

// unlessSent looks for the record of an alarm whose last process died between
// recording and tidying up.
func (c claimant) unlessSent() (verdict, error) {
	if c.suspect {
		found, err := c.ledger.hasPassed(&c.alarm, c.now)
		if err != nil {
			_ = c.box.move(c.to, c.from)
			return verdict{}, err
		}
		if found {
			return verdict{outcome: sentBefore, name: c.to}, nil
		}
	}
	return verdict{outcome: claimed, name: c.to}, nil
}

// limited decides under the side lock of the item, where it is needed: what was
// sent only grows within a window, so a limit that is reached needs none.
func (c claimant) limited() (verdict, error) {
	sent, err := c.sent()
	if err != nil {
		return verdict{}, err
	}
	_, own := sent.ids[c.fingerprint()]
	if decision := c.policy.Decide(sent.history(0), c.now); decision.Final && !own {
		return c.tooLate(decision)
	}
	unlock, err := c.store.Lock(c.alarm.Direction, c.alarm.Item)
	if err != nil {
		return verdict{}, err
	}
	defer unlock()
	return c.locked()
}

// tooLate denies without the lock. What others may take as well has to be claimed
// for that, so that it is recorded once.
func (c claimant) tooLate(decision ratelimit.Decision) (verdict, error) {
	if !c.suspect {
		return c.denied(c.from, decision), nil
	}
	if err := c.box.move(c.from, c.to); err != nil {
		return verdict{}, err
	}
	return c.denied(c.to, decision), nil
}

// locked decides. The order matters, since others record and tidy up without the
// lock: an alarm is recorded before its entry goes, so entries are counted
// before records, and one that goes meanwhile is found there. The claim comes
// before both: changing the folder makes an NFS client list it anew.
func (c claimant) locked() (verdict, error) {
	if err := c.box.move(c.from, c.to); err != nil {
		return verdict{}, err
	}
	v, err := c.count()
	if err != nil {
		_ = c.box.move(c.to, c.from)
		return verdict{}, err
	}
	return v, nil
}

func (c claimant) count() (verdict, error) {
	flying, err := c.box.inFlight(c.to)
	if err != nil {
		return verdict{}, err
	}
	sent, err := c.sent()
	if err != nil {
		return verdict{}, err
	}
	switch whole, own := sent.ids[c.fingerprint()]; {
	case whole:
		return verdict{outcome: sentBefore, name: c.to}, nil
	case own: // it was let through before, and counts already
		return verdict{outcome: claimed, name: c.to}, nil
	}
	decision, err := c.decide(sent, flying)
	switch {
	case err != nil:
		return verdict{}, err
	case !decision.Allow:
		return c.denied(c.to, decision), nil
	case c.burst > 0:
		if until, burst := c.inBurst(flying); burst {
			return c.burstVerdict(until), nil
		}
	}
	return c.unlessSent()
}

// decide counts what is in flight and not recorded yet.
func (c claimant) decide(sent sent, flying flight) (ratelimit.Decision, error) {
	for id := range sent.ids {
		delete(flying.alike, id)
	}
	history := sent.history(len(flying.alike))
	if c.policy.OnChange() {
		// Those of the series; the newest will have been the last one sent.
		newestLast := slices.SortedFunc(maps.Values(flying.alike), func(a, b entryName) int { return strings.Compare(a.id, b.id) })
		for _, name := range newestLast {
			e, err := c.box.read(name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return ratelimit.Decision{}, err
			}
			history.Unchanged = identityOf(&e.Alarm, c.policy).same == c.id.same
		}
	}
	return c.policy.Decide(history, c.now), nil
}

// sent finds what was sent of the same alarm.
func (c claimant) sent() (sent, error) { return c.ledger.passed(&c.alarm, c.id, c.policy, c.now) }

func (c claimant) fingerprint() fingerprint { return fingerprintOf(c.alarm.ID) }

func (c claimant) denied(name entryName, decision ratelimit.Decision) verdict {
	return verdict{outcome: suppressed, name: name, hold: holdOf(decision, c.policy), decision: decision}
}

// burstSpan is the time in which a burst is counted.
const burstSpan = time.Minute

// inBurst reports whether so many alarms of the item have just been sent, by any
// process, that this one is left to a digest, and until when that is certain of any
// other one; zero where it is not. There is no lock: of those that are being sent at
// the same moment only older ones count, so that the oldest go and the others see
// them. What cannot be counted holds nothing back.
func (c claimant) inBurst(flying flight) (until time.Time, burst bool) {
	sent, err := c.ledger.recent(c.alarm.Of(), c.now.Add(-burstSpan), c.now)
	if err != nil {
		return until, false
	}
	if len(sent) >= c.burst {
		times := slices.Sorted(maps.Values(sent))
		return time.Unix(0, times[len(times)-c.burst]).Add(burstSpan), true
	}
	count := len(sent)
	for id := range flying.older {
		if _, done := sent[id]; !done {
			count++
		}
	}
	return until, count >= c.burst
}

func (c claimant) burstVerdict(until time.Time) verdict {
	return verdict{outcome: suppressed, name: c.to, hold: burstHold(c.burst), burstEnd: until}
}

func burstHold(burst int) Hold {
	return Hold{
		Cause: CauseBurst, Count: burst,
		Reason: fmt.Sprintf("burst: %d alarms of the item were sent within a minute; it stands in a digest", burst),
	}
}
