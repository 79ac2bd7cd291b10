package notify

import (
	"fmt"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// collector finds out what a digest has to tell and when. It shares nothing that
// changes with the dispatcher, which may give it up.
type collector struct {
	box    *outbox
	ledger *ledger
	entry  entry
	name   entryName
	known  bool // what this very digest tells of is in this process's memory
	lease  time.Time
	now    time.Time
}

// gathered is what a collector has found.
type gathered struct {
	name     entryName // of the digest as it is now
	later    bool      // it was left for a later process
	absorbed []string  // ids of digests that it speaks for as well
	count    int       // of alarms, beside those in memory
	lines    []string
}

// collect decides under the item's side lock, so that two processes do not send
// a digest each. Like an alarm, a digest is claimed before anything is counted.
func (c collector) collect() (gathered, error) {
	unlock, err := c.ledger.store.Lock(c.entry.Alarm.Direction, c.entry.Alarm.Item)
	if err == nil {
		defer unlock()
	}
	claimed := c.name.as(stateSend, c.lease, c.box.mine)
	if err := c.box.move(c.name, claimed); err != nil {
		return gathered{}, err
	}
	found := gathered{name: claimed, absorbed: c.entry.Absorbed}
	due, err := c.due(claimed)
	if err == nil && due.After(c.now) {
		found.later = true
		found.name = claimed.as(stateRest, due.Add(time.Second-1), owner{})
		return found, c.box.move(claimed, found.name)
	}
	if err == nil {
		err = c.absorb(&found)
	}
	if err == nil {
		err = c.read(&found)
	}
	return found, err
}

// due is when the digest may go: a minute after the last one that was sent to
// the same people.
func (c collector) due(claimed entryName) (time.Time, error) {
	once, err := ratelimit.Parse(fmt.Sprintf("once per %v", burstSpan))
	if err != nil {
		return time.Time{}, err
	}
	flying, err := c.box.inFlight(claimed)
	if err != nil {
		return time.Time{}, err
	}
	a := &c.entry.Alarm
	last, err := c.ledger.passed(a, identityOf(a, ratelimit.Policy{}), once, c.now)
	if err != nil || last.ids[fingerprintOf(a.ID)] {
		return time.Time{}, err
	}
	return once.Decide(last.history(len(flying.alike)), c.now).Next, nil
}

// absorb takes over the digests that other processes have left for the same
// people. What it speaks for is on disk before their files go.
func (c collector) absorb(found *gathered) error {
	names, err := listOutbox(c.box.tree)
	if err != nil {
		return err
	}
	var taken []entryName
	for _, name := range names {
		if name.id == c.name.id || !name.alike(c.name) || name.state != stateRest && !c.box.open(name, true) {
			continue
		}
		mine := name.as(stateHeld, c.lease, c.box.mine)
		e, err := c.box.read(name)
		if err == nil && c.box.move(name, mine) == nil {
			taken = append(taken, mine)
			found.absorbed = append(append(found.absorbed, name.id), e.Absorbed...)
		}
	}
	if len(taken) == 0 {
		return nil
	}
	e := c.entry
	e.Absorbed = found.absorbed
	if err := c.box.write(found.name, &e); err != nil {
		return err
	}
	for _, name := range taken {
		_ = c.box.remove(name)
	}
	return nil
}

// read finds the records of the alarms that the digests tell of. They are looked
// for as far back as an alarm may wait.
func (c collector) read(found *gathered) error {
	ids := map[string]bool{}
	for _, id := range found.absorbed {
		ids[id] = true
	}
	if !c.known {
		ids[c.entry.Alarm.ID] = true
	}
	if len(ids) == 0 {
		return nil
	}
	first := c.entry.Alarm
	for id := range ids {
		if raised, ok := raisedAt(id); ok && raised.Before(first.Time) {
			first.Time = raised
		}
	}
	for day := range daysOf(&first, c.now) {
		err := c.ledger.store.EachLine(first.Of(), record.Alarm, day, func(line []byte) {
			if !ids[string(field(line, heldField))] {
				return
			}
			found.count++
			if len(found.lines) < maxDigestLines {
				found.lines = append(found.lines, lineOfRecord(line))
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
