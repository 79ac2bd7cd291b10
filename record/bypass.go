package record

import (
	"errors"
	"time"
)

// bypass is what a Writer's goroutine decides about one database: whether to
// write to it or to the spool. What it asks of the database is done by another
// goroutine, which may never answer; there is one such operation at a time.
// Only the Writer's goroutine uses it.
type bypass struct {
	store    *Store // nil: there is no database
	spool    *Spool
	patience time.Duration
	retry    time.Duration

	on      bool // the spool is written to
	since   time.Time
	lastTry time.Time
	err     error   // why
	todo    []Entry // what is to be done once the database is back

	operations chan operation
	lines      []byte        // memory for the lines of an operation, and its alone
	ended      chan struct{} // closed when no operation is under way, and the spool is closed

	// The operation whose answer was not waited for, and what is done if it
	// succeeds after all: entries to do, and bytes of the spool's file.
	late      chan answer
	lateDone  int
	lateBytes int64
}

type operation struct {
	run    func() answer
	answer chan answer
}

// answer is the number of entries that are done, and why not all of them are.
type answer struct {
	done int
	err  error
}

// errSlow is why a database is bypassed that has neither taken nor refused.
var errSlow = errors.New("does not answer")

func newBypass(store *Store, spool *Spool, patience, retry time.Duration) *bypass {
	b := &bypass{
		store: store, spool: spool, patience: patience, retry: retry, on: store == nil,
		operations: make(chan operation, 1), ended: make(chan struct{}),
	}
	go b.operate()
	return b
}

// operate keeps the spool open, and so locked, as long as an operation may still
// be at work on what is in it.
func (b *bypass) operate() {
	for op := range b.operations {
		op.answer <- op.run()
	}
	b.spool.Close()
	close(b.ended)
}

func (b *bypass) end() { close(b.operations) }

// active reports whether there is a database that is not in use.
func (b *bypass) active() bool { return b.on && b.store != nil }

// hangs reports whether the database has yet to answer.
func (b *bypass) hangs() bool { return b.late != nil }

// ask waits for the answer of an operation, or leaves it to be late.
func (b *bypass) ask(patience time.Duration, run func() answer) answer {
	op := operation{run, make(chan answer, 1)}
	b.operations <- op
	if a, ok := await(op.answer, patience); ok {
		return a
	}
	b.late = op.answer
	return answer{err: errSlow}
}

func await(answers chan answer, patience time.Duration) (answer, bool) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a := <-answers:
		return a, true
	case <-timer.C:
		return answer{}, false
	}
}

// written says what became of a batch.
type written struct {
	spooled, dropped int
	database, spool  error // why the one, and the other, did not take it
}

// write brings a batch to a disk.
func (b *bypass) write(batch []Entry) written {
	if b.on {
		return b.divert(batch)
	}
	a := b.ask(b.patience, func() answer { return b.putAll(batch) })
	if a.err == nil {
		return written{}
	}
	now := time.Now()
	b.on, b.since, b.lastTry, b.err = true, now, now, a.err
	rest := batch[a.done:] // the operation may still be at work on the batch
	result := b.divert(rest)
	result.database = a.err
	if errors.Is(a.err, errSlow) {
		// The spool was empty before.
		b.lateDone, b.lateBytes = len(rest)-countRecords(rest), b.spool.mark()
	}
	return result
}

// divert brings to the spool what the database has not taken.
func (b *bypass) divert(rest []Entry) written {
	var result written
	records := countRecords(rest)
	for _, entry := range rest {
		if !entry.spoolable() && b.store != nil {
			b.todo = append(b.todo, entry)
		}
	}
	result.dropped, result.spool = b.spool.Append(rest)
	result.spooled = records - result.dropped
	return result
}

// sleep waits until there is something to do.
func (b *bypass) sleep(wake <-chan struct{}) {
	var timeout <-chan time.Time
	if b.active() {
		next := b.lastTry
		if b.late != nil {
			next = b.since // when silence becomes worth a word
			if time.Since(next) >= b.retry {
				next = time.Now()
			}
		}
		timer := time.NewTimer(max(time.Until(next.Add(b.retry)), time.Millisecond))
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-wake:
	case <-timeout:
	case a := <-b.late:
		b.answered(a)
	}
}

// answered takes the answer of an operation that was not waited for. The
// database is tried again at once if it was a good one.
func (b *bypass) answered(a answer) {
	if b.err = a.err; a.err == nil {
		b.todo = b.todo[b.lateDone:]
		b.spool.settle(b.lateBytes)
		b.lastTry = time.Time{}
	}
	b.late, b.lateDone, b.lateBytes = nil, 0, 0
}

// comeBack carries the spool over, if it is time to try, and reports whether the
// database is in use again.
func (b *bypass) comeBack() bool {
	if b.late != nil {
		select {
		case a := <-b.late:
			b.answered(a)
		default:
			return false
		}
	}
	if time.Since(b.lastTry) < b.retry {
		return false
	}
	return b.try(b.patience)
}

// try carries over what is in the spool, and does what is to be done.
func (b *bypass) try(patience time.Duration) bool {
	b.lastTry = time.Now()
	todo := b.todo
	a := b.ask(patience, func() answer {
		if err := b.spool.Replay(b.store); err != nil {
			return answer{err: err}
		}
		return b.putAll(todo)
	})
	if errors.Is(a.err, errSlow) {
		b.lateDone = len(todo)
		return false
	}
	if b.err = a.err; a.err != nil {
		return false
	}
	b.todo = nil
	b.on = false
	return true
}

// insist waits for the database until the deadline.
func (b *bypass) insist(deadline time.Time) bool {
	for b.late != nil {
		a, ok := await(b.late, time.Until(deadline))
		if !ok {
			return false
		}
		b.answered(a)
		if a.err != nil {
			break // of old; whether it still holds is seen now
		}
	}
	return b.try(max(time.Until(deadline), b.patience))
}

// trouble is why the database is still bypassed, where that is worth a word.
func (b *bypass) trouble() error {
	if b.late == nil && b.err != nil && !errors.Is(b.err, errSlow) || time.Since(b.since) >= b.retry {
		return b.lastError()
	}
	return nil
}

func (b *bypass) lastError() error {
	if b.late != nil || b.err == nil {
		return errSlow
	}
	return b.err
}

// putAll writes a batch in order, neighbours of one day file by one write.
func (b *bypass) putAll(batch []Entry) answer {
	done, undone := 0, -1
	for done < len(batch) {
		if first := &batch[done]; first.Do != nil {
			err := first.Do(b.store)
			if err != nil && first.spoolable() {
				if !isItemError(err) {
					return answer{done, err}
				}
				undone = done
			}
			done++
			continue
		}
		n, err := b.putSome(batch[done:])
		if err != nil && undone >= 0 {
			done = undone // it failed for the same reason, and goes to the spool as well
		}
		if err != nil {
			return answer{done, err}
		}
		done += n
	}
	return answer{done: done}
}

func (b *bypass) putSome(batch []Entry) (int, error) {
	first := batch[0]
	if len(first.File) > 0 {
		return 1, b.store.putFile(first)
	}
	n := 0
	b.lines = b.lines[:0]
	for ; n < len(batch) && batch[n].goesWith(&first); n++ {
		b.lines = append(b.lines, batch[n].Line...)
	}
	return n, b.store.Append(first.Item, first.Kind, first.Day, b.lines)
}

// goesWith reports whether two entries are lines of the same day file.
func (e *Entry) goesWith(other *Entry) bool {
	return e.Do == nil && len(e.File) == 0 && e.Item == other.Item && e.Kind == other.Kind && e.Day == other.Day
}

// putFile makes a file of mvrun's own folder.
func (s *Store) putFile(e Entry) error {
	mode := uint32(0o600)
	if e.File[0] == runningFolder {
		mode = markMode
	}
	return s.tree.WriteFile([]byte(e.Line), mode, append([]string{metaFolder}, e.File...)...)
}
