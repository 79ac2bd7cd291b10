package notify

import (
	"time"
)

// Settle waits until everything that was raised was sent, held back or left, at
// most this long, and counts it so far. Sending goes on meanwhile and afterwards.
func (d *Dispatcher) Settle(wait time.Duration) Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waitWhile(d.busy, wait)
	return d.report
}

// Placed waits until everything that was raised is on a disk, at most this long,
// and reports whether it is.
func (d *Dispatcher) Placed(wait time.Duration) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waitWhile(d.unplaced, wait)
	return !d.unplaced()
}

// busy reports whether anything is under way.
func (d *Dispatcher) busy() bool { return d.unplaced() || d.workers > 0 || d.queue.len() > 0 }

// unplaced reports whether there are alarms that are on no disk.
func (d *Dispatcher) unplaced() bool { return len(d.intake) > 0 || d.placing != nil }

func (d *Dispatcher) waitWhile(condition func() bool, wait time.Duration) {
	deadline := time.Now().Add(wait)
	for condition() && d.waitUntil(deadline) {
		continue
	}
}
