package screen

// layout says where the parts of the screen are. Parts for which there is no room
// have no height. Its areas have the canvas on which is drawn, or none where only
// their places matter.
type layout struct {
	tabs, filter, body, status area
	titles, rows, details      area // of the body
	beside                     bool // the details are at the right of the rows
}

// Sizes at which parts are left out, or stand elsewhere.
const (
	besideWidth   = 140 // the details stand beside the rows
	leastFiltered = 6   // rows of the screen with a line for the filter
	leastTitled   = 4
	leastStatus   = 2
	leastSplit    = 9 // rows of the body that can be shared with details
)

func (m *model) layout(c *canvas) layout {
	whole := area{c, 0, 0, m.width, m.height}
	var l layout
	top, bottom := min(1, m.height), m.height
	l.tabs = whole.part(0, 0, m.width, top)
	if m.height >= leastFiltered {
		l.filter = whole.part(0, top, m.width, 1)
		top++
	}
	if m.height >= leastStatus {
		bottom--
		l.status = whole.part(0, bottom, m.width, 1)
	}
	l.body = whole.part(0, top, m.width, bottom-top)
	table := l.body
	if m.details && m.splits() {
		if l.beside = m.width >= besideWidth; l.beside {
			width := m.width * 9 / 20
			table = l.body.part(0, 0, m.width-width, l.body.height)
			l.details = l.body.part(m.width-width, 0, width, l.body.height)
		} else {
			height := l.body.height / 2
			table = l.body.part(0, 0, m.width, l.body.height-height)
			l.details = l.body.part(0, l.body.height-height, m.width, height)
		}
	}
	titled := 0
	if m.height >= leastTitled {
		titled = 1
	}
	l.titles = table.part(0, 0, table.width, titled)
	l.rows = table.part(0, titled, table.width, table.height-titled)
	return l
}

// splits reports whether rows and details have room beside each other.
func (m *model) splits() bool { return m.height-3 >= leastSplit || m.width >= besideWidth }

func (m *model) rowsHeight() int { return m.layout(nil).rows.height }

func (m *model) bodyHeight() int { return m.layout(nil).body.height }

// columnPlace is where a column of the table is drawn.
type columnPlace struct{ column, x, width int }

// columnGap is between two columns, and margin at the sides of a table.
const (
	columnGap = 2
	margin    = 1
)

// frozen are the columns that stay where they are while the others are scrolled:
// the direction and the item.
func frozen(titles []string) []int {
	var list []int
	for i, title := range titles {
		if title == "Direction" || title == "Item" {
			list = append(list, i)
		}
	}
	return list
}

// mostShift is how far the columns can be scrolled.
func (m *model) mostShift() int {
	titles := m.list().titles
	return max(0, len(titles)-len(frozen(titles))-1)
}

// places lays the columns out. The direction and the item stay. Unscrolled, columns
// that say least are left out until the others fit; whoever scrolls sees all.
func (m *model) places(width int) []columnPlace {
	l := m.list()
	width -= 2 * margin
	columns := m.shownColumns(width)
	widths := make([]int, len(columns))
	total := 0
	for i, column := range columns {
		widths[i] = m.columnWidth(column)
		total += widths[i] + columnGap
	}
	total -= columnGap
	// The last column takes what is left; the widest others give way, unless the
	// columns are scrolled: then all are whole.
	for total > width && l.shift == 0 {
		widest := -1
		for i := range widths {
			if widths[i] > leastWidth(l.titles[columns[i]]) && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
		total--
	}
	var places []columnPlace
	x := 0
	for i, column := range columns {
		if x >= width {
			break
		}
		w := min(widths[i], width-x)
		if i == len(columns)-1 {
			w = width - x
		}
		places = append(places, columnPlace{column, margin + x, w})
		x += w + columnGap
	}
	return places
}

// columnWidth is what a column would like to have.
func (m *model) columnWidth(column int) int {
	l := m.list()
	width := len(l.titles[column])
	if column == l.ordered.column {
		width += 2 // for the arrow
	}
	if column < len(l.widths) {
		width = max(width, l.widths[column])
	}
	return min(width, maxColumn)
}

// maxColumn is how wide a column is at most, but for the last one.
const maxColumn = 60

// leastWidth is the width that a column keeps.
func leastWidth(title string) int {
	switch title {
	case "Time", "Last", "Next":
		return len("2006-01-02 15:04:05")
	case "Item", "Run":
		return 14
	case "Message", "Script":
		return 20
	case "Runs", "Status":
		return 6
	}
	return 8
}

// shownColumns are the columns that are drawn.
func (m *model) shownColumns(width int) []int {
	l := m.list()
	var columns []int
	fixed := frozen(l.titles)
	skip := l.shift
	for i := range l.titles {
		isFixed := false
		for _, f := range fixed {
			isFixed = isFixed || f == i
		}
		if !isFixed && skip > 0 {
			skip--
			continue
		}
		columns = append(columns, i)
	}
	if l.shift > 0 {
		return columns
	}
	for i, title := range l.titles {
		if i < len(l.widths) && l.widths[i] == 0 && m.leastTotal(columns) > width {
			columns = without(columns, l.titles, title) // nothing is in it
		}
	}
	for _, title := range leastTelling {
		if m.leastTotal(columns) <= width {
			break
		}
		columns = without(columns, l.titles, title)
	}
	return columns
}

// leastTelling are the columns that are left out first.
var leastTelling = [...]string{"Script", "Alarm_Frequency", "Startup", "Admin", "Host", "Cause", "Exec_Frequency", "Runs", "User", "Receivers", "Next", "Duration", "Direction", "Message_Level", "Alarm_Result", "Time", "Last"}

// Where the screen has so many columns, others make room for so much of an item's
// name.
const (
	wideItem     = 100
	readableItem = 24
)

// leastTotal is the width that columns need at least.
func (m *model) leastTotal(columns []int) int {
	total := -columnGap
	for _, column := range columns {
		title := m.list().titles[column]
		least := max(leastWidth(title), len(title))
		if title == "Item" && m.width >= wideItem {
			least = readableItem
		}
		total += min(m.columnWidth(column), least) + columnGap
	}
	return total
}

func without(columns []int, titles []string, title string) []int {
	var rest []int
	for _, column := range columns {
		if titles[column] != title {
			rest = append(rest, column)
		}
	}
	return rest
}
