package viewer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/mvrun/mvrun/record"
)

// leastRest is how much of the last column is to be seen before others are cut, and
// leastSeen how much of any before others are left out, at least.
const (
	leastRest = 20
	leastSeen = 10
	leastName = 6 // of a title that is wider than what stands below it
)

// Where a terminal has so many columns, others make room for so much of an item's name.
const (
	wideTable    = 100
	readableItem = 24
)

// sparedColumns are those of a listing that a narrow terminal does without, the first
// of them first. An item, the state of one, and when and what was said are never left
// out; nor is a column that was asked for by its name.
func sparedColumns(kind record.Kind, o Options) []string {
	switch {
	case len(o.Columns) > 0:
		return nil
	case kind == Monitor:
		return []string{"Script", "Alarm_Frequency", "Startup", "Admin", "Host", "Exec_Frequency", runsTitle, "Direction", "Next", "Last"}
	case kind == record.Heartbeat:
		return []string{"User", "Script", "Host", "Direction"}
	case kind == record.Log:
		return []string{"Direction", "Item", "Message_Level"}
	case kind == record.Alarm && o.Why: // which has the result in words
		return []string{"Direction", "Receivers", "Alarm_Result", "Item"}
	case kind == record.Alarm:
		return []string{"Direction", "Receivers", "Item", "Alarm_Result"}
	}
	return []string{"Host", "Startup", "Direction", "Duration", "Cause", "Run"}
}

// choose leaves out columns until the others have room in the terminal: first those in
// which nothing is. It is done once, before the titles are printed.
func (t *table) choose() {
	if t.width == 0 {
		return
	}
	var hidden []string
	for _, empty := range []bool{true, false} {
		for _, title := range t.spared {
			i := slices.IndexFunc(t.columns, func(c column) bool { return c.title == title })
			if t.leastWidth() <= t.width {
				break
			}
			if i >= 0 && (!empty || t.values[i] == 0 && len(t.rows) > 0) {
				t.leaveOut(i)
				hidden = append(hidden, title)
			}
		}
	}
	switch len(hidden) {
	case 0:
		return
	case 1:
		t.hidden = fmt.Sprintf("1 column is hidden: %s; --wide shows all", hidden[0])
	default:
		t.hidden = fmt.Sprintf("%d columns are hidden: %s; --wide shows all", len(hidden), strings.Join(hidden, ", "))
	}
}

func (t *table) leaveOut(i int) {
	t.columns = slices.Delete(t.columns, i, i+1)
	t.values = slices.Delete(t.values, i, i+1)
	for r := range t.rows {
		t.rows[r] = slices.Delete(t.rows[r], i, i+1)
	}
}

// leastWidth is that of the table with all columns cut as far as they may be.
func (t *table) leastWidth() int {
	last := len(t.columns) - 1
	total := last*len(gap) + t.leastLast()
	for i := range last {
		total += t.least(i)
	}
	return total
}

// least is the width below which a column is left out rather than cut. Where there are
// no rows yet, it is that of the values to come.
func (t *table) least(i int) int {
	least := t.columns[i].least
	if t.columns[i].title == itemTitle && t.width >= wideTable {
		least = readableItem
	}
	if t.isEmpty() {
		return least
	}
	return min(t.full(i), least, max(t.values[i], leastName))
}

func (t *table) leastLast() int {
	last := len(t.columns) - 1
	least := max(t.least(last), leastSeen, t.width/5)
	if t.isEmpty() {
		return least
	}
	return min(t.full(last), least)
}

// isEmpty reports whether no row was seen so far, as where a listing begins that goes on.
func (t *table) isEmpty() bool { return len(t.rows) == 0 && !t.titled }

// full is the width of a column with its title and all that stands below it so far.
func (t *table) full(i int) int { return max(t.values[i], displaywidth.String(t.columns[i].title)) }

// fit gives the widths with which the table fits the terminal: the widest of the
// columns are cut until there is room for the last one.
func (t *table) fit() []int {
	widths := make([]int, len(t.columns))
	for i := range widths {
		widths[i] = t.full(i)
	}
	if t.width == 0 {
		return widths
	}
	last := len(widths) - 1
	taken := last * len(gap)
	for _, width := range widths[:last] {
		taken += width
	}
	wanted := min(widths[last], max(leastRest, t.width/4))
	floor := wanted
	if t.spared != nil {
		floor = t.leastLast()
	}
	for ; taken+wanted > t.width; taken-- {
		i := widestAbove(widths[:last], t.least)
		if i < 0 && taken+floor > t.width {
			i = t.widestOfAll(widths[:last])
		}
		if i < 0 {
			break
		}
		widths[i]--
	}
	widths[last] = max(t.width-taken, 1)
	return widths
}

// widestOfAll finds the column to cut where none may be left out any more, or -1. One
// that says nothing unless it is whole is the last to be taken.
func (t *table) widestOfAll(widths []int) int {
	found := widestAbove(widths, func(i int) int {
		if t.columns[i].whole {
			return t.least(i)
		}
		return 1
	})
	if found < 0 {
		found = widestAbove(widths, func(int) int { return 1 })
	}
	return found
}

func widestAbove(widths []int, least func(column int) int) int {
	found := -1
	for i, width := range widths {
		if width > least(i) && (found < 0 || width > widths[found]) {
			found = i
		}
	}
	return found
}
