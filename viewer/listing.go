package viewer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// Listing is what a query finds, as it is paged through: with conditions on its
// columns and in an order. Limit, Reverse, Oldest, Where and From of the query are
// the listing's to set.
//
// Memory: a page of the natural order holds no more than its records and, of a
// reading from the oldest on, as many. In any other order all records are read, and
// those of the page are kept, however far into the listing it is.
type Listing struct {
	Query      record.Query
	Conditions []Condition // all must hold
	Order      Order
	Size       int    // of a page, above 0
	From       *Place // the beginning where nil

	Now   time.Time       // by which items are judged
	Rules heartbeat.Rules // likewise
}

// Place is where a page of a listing ends and the next begins. Records that come
// meanwhile move neither. It is JSON for a cursor.
type Place struct {
	// Begin and End are the range as it was when the listing began: its ends may
	// be relative to now.
	Begin time.Time `json:"b"`
	End   time.Time `json:"e"`
	// Of the natural order: a place among records, or the item before it.
	Record *record.Place `json:"p,omitempty"`
	Item   string        `json:"m,omitempty"`
	// Of another order: a rank, and how many entries of it stand before the place.
	Rank *rank `json:"r,omitempty"`
	Skip int   `json:"s,omitempty"`
}

// Page is a part of a listing.
type Page struct {
	Lines [][]byte    // as the JSON format has them, without their ends
	Times []time.Time // of the records, of which a line need not say it; zero of items
	Next  *Place      // nil at the end
	Total int         // of the whole listing; -1 where that is not known
	Notes []string    // what could not be read
}

// ReadsAll reports whether all records have to be read for a page.
func (l Listing) ReadsAll() bool { return !l.isNatural() }

// pageBytes bounds the records of a page in an order that is not natural; one of
// them is always given.
const pageBytes = 32 << 20

// reading is a listing that is being read.
type reading struct {
	Listing
	ctx   context.Context
	store *record.Store
	notes bytes.Buffer
}

// Read reads a page. An error is that of the context, or means that the database
// cannot be read at all, or that the place is none of this listing.
func (l Listing) Read(ctx context.Context, store *record.Store) (*Page, error) {
	r := &reading{Listing: l, ctx: ctx, store: store}
	entries, page, err := r.page()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	buffered := bufio.NewWriter(&out)
	lines := jsonLines{buffered}
	for _, e := range entries {
		_ = lines.print(e) // into memory
		_ = buffered.Flush()
		page.Lines = append(page.Lines, bytes.TrimSuffix(bytes.Clone(out.Bytes()), []byte{'\n'}))
		page.Times = append(page.Times, e.at)
		out.Reset()
	}
	page.Notes = r.notesRead()
	return page, nil
}

// notesRead are the notes, one a line.
func (r *reading) notesRead() []string {
	text := strings.TrimSpace(r.notes.String())
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// ErrPlace is given for a place that is none of the listing.
var ErrPlace = errors.New("the place is not of this listing")

func (r *reading) page() ([]*entry, *Page, error) {
	monitor, natural := r.Query.Kind == Monitor, r.isNatural()
	if r.From != nil {
		if !r.From.isOf(monitor, natural) {
			return nil, nil, ErrPlace
		}
		r.Query.Begin, r.Query.End = r.From.Begin.In(r.Now.Location()), r.From.End.In(r.Now.Location())
	}
	r.narrow()
	switch {
	case monitor && natural:
		return r.itemsByName()
	case natural:
		return r.recordsByTime()
	}
	found, page, err := r.ranked(r.Size)
	var entries []*entry
	for i := range found {
		entries = append(entries, found[i].whole())
	}
	return entries, page, err
}

// isOf reports whether a place may be one of a listing.
func (p *Place) isOf(monitor, natural bool) bool {
	switch {
	case !natural:
		return p.Rank != nil && p.Skip >= 0 && p.Skip <= maxSkip
	case monitor:
		return p.Rank == nil && p.Item != ""
	}
	return p.Rank == nil && p.Record != nil && p.Record.Check() == nil
}

// maxSkip bounds how many entries of the very same value, time and text can be paged
// through.
const maxSkip = 100_000

// isNatural: the items are in the order of Direction, too.
func (l Listing) isNatural() bool {
	return l.Order.isNatural() && (l.Query.Kind != Monitor || l.Order.column.title == "")
}

// narrow keeps items from being read that no condition lets through.
func (r *reading) narrow() {
	if pattern := namePattern(r.Conditions, "Direction"); pattern != "" && len(r.Query.Directions) == 0 {
		r.Query.Directions = []string{pattern}
	}
	if pattern := namePattern(r.Conditions, "Item"); pattern != "" && len(r.Query.Items) == 0 {
		r.Query.Items = []string{pattern}
	}
	if len(r.Conditions) > 0 && r.Query.Kind != Monitor {
		r.Query.Where = func(row record.Row) bool { return holdAll(r.Conditions, lineEntry(row)) }
	}
}

// place is one with the range of this listing.
func (r *reading) place() *Place {
	end := r.Query.End
	if last := time.Date(9999, time.December, 31, 23, 59, 59, 999_999_999, end.Location()); end.After(last) {
		end = last // later times cannot be written as JSON
	}
	return &Place{Begin: r.Query.Begin, End: end}
}

// recordsByTime reads the records of a page and one more.
func (r *reading) recordsByTime() ([]*entry, *Page, error) {
	q := r.Query
	q.Reverse = r.Order.newestFirst()
	q.Oldest, q.Limit = !q.Reverse, r.Size+1
	if r.From != nil {
		q.From = r.From.Record
	}
	rows := r.store.Select(q)
	defer context.AfterFunc(r.ctx, rows.Stop)()
	page := &Page{Total: -1}
	var entries []*entry
	var behind *record.Place
	for row := range rows.All() {
		if len(entries) == r.Size {
			page.Next = r.place()
			page.Next.Record = behind
			break
		}
		if entries = append(entries, recordEntry(row)); len(entries) == r.Size {
			behind = rows.Place()
		}
	}
	return entries, page, r.noteRows(rows)
}

func (r *reading) noteRows(rows *record.Rows) error {
	stats := rows.Stats()
	noteSkipped(&r.notes, stats.Skipped)
	noteProblems(&r.notes, stats.Problems, stats.Failures)
	return rows.Err()
}

// ranked reads all that is found, and gives so many of the first entries of the
// order, or fewer where they are more than pageBytes.
func (r *reading) ranked(size int) ([]ranked, *Page, error) {
	s := &selection{order: r.Order, after: r.From, limit: size, budget: pageBytes}
	if r.From != nil {
		s.limit += r.From.Skip
	}
	var err error
	if r.Query.Kind == Monitor {
		err = r.items(func(e *entry) bool {
			s.offer(e, record.Row{})
			return true
		})
	} else {
		rows := r.store.Select(r.Query)
		defer context.AfterFunc(r.ctx, rows.Stop)()
		rows.Unordered(func(rows []record.Row) {
			for _, row := range rows {
				s.offer(lineEntry(row), row)
			}
		})
		err = r.noteRows(rows)
	}
	found := s.sorted()
	if len(found) > size {
		found, s.more = found[:size], true
	}
	page := &Page{Total: s.total}
	if s.more && len(found) > 0 {
		page.Next = r.behindRank(found)
	}
	return found, page, err
}

func (r *reading) behindRank(found []ranked) *Place {
	last := &found[len(found)-1].rank
	place := r.place()
	place.Rank = last
	for i := len(found) - 1; i >= 0; i-- {
		if r.Order.compare(&found[i].rank, last) != 0 {
			return place
		}
		place.Skip++
	}
	if r.From != nil && r.Order.compare(last, r.From.Rank) == 0 {
		place.Skip += r.From.Skip
	}
	return place
}
