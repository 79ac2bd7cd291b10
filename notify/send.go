package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// verdict is what a claim came to.
type verdict struct {
	outcome  outcome
	name     entryName          // of the entry as it is now
	hold     Hold               // of a suppressed one
	decision ratelimit.Decision // that it follows from, if any
	burstEnd time.Time          // until when a burst holds back any alarm of the item; zero where that is not certain
}

type outcome int

const (
	claimed    outcome = iota
	suppressed         // the limit is reached
	sentBefore         // by a process that could not tidy up
	gone               // another process has it
)

// handle sees one alarm through: decide, send, record.
func (d *Dispatcher) handle(j *job) {
	if j.entry == nil && !d.load(j) {
		return
	}
	switch {
	case j.name.state == stateSent:
		d.tidySent(j)
		return
	case (j.left || j.name.state == stateWait) && d.heldBack(j):
		return
	case d.options.Sender == nil:
		d.giveUpUnsendable(j)
		return
	case j.entry.Alarm.Kind == KindRecovery && !d.mayFollow(j):
		return
	case j.entry.Alarm.Kind == KindDigest && !d.readyDigest(j):
		return
	}
	if a := &j.entry.Alarm; j.raised && !j.outside && d.inBurst(a, d.policy(a)) {
		if d.take(j) {
			d.holdBack(j, burstHold(d.options.Burst))
			d.remove(j)
		}
		return
	}
	v, err := d.claim(j)
	if err != nil {
		d.undecided(j, err)
		return
	}
	j.name = v.name
	switch v.outcome {
	case suppressed:
		if v.decision.Final {
			d.limits.remember(&j.entry.Alarm, d.policy(&j.entry.Alarm), v.decision, d.options.Now())
		}
		if v.hold.Cause == CauseBurst {
			d.limits.rememberBurst(j.entry.Alarm.Of(), v.burstEnd)
		}
		d.holdBack(j, v.hold)
		d.remove(j)
	case sentBefore:
		d.remove(j)
	case claimed:
		d.attempt(j)
	case gone:
		d.count(j, func(c *Counts) { c.Left++ })
	}
}

// load reads the entry of a job. One that can never be read is put out of the
// way.
func (d *Dispatcher) load(j *job) bool {
	e, err := bounded(&d.guard, placeLimit, func() (entry, error) {
		e, err := d.box.read(j.name)
		if err == nil && len(e.Alarm.Receivers) == 0 && d.options.Receivers != nil {
			e.Alarm.Receivers = d.options.Receivers(e.Alarm.Of())
		}
		return e, err
	})
	if errors.Is(err, errUnreadable) {
		d.warn(err.Error())
		bad := j.name.as(stateBad, time.Time{}, owner{})
		_ = boundedError(&d.guard, placeLimit, func() error { return d.box.move(j.name, bad) })
	}
	j.entry = &e
	return err == nil
}

// undecided leaves an alarm for later: to this process while the lock is busy,
// else to others.
func (d *Dispatcher) undecided(j *job, err error) {
	j.tries++
	if errors.Is(err, record.ErrLocked) && j.tries < decisionTries && d.ctx.Err() == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.enqueue(j)
		return
	}
	d.warnTrouble(fmt.Sprintf("alarm frequency: %v; the alarm waits in the outbox", err))
	d.giveBack(j, settleLimit)
}

// attempt sends once and records what came of it.
func (d *Dispatcher) attempt(j *job) {
	ctx, cancel := context.WithTimeout(d.ctx, d.options.SendTimeout)
	defer cancel()
	if !j.outside || j.spooled { // else nobody is told where it fails
		d.goesOut(j)
	}
	a := j.entry.Alarm // a sender that is given up may still read its own
	if j.forced {
		a.Refused = nil
	}
	begun := time.Now()
	err := d.options.Sender.Send(ctx, &a)
	j.entry.Alarm.Done, j.entry.Alarm.Refused = a.Done, maskRefusals(a.Refused, d.options.Mask)
	switch {
	case err == nil:
		d.passed(j)
		return
	case d.ctx.Err() != nil && time.Since(begun) < fairTry:
		err = &DeliveryError{Problem: err.Error(), Unsent: true}
	}
	d.failed(j, err)
}

// passed records that an alarm was sent, and only then takes it out of the
// outbox. A record that the database does not take at once is still counted, by
// the entry, which is marked and stays until the record is there.
func (d *Dispatcher) passed(j *job) {
	now := d.options.Now()
	a := &j.entry.Alarm
	line := result{value: passedResult, attempts: j.entry.Attempts + 1, gathered: j.gathered}.line(a, identityOf(a, d.policy(a)), now)
	d.count(j, func(c *Counts) { c.Sent++ })
	d.goesOut(j)
	if !j.outside && d.append(a.Of(), now, line, true) == nil {
		d.remove(j)
		return
	}
	d.options.Recorder.Record(a.Of(), record.Alarm, now, line)
	if d.box != nil {
		// There may be a file even if it is outside: of a write that came late.
		name, sent := j.name, j.name.as(stateSent, time.Time{}, owner{})
		_ = boundedError(&d.guard, settleLimit, func() error { return d.box.move(name, sent) })
	}
}

// append puts a line into the database itself: the recorder may keep it in
// memory for a moment, or in the spool, where no other process can count it. To
// be shown to other hosts, the file has to be closed in the per-host layout.
func (d *Dispatcher) append(item record.Item, now time.Time, line []byte, show bool) error {
	store := d.options.Store
	return inGrace(d.ctx, &d.guard, settleLimit, func() error {
		if err := store.Append(item, record.Alarm, record.Day(now), line); err != nil || !show {
			return err
		}
		if layout, err := store.Layout(); err != nil || layout == record.LayoutPerHost {
			store.Release()
		}
		return nil
	})
}

// remove takes an alarm that is settled out of the outbox.
func (d *Dispatcher) remove(j *job) {
	if j.outside {
		return
	}
	name := j.name
	err := boundedError(&d.guard, settleLimit, func() error { return d.box.remove(name) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.warnTrouble(fmt.Sprintf("outbox: %v", err))
	}
}

// maxSentDays is how long an entry waits for its record to come out of a spool.
const maxSentDays = 3

// tidySent removes the entry of an alarm that was sent once its record is in the
// database.
func (d *Dispatcher) tidySent(j *job) {
	now := d.options.Now()
	a := j.entry.Alarm
	found, err := bounded(&d.guard, claimLimit, func() (bool, error) { return d.ledger.hasPassed(&a, now) })
	if err == nil && (found || now.Sub(j.entry.since()) > maxSentDays*24*time.Hour) {
		d.remove(j)
	}
}
