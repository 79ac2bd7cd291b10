package notify

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// How long the database may take. A farm that starts a thousand jobs in one
// second makes every disk slow, and a limit does not hold over processes
// without the database, so it is waited for longer there.
const (
	placeLimit        = 2 * time.Second
	placeLimitedLimit = 8 * time.Second
	claimLimit        = 10 * time.Second
	settleLimit       = 8 * time.Second
)

// maxBatch is how many alarms are brought to the disk at once.
const maxBatch = 16

// place is the goroutine that brings what was raised to the disk.
func (d *Dispatcher) place() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open()
	for len(d.intake) > 0 {
		batch := slices.Clone(d.intake[:min(len(d.intake), maxBatch)])
		clear(d.intake[:len(batch)])
		d.intake = d.intake[len(batch):]
		d.placing = batch
		// The job is not to wait for a disk that is slower than it raises alarms.
		behind := d.waited >= maxBoxWaits && d.size > maxIntake/2
		d.mu.Unlock()
		d.placeBatch(batch, behind)
		d.mu.Lock()
		for i := range batch {
			d.size -= memory(&batch[i])
		}
		d.changed.Broadcast()
	}
	d.placing, d.placer, d.intake = nil, false, nil
	d.changed.Broadcast()
}

// memory estimates what an alarm takes while it is not on disk.
func memory(a *Alarm) int { return len(a.Message) + len(a.Title) + 512 }

// placement is an alarm on its way to the disk.
type placement struct {
	job    *job
	raised Alarm // as it was; the job's has its way filled in
	policy ratelimit.Policy
	action Action
	hold   Hold // why it is held back, or rests
}

// placeBatch sees alarms to the disk, and those that may be sent to the senders.
// What is held back for good is recorded, and is no entry of the outbox.
func (d *Dispatcher) placeBatch(batch []Alarm, behind bool) {
	var dropped, kept []placement
	var unplaced []Alarm
	for i := range batch {
		p := d.decide(&batch[i])
		if p.action == ActionDrop {
			dropped = append(dropped, p)
			continue
		}
		kept = append(kept, p)
		unplaced = append(unplaced, batch[i])
	}
	if !d.settled(unplaced) {
		return
	}
	for _, p := range dropped {
		d.holdBack(p.job, p.hold)
	}
	if len(kept) == 0 {
		return
	}
	d.countUnsendable()
	problems, ours := d.store(kept, behind)
	if !ours {
		return
	}
	var refused []Alarm
	for i, p := range kept {
		if problems[i] == nil {
			d.handOver(p, nil)
		} else {
			refused = append(refused, p.raised)
		}
	}
	for i, p := range kept {
		if problems[i] == nil {
			continue
		}
		if refused = refused[1:]; !d.settled(refused) { // the spool may hang, too
			return
		}
		d.handOver(p, problems[i])
	}
}

// decide says what is certain of an alarm before it is on disk.
func (d *Dispatcher) decide(raised *Alarm) placement {
	p := placement{job: &job{entry: &entry{Alarm: *raised}, wanted: true, raised: true}, raised: *raised, action: ActionSend}
	if d.options.Sender == nil {
		p.job.entry.Error = d.unable()
	}
	a := &p.job.entry.Alarm
	admitted := d.admit(a)
	p.policy = d.policy(a)
	if admitted.action != ActionSend {
		p.action, p.hold = admitted.action, admitted.hold
		return p
	}
	if decision, certain := d.limits.known(a, p.policy, d.options.Now()); certain {
		p.action, p.hold = ActionDrop, holdOf(decision, p.policy)
	} else if d.inBurst(a, p.policy) {
		p.action, p.hold = ActionDrop, burstHold(d.options.Burst)
	}
	return p
}

// inBurst reports whether it is certain that so many alarms of the item were just
// sent that this one is left to a digest. What has a frequency is decided on by that
// first.
func (d *Dispatcher) inBurst(a *Alarm, policy ratelimit.Policy) bool {
	return d.options.Sender != nil && d.options.Burst > 0 && !policy.Limited() && d.limits.inBurst(a.Of(), d.options.Now())
}

// holdBack records that an alarm is not sent, but told of by a digest at most.
func (d *Dispatcher) holdBack(j *job, hold Hold) {
	if hold.Cause == CauseBurst {
		hold.Digest = d.gather(&j.entry.Alarm)
		d.goesOut(j)
	}
	d.suppress(j, hold)
}

// store brings alarms to the outbox, and returns why not, for each. It reports
// false where they are Drain's by now.
func (d *Dispatcher) store(kept []placement, behind bool) (problems []error, ours bool) {
	files, limit := d.files(kept)
	problems = sameErrors(errBehind, len(files))
	if !behind {
		problems = d.write(files, limit)
	}
	var refused []Alarm
	for i, p := range kept {
		if problems[i] != nil {
			refused = append(refused, p.raised)
		}
	}
	if d.settled(refused) {
		return problems, true
	}
	if slices.Contains(problems, nil) && d.keptAside() {
		for i, p := range kept {
			if problems[i] == nil {
				d.remove(p.job)
			}
		}
	}
	return problems, false
}

// files gives alarms the names of their entries, which keep others from sending
// them while this process may, and says how long the outbox may take for them.
func (d *Dispatcher) files(placements []placement) (files []outboxFile, limit time.Duration) {
	files, limit = make([]outboxFile, len(placements)), placeLimit
	for i, p := range placements {
		e := *p.job.entry
		if p.action == ActionHold {
			// Its way is decided on when it goes, perhaps by routes of another hour.
			e = entry{Alarm: p.raised, Error: e.Error}
			p.job.name = nameOf(&p.job.entry.Alarm, p.policy).as(stateRest, d.restEnd(p.hold), owner{})
			p.job.name.mute = p.hold.mute
		} else {
			p.job.name = d.ownName(p.job, p.policy)
		}
		if p.policy.Limited() {
			limit = placeLimitedLimit
		}
		files[i] = outboxFile{p.job.name, e}
	}
	return files, limit
}

// handOver passes an alarm on, whether or not the outbox has taken it.
func (d *Dispatcher) handOver(p placement, problem error) {
	switch {
	case p.action == ActionHold:
		d.rest(p, problem)
	case errors.Is(problem, errBehind):
		d.goesOut(p.job) // later, by another process
		d.setAside(p.raised)
	case problem != nil && !d.keepOutside(p, problem):
	case d.options.Sender == nil:
		d.keepUnsendable(p.job)
	default:
		d.hand(p.job)
	}
}

// keepOutside puts into the spool what the outbox has not taken, and reports
// whether it may be sent: a limit holds within this process only.
func (d *Dispatcher) keepOutside(p placement, problem error) bool {
	j := p.job
	j.outside = true
	d.warnTrouble(fmt.Sprintf("outbox: %v; alarms are kept in the spool", problem))
	if decision := d.limits.decideLocal(&j.entry.Alarm, p.policy, d.options.Now()); !decision.Allow {
		d.suppress(j, holdOf(decision, p.policy))
		return false
	}
	err := d.options.Spool(d.spoolEntry(j.name, j.entry))
	if err != nil {
		d.warn(fmt.Sprintf("an alarm is on no disk while it is being sent: %v", err))
	}
	j.spooled = err == nil
	return true
}

// hand gives a job that is on disk to the senders. Of a long queue only names
// are kept in memory, and of a very long one nothing.
func (d *Dispatcher) hand(j *job) {
	d.mu.Lock()
	waiting := d.queue.len()
	switch {
	case waiting >= maxQueue || waiting >= maxBacklog && j.spooled:
		d.mu.Unlock()
		d.giveBack(j, settleLimit)
		return
	case waiting >= maxBacklog && !j.outside:
		j.entry = nil
	}
	d.enqueue(j)
	d.mu.Unlock()
}

// errNoDatabase is why alarms go to the spool where none is known.
var errNoDatabase = errors.New("there is no database")

// errBehind is why alarms go to the spool where the outbox takes them more slowly
// than they are raised.
var errBehind = errors.New("more alarms are raised than it takes")

func sameErrors(err error, n int) []error {
	list := make([]error, n)
	for i := range list {
		list[i] = err
	}
	return list
}

// settled takes alarms that are on a disk, or need not be, out of Drain's reach, and
// leaves it the others. It reports false where Drain has lost patience, and has left
// all of them to a later process.
func (d *Dispatcher) settled(others []Alarm) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left {
		return false
	}
	d.placing = append([]Alarm{}, others...)
	return true
}

// asideState says whether Drain has brought to the spool the alarms that it took from
// the goroutine that places them.
type asideState int

const (
	asideUntried asideState = iota
	asideKept
	asideLost
)

func (d *Dispatcher) settleAside(kept bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.aside = asideLost
	if kept {
		d.aside = asideKept
	}
	d.changed.Broadcast()
}

// keptAside waits for Drain: before the spool has the alarms, and where it does not
// take all, the outbox has the only ones. They may rather be sent twice than be lost.
func (d *Dispatcher) keptAside() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waitWhile(func() bool { return d.aside == asideUntried }, drainGrace)
	return d.aside == asideKept
}

// ownName is the name of an alarm that this process means to send, if it can.
func (d *Dispatcher) ownName(j *job, policy ratelimit.Policy) entryName {
	state, mine := stateHeld, ownerOf(d.options.Self, "")
	if d.options.Sender == nil {
		state = stateNew
	}
	if d.box != nil {
		mine = d.box.mine
	}
	return nameOf(&j.entry.Alarm, policy).as(state, d.leaseEnd(d.options.Now()), mine)
}

// write brings entries to the outbox.
func (d *Dispatcher) write(files []outboxFile, limit time.Duration) []error {
	box := d.box
	if box == nil {
		return sameErrors(errNoDatabase, len(files))
	}
	problems, err := bounded(&d.guard, limit, func() ([]error, error) { return box.writeAll(files), nil })
	if err != nil {
		return sameErrors(err, len(files))
	}
	return problems
}

// leaseEnd is when a claim made now lapses for those who cannot see whether its
// process lives.
func (d *Dispatcher) leaseEnd(now time.Time) time.Time {
	return now.Add(d.options.SendTimeout + leaseMargin)
}

// record sees that a result is on disk, or hands it to the recorder. An alarm
// that is not in the outbox need not be there before something else happens.
func (d *Dispatcher) record(j *job, r result) {
	now := d.options.Now()
	a := &j.entry.Alarm
	r.attempts = j.entry.Attempts
	line := r.line(a, identityOf(a, d.policy(a)), now)
	inBox := j.name.state != "" && !j.outside
	if !inBox || d.append(a.Of(), now, line, false) != nil {
		d.options.Recorder.Record(a.Of(), record.Alarm, now, line)
	}
}

func (d *Dispatcher) recordFailure(j *job, problem string) {
	d.record(j, result{value: failedResult, problem: problem, final: j.entry.Final})
	d.count(j, func(c *Counts) { c.Failed++ })
}

func (d *Dispatcher) suppress(j *job, hold Hold) {
	d.record(j, result{value: suppressedResult, hold: hold})
	d.count(j, func(c *Counts) { c.Suppressed++ })
	d.isSilent(j, hold)
}
