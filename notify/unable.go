package notify

import (
	"fmt"
	"time"
)

// noWay is why alarms wait that a process raised whose config has no way to send.
const noWay = "no way to send is configured"

// maxUnsendable is how many alarms may be in the outbox for one more to be kept
// that there is no way to send. Where nobody ever configures one, every run still
// reads the names of them.
const maxUnsendable = 10_000

// unable says why this process cannot send.
func (d *Dispatcher) unable() string {
	if d.options.Unable != "" {
		return d.options.Unable
	}
	return noWay
}

// keepUnsendable leaves an alarm on the disk to a process that can send, and
// records that it could not be sent.
func (d *Dispatcher) keepUnsendable(j *job) {
	switch {
	case j.outside && !j.spooled:
		d.recordFailure(j, j.entry.Error)
		d.lose(j)
		return
	case j.outside || d.options.Unable != "" || d.unsendableFits():
		d.recordFailure(j, j.entry.Error)
		d.count(j, func(c *Counts) { c.Left++ })
		d.goesOut(j)
		return
	}
	d.record(j, result{value: failedResult, problem: fmt.Sprintf("given up: %s, and more than %d alarms wait for one", noWay, maxUnsendable), givenUp: true})
	d.count(j, func(c *Counts) { c.Failed++; c.GivenUp++ })
	d.isSilent(j, Hold{})
	d.remove(j)
}

// countUnsendable counts what is in the outbox before the first alarm goes there that
// there is no way to send. What other processes add later is not seen.
func (d *Dispatcher) countUnsendable() {
	if d.options.Sender != nil || d.counted || d.box == nil {
		return
	}
	names, err := bounded(&d.guard, placeLimit, func() ([]entryName, error) { return listOutbox(d.box.tree) })
	d.unsendable, d.counted = len(names), err == nil
}

// unsendableFits counts one more in the outbox, and reports whether it has room.
func (d *Dispatcher) unsendableFits() bool {
	d.unsendable++
	return d.unsendable <= maxUnsendable
}

// tooOld reports whether an entry's alarm was raised so long ago that it may be
// given up.
func (d *Dispatcher) tooOld(name entryName) bool {
	raised, ok := raisedAt(name.id)
	return ok && d.options.Now().Sub(raised) >= d.options.GiveUp
}

// giveUpUnsendable ends the time of an alarm that no process with a way to send
// has seen for so long. Others are left alone: their config may have more
// patience.
func (d *Dispatcher) giveUpUnsendable(j *job) {
	if j.name.state == stateRest {
		j.entry.Released = time.Unix(j.name.until, 0)
	}
	if j.entry.Error != noWay || j.entry.Attempts > 0 || d.options.Now().Sub(j.entry.since()) < d.options.GiveUp {
		d.giveBack(j, settleLimit)
		return
	}
	if d.take(j) {
		d.giveUp(j)
	}
}
