package record

import (
	"errors"
	"time"
)

// Place is one in a listing, behind one of its rows. A query from there goes on with
// what follows, whatever was recorded or removed meanwhile: no row is given twice,
// and none that was there is left out. It names its row by what the row says, since a
// count would not hold: programs that write no more of a time than its second, and
// those that write a while after it, add rows before those that were given.
type Place struct {
	Day  string // of the listing
	Time time.Time
	Skip int // rows of this day and time that were given

	// The row: its item, a sum of its line, and how many that say just the same were
	// given with it. Without them the count has to do, as where the row is gone.
	Item  Item
	Sum   uint64
	Equal int
}

// Check reports a place that no listing has given.
func (p *Place) Check() error {
	if !isDate(p.Day) || p.Skip < 0 || p.Equal < 0 {
		return errors.New("there is no such place in a listing")
	}
	return nil
}

// names reports whether a row is the place's, or says the same.
func (p *Place) names(row Row) bool {
	return row.Item == p.Item && row.Time.Equal(p.Time) && lineSum(row.Line) == p.Sum
}

// find tells how many rows were given, of those that do not stand before the time of
// the place. Found is false where its row is not among them.
func (p *Place) find(rows []Row) (given int, found bool) {
	equal, same := 0, 0
	for ; same < len(rows) && rows[same].Time.Equal(p.Time); same++ {
		if equal < p.Equal && p.names(rows[same]) {
			equal++
			given = same + 1
		}
	}
	if equal > 0 {
		return given, equal == p.Equal
	}
	return min(same, p.Skip), false
}

// standing is how far a listing has come.
type standing struct {
	day   string
	rows  []Row // of the day, from the time of the query's place on
	given int   // of them
}

// Place is the one behind the row that All has given last; nil where there is none.
// It is not known of a listing of the newest with the oldest first.
func (r *Rows) Place() *Place {
	s := r.standing
	if s.given == 0 {
		return nil
	}
	last := s.rows[s.given-1]
	p := &Place{Day: s.day, Time: last.Time, Item: last.Item, Sum: lineSum(last.Line)}
	for i := s.given; i > 0 && s.rows[i-1].Time.Equal(last.Time); i-- {
		p.Skip++
		if p.names(s.rows[i-1]) {
			p.Equal++
		}
	}
	return p
}
