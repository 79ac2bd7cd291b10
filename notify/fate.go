package notify

import "time"

// fate says whether somebody is told of what a process has raised.
type fate struct {
	raised int
	silent int  // of those, held back for good, or lost
	told   bool // one was sent, or is on its way: in the hands of a sender, kept for later, or in a digest
	hold   Hold // why one is silent; a limit comes before other reasons
}

func (f *fate) undecided() bool { return !f.told && f.silent < f.raised }

// Tells waits, at most this long, until it is decided whether somebody is told of
// what this process has raised, now or later. Where nobody is, the hold says why;
// what is not decided in time counts as told.
func (d *Dispatcher) Tells(wait time.Duration) (bool, Hold) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waitWhile(d.fate.undecided, wait)
	return d.fate.told || d.fate.silent < d.fate.raised, d.fate.hold
}

// goesOut notes that somebody is told of a job's alarm.
func (d *Dispatcher) goesOut(j *job) {
	if !j.raised {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fate.told = true
	d.changed.Broadcast()
}

// isSilent notes that nobody is told of a job's alarm, unless that was decided
// otherwise before.
func (d *Dispatcher) isSilent(j *job, hold Hold) {
	if !j.raised {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fate.silent++
	if d.fate.hold.Cause == "" || hold.Limits() {
		d.fate.hold = hold
	}
	d.changed.Broadcast()
}

// Limits reports whether the hold is that of a frequency: somebody was told of
// the like before.
func (h *Hold) Limits() bool { return h.Cause == CauseLimit || h.Cause == CauseDuplicate }
