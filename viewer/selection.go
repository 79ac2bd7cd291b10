package viewer

import (
	"slices"
	"sync"

	"github.com/mvrun/mvrun/record"
)

// selection keeps the first entries of an order out of any number of them. It is
// safe for concurrent use.
type selection struct {
	order  Order
	after  *Place // the listing's place where the wanted ones begin; may be nil
	limit  int    // of entries
	budget int    // of bytes

	mu    sync.Mutex
	heap  []ranked // the first is the last of the order
	bytes int
	total int  // how many were offered, whether kept or not
	more  bool // some that are wanted were let go
}

// ranked is an entry with its rank. Of a record only the row is kept.
type ranked struct {
	rank
	row   record.Row
	entry *entry
}

// whole is the entry with all its fields.
func (r *ranked) whole() *entry {
	if r.entry == nil {
		return recordEntry(r.row)
	}
	return r.entry
}

func (r *ranked) size() int { return len(r.row.Line) + entryBytes }

// entryBytes is about what an entry takes beside its line.
const entryBytes = 256

// offer takes an entry if it is among the first.
func (s *selection) offer(e *entry, row record.Row) {
	next := ranked{rank: s.order.rankOf(e), row: row}
	if e.kind == Monitor {
		next.entry = e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total++
	if s.after != nil && s.order.compareValues(&next.rank, s.after.Rank) < 0 {
		return
	}
	if len(s.heap) >= s.limit && s.order.compareValues(&next.rank, &s.heap[0].rank) > 0 {
		s.more = true
		return
	}
	next.Tie = tieOf(e)
	if s.after != nil && s.order.compare(&next.rank, s.after.Rank) < 0 {
		return
	}
	if len(s.heap) >= s.limit && s.order.compare(&next.rank, &s.heap[0].rank) >= 0 {
		s.more = true
		return
	}
	s.push(next)
	for len(s.heap) > s.limit || s.bytes > s.budget && len(s.heap) > 1 {
		s.pop()
		s.more = true
	}
}

func (s *selection) push(r ranked) {
	s.bytes += r.size()
	s.heap = append(s.heap, r)
	for i := len(s.heap) - 1; i > 0; {
		above := (i - 1) / 2
		if s.order.compare(&s.heap[i].rank, &s.heap[above].rank) <= 0 {
			break
		}
		s.heap[i], s.heap[above] = s.heap[above], s.heap[i]
		i = above
	}
}

func (s *selection) pop() {
	s.bytes -= s.heap[0].size()
	last := len(s.heap) - 1
	s.heap[0], s.heap[last] = s.heap[last], ranked{}
	s.heap = s.heap[:last]
	for i := 0; ; {
		most := i
		for _, below := range [2]int{2*i + 1, 2*i + 2} {
			if below < last && s.order.compare(&s.heap[below].rank, &s.heap[most].rank) > 0 {
				most = below
			}
		}
		if most == i {
			return
		}
		s.heap[i], s.heap[most] = s.heap[most], s.heap[i]
		i = most
	}
}

// sorted are the entries that are kept, without those that stand at the place where
// the wanted ones begin and were given before.
func (s *selection) sorted() []ranked {
	slices.SortFunc(s.heap, func(a, b ranked) int { return s.order.compare(&a.rank, &b.rank) })
	skip := 0
	for s.after != nil && skip < min(s.after.Skip, len(s.heap)) && s.order.compare(&s.heap[skip].rank, s.after.Rank) == 0 {
		skip++
	}
	return s.heap[skip:]
}
