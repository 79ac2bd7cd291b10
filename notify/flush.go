package notify

import "fmt"

// FlushPending begins to send what other processes have left in the outbox: what
// nobody has claimed, or whose process is gone, what a mute has held back that is
// gone, and what has failed and is due. Drain waits for none of it that has not
// begun. With force, for somebody who asks, it takes as well what is not yet due, and
// channels that have refused an alarm for good get it once more; Drain waits for all
// of it then. It returns the number of alarms found.
func (d *Dispatcher) FlushPending(force bool) (int, error) { return d.flushPending(force, force) }

// FlushDue is FlushPending without force, but Drain waits for what it begins with.
func (d *Dispatcher) FlushDue() (int, error) { return d.flushPending(false, true) }

func (d *Dispatcher) flushPending(force, wanted bool) (int, error) {
	if d.options.Store == nil {
		return 0, nil
	}
	tree := d.options.Store.Meta()
	names, err := bounded(&d.guard, placeLimit, func() ([]entryName, error) { return listOutbox(tree) })
	if err != nil {
		return 0, fmt.Errorf("list the outbox: %w", err)
	}
	if len(names) == 0 {
		return 0, nil
	}
	standing := d.standing(names)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open()
	found := 0
	for _, name := range names {
		if !d.box.open(name, force) && !name.unmuted(standing) {
			continue
		}
		if name.state != stateSent {
			found++
		}
		switch {
		case d.options.Sender != nil || d.options.Unable == "" && name.state != stateSent && d.tooOld(name):
			d.enqueue(&job{name: name, left: true, wanted: wanted, forced: force})
		case name.state != stateSent:
			d.report.Pending.Left++
		}
	}
	return found, nil
}
