package record

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// WriterOptions are the settings of a Writer.
type WriterOptions struct {
	// Patience is how long the database may take for an append before the
	// records go to the spool as well; 0 means 30 ms. A message may be open for
	// 250 ms (see Parser) and must be on disk 300 ms after it was printed.
	Patience time.Duration
	// Retry is the pause between two attempts to come back to a database that
	// did not take records; 0 means 2 s. One that does not answer is not worth
	// a word before that time, or the end, since a busy disk comes back.
	Retry time.Duration
	// Warn is told, once, why records go to the spool, and once when even that
	// is impossible. It is called in a goroutine of its own, and may Put.
	Warn func(problem string)
	// Starved says whether this process is kept from running; the time in which it is
	// is no part of what Close gives to slow disks, see AwaitFairly. nil means never.
	Starved func() bool
	// Budget bounds the waits of Put in all; others may share it. nil means a
	// whole one.
	Budget *Budget
}

// Writer brings what a run records to the disk without ever making the run
// wait for a database: a slow, full, refusing or hanging one is bypassed
// through the spool, and comes back into use when it takes records again.
//
// Entries are written in the order of Put, a batch a write. An entry that was
// given to both places because the database answered late is merged once.
//
// A Writer may be used concurrently. It has two goroutines: one that never
// touches the database, see bypass, and one that may be hung up by it for ever.
type Writer struct {
	options WriterOptions
	bypass  *bypass

	mu       sync.Mutex
	queue    []Entry
	queued   int           // bytes in queue
	writing  []Entry       // taken out of queue, and on no disk yet
	spare    []Entry       // what the queue goes on with after that: empty
	full     bool          // a Put has waited in vain; none waits again until there is room
	closed   bool          // nothing is taken any more
	settle   *settling     // what Close asks for
	taken    chan struct{} // closed, and made anew, whenever queue shrinks
	written  chan struct{} // the same for writing
	dropped  int64
	spooled  int64
	troubled bool // something could not be written where it should

	waiting int           // calls of Flush
	hurry   chan struct{} // holds one token when a write must not wait for more

	wake     chan struct{} // holds one token while there is something to look at
	done     chan struct{} // closed when the Writer's goroutine has ended
	warnings sync.WaitGroup
	warned   map[string]bool // by the Writer's goroutine alone
}

// settling asks the Writer to bring back into the database, before the deadline,
// what is in the spool.
type settling struct {
	deadline time.Time
	done     chan struct{}
}

// Bounds of the queue. Put waits for room at most maxPutWait; the Writer is
// slower than that only if the spool's disk hangs as well. All Puts together
// wait no longer than the Budget lets them.
const (
	maxQueued  = 512 << 10
	maxPutWait = 200 * time.Millisecond
)

// gather is the least time between two writes, unless somebody waits: a job that
// prints records quickly would pay more for each write than for its output.
const gather = 5 * time.Millisecond

// warningWait is the time that Close leaves Warn for its records.
const warningWait = 100 * time.Millisecond

// lastTurns, 2 s in all, are what Close gives to disks on which records still have
// no place when its time is over.
const lastTurns = int(2 * time.Second / starvedTurn)

// NewWriter starts a Writer. With a nil store all entries go to the spool. The
// spool is the Writer's, which closes it.
func NewWriter(store *Store, spool *Spool, o WriterOptions) *Writer {
	if o.Patience == 0 {
		o.Patience = 30 * time.Millisecond
	}
	if o.Retry == 0 {
		o.Retry = 2 * time.Second
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	if o.Budget == nil {
		o.Budget = new(Budget)
	}
	w := &Writer{
		options: o, bypass: newBypass(store, spool, o.Patience, o.Retry),
		taken: make(chan struct{}), written: make(chan struct{}), wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), done: make(chan struct{}),
		warned: map[string]bool{},
	}
	go w.work()
	return w
}

// Put hands entries over. It returns at once, or after 200 ms if nothing can be
// written anywhere; what finds no room then is dropped and counted, and as long
// as that lasts no further Put waits. Nor does any once Puts have waited for 5
// seconds in all.
func (w *Writer) Put(entries ...Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var deadline time.Time
	for _, e := range entries {
		size := len(e.Line) + 256
		for !w.hasRoom(size) && !w.full && !w.closed {
			began := time.Now()
			if deadline.IsZero() {
				deadline = began.Add(min(maxPutWait, w.options.Budget.Left()))
			}
			w.kick()
			w.full = !w.waitFor(w.taken, deadline)
			w.options.Budget.Spend(time.Since(began))
		}
		if w.closed || !w.hasRoom(size) {
			if e.spoolable() {
				w.dropped++
			}
			continue
		}
		if w.bypass.store != nil {
			e.DB = spoolPath(w.bypass.store.Path())
		}
		w.queue = append(w.queue, e)
		w.queued += size
	}
	w.kick()
	if w.queued > maxQueued/2 {
		w.hurryUp()
	}
}

// hurryUp ends the pause between two writes.
func (w *Writer) hurryUp() {
	select {
	case w.hurry <- struct{}{}:
	default:
	}
}

// pause lets records gather after a write.
func (w *Writer) pause() {
	w.mu.Lock()
	busy := w.waiting > 0 || w.closed || w.settle != nil || w.queued > maxQueued/2
	w.mu.Unlock()
	if busy {
		return
	}
	timer := time.NewTimer(gather)
	defer timer.Stop()
	select {
	case <-w.hurry:
	case <-timer.C:
	}
}

// hasRoom: an entry of any size finds room where there is no other.
func (w *Writer) hasRoom(size int) bool { return w.queued+size <= maxQueued || len(w.queue) == 0 }

func (w *Writer) kick() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// waitFor gives the lock back until the change has come about, and reports
// whether that was before the deadline.
func (w *Writer) waitFor(change <-chan struct{}, deadline time.Time) bool {
	w.mu.Unlock()
	defer w.mu.Lock()
	return waitUntil(deadline, change)
}

// waitUntil reports whether a channel was closed before the deadline.
func waitUntil(deadline time.Time, closed <-chan struct{}) bool {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-closed:
		return true
	case <-timer.C:
		return false
	}
}

// Flush waits until all that was put is in the database or the spool, at most
// this long, and reports whether it is.
func (w *Writer) Flush(wait time.Duration) bool {
	return w.flush(time.Now().Add(wait))
}

func (w *Writer) flush(deadline time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting++
	defer func() { w.waiting-- }()
	w.hurryUp()
	for len(w.queue) > 0 || len(w.writing) > 0 {
		if !w.waitFor(w.written, deadline) {
			return len(w.queue) == 0 && len(w.writing) == 0
		}
	}
	return true
}

// flushFairly is flush that does not give up because of a busy machine: what is on
// no disk when the run leaves is lost.
func (w *Writer) flushFairly(deadline time.Time) {
	grace := grace{starved: w.options.Starved, turns: lastTurns}
	for !w.flush(deadline) && grace.more(deadline) {
		deadline = time.Now().Add(starvedTurn)
	}
}

// WriterSummary says what became of the entries that the database did not take.
type WriterSummary struct {
	Spooled int64 // entries left in the spool
	Dropped int64 // entries that found room nowhere
	// Unwritten are those of Dropped that the disks had not taken when Close gave up,
	// of which Warn was not told.
	Unwritten int64
}

// Summary gives the counts so far.
func (w *Writer) Summary() WriterSummary {
	w.mu.Lock()
	defer w.mu.Unlock()
	return WriterSummary{Spooled: w.spooled, Dropped: w.dropped}
}

// countRecords leaves out what is only to be done.
func countRecords(entries []Entry) int {
	count := 0
	for i := range entries {
		if entries[i].spoolable() {
			count++
		}
	}
	return count
}

// work is the Writer's goroutine: it takes what has queued up and sees it to a
// disk.
func (w *Writer) work() {
	defer close(w.done)
	defer w.bypass.end()
	for {
		batch, settle, closed := w.take()
		switch {
		case len(batch) > 0:
			w.write(batch)
			w.pause()
		case settle != nil:
			w.settleNow(settle)
		case closed:
			return
		default:
			w.bypass.sleep(w.wake)
		}
		w.comeBack()
	}
}

func (w *Writer) take() (batch []Entry, settle *settling, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	batch, w.queue, w.queued, w.full = w.queue, w.spare, 0, false
	w.spare = nil
	w.writing = batch
	if len(batch) == 0 {
		settle, w.settle = w.settle, nil
	} else {
		signal(&w.taken)
	}
	return batch, settle, w.closed
}

// signal wakes all who wait for a change.
func signal(change *chan struct{}) {
	close(*change)
	*change = make(chan struct{})
}

func (w *Writer) write(batch []Entry) {
	result := w.bypass.write(batch)
	w.mu.Lock()
	w.writing = nil
	if result.database == nil { // else it may still be at work on the batch
		clear(batch)
		w.spare = batch[:0]
	}
	w.spooled += int64(result.spooled)
	w.dropped += int64(result.dropped)
	w.troubled = w.troubled || result.database != nil || result.spool != nil || result.spooled > 0
	signal(&w.written)
	w.mu.Unlock()
	if result.database != nil && !errors.Is(result.database, errSlow) {
		w.warnOfDatabase(result.database)
	}
	if result.spool != nil {
		w.warn("spool", fmt.Sprintf("records are lost: %v", result.spool))
	}
}

// comeBack looks whether the database is in use again.
func (w *Writer) comeBack() {
	if !w.bypass.active() {
		return
	}
	if w.bypass.comeBack() {
		w.mu.Lock()
		w.spooled = 0
		w.mu.Unlock()
		return
	}
	if err := w.bypass.trouble(); err != nil {
		w.warnOfDatabase(err)
	}
}

func (w *Writer) warnOfDatabase(err error) {
	w.warn("database", fmt.Sprintf("database %s: %v; records are kept in the spool", w.bypass.store.Path(), cause(err)))
}

func (w *Writer) warn(about, problem string) {
	if !w.warned[about] {
		w.warned[about] = true
		w.warnings.Go(func() { w.options.Warn(problem) })
	}
}
