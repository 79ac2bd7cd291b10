package notify

import (
	"errors"
	"fmt"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// How long the database may take. A farm that starts a thousand jobs in one
// second makes every disk slow, and a limit does not hold over processes
// without the database, so it is waited for longer there.
const (
	placeLimit        = 2 * time.Second
	placeLimitedLimit = 8 * time.Second
	claimLimit        = 10 * time.Second
	settleLimit       = 8 * time.Second
)

// place is the goroutine that brings what was raised to the disk.
func (d *Dispatcher) place() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open()
	for len(d.intake) > 0 {
		d.placing, d.placed = &d.intake[0], false
		d.intake = d.intake[1:]
		d.size -= memory(d.placing)
		d.changed.Broadcast()
		d.mu.Unlock()
		d.placeOne(d.placing)
		d.mu.Lock()
	}
	d.placing, d.placer, d.intake = nil, false, nil
	d.changed.Broadcast()
}

// memory estimates what an alarm takes while it is not on disk.
func memory(a *Alarm) int { return len(a.Message) + len(a.Title) + 512 }

func (d *Dispatcher) placeOne(a *Alarm) {
	j := &job{entry: &entry{Alarm: *a}, wanted: true, raised: true}
	if d.options.Sender == nil {
		j.entry.Error = d.unable()
	}
	raised := *a
	a = &j.entry.Alarm
	switch admitted := d.admit(a); admitted.action {
	case ActionDrop:
		d.suppress(j, admitted.hold)
		return
	case ActionHold:
		d.rest(j, &raised, admitted.hold)
		return
	}
	policy := d.policy(a)
	if decision, certain := d.limits.known(a, policy, d.options.Now()); certain {
		d.suppress(j, holdOf(decision, policy))
		return
	}
	decision, kept := d.store(j, policy)
	if !kept {
		return
	}
	if !decision.Allow {
		d.suppress(j, holdOf(decision, policy))
		return
	}
	if d.options.Sender == nil {
		d.keepUnsendable(j)
		return
	}
	d.hand(j)
}

// hand gives a job that is on disk to the senders. Of a long queue only names
// are kept in memory, and of a very long one nothing.
func (d *Dispatcher) hand(j *job) {
	d.mu.Lock()
	waiting := d.queue.len()
	switch {
	case waiting >= maxQueue || waiting >= maxBacklog && j.spooled:
		d.mu.Unlock()
		d.giveBack(j, settleLimit)
		return
	case waiting >= maxBacklog && !j.outside:
		j.entry = nil
	}
	d.enqueue(j)
	d.mu.Unlock()
}

// errNoDatabase is why alarms go to the spool where none is known.
var errNoDatabase = errors.New("there is no database")

// store puts an alarm into the outbox or, where that is not possible, into the
// spool, under a name that keeps others from sending it while this process may.
// It returns the decision on an alarm that the database cannot decide on, and
// whether it is still this goroutine's.
func (d *Dispatcher) store(j *job, policy ratelimit.Policy) (decision ratelimit.Decision, kept bool) {
	decision.Allow = true
	err := d.storeInBox(j, policy)
	if !d.keep() {
		if err == nil && d.keptAside() {
			d.remove(j)
		}
		return decision, false
	}
	if err == nil {
		return decision, true
	}
	j.outside = true
	d.warnTrouble(fmt.Sprintf("outbox: %v; alarms are kept in the spool", err))
	if decision = d.limits.decideLocal(&j.entry.Alarm, policy, d.options.Now()); !decision.Allow {
		return decision, true
	}
	if err := d.options.Spool(d.spoolEntry(j.name, j.entry)); err != nil {
		d.warn(fmt.Sprintf("an alarm is on no disk while it is being sent: %v", err))
		return decision, true
	}
	j.spooled = true
	return decision, true
}

// keep reports whether the alarm that is placed is still this goroutine's: Drain
// may have lost patience, and left it to a later process. From then on Drain
// leaves it alone.
func (d *Dispatcher) keep() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.placed = !d.left
	return d.placed
}

// asideState says whether Drain has brought to the spool the alarm that it took from
// the goroutine that places them.
type asideState int

const (
	asideUntried asideState = iota
	asideKept
	asideLost
)

func (d *Dispatcher) settleAside(kept bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.aside = asideLost
	if kept {
		d.aside = asideKept
	}
	d.changed.Broadcast()
}

// keptAside waits for Drain: before the spool has the alarm, and where it does not
// take it, the outbox has the only one. It may rather be sent twice than be lost.
func (d *Dispatcher) keptAside() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waitWhile(func() bool { return d.aside == asideUntried }, drainGrace)
	return d.aside == asideKept
}

func (d *Dispatcher) storeInBox(j *job, policy ratelimit.Policy) error {
	state := stateHeld
	if d.options.Sender == nil {
		state = stateNew
	}
	end := d.leaseEnd(d.options.Now())
	if d.box == nil {
		j.name = nameOf(&j.entry.Alarm, policy).as(state, end, ownerOf(d.options.Self, ""))
		return errNoDatabase
	}
	j.name = nameOf(&j.entry.Alarm, policy).as(state, end, d.box.mine)
	limit := placeLimit
	if policy.Limited() {
		limit = placeLimitedLimit
	}
	box, name, copied := d.box, j.name, *j.entry
	return boundedError(&d.guard, limit, func() error { return box.write(name, &copied) })
}

// leaseEnd is when a claim made now lapses for those who cannot see whether its
// process lives.
func (d *Dispatcher) leaseEnd(now time.Time) time.Time {
	return now.Add(d.options.SendTimeout + leaseMargin)
}

// record sees that a result is on disk, or hands it to the recorder. An alarm
// that is not in the outbox need not be there before something else happens.
func (d *Dispatcher) record(j *job, r result) {
	now := d.options.Now()
	a := &j.entry.Alarm
	r.attempts = j.entry.Attempts
	line := r.line(a, identityOf(a, d.policy(a)), now)
	inBox := j.name.state != "" && !j.outside
	if !inBox || d.append(a.Of(), now, line, false) != nil {
		d.options.Recorder.Record(a.Of(), record.Alarm, now, line)
	}
}

func (d *Dispatcher) recordFailure(j *job, problem string) {
	d.record(j, result{value: failedResult, problem: problem})
	d.count(j, func(c *Counts) { c.Failed++ })
}

func (d *Dispatcher) suppress(j *job, hold Hold) {
	d.record(j, result{value: suppressedResult, hold: hold})
	d.count(j, func(c *Counts) { c.Suppressed++ })
	d.isSilent(j, hold)
}
