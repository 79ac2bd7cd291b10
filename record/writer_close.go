package record

import "time"

// Close flushes, tries to bring into the database what is in the spool, and ends
// the Writer, all within this time, Patience, and 100 ms for what Warn puts; what is
// on no disk by then is given 2 s more, and on a busy machine up to 30. The spool
// file stays for the next run unless everything in it has reached the database.
// Entries that are put later are dropped.
func (w *Writer) Close(wait time.Duration) WriterSummary {
	deadline := time.Now().Add(wait)
	if w.flush(deadline) && w.closeAtOnce() {
		return w.Summary()
	}
	w.requestSettling(deadline)
	if last := time.Now().Add(warningWait); last.After(deadline) {
		deadline = last // what Warn was told only now is to be recorded as well
	}
	w.awaitWarnings(deadline)
	w.flushFairly(deadline)

	w.mu.Lock()
	first := !w.closed
	w.closed = true
	w.mu.Unlock()
	w.kick()
	patient := time.Now().Add(w.options.Patience)
	ended := waitUntil(patient, w.done) && waitUntil(patient, w.bypass.ended)

	w.mu.Lock()
	defer w.mu.Unlock()
	summary := WriterSummary{Spooled: w.spooled}
	if !ended && first {
		summary.Unwritten = int64(countRecords(w.queue) + countRecords(w.writing))
		w.dropped += summary.Unwritten
	}
	summary.Dropped = w.dropped
	return summary
}

// closeAtOnce ends a Writer that has nothing to do and never had trouble, as
// nearly all: its goroutines end by themselves.
func (w *Writer) closeAtOnce() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.troubled || len(w.queue) > 0 || len(w.writing) > 0 {
		return false
	}
	w.closed = true
	w.kick()
	return true
}

func (w *Writer) requestSettling(deadline time.Time) {
	request := &settling{deadline: deadline, done: make(chan struct{})}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return
	}
	w.settle = request
	w.mu.Unlock()
	w.kick()
	w.hurryUp()
	waitUntil(deadline.Add(w.options.Patience), request.done)
}

// awaitWarnings lets those who were warned put their records.
func (w *Writer) awaitWarnings(deadline time.Time) {
	told := make(chan struct{})
	go func() {
		w.warnings.Wait()
		close(told)
	}()
	AwaitFairly(told, time.Until(deadline), w.options.Starved)
}

// settleNow gives the database a last chance, unless it has hung for so long
// that it was told: then it has had one.
func (w *Writer) settleNow(request *settling) {
	defer close(request.done)
	if !w.bypass.active() {
		return
	}
	given := w.bypass.hangs() && w.warned["database"]
	if !given && w.bypass.insist(request.deadline) {
		w.mu.Lock()
		w.spooled = 0
		w.mu.Unlock()
		return
	}
	w.warnOfDatabase(w.bypass.lastError())
}
