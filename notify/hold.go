package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/mvrun/mvrun/record"
)

// admission is what mutes, quiet hours and routes say of an alarm.
type admission struct {
	action Action
	hold   Hold
}

// admit asks whether an alarm may go out now, before any frequency is looked at,
// and fills in the way that it takes. A test is let through everything.
func (d *Dispatcher) admit(a *Alarm) admission {
	now := d.options.Now()
	free := admission{action: ActionSend}
	if d.options.Plan != nil {
		plan := d.options.Plan(a, now)
		a.Deliveries, a.Receivers = plan.Deliveries, plan.Receivers
		if plan.Frequency != "" && (a.Kind == "" || a.Kind == KindFailure) {
			a.Frequency = plan.Frequency // the other kinds have one that makes them what they are
		}
		if plan.Action == ActionHold || plan.Action == ActionDrop {
			free = admission{plan.Action, Hold{Cause: CauseQuiet, Reason: plan.Reason}}
			if plan.Action == ActionHold {
				free.hold.Next = plan.Until
			}
		}
	}
	if a.Kind == KindTest {
		return admission{action: ActionSend}
	}
	for _, mute := range d.mutes(now) {
		if !a.concerns(mute.Covers) {
			continue
		}
		hold := Hold{Cause: CauseMute, Reason: mute.String()}
		if mute.Hold {
			hold.Next, hold.mute = mute.Until, muteTag(&mute)
			return admission{ActionHold, hold}
		}
		return admission{ActionDrop, hold}
	}
	return free
}

// Drops reports whether an alarm that was raised now would be held back for good by a
// mute, quiet hours or a route: nobody would be told of it, now or later.
func (d *Dispatcher) Drops(a Alarm) bool {
	a.normalise(d.options.Now(), d.options.AlarmKey)
	return d.admit(&a).action == ActionDrop
}

// muteAge is how long what was read of mutes holds good.
const muteAge = 5 * time.Second

// mutes gives what is silenced now. What cannot be read silences nothing.
func (d *Dispatcher) mutes(now time.Time) []record.Mute {
	store := d.options.Store
	if store == nil {
		return nil
	}
	d.mu.Lock()
	known, fresh := d.muted, !d.mutedAt.IsZero() && now.Sub(d.mutedAt).Abs() < muteAge
	d.mu.Unlock()
	if fresh {
		return known
	}
	list, _ := d.readMutes(now)
	return list
}

func (d *Dispatcher) readMutes(now time.Time) ([]record.Mute, error) {
	store := d.options.Store
	list, err := bounded(&d.guard, placeLimit, func() ([]record.Mute, error) { return store.Silenced(now) })
	if err != nil && !errors.Is(err, errHangs) {
		d.warnTrouble(fmt.Sprintf("mutes: %v; nothing counts as muted", err))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.muted, d.mutedAt = list, now
	return list, err
}

// muteTag is how the name of an entry names the mute that it rests for.
func muteTag(m *record.Mute) string {
	return record.MD5(m.Pattern, fmt.Sprint(m.Since.UnixNano(), m.Until.UnixNano()))[:muteDigits]
}

// standing gives the tags of the mutes that there are; nil where none of the
// entries rests for a mute, or the mutes cannot be read.
func (d *Dispatcher) standing(names []entryName) map[string]bool {
	if !slices.ContainsFunc(names, func(name entryName) bool { return name.mute != "" }) {
		return nil
	}
	mutes, err := d.readMutes(d.options.Now())
	if err != nil {
		return nil
	}
	tags := map[string]bool{}
	for i := range mutes {
		tags[muteTag(&mutes[i])] = true
	}
	return tags
}

// unmuted reports whether an entry rests for a mute that is gone.
func (n entryName) unmuted(standing map[string]bool) bool {
	return n.mute != "" && standing != nil && !standing[n.mute]
}

// restMax is when an alarm is looked at again that is held back without an end.
const restMax = 24 * time.Hour

// rest records that an alarm is kept until its hold ends. What the outbox did not
// take goes to the spool.
func (d *Dispatcher) rest(p placement, problem error) {
	j := p.job
	if problem != nil {
		d.warnTrouble(fmt.Sprintf("outbox: %v; alarms are kept in the spool", problem))
		if err := d.options.Spool(d.spoolEntry(j.name, &entry{Alarm: p.raised, Error: j.entry.Error})); err != nil {
			d.warn(fmt.Sprintf("an alarm that is held back could be kept nowhere: %v", err))
			d.count(j, func(c *Counts) { c.Lost++ })
			d.isSilent(j, Hold{})
			return
		}
	}
	j.name = entryName{} // others may take it from now on
	d.goesOut(j)
	d.suppress(j, p.hold)
}

func (d *Dispatcher) restEnd(hold Hold) time.Time {
	latest := d.options.Now().Add(restMax)
	if hold.Next.IsZero() || hold.Next.After(latest) {
		return latest
	}
	return hold.Next.Add(time.Second - 1) // names count in seconds
}

// readmit asks mutes and routes (again) about an alarm that was kept for a while.
// One that was tried keeps its way, since parts of it may have gone out.
func (d *Dispatcher) readmit(j *job) admission {
	free := admission{action: ActionSend}
	a := &j.entry.Alarm
	rested := j.name.state == stateRest
	unplanned := len(a.Deliveries) == 0 && d.options.Plan != nil
	if a.Kind == KindDigest || !rested && !unplanned && j.name.state != stateWait {
		return free
	}
	if j.entry.Attempts > 0 || len(a.Done) > 0 {
		tried := *a
		a = &tried
	}
	admitted := d.admit(a)
	if rested && admitted.action == ActionSend {
		j.entry.Released = d.options.Now()
	}
	return admitted
}

// heldBack sees to an alarm that was kept for a while, where it may not go out
// now, and reports whether that has settled it.
func (d *Dispatcher) heldBack(j *job) bool {
	admitted := d.readmit(j)
	if admitted.action == ActionSend {
		return false
	}
	a := &j.entry.Alarm
	policy, now := d.policy(a), d.options.Now()
	to := nameOf(a, policy).as(stateRest, d.restEnd(admitted.hold), owner{})
	to.mute = admitted.hold.mute
	if admitted.action == ActionDrop {
		to = nameOf(a, policy).as(stateSend, d.leaseEnd(now), d.box.mine)
	}
	box, from := d.box, j.name
	err := boundedError(&d.guard, claimLimit, func() error { return box.move(from, to) })
	switch {
	case err != nil:
		if !errors.Is(err, fs.ErrNotExist) {
			d.warnTrouble(fmt.Sprintf("outbox: %v", err))
		}
		d.count(j, func(c *Counts) { c.Left++ })
	case admitted.action == ActionDrop:
		j.name = to
		d.suppress(j, admitted.hold)
		d.remove(j)
	}
	return true
}

// Suppress records an alarm that is held back before it is raised, as for a
// failure that is not yet to be told of.
func (d *Dispatcher) Suppress(a Alarm, hold Hold) {
	a.normalise(d.options.Now(), d.options.AlarmKey)
	d.mu.Lock()
	d.open()
	d.mu.Unlock()
	d.admit(&a) // for its receivers
	d.suppress(&job{entry: &entry{Alarm: a}}, hold)
}
