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
	names, err := listOutbox(store.Meta())
	problems := []error{err}
	box := &outbox{tree: store.Meta()}
	var found []Waiting
	for _, name := range names {
		if name.item != itemHash(item) || name.state == stateBad || name.state == stateSent {
			continue
		}
		e, err := box.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
		case err != nil:
			problems = append(problems, err)
		case e.Alarm.Of() == item && e.Alarm.Run == run:
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
