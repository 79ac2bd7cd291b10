package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// A digest tells in one message of the alarms that a burst guard has held back.
// It stands in the outbox from the first of them on, held by this process, so
// that a kill does not lose it: whoever finds it then gathers from the records,
// which name it, what it tells of.
type digest struct {
	job   *job
	count int
	lines []string
	first time.Time
}

const (
	maxDigestLines = 20
	maxDigestLine  = 200 // bytes
)

// gather adds an alarm to the digest for its item and receivers, and returns the
// digest's id.
func (d *Dispatcher) gather(a *Alarm) string {
	of := a.Of().String() + " " + a.receivers()
	d.mu.Lock()
	open := d.digests[of]
	if open != nil {
		open.add(a)
		d.mu.Unlock()
		return open.job.entry.Alarm.ID
	}
	d.mu.Unlock()
	d.opening.Lock()
	defer d.opening.Unlock()
	d.mu.Lock()
	open = d.digests[of]
	d.mu.Unlock()
	if open == nil {
		open = d.openDigest(a)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	open.add(a)
	if d.digests[of] == open {
		return open.job.entry.Alarm.ID
	}
	d.digests[of] = open
	if !d.draining {
		d.closers[of] = time.AfterFunc(burstSpan, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.closeDigest(of)
		})
	}
	return open.job.entry.Alarm.ID
}

func (g *digest) add(a *Alarm) {
	g.count++
	if len(g.lines) < maxDigestLines {
		g.lines = append(g.lines, digestLine(a.Title, a.Message))
	}
}

func digestLine(title, message string) string {
	line, _, _ := strings.Cut(message, "\n")
	if title != "" {
		line = title + ": " + line
	}
	return cut(strings.TrimSpace(line), maxDigestLine)
}

// openDigest puts the file of a digest into the outbox.
func (d *Dispatcher) openDigest(a *Alarm) *digest {
	now := d.options.Now()
	header := *a
	header.ID, header.Time, header.Kind, header.Frequency, header.Key = NewID(now), now, KindDigest, "", "digest"
	header.Title, header.Message, header.Done = a.Item+": more alarms", "alarms that were held back since too many came at once", nil
	j := &job{entry: &entry{Alarm: header}, wanted: true}
	j.name = d.ownName(j, ratelimit.Policy{})
	if err := d.write([]outboxFile{{j.name, *j.entry}}, placeLimit)[0]; err != nil {
		j.outside = true
		d.warnTrouble(fmt.Sprintf("outbox: %v; alarms are kept in the spool", err))
		j.spooled = d.options.Spool(d.spoolEntry(j.name, j.entry)) == nil
	}
	return &digest{job: j, first: now}
}

// closeDigest gives a digest to the senders. The caller holds d.mu.
func (d *Dispatcher) closeDigest(of string) {
	open := d.digests[of]
	if open == nil {
		return
	}
	if timer := d.closers[of]; timer != nil {
		timer.Stop()
	}
	delete(d.digests, of)
	delete(d.closers, of)
	open.job.digest = open
	d.enqueue(open.job)
}

// closeDigests gives all digests to the senders. The caller holds d.mu.
func (d *Dispatcher) closeDigests() {
	for of := range d.digests {
		d.closeDigest(of)
	}
}

// readyDigest prepares a digest for sending, and reports whether it is to be
// sent now: there is at most one a minute for an item and its receivers, which
// takes in what other processes have left for them.
func (d *Dispatcher) readyDigest(j *job) bool {
	now := d.options.Now()
	if j.outside {
		j.compose(now, gathered{})
		return true
	}
	c := collector{d.box, d.ledger, *j.entry, j.name, j.digest != nil, d.leaseEnd(now), now}
	found, err := bounded(&d.guard, claimLimit, c.collect)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) { // else another process has it
			d.warnTrouble(fmt.Sprintf("digest: %v", err))
		}
		d.count(j, func(c *Counts) { c.Left++ })
		return false
	}
	j.name = found.name
	if found.later {
		d.count(j, func(c *Counts) { c.Left++ })
		return false
	}
	j.entry.Absorbed = found.absorbed
	j.compose(now, found)
	return true
}

// compose writes the message of a digest.
func (j *job) compose(now time.Time, found gathered) {
	first := j.entry.Alarm.Time
	if j.digest != nil {
		found.count += j.digest.count
		found.lines = append(slices.Clone(j.digest.lines), found.lines...)
		first = j.digest.first
	}
	a := &j.entry.Alarm
	j.gathered = found.count
	a.Title = fmt.Sprintf("%s: %d more alarms", a.Item, found.count)
	var b strings.Builder
	fmt.Fprintf(&b, "%d alarms of %s were held back between %s and %s, since too many came at once.", found.count, a.Of(),
		first.Local().Format(record.TimeLayout), now.Format(time.TimeOnly))
	if shown := found.lines[:min(len(found.lines), maxDigestLines)]; len(shown) > 0 {
		b.WriteString(" The first of them:\n- " + strings.Join(shown, "\n- "))
		if found.count > len(shown) {
			fmt.Fprintf(&b, "\nand %d more", found.count-len(shown))
		}
	}
	fmt.Fprintf(&b, "\nAll of them: mvrun view alarm --direction %s --item %s", a.Direction, a.Item)
	a.Message = b.String()
}
