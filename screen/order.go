package screen

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// order is by which column a listing is sorted. Column -1 is the order in which
// entries come: records the newest first, items by their names.
type order struct {
	column     int
	descending bool
}

// keys are by what entries are compared; nil where they are not.
func (o order) keys(kind record.Kind, entries []viewer.Entry) []sortKey {
	if o.column < 0 {
		return nil
	}
	title := viewer.Titles(kind)[o.column]
	keys := make([]sortKey, len(entries))
	for i, e := range entries {
		keys[i] = keyOf(title, e, o.column)
	}
	return keys
}

// sort gives the indexes of so many entries in their order. Entries that are equal
// keep the order in which they came.
func (o order) sort(keys []sortKey, count int) []int {
	shown := make([]int, count)
	for i := range shown {
		shown[i] = i
	}
	if o.column >= 0 {
		slices.SortStableFunc(shown, func(a, b int) int { return o.compare(keys[a], keys[b]) })
	}
	return shown
}

func (o order) compare(a, b sortKey) int {
	switch {
	case a.empty != b.empty:
		return compareBool(a.empty, b.empty) // what is not there comes last
	case o.descending:
		return b.compare(a)
	}
	return a.compare(b)
}

// sortKey is a value as it is compared: numbers before texts.
type sortKey struct {
	rank  float64
	text  string
	empty bool
}

func (k sortKey) compare(other sortKey) int {
	return cmp.Or(cmp.Compare(k.rank, other.rank), strings.Compare(k.text, other.text))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// notNumber ranks texts behind all numbers.
const notNumber = 1e300

// keyOf ranks levels and states by how bad they are, times by the time, numbers by
// their size.
func keyOf(title string, e viewer.Entry, column int) sortKey {
	if title == "Time" {
		return sortKey{rank: float64(e.Time().UnixMilli())}
	}
	text := e.Value(column)
	k := sortKey{rank: notNumber, text: strings.ToLower(text), empty: text == ""}
	if len(text) > maxSortText {
		k.text = k.text[:maxSortText]
	}
	switch title {
	case "Message_Level":
		if i := levelRank(text); i >= 0 {
			k.rank = float64(i)
		}
	case "Status":
		if i := slices.Index(heartbeat.States, heartbeat.State(text)); i >= 0 {
			k.rank = float64(i)
			break
		}
		fallthrough
	default:
		if number, err := strconv.ParseFloat(text, 64); err == nil {
			k.rank = number
		}
	}
	return k
}

// maxSortText bounds what is compared of a text.
const maxSortText = 256

func levelRank(text string) int {
	return slices.IndexFunc(record.Levels, func(level record.Level) bool { return strings.EqualFold(string(level), text) })
}

// next is the order that a column's title gives when it is asked for: another
// column first upwards, then downwards, then the order in which entries come.
func (o order) next(column int) order {
	switch {
	case o.column != column:
		return order{column: column}
	case !o.descending:
		return order{column, true}
	}
	return order{column: -1}
}
