package notify

import (
	"errors"
	"fmt"
	"time"
)

// failed records a failed attempt and keeps the alarm for the next one. Where no
// attempt was made, as when a channel's rate is used up, it only waits.
func (d *Dispatcher) failed(j *job, err error) {
	now := d.options.Now()
	failure := failureOf(err)
	if !failure.Unsent || j.outside {
		j.entry.Attempts++
	}
	j.entry.Error, j.entry.Final = d.options.Mask(err.Error()), failure.Permanent
	switch {
	case j.outside:
	case now.Sub(j.entry.since()) >= d.options.GiveUp:
		d.giveUp(j)
		return
	case failure.Unsent && failure.Permanent: // all that is left has refused it before
		d.count(j, func(c *Counts) { c.Left++ })
		d.putToWait(j, d.options.GiveUp)
		return
	case failure.Unsent:
		d.postpone(j, failure.Wait)
		return
	}
	d.recordFailure(j, j.entry.Error)
	if j.outside {
		d.limits.failedLocal(&j.entry.Alarm, d.policy(&j.entry.Alarm))
		if !j.spooled {
			d.lose(j)
			return
		}
	}
	d.count(j, func(c *Counts) { c.Left++ })
	if !j.left {
		d.warnSending(j.entry.Error)
	}
	if j.outside {
		return
	}
	pause := max(d.backoff(j.entry.Attempts), failure.Wait)
	if failure.Permanent {
		pause = d.options.GiveUp // it is tried again when somebody asks for it
	}
	d.putToWait(j, pause)
}

// maskRefusals takes secrets out of what channels have said.
func maskRefusals(refused []Refusal, mask func(string) string) []Refusal {
	for i := range refused {
		refused[i].Problem = mask(refused[i].Problem)
	}
	return refused
}

// failureOf is what a sender says of its failure.
func failureOf(err error) *DeliveryError {
	if failure, ok := errors.AsType[*DeliveryError](err); ok {
		return failure
	}
	return &DeliveryError{}
}

// postpone leaves an alarm that could not even be tried for when it can.
func (d *Dispatcher) postpone(j *job, wait time.Duration) {
	d.count(j, func(c *Counts) { c.Left++ })
	d.putToWait(j, max(wait, minBackoff))
}

// putToWait keeps an alarm, with what is known of it now, until it is due, which
// is not later than when it is given up.
func (d *Dispatcher) putToWait(j *job, pause time.Duration) {
	now := d.options.Now()
	if last := j.entry.since().Add(d.options.GiveUp).Sub(now); pause > last {
		pause = max(last, minBackoff)
	}
	waiting := j.name.as(stateWait, now.Add(pause), owner{})
	box, name, copied := d.box, j.name, *j.entry
	err := boundedError(&d.guard, settleLimit, func() error {
		// Past its lease the claim may be another's by now, and the file with it.
		var writeErr error
		if now.Unix() < name.until {
			writeErr = box.write(name, &copied)
		}
		// On a full disk what was learned by the attempt is lost; that it was made
		// is in the name, and so is when the next one is due.
		return errors.Join(box.move(name, waiting), writeErr)
	})
	if err == nil && !j.left {
		d.later(waiting, pause)
	}
}

// giveUp records that an alarm is not tried any more, and lets it go.
func (d *Dispatcher) giveUp(j *job) {
	problem := fmt.Sprintf("given up after %d attempts in %v: %s", j.entry.Attempts,
		d.options.Now().Sub(j.entry.since()).Round(time.Minute), j.entry.Error)
	d.record(j, result{value: failedResult, problem: problem, givenUp: true})
	d.count(j, func(c *Counts) { c.Failed++; c.GivenUp++ })
	if d.options.Sender != nil {
		d.warn(fmt.Sprintf("an alarm of %s is %s", j.entry.Alarm.Of(), problem))
	}
	d.remove(j)
}
