package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mvrun/mvrun/viewer"
)

// search selects the next row in a direction, 1 or -1, that holds a text. What is
// not in the rows is looked for in older records, as many as are held.
func (m *model) search(text string, direction int) {
	l := m.list()
	if text == "" {
		m.say(m.word("nothing was searched for yet; / searches"))
		return
	}
	wanted := strings.ToLower(text)
	for i := l.selected + direction; i >= 0 && i < len(l.shown); i += direction {
		if holds(l.entries[l.shown[i]], wanted) {
			l.move(i, m.rowsHeight())
			m.detailsTop = 0
			return
		}
	}
	switch {
	case direction > 0 && m.deepen(len(limits)-1):
		l.want = lookingFurther
		m.say(m.word("searching in older records"))
	case direction > 0 && l.reading:
		l.want = lookingFurther
		m.say(m.word("searching in older records"))
	case direction > 0 && l.more:
		m.complain(fmt.Sprintf(m.word("%s is not in the rows below; only the newest %s are held: f, keyword looks at all"), quoted(text), viewer.Grouped(len(l.entries))))
	case direction > 0:
		m.complain(fmt.Sprintf(m.word("%s is not in the rows below"), quoted(text)))
	default:
		m.complain(fmt.Sprintf(m.word("%s is not in the rows above"), quoted(text)))
	}
}

func quoted(text string) string { return `"` + fit(text, 30) + `"` }

// holds reports whether a text, in lower case, is in one of the columns or in the
// record.
func holds(e viewer.Entry, wanted string) bool {
	for _, cell := range e.Cells() {
		if strings.Contains(strings.ToLower(cell.Text), wanted) {
			return true
		}
	}
	return false
}

// sortBy sorts by a column; by the same one again the other way round. Older records
// are read for it, as many as are held.
func (m *model) sortBy(column int) {
	l := m.list()
	if column < 0 {
		l.ordered = order{column: -1}
	} else {
		l.ordered = l.ordered.next(column)
	}
	m.sorted()
}

// nextColumn is the one behind that by which the listing is sorted, of those that
// are seen; -1 is the order in which entries come.
func (m *model) nextColumn(by int) int {
	columns := []int{-1}
	for _, place := range m.places(m.layout(nil).titles.width) {
		columns = append(columns, place.column)
	}
	at := max(0, slices.Index(columns, m.list().ordered.column))
	return columns[(at+by+len(columns))%len(columns)]
}

// reverse turns the order round. The order in which records come, the newest first,
// is that of the times.
func (m *model) reverse() {
	l := m.list()
	switch {
	case l.ordered.column >= 0:
		l.ordered.descending = !l.ordered.descending
	default:
		l.ordered = order{column: max(0, timeColumn(l.titles))}
		l.ordered.descending = timeColumn(l.titles) < 0
	}
	m.sorted()
}

func timeColumn(titles []string) int {
	for i, title := range titles {
		if title == "Time" {
			return i
		}
	}
	return -1
}

func (m *model) sorted() {
	l := m.list()
	l.reorder(l.selectedKey())
	l.top = 0
	l.move(0, m.rowsHeight())
	if l.ordered.column >= 0 {
		m.deepen(len(limits) - 1)
	}
}
