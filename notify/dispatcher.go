package notify

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// Recorder takes a finished line of a day file and sees that it is not lost,
// whatever the database does. It is called concurrently.
type Recorder interface {
	Record(item record.Item, kind record.Kind, t time.Time, line []byte)
}

// Options are the settings of a Dispatcher.
type Options struct {
	Store    *record.Store // nil: there is none; alarms wait in the spool
	Recorder Recorder      // required
	Spool    func(record.Entry) error
	Sender   Sender // nil: there is no way to send; alarms wait in the outbox, recorded as FAILED

	// Receivers says who is to be told of an item, for alarms that a process has
	// left which could not read the config. It may read the database. nil means
	// nobody.
	Receivers func(record.Item) []string

	// Plan decides the way of an alarm: receivers, channels, frequency, or that it
	// is not sent now. nil means that it goes as it is. It must not wait.
	Plan func(a *Alarm, now time.Time) Plan
	// AlarmKey says which alarms are the same that have no key of their own.
	AlarmKey AlarmKey
	// Burst is how many alarms of an item are sent a minute before the rest is
	// gathered in a digest; 0 means any number.
	Burst int
	// GiveUp is how old an alarm may be that cannot be sent; 0 means 3 days.
	GiveUp time.Duration

	// Unable says why there is no Sender although one is wanted, such as a
	// fault in the config. "" means that none is configured: there may never be
	// one, and what waits for it is given up, and bounded, without a warning.
	Unable string

	SendTimeout time.Duration       // of one attempt; 0 means 30 s
	Mask        func(string) string // takes secrets out of what a sender says; nil for none
	Warn        func(string)        // is told, once each, what an operator should know; nil for nobody
	WarnTrouble func(string)        // is told, once each, what is wrong with the database; nil means Warn
	Starved     func() bool         // see record.AwaitFairly; nil means never
	Now         func() time.Time    // nil means time.Now
	Self        record.Process      // zero means record.Self()
}

// Dispatcher sends the alarms of one process, beside its job.
//
// An alarm becomes a file of the outbox before anything else happens with it. It
// is held by this process until a sender is free. Then it is decided whether it
// may be sent, and the file is claimed for sending by a rename; for a limited
// frequency both happen under the item's side lock. After the attempt the result
// is recorded, and only after that the file is removed; after a failure it waits
// to be tried again. A process that dies leaves its files to the next one that
// calls FlushPending. So an alarm is sent once; twice where a process died
// between sending and recording; never not at all.
//
// Limits are exact over all processes of all hosts, since the decision counts,
// under the lock, what is recorded as sent and what is claimed for sending; each
// alarm is in at least one of both from the decision on.
//
// Where the database does not take the file, the spool does, the alarm is sent
// all the same, and a limit holds within this process only.
//
// All methods may be called concurrently, and none but Drain waits for long.
type Dispatcher struct {
	options Options
	box     *outbox
	ledger  *ledger
	guard   guard

	ctx      context.Context // of all attempts
	cancel   context.CancelFunc
	deciding sync.Mutex // one at a time needs the side lock

	mu       sync.Mutex
	changed  *sync.Cond
	intake   []Alarm // not on disk yet
	size     int     // bytes of intake
	placer   bool    // its goroutine runs
	placing  *Alarm  // from intake, on its way to a disk
	placed   bool    // and past the point where Drain could leave it to others
	queue    queue
	workers  int
	draining bool
	left     bool // Drain has left to others what was not placed
	aside    asideState
	timers   map[*time.Timer]struct{}
	report   Report
	limits   limits
	warned   map[string]bool
	digests  map[string]*digest     // still gathering, by item and receivers
	closers  map[string]*time.Timer // end that
	muted    []record.Mute
	mutedAt  time.Time // when they were read

	fate       fate
	unsendable int // entries of the outbox, once one was kept that there is no way to send
}

// Report counts what became of the alarms of this process, and of those that
// other processes had left.
type Report struct{ Own, Pending Counts }

// Counts are numbers of alarms, but for Failed, which counts attempts.
type Counts struct {
	Sent       int
	Failed     int
	Suppressed int
	Left       int // wait in the outbox or in the spool
	GivenUp    int // were too old to be tried again
	Lost       int // could be kept nowhere
}

const (
	maxSenders    = 1                      // so that alarms arrive in the order in which they were raised
	maxIntake     = 1 << 20                // bytes of alarms that are not on disk
	maxRaiseWait  = 200 * time.Millisecond // for room there
	maxBacklog    = 256                    // alarms held in memory that are on disk
	maxQueue      = 4096                   // alarms that this process means to send
	defaultLimit  = 30 * time.Second       // of one attempt
	leaseMargin   = 2 * time.Minute        // of a claim, beyond the longest attempt
	drainGrace    = 300 * time.Millisecond // for attempts that were stopped to be recorded
	fairTry       = time.Second            // an attempt that is stopped earlier speaks against nobody
	maxWarned     = 100                    // problems that are told
	decisionTries = 5                      // while the side lock is busy
	defaultGiveUp = 3 * 24 * time.Hour     // for an alarm that cannot be sent
)

// New makes a Dispatcher. It reads nothing and starts nothing before the first
// alarm.
func New(o Options) *Dispatcher {
	if o.SendTimeout <= 0 {
		o.SendTimeout = defaultLimit
	}
	if o.GiveUp <= 0 {
		o.GiveUp = defaultGiveUp
	}
	if o.Mask == nil {
		o.Mask = func(text string) string { return text }
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	if o.WarnTrouble == nil {
		o.WarnTrouble = o.Warn
	}
	if o.Spool == nil {
		o.Spool = func(record.Entry) error { return fmt.Errorf("there is no spool") }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Dispatcher{
		options: o, timers: map[*time.Timer]struct{}{}, warned: map[string]bool{},
		digests: map[string]*digest{}, closers: map[string]*time.Timer{},
	}
	d.changed = sync.NewCond(&d.mu)
	d.guard.starved = o.Starved
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// open prepares the outbox; reading what tells this process from others is left
// until there is an alarm.
func (d *Dispatcher) open() {
	if d.options.Self == (record.Process{}) {
		d.options.Self = record.Self()
	}
	if d.options.Store != nil && d.box == nil {
		d.box = newOutbox(d.options.Store, d.options.Self, d.options.Now)
		d.ledger = newLedger(d.options.Store)
	}
}

// Raise takes an alarm over and returns its id. It returns at once, or after
// 200 ms if more alarms are raised than any disk takes; the alarm goes to the
// spool then, as it does after Drain.
func (d *Dispatcher) Raise(a Alarm) string {
	a.normalise(d.options.Now(), d.options.AlarmKey)
	size := memory(&a)
	d.mu.Lock()
	deadline := time.Now().Add(maxRaiseWait)
	full := func() bool { return d.size+size > maxIntake && d.size > 0 }
	for !d.left && full() && d.waitUntil(deadline) {
		continue
	}
	if d.left || full() {
		d.fate.told = true // later, by another process
		d.mu.Unlock()
		d.setAside(a)
		return a.ID
	}
	d.intake = append(d.intake, a)
	d.fate.raised++
	d.size += size
	if !d.placer {
		d.placer = true
		go d.place()
	}
	d.mu.Unlock()
	return a.ID
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

func (d *Dispatcher) warn(problem string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.warnLocked(problem)
}

// warnLocked tells each problem once.
func (d *Dispatcher) warnLocked(problem string) {
	if d.firstLocked(problem) {
		go d.options.Warn(problem)
	}
}

// warnTrouble tells each problem of the database once.
func (d *Dispatcher) warnTrouble(problem string) {
	if d.first(problem) {
		go d.options.WarnTrouble(problem)
	}
}

// warnSending tells, once, that alarms of this process do not go out. It returns
// when that was told: the process may be about to end.
func (d *Dispatcher) warnSending(problem string) {
	if d.first("sending") {
		d.options.Warn(problem + "; the alarm waits in the outbox")
	}
}

// first reports whether a problem is new.
func (d *Dispatcher) first(problem string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.firstLocked(problem)
}

func (d *Dispatcher) firstLocked(problem string) bool {
	if d.warned[problem] || len(d.warned) >= maxWarned {
		return false
	}
	d.warned[problem] = true
	return true
}

// policy reads an alarm's frequency. A bad one must not keep it from being sent.
func (d *Dispatcher) policy(a *Alarm) ratelimit.Policy {
	if a.Frequency == "" {
		return ratelimit.Policy{}
	}
	policy, err := ratelimit.Parse(a.Frequency)
	if err != nil {
		d.warn(fmt.Sprintf("%v; the alarm is sent every time", err))
	}
	return policy
}

// FlushPending begins to send what other processes have left in the outbox: what
// nobody has claimed, or whose process is gone, what a mute has held back that is
// gone, and what has failed and is due, or not yet due with force. Drain waits for none of it that has not begun,
// unless with force. It returns the number of alarms found.
func (d *Dispatcher) FlushPending(force bool) (int, error) {
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
			d.enqueue(&job{name: name, left: true, wanted: force})
		case name.state != stateSent:
			d.report.Pending.Left++
		}
	}
	return found, nil
}

// Drain waits until everything was sent, at most this long, and leaves the rest:
// attempts that run are stopped, claims are given back. The Dispatcher sends
// nothing any more afterwards.
func (d *Dispatcher) Drain(wait time.Duration) Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.draining = true
	d.queue.optional = nil
	for timer := range d.timers {
		timer.Stop()
	}
	deadline := time.Now().Add(wait)
	d.waitWhile(d.busy, wait)
	d.closeDigests() // what they tell of is decided now
	d.waitWhile(d.busy, time.Until(deadline))
	d.cancel()
	d.waitWhile(d.unplaced, drainGrace)
	unplaced := d.intake
	if d.placing != nil && !d.placed {
		unplaced = append([]Alarm{*d.placing}, unplaced...)
	}
	d.intake, d.size, d.left = nil, 0, true
	d.mu.Unlock()
	for i, a := range unplaced {
		if kept := d.setAside(a); i == 0 {
			d.settleAside(kept) // it may be the one that is being placed
		}
	}
	d.release()
	d.mu.Lock()
	d.waitWhile(func() bool { return d.workers > 0 }, drainGrace)
	return d.report
}
