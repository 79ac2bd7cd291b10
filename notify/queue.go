package notify

import "time"

// job is an alarm on its way through this process.
type job struct {
	name   entryName // of its file in the outbox
	entry  *entry    // nil: still to be read from there
	left   bool      // by another process
	wanted bool      // Drain waits for it
	forced bool      // somebody has asked for it to be tried
	raised bool      // by this process; see fate

	outside  bool // the database did not take it
	spooled  bool // the spool did
	tries    int  // of the decision
	followed bool // what it follows was tried

	digest   *digest // what this process knows of a digest
	gathered int     // alarms that a digest tells of
}

// queue holds jobs in their order; those of this process, and those that a
// caller waits for, come first.
type queue struct {
	wanted, optional []*job
}

func (q *queue) len() int { return len(q.wanted) + len(q.optional) }

func (q *queue) next() *job {
	list := &q.wanted
	if len(*list) == 0 {
		list = &q.optional
	}
	if len(*list) == 0 {
		return nil
	}
	j := (*list)[0]
	*list = (*list)[1:]
	return j
}

// enqueue gives a job to the next free sender; the caller holds the lock.
func (d *Dispatcher) enqueue(j *job) {
	if j.wanted {
		d.queue.wanted = append(d.queue.wanted, j)
	} else if !d.draining {
		d.queue.optional = append(d.queue.optional, j)
	}
	if d.workers < maxSenders && d.queue.len() > 0 {
		d.workers++
		go d.work()
	}
}

// work is one sender: it takes jobs until there are none.
func (d *Dispatcher) work() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.ctx.Err() == nil {
		j := d.queue.next()
		if j == nil {
			break
		}
		d.mu.Unlock()
		d.handle(j)
		d.mu.Lock()
	}
	d.workers--
	d.changed.Broadcast()
}

// count changes the counts that a job belongs to.
func (d *Dispatcher) count(j *job, change func(*Counts)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if j.left {
		change(&d.report.Pending)
	} else {
		change(&d.report.Own)
	}
}

// later sees to it that an alarm that failed is tried again by this process, if
// it lives so long.
func (d *Dispatcher) later(name entryName, pause time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draining || len(d.timers) >= maxBacklog {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(pause, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.timers, timer)
		if !d.draining {
			d.report.Own.Left--
			d.enqueue(&job{name: name, wanted: true})
		}
	})
	d.timers[timer] = struct{}{}
}

// release gives back what no sender has begun with. What is not given back within a
// moment is nobody's as well, once this process has ended.
func (d *Dispatcher) release() {
	d.mu.Lock()
	jobs := d.queue.wanted
	d.queue = queue{}
	d.mu.Unlock()
	deadline := time.Now().Add(drainGrace)
	for _, j := range jobs {
		d.giveBack(j, time.Until(deadline))
	}
}

// giveBack leaves a job to another process.
func (d *Dispatcher) giveBack(j *job, limit time.Duration) {
	if j.outside && !j.spooled {
		d.lose(j)
		return
	}
	d.count(j, func(c *Counts) { c.Left++ })
	d.goesOut(j)
	if j.outside || j.name.state != stateHeld || limit <= 0 {
		return
	}
	name := j.name
	_ = boundedError(&d.guard, limit, func() error {
		return d.box.move(name, name.as(stateNew, time.Time{}, owner{}))
	})
}

// lose gives up an alarm that is on no disk and cannot be sent.
func (d *Dispatcher) lose(j *job) {
	d.count(j, func(c *Counts) { c.Lost++ })
	d.isSilent(j, Hold{})
	d.warn("an alarm is lost: it could neither be sent nor kept")
}
