package record

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// cut is the limit of a listing: it knows the times of the newest rows of a day,
// so that older ones, which would be cut off in the end, are let go as soon as they
// are met; or the other way round, where the oldest are wanted. It is safe for concurrent use; nil lets everything through.
type cut struct {
	limit  int
	oldest bool         // are wanted; what is below of times is then of their negatives
	after  atomic.Int64 // rows before that are cut off

	mu    sync.Mutex
	times []int64 // of the newest rows; a heap whose first is the oldest
	held  int     // rows in the parts
	room  int     // how many may be held before they are trimmed
}

func newCut(limit int, oldest bool) *cut {
	if limit == 0 {
		return nil
	}
	c := &cut{limit: limit, oldest: oldest, room: heldFor(limit)}
	c.after.Store(math.MinInt64)
	return c
}

// heldFor is how many rows are held before those that are cut off are looked for.
func heldFor(limit int) int { return min(limit, math.MaxInt/4)/4*5 + 1024 }

// moment is a time as a number; those of foreign lines may be far away.
func moment(at time.Time) int64 {
	const reach = 9_000_000_000 // seconds that are nanoseconds within an int64
	switch seconds := at.Unix(); {
	case seconds > reach:
		return math.MaxInt64
	case seconds < -reach:
		return math.MinInt64
	}
	return at.UnixNano()
}

// drops reports whether a row of this time is cut off.
func (c *cut) drops(at time.Time) bool { return c != nil && c.worth(at) < c.after.Load() }

// worth is more for what is rather wanted.
func (c *cut) worth(at time.Time) int64 {
	if c.oldest {
		return -max(moment(at), -math.MaxInt64)
	}
	return moment(at)
}

// add notes a row that is part of the listing, once.
func (c *cut) add(at time.Time) {
	now := c.worth(at)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.times) < c.limit {
		c.times = append(c.times, now)
		c.rise(len(c.times) - 1)
	} else if now > c.times[0] {
		c.times[0] = now
		c.sink()
	}
	if len(c.times) == c.limit {
		c.after.Store(c.times[0])
	}
}

func (c *cut) rise(i int) {
	for i > 0 && c.times[i] < c.times[(i-1)/2] {
		c.times[i], c.times[(i-1)/2] = c.times[(i-1)/2], c.times[i]
		i = (i - 1) / 2
	}
}

func (c *cut) sink() {
	for i := 0; ; {
		least := i
		for _, below := range [2]int{2*i + 1, 2*i + 2} {
			if below < len(c.times) && c.times[below] < c.times[least] {
				least = below
			}
		}
		if least == i {
			return
		}
		c.times[i], c.times[least] = c.times[least], c.times[i]
		i = least
	}
}

// trimPart lets rows of one file go once they are many. What of a file is beyond
// the limit is cut off even where all of it has the same time.
func (c *cut) trimPart(rows []Row) []Row {
	if len(rows) < heldFor(c.limit) {
		return rows
	}
	sortRows(rows)
	if c.oldest {
		clear(rows[c.limit:])
		return rows[:c.limit]
	}
	keep := len(rows) - c.limit
	clear(rows[:copy(rows, rows[keep:])][len(rows)-keep:])
	return rows[:len(rows)-keep]
}

// put takes the rows of a part, and lets go what is cut off of all.
func (c *cut) put(parts [][]Row, i int, rows []Row) {
	if c == nil {
		parts[i] = rows
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	parts[i] = rows
	if c.held += len(rows); c.held < c.room {
		return
	}
	c.held = 0
	for i := range parts {
		parts[i] = slices.Clip(slices.DeleteFunc(parts[i], func(row Row) bool { return c.drops(row.Time) }))
		c.held += len(parts[i])
	}
	c.room = c.held + heldFor(c.limit)
}

func sortRows(rows []Row) {
	slices.SortStableFunc(rows, func(a, b Row) int { return a.Time.Compare(b.Time) })
}
