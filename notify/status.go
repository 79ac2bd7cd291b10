package notify

import (
	"time"

	"github.com/mvrun/mvrun/record"
)

// OutboxStatus is what waits in an outbox.
type OutboxStatus struct {
	Waiting int // not sent yet, or failed and to be tried again
	Resting int // held back by mutes and quiet hours, and digests that wait for their minute
	Sending int // in the hands of a process that lives, or may live elsewhere
	Bad     int // cannot be read
	Oldest  time.Time
	// Stuck counts those of Waiting that are older than StuckAfter.
	Stuck int
}

// StuckAfter is the age from which an alarm that waits is one that somebody
// should look after.
const StuckAfter = time.Hour

// Waits reports whether there is anything at all in the outbox of a database.
func Waits(store *record.Store) (bool, error) {
	names, err := listOutbox(store.Meta())
	return len(names) > 0, err
}

// Outbox looks at the outbox of a database. It reads names only.
func Outbox(store *record.Store, now time.Time) (OutboxStatus, error) {
	var status OutboxStatus
	names, err := listOutbox(store.Meta())
	for _, name := range names {
		switch name.state {
		case stateRest:
			status.Resting++
			continue
		case stateHeld, stateSend:
			status.Sending++
			continue
		case stateBad:
			status.Bad++
			continue
		case stateSent:
			continue
		}
		status.Waiting++
		raised, ok := raisedAt(name.id)
		if !ok {
			continue
		}
		if status.Oldest.IsZero() || raised.Before(status.Oldest) {
			status.Oldest = raised
		}
		if now.Sub(raised) > StuckAfter {
			status.Stuck++
		}
	}
	return status, err
}
