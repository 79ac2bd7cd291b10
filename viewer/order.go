package viewer

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mvrun/mvrun/record"
)

// Order is that of a listing. The zero value is the natural one: records by time,
// the newest first, and items by their names.
type Order struct {
	column     column // of the title "" for the natural order
	descending bool
}

// ParseOrder reads the name of a column, with a "-" before it for what is most or
// last first. The error is an *InputError.
func ParseOrder(kind record.Kind, text string) (Order, error) {
	if text == "" {
		return Order{}, nil
	}
	name, descending := strings.CutPrefix(text, "-")
	c, ok := columnNamed(kind, name)
	if !ok {
		return Order{}, &InputError{"sort", text, fmt.Sprintf("is no column of %s", kind), "one of " + list(ColumnNames(kind)) + `, with a "-" before it for the other way`}
	}
	return Order{c, descending}, nil
}

// isNatural reports whether records come in the order of their files, either way,
// and items in that of their names.
func (o Order) isNatural() bool { return o.column.title == "" || o.column.title == timeTitle }

// newestFirst is of a natural order.
func (o Order) newestFirst() bool { return o.column.title == "" || o.descending }

// rank is the place of an entry in an order. Of long texts only the beginning counts.
type rank struct {
	Class  int     `json:"c,omitempty"` // numbers, then texts, then what is empty
	Number float64 `json:"n,omitempty"`
	Text   string  `json:"t,omitempty"`
	At     int64   `json:"a,omitempty"` // of what is the same, the newest comes first
	Tie    string  `json:"i,omitempty"`
}

// longestKey is how many bytes of a text count in an order.
const longestKey = 128

// Classes of values.
const (
	classNumber = iota
	classText
	classEmpty
)

// rankOf gives the place of an entry, but for the tie, which few need.
func (o Order) rankOf(e *entry) rank {
	r := rank{Class: classText, Text: strings.ToLower(o.column.value(e))}
	if e.kind != Monitor {
		r.At = e.at.UnixNano()
	}
	if number, ok := numberOf(r.Text); ok {
		r.Class, r.Number, r.Text = classNumber, number, ""
	}
	if r.Text == "" && r.Class == classText {
		r.Class = classEmpty
	}
	if len(r.Text) > longestKey {
		end := longestKey
		for !utf8.RuneStart(r.Text[end]) {
			end--
		}
		r.Text = r.Text[:end]
	}
	r.Text = strings.ToValidUTF8(r.Text, "\uFFFD") // as a cursor has it
	return r
}

// tieOf tells entries of the same value and time apart.
func tieOf(e *entry) string {
	if e.kind == Monitor {
		return e.item.String()
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(e.item.String()))
	_, _ = hash.Write(e.line)
	return strconv.FormatUint(hash.Sum64(), 36)
}

// compare orders ranks.
func (o Order) compare(a, b *rank) int {
	return cmp.Or(o.compareValues(a, b), strings.Compare(a.Tie, b.Tie))
}

// compareValues orders ranks without their ties. It puts what is empty last,
// whichever way the order goes.
func (o Order) compareValues(a, b *rank) int {
	way := 1
	if o.descending {
		way = -1
	}
	if (a.Class == classEmpty) != (b.Class == classEmpty) {
		return cmp.Compare(a.Class, b.Class)
	}
	return cmp.Or(
		way*cmp.Compare(a.Class, b.Class), way*cmp.Compare(a.Number, b.Number), way*strings.Compare(a.Text, b.Text),
		cmp.Compare(b.At, a.At),
	)
}
