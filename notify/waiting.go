package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/mvrun/mvrun/record"
)

// Waiting is an alarm in the outbox, and in words why it is still there.
type Waiting struct {
	Alarm
	Why string
}

// WaitingOf gives the alarms of a run that stand in the outbox, oldest first. Those
// that only another user may read are left out.
func WaitingOf(store *record.Store, item record.Item, run string, zone *time.Location) ([]Waiting, error) {
	hash := itemHash(item)
	named := func(name entryName) bool { return name.item == hash }
	return waitingWhere(store, zone, named, func(a *Alarm) bool { return a.Of() == item && a.Run == run })
}

// WaitingSince gives the alarms that stand in the outbox and were raised from begin on
// and, unless that is zero, before end, oldest first. Those that only another user may
// read are left out.
func WaitingSince(store *record.Store, begin, end time.Time, zone *time.Location) ([]Waiting, error) {
	within := func(at time.Time) bool { return !at.Before(begin) && (end.IsZero() || at.Before(end)) }
	named := func(name entryName) bool {
		at, ok := raisedAt(name.id)
		return !ok || within(at)
	}
	return waitingWhere(store, zone, named, func(a *Alarm) bool { return within(a.Time) })
}

// waitingWhere reads the entries that are wanted by their names, and gives those that
// are by what stands in them.
func waitingWhere(store *record.Store, zone *time.Location, named func(entryName) bool, wanted func(*Alarm) bool) ([]Waiting, error) {
	names, err := listOutbox(store.Meta())
	problems := []error{err}
	box := &outbox{tree: store.Meta()}
	var found []Waiting
	for _, name := range names {
		if name.state == stateBad || name.state == stateSent || !named(name) {
			continue
		}
		e, err := box.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
		case err != nil:
			problems = append(problems, err)
		case wanted(&e.Alarm):
			found = append(found, Waiting{e.Alarm, name.whyWaiting(&e, zone)})
		}
	}
	return found, errors.Join(problems...)
}

func (n entryName) whyWaiting(e *entry, zone *time.Location) string {
	due := time.Unix(n.until, 0).In(zone).Format(record.TimeLayout)
	switch n.state {
	case stateHeld, stateSend:
		return "it is being sent"
	case stateWait:
		if e.Final {
			return fmt.Sprintf("it is refused for good, and only mvrun flush tries it once more: %s", e.Error)
		}
		if e.Attempts == 0 {
			return fmt.Sprintf("it is tried from %s on: %s", due, e.Error)
		}
		return fmt.Sprintf("attempt %d failed and it is tried again from %s on: %s", e.Attempts, due, e.Error)
	case stateRest:
		if n.mute != "" {
			return "it is held back by a mute, and goes when that ends"
		}
		return "it is held back until " + due
	}
	if e.Error != "" {
		return "nobody has tried to send it so far: " + e.Error
	}
	return "it is the next to be sent"
}
