package record

import (
	"sync"
	"sync/atomic"
)

// Unordered gives the records in no order and without regard to the limit and the
// place where the query begins: those of one item and day at a time, which is all
// that is held of them. It is called by several goroutines at once, until Stop is
// called. Err and Stats tell the rest, as they do after All.
func (r *Rows) Unordered(use func(rows []Row)) {
	if r.err != nil {
		return
	}
	listing, err := newListing(r)
	if err != nil {
		r.err = err
		return
	}
	for _, part := range listing.partsInRange(listing.days()) {
		if !r.stopped.Load() {
			listing.unordered([]dayPart{part}, use)
		}
	}
	for _, reader := range listing.readers {
		r.stats.add(reader.stats)
	}
	r.err = listing.ended()
}

// unordered reads a file of each item. What is archived is looked for as soon as
// anything may be: there is no second look at rows that were given.
func (l *listing) unordered(parts []dayPart, use func(rows []Row)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for _, reader := range l.readers {
		group.Go(func() {
			for !l.stopped.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(l.sources) {
					return
				}
				if rows := reader.readParts(l.sources[i], parts); len(rows) > 0 {
					use(rows)
				}
			}
		})
	}
	group.Wait()
}
