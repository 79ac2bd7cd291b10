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
	if failure.Unsent && !j.outside {
		d.postpone(j, failure.Wait)
		return
	}
	j.entry.Attempts++
	j.entry.Error = d.options.Mask(err.Error())
	if !j.outside && now.Sub(j.entry.Alarm.Time) >= d.options.GiveUp {
		d.giveUp(j)
		return
	}
	d.recordFailure(j, j.entry.Error)
	d.count(j, func(c *Counts) { c.Left++ })
	if j.outside {
		d.limits.failedLocal(&j.entry.Alarm, d.policy(&j.entry.Alarm))
		if !j.spooled {
			d.count(j, func(c *Counts) { c.Left--; c.Lost++ })
			d.warn("an alarm is lost: it could neither be sent nor kept")
			return
		}
	}
	if !j.left {
		d.warnSending(j.entry.Error)
	}
	if j.outside {
		return
	}
	pause := max(backoff(j.entry.Attempts), failure.Wait)
	if failure.Permanent {
		pause = d.options.GiveUp // it is tried again when somebody asks for it
	}
	d.putToWait(j, pause)
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
	if last := j.entry.Alarm.Time.Add(d.options.GiveUp).Sub(now); pause > last {
		pause = max(last, minBackoff)
	}
	waiting := j.name.as(stateWait, now.Add(pause), owner{})
	box, name, copied := d.box, j.name, *j.entry
	err := boundedError(&d.guard, settleLimit, func() error {
		// Past its lease the claim may be another's by now, and the file with it.
		if now.Unix() < name.until {
			if err := box.write(name, &copied); err != nil {
				return err
			}
		}
		return box.move(name, waiting)
	})
	if err == nil && !j.left {
		d.later(waiting, pause)
	}
}

// giveUp records that an alarm is not tried any more, and lets it go.
func (d *Dispatcher) giveUp(j *job) {
	problem := fmt.Sprintf("given up after %d attempts in %v: %s", j.entry.Attempts,
		d.options.Now().Sub(j.entry.Alarm.Time).Round(time.Minute), j.entry.Error)
	d.record(j, result{value: failedResult, problem: problem, givenUp: true})
	d.count(j, func(c *Counts) { c.Failed++; c.GivenUp++ })
	d.warn(fmt.Sprintf("an alarm of %s is %s", j.entry.Alarm.Of(), problem))
	d.remove(j)
}
