package screen

// clicked obeys the mouse.
func (m *model) clicked(c click) {
	switch c.button {
	case wheelUp:
		m.wheel(c, -wheelRows)
	case wheelDown:
		m.wheel(c, wheelRows)
	case leftButton:
		m.message = ""
		m.clickAt(c.x, c.y)
	}
}

// wheelRows is how many rows one turn of the wheel moves.
const wheelRows = 3

func (m *model) wheel(c click, by int) {
	switch l := m.layout(nil); {
	case m.mode == helping:
		m.helpTop += by
	case m.mode == reading, m.mode == browsing && l.details.contains(c.x, c.y):
		m.detailsTop += by
	case m.mode == browsing:
		before := m.list().selected
		m.list().scroll(by, m.rowsHeight())
		if m.list().selected != before {
			m.detailsTop = 0
		}
	}
}

func (m *model) clickAt(x, y int) {
	l := m.layout(nil)
	switch {
	case l.tabs.contains(x, y):
		if tab := m.tabAt(x); tab >= 0 && m.mode != confirming {
			m.mode, m.form = browsing, nil
			m.open(tab)
		}
	case l.filter.contains(x, y) && m.mode == browsing:
		m.openForm(0)
	case m.mode == filtering:
		if field := y - l.body.y + m.formTop(l.body.height); field >= 0 && field < len(fieldNames) && l.body.contains(x, y) {
			m.form.goTo(field)
		}
	case m.mode == helping:
		m.mode = browsing
	case m.mode != browsing:
	case l.titles.contains(x, y):
		m.clickTitle(x-l.titles.x, l.titles.width)
	case l.rows.contains(x, y):
		m.clickRow(m.list().top + y - l.rows.y)
	case l.details.contains(x, y):
		m.mode = reading
	}
}

func (m *model) clickTitle(x, width int) {
	for _, place := range m.places(width) {
		if x >= place.x && x < place.x+place.width {
			m.sortBy(place.column)
		}
	}
}

// clickRow selects a row, and opens the details of the one that is selected.
func (m *model) clickRow(row int) {
	l := m.list()
	switch {
	case row >= len(l.shown):
	case row == l.selected:
		m.enter()
	default:
		m.detailsTop = 0
		l.move(row, m.rowsHeight())
	}
}
