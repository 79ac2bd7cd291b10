package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/mvrun/mvrun/record"
)

// A notice that an item is well again is the last word about it: it goes after the
// alarms that tell of the trouble, and not where there is new trouble.

// follower finds what a notice has to follow. It shares nothing that changes with
// the dispatcher, which may give it up.
type follower struct {
	box    *outbox
	store  *record.Store
	name   entryName // of the notice
	notice Alarm
}

// precedence is what stands before a notice.
type precedence struct {
	older []entryName // alarms about the same that are still to be sent, oldest first
	ours  bool        // one of them is the notice's own run's, which has just tried
	again time.Time   // since when the item fails again; zero where it does not
}

// maxOlder bounds the entries that are looked into. Where there are more, the
// notice waits for these.
const maxOlder = 64

func (f follower) look() (before precedence, err error) {
	names, err := listOutbox(f.box.tree)
	if err != nil {
		return before, err
	}
	for _, name := range names {
		if name.item != f.name.item || name.id >= f.name.id || name.state == stateBad || name.state == stateSent {
			continue
		}
		e, err := f.box.read(name)
		if err != nil || !f.follows(&e.Alarm) {
			continue // sent meanwhile, another user's, or of another matter
		}
		before.older = append(before.older, name)
		before.ours = before.ours || e.Alarm.Run == f.notice.Run
		if len(before.older) >= maxOlder {
			break
		}
	}
	if f.notice.About != nil {
		return before, nil
	}
	mark, err := f.store.Failing(f.notice.Of())
	if err == nil && mark != nil && mark.Since.After(f.notice.Time) {
		before.again = mark.Since
	}
	return before, err
}

// follows reports whether the notice is the last word after this alarm.
func (f follower) follows(a *Alarm) bool {
	switch {
	case a.Of() != f.notice.Of(), a.Kind == KindRecovery, a.Kind == KindTest:
		return false
	case a.Kind == KindDigest && a.Run == f.notice.Run: // it goes at the end of the run
		return false
	}
	mine, other := f.notice.About, a.About
	return mine == other || mine != nil && other != nil && *mine == *other
}

// mayFollow reports whether a notice may go now. If not, it has seen to it that it
// goes after what is still to be sent, which is tried at once, or not at all.
func (d *Dispatcher) mayFollow(j *job) bool {
	if j.outside {
		return true
	}
	f := follower{d.box, d.options.Store, j.name, j.entry.Alarm}
	before, err := bounded(&d.guard, claimLimit, f.look)
	switch {
	case err != nil: // rather out of order than not at all
		return true
	case !before.again.IsZero():
		d.outdated(j, before.again)
		return false
	case len(before.older) == 0:
		return true
	case !j.followed && !before.ours && d.hurry(j, before.older):
		return false
	}
	d.postponeBehind(j, before.older)
	return false
}

// hurry has the senders try what a notice follows, and then the notice again. It
// reports false where nothing of it can be tried now.
func (d *Dispatcher) hurry(j *job, older []entryName) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draining && !j.wanted {
		return false
	}
	for _, name := range older {
		if d.box.open(name, true) {
			d.enqueue(&job{name: name, left: true, wanted: j.wanted})
			j.followed = true
		}
	}
	if j.followed {
		d.enqueue(j)
	}
	return j.followed
}

// postponeBehind leaves a notice until the last of what it follows is due.
func (d *Dispatcher) postponeBehind(j *job, older []entryName) {
	wait := minBackoff
	for _, name := range older {
		if name.state == stateWait || name.state == stateRest {
			wait = max(wait, time.Unix(name.until, 0).Sub(d.options.Now()))
		}
	}
	if d.take(j) {
		j.entry.Error = "an older alarm of the item is still to be sent"
		d.postpone(j, min(wait, lastBackoff))
	}
}

// outdated holds a notice back for good that new trouble has overtaken.
func (d *Dispatcher) outdated(j *job, again time.Time) {
	if !d.take(j) {
		return
	}
	d.suppress(j, Hold{Cause: CauseOutdated, Reason: "outdated: the item fails again since " + again.In(d.options.Now().Location()).Format(record.TimeLayout)})
	d.remove(j)
}

// take makes an entry this process's where that needs no decision. It reports false
// where another one has it.
func (d *Dispatcher) take(j *job) bool {
	from, to := j.name, j.name.as(stateSend, d.leaseEnd(d.options.Now()), d.box.mine)
	err := boundedError(&d.guard, claimLimit, func() error { return d.box.move(from, to) })
	if err == nil {
		j.name = to
		return true
	}
	if !errors.Is(err, fs.ErrNotExist) {
		d.warnTrouble(fmt.Sprintf("outbox: %v", err))
	}
	d.count(j, func(c *Counts) { c.Left++ })
	return false
}
