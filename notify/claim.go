package notify

import (
	"errors"
	"io/fs"
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
		alarm: a, from: j.name, to: nameOf(&a).as(stateSend, d.leaseEnd(now), d.box.mine),
		// Only an entry that this process did not make itself may have been
		// sent already.
		suspect: j.left,
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
	ledger ledger
	store  *record.Store
	policy ratelimit.Policy
	now    time.Time

	alarm    Alarm
	from, to entryName
	suspect  bool
}

func (c claimant) unlimited() (verdict, error) {
	if err := c.box.move(c.from, c.to); err != nil {
		return verdict{}, err
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
// sent today only grows, so a limit that is reached needs none.
func (c claimant) limited() (verdict, error) {
	sent, err := c.sent()
	if err != nil {
		return verdict{}, err
	}
	if c.policy.Spent(sent.count()) && !sent.ids[c.alarm.ID] {
		return c.tooLate(sent.count())
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
func (c claimant) tooLate(sent int) (verdict, error) {
	if !c.suspect {
		return c.denied(c.from, sent, 0), nil
	}
	if err := c.box.move(c.from, c.to); err != nil {
		return verdict{}, err
	}
	return c.denied(c.to, sent, 0), nil
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
	if sent.ids[c.alarm.ID] {
		return verdict{outcome: sentBefore, name: c.to}, nil
	}
	for id := range sent.ids {
		delete(flying, id)
	}
	if !c.policy.Decide(sent.count(), len(flying)).Allow {
		return c.denied(c.to, sent.count(), len(flying)), nil
	}
	return c.unlessSent()
}

// sent finds what was sent today.
func (c claimant) sent() (sent, error) {
	return c.ledger.passed(c.alarm.Of(), record.Day(c.now), c.alarm.MD5())
}

func (c claimant) denied(name entryName, sent, flying int) verdict {
	return verdict{
		outcome: suppressed,
		name:    name,
		reason:  c.policy.Decide(sent, flying).Reason,
		spent:   c.policy.Spent(sent),
	}
}
