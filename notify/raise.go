package notify

import (
	"fmt"
	"time"

	"github.com/mvrun/mvrun/record"
)

// Bounds of what was raised and is on no disk. A job that raises alarms waits for
// room there: at first for the outbox, which brings each alarm to the disk itself,
// and then for the spool, which takes its place and does not.
const (
	maxIntake   = 256 << 10 // bytes
	maxBoxWaits = time.Second
)

// Raise takes an alarm over and returns its id. It returns at once, unless more
// alarms are raised than the disks take: then all calls together wait no longer than
// the Budget lets them, and an alarm that finds no room after that is lost, and
// counted. What is raised after Drain goes to the spool.
func (d *Dispatcher) Raise(a Alarm) string {
	named := a.ID != ""
	a.normalise(d.options.Now(), d.options.AlarmKey)
	size := memory(&a)
	d.mu.Lock()
	defer d.mu.Unlock()
	if !named {
		a.ID = d.nextID(a.Time)
	}
	full := func() bool { return d.size+size > maxIntake && d.size > 0 }
	for full() && !d.left && d.options.Budget.Left() > 0 {
		began := time.Now()
		d.waitUntil(began.Add(d.options.Budget.Left()))
		d.waited += time.Since(began)
		d.options.Budget.Spend(time.Since(began))
	}
	switch {
	case d.left:
		d.fate.told = true // later, by another process
		d.mu.Unlock()
		d.setAside(a)
		d.mu.Lock()
		return a.ID
	case full():
		d.fate.raised++
		d.fate.silent++
		d.report.Own.Lost++
		d.warnLocked("more alarms are raised than the disks take; some are lost")
		return a.ID
	}
	d.intake = append(d.intake, a)
	d.fate.raised++
	d.size += size
	if !d.placer {
		d.placer = true
		go d.place()
	}
	return a.ID
}

// nextID makes an id that sorts behind those of the alarms that were raised before:
// what a job prints at once has one time, and is to be sent in its order also by a
// process that knows no more of it than the ids. The caller holds d.mu.
func (d *Dispatcher) nextID(raised time.Time) string {
	if behind := d.lastID.Sub(raised); behind >= 0 && behind < time.Second { // else the clock was set
		raised = d.lastID.Add(time.Nanosecond)
	}
	d.lastID = raised
	return NewID(raised)
}

// waitUntil waits for any change and reports whether the deadline is still to
// come.
func (d *Dispatcher) waitUntil(deadline time.Time) bool {
	left := time.Until(deadline)
	if left <= 0 {
		return false
	}
	timer := time.AfterFunc(left, func() {
		d.mu.Lock()
		d.changed.Broadcast()
		d.mu.Unlock()
	})
	d.changed.Wait()
	timer.Stop()
	return time.Now().Before(deadline)
}

// setAllAside reports whether all of them are on a disk.
func (d *Dispatcher) setAllAside(alarms []Alarm) bool {
	kept := true
	for _, a := range alarms {
		kept = d.setAside(a) && kept
	}
	return kept
}

// setAside leaves an alarm to a later process without trying to send it, and reports
// whether it is on a disk.
func (d *Dispatcher) setAside(a Alarm) bool {
	name := nameOf(&a, d.policy(&a)).as(stateNew, time.Time{}, owner{})
	err := d.options.Spool(d.spoolEntry(name, &entry{Alarm: a}))
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		d.report.Own.Left++
		return true
	}
	d.report.Own.Lost++
	d.warnLocked(fmt.Sprintf("an alarm could be kept nowhere: %v", err))
	return false
}

// spoolEntry is a file of the outbox in the form that the spool takes.
func (d *Dispatcher) spoolEntry(name entryName, e *entry) record.Entry {
	spooled := record.Entry{Item: e.Alarm.Of(), File: []string{outboxFolder, name.String()}}
	if d.options.Store != nil {
		spooled.DB = d.options.Store.Path()
	}
	if data, err := e.encode(); err == nil {
		spooled.Line = string(data)
	}
	return spooled
}
