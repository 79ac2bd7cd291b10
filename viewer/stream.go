package viewer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clipperhouse/displaywidth"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// Batch is a part of what [Stream] gives.
type Batch struct {
	// Entries are records, the newest first, or items in the order of their names.
	Entries []Entry
	// Widths are those of the columns of the entries, in cells of a terminal.
	Widths []int
	// Replace says that these are all entries, in the place of those before.
	Replace bool
	// Listed says that the listing ends with this batch; what comes later is new.
	Listed bool
	// More says that there are older records than the query's limit let through.
	More bool
	// Live says that new records will be given.
	Live bool
	// Notes tell what could not be read, each once.
	Notes []string
}

// firstBatch is how many records are given as soon as they are there, and
// laterBatch how many at once of those that follow.
const (
	firstBatch = 100
	laterBatch = 2000
)

// Stream lists the newest records of a query, up to its limit, which must be above
// 0, and goes on with new ones until the context ends, which is no error. Items are
// judged by the rules, and listed again and again, each time whole. The error is one that leaves nothing to
// show.
//
// The functions that are given may block; nothing is read meanwhile.
func Stream(ctx context.Context, store *record.Store, q record.Query, rules heartbeat.Rules, give func(Batch)) error {
	if q.Kind == Monitor {
		return streamItems(ctx, store, q, rules, give)
	}
	s := &stream{ctx: ctx, give: give, kind: q.Kind, told: map[string]bool{}}
	now := store.Now()
	s.live = q.End.IsZero() || q.End.After(now)
	limit := q.Limit
	q.Reverse = true
	q.Limit++ // one more, to know whether there is more
	if !s.live {
		return s.list(store.Select(q), limit)
	}
	s.end = q.End
	q.End = time.Time{}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	follower := store.Follow(q)
	watcher := newWatcher(ctx, store, follower.Folders)
	if err := s.list(follower.Rows(), limit); err != nil || ctx.Err() != nil {
		return err
	}
	s.noteAll(follower.Settle())
	return goOn(ctx, watcher, follower, func(rows []record.Row, stats record.Stats) error {
		s.news(rows, stats)
		return nil
	})
}

// stream is a Stream of records.
type stream struct {
	ctx  context.Context
	give func(Batch)
	kind record.Kind
	live bool
	end  time.Time // new records must be before; zero for all

	entries []Entry
	widths  []int
	notes   []string
	told    map[string]bool
}

// list gives the records of a listing.
func (s *stream) list(rows *record.Rows, limit int) error {
	defer context.AfterFunc(s.ctx, rows.Stop)()
	count, size := 0, firstBatch
	for row := range rows.All() {
		if !s.wants(row) {
			continue
		}
		if count++; count > limit {
			break
		}
		s.add(row)
		if len(s.entries) >= size {
			s.flush(Batch{})
			size = laterBatch
		}
	}
	if s.ctx.Err() != nil {
		return nil
	}
	if err := rows.Err(); err != nil {
		return err
	}
	stats := rows.Stats()
	if stats.Skipped > 0 {
		s.notes = append(s.notes, skippedLines(stats.Skipped))
	}
	s.noteAll(stats)
	s.flush(Batch{Listed: true, More: count > limit, Live: s.live})
	return nil
}

func (s *stream) wants(row record.Row) bool { return s.end.IsZero() || row.Time.Before(s.end) }

// news gives records that were written since.
func (s *stream) news(rows []record.Row, stats record.Stats) {
	s.noteAll(stats)
	for _, row := range slices.Backward(rows) {
		if s.wants(row) {
			s.add(row)
		}
	}
	if len(s.entries)+len(s.notes) > 0 {
		s.flush(Batch{})
	}
}

func (s *stream) add(row record.Row) {
	e := NewEntry(row)
	s.entries = append(s.entries, e)
	s.widths = widen(s.widths, e)
}

func (s *stream) flush(b Batch) {
	b.Entries, b.Widths, b.Notes = s.entries, s.widths, s.notes
	s.entries, s.widths, s.notes = nil, nil, nil
	s.give(b)
}

func (s *stream) noteAll(stats record.Stats) {
	for _, problem := range stats.Problems {
		if text := problem.Error(); !s.told[text] && len(s.told) < maxTold {
			s.told[text] = true
			s.notes = append(s.notes, "Not read: "+visible(text))
		}
	}
}

// widen takes the cells of an entry into the widths of columns.
func widen(widths []int, e Entry) []int {
	cells := e.Cells()
	if widths == nil {
		widths = make([]int, len(cells))
	}
	for i, cell := range cells {
		widths[i] = max(widths[i], displaywidth.String(cell.Text))
	}
	return widths
}

// How often items are looked at: as soon as possible, but not more often than
// that, and a part of the time only.
const (
	itemsEvery = 5 * time.Second
	itemsShare = 40
)

// streamItems lists items again and again, since time alone changes how they fare.
func streamItems(ctx context.Context, store *record.Store, q record.Query, rules heartbeat.Rules, give func(Batch)) error {
	for ctx.Err() == nil {
		start := time.Now()
		b, err := listItems(ctx, store, q, rules)
		if err != nil || ctx.Err() != nil {
			return err
		}
		give(b)
		sleep(ctx, max(itemsEvery, itemsShare*time.Since(start)))
	}
	return nil
}

func listItems(ctx context.Context, store *record.Store, q record.Query, rules heartbeat.Rules) (Batch, error) {
	b := Batch{Replace: true, Listed: true, Live: true}
	items, err := store.Items(q.Directions, q.Items)
	if items == nil && err != nil {
		return b, err
	}
	b.note(err)
	m, err := newMonitor(store, q, store.Now(), rules, len(items))
	b.note(err)
	for _, item := range items {
		if ctx.Err() != nil {
			break
		}
		if b.More = q.Limit > 0 && len(b.Entries) == q.Limit; b.More {
			break
		}
		e, err := m.entry(item)
		b.note(err)
		if e != nil {
			b.note(m.addRuns(e))
			b.Entries = append(b.Entries, Entry{item: e, verdict: m.last})
			b.Widths = widen(b.Widths, b.Entries[len(b.Entries)-1])
		}
	}
	return b, nil
}

func (b *Batch) note(err error) {
	for _, problem := range splitErrors(err) {
		if len(b.Notes) < maxNotes {
			b.Notes = append(b.Notes, "Not read: "+visible(problem.Error()))
		}
	}
}

func skippedLines(lines int) string {
	if lines == 1 {
		return "Skipped 1 unreadable line"
	}
	return fmt.Sprintf("Skipped %d unreadable lines", lines)
}
