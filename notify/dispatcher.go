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

	Budget      *record.Budget      // bounds the waits of Raise; nil means a whole one
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
	opening  sync.Mutex // one at a time opens a digest

	mu       sync.Mutex
	changed  *sync.Cond
	lastID   time.Time     // of the id that was given last
	intake   []Alarm       // not on disk yet
	size     int           // bytes of intake and of placing
	waited   time.Duration // by Raise, in all
	placer   bool          // its goroutine runs
	placing  []Alarm       // from intake, on their way to a disk, and not past the point where Drain could leave them to others; nil while nothing is on its way
	queue    queue
	workers  int
	draining bool
	stopped  bool // Drain is not to wait
	left     bool // Drain has left to others what was not placed
	aside    asideState
	timers   map[*time.Timer]struct{}
	backoffs map[int]float64 // the random part of the pause after so many attempts
	report   Report
	limits   limits
	warned   map[string]bool
	digests  map[string]*digest     // still gathering, by item and receivers
	closers  map[string]*time.Timer // end that
	muted    []record.Mute
	mutedAt  time.Time // when they were read

	fate       fate
	unsendable int  // entries of the outbox, where there is no way to send
	counted    bool // they were
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
	if o.Budget == nil {
		o.Budget = new(record.Budget)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Dispatcher{
		options: o, timers: map[*time.Timer]struct{}{}, backoffs: map[int]float64{}, warned: map[string]bool{},
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

// Stop ends the wait of Drain, also of one that is still to come.
func (d *Dispatcher) Stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
	d.changed.Broadcast()
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
	busy := func() bool { return d.busy() && !d.stopped }
	d.waitWhile(busy, wait)
	d.closeDigests() // what they tell of is decided now
	d.waitWhile(busy, time.Until(deadline))
	d.cancel()
	d.waitWhile(d.unplaced, drainGrace)
	placing, raised := d.placing, d.intake
	d.intake, d.left = nil, true
	d.mu.Unlock()
	d.settleAside(d.setAllAside(placing))
	d.setAllAside(raised)
	d.release()
	d.mu.Lock()
	d.waitWhile(func() bool { return d.workers > 0 }, drainGrace)
	return d.report
}
