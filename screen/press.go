package screen

// press obeys a key.
func (m *model) press(k key) {
	switch k {
	case "ctrl+c":
		m.do(quit{})
		return
	case "ctrl+z":
		m.do(suspend{})
		return
	case "ctrl+l":
		m.do(repaint{})
		return
	}
	switch m.mode {
	case browsing:
		m.browse(k)
	case reading:
		m.read(k)
	case filtering:
		m.pressInForm(k)
	case searching, exporting:
		m.pressInPrompt(k)
	case confirming:
		m.confirm(k)
	case helping:
		m.pressInHelp(k)
	}
}

// browse obeys a key while the rows are looked at.
func (m *model) browse(k key) {
	if m.walk(k) {
		return
	}
	switch k {
	case "q":
		m.do(quit{})
	case "tab":
		m.open(m.tab + 1)
	case "shift+tab":
		m.open(m.tab - 1)
	case "1", "2", "3", "4", "5":
		m.open(int(k[0] - '1'))
	case "enter":
		m.enter()
	case "esc":
		m.escape()
	case "f":
		m.openForm(0)
	case "F":
		m.setFilter(filter{})
	case "/":
		m.mode, m.prompt = searching, line{}
	case "n":
		m.search(m.searched, 1)
	case "N":
		m.search(m.searched, -1)
	case "s":
		m.sortBy(m.nextColumn(1))
	case "S":
		m.sortBy(m.nextColumn(-1))
	case "r":
		m.reverse()
	case "e":
		m.openExport()
	case "?", "h", "f1":
		m.mode, m.helpTop = helping, 0
	}
}

// walk obeys a key that goes through the rows.
func (m *model) walk(k key) bool {
	l, page := m.list(), max(1, m.rowsHeight()-1)
	to := l.selected
	switch k {
	case "up", "k":
		to--
	case "down", "j":
		to++
	case "pgup", "ctrl+b", "ctrl+u":
		to -= page
	case "pgdown", "ctrl+f", "ctrl+d", " ":
		to += page
	case "home", "g":
		to = 0
	case "end", "G":
		to = len(l.shown) - 1
	case "left":
		l.shift = max(0, l.shift-1)
	case "right":
		l.shift = min(l.shift+1, m.mostShift())
	default:
		return false
	}
	if to != l.selected {
		m.detailsTop = 0
	}
	l.move(to, m.rowsHeight())
	return true
}

// enter opens the details, and then gives them the whole screen.
func (m *model) enter() {
	if _, ok := m.list().current(); !ok {
		return
	}
	if m.details || !m.splits() {
		m.mode = reading
	}
	m.details = m.details || m.splits()
}

// escape closes what is open.
func (m *model) escape() {
	switch {
	case m.details:
		m.details, m.detailsTop = false, 0
	case m.searched != "":
		m.searched = ""
	}
}

// read obeys a key while the details have the screen.
func (m *model) read(k key) {
	page := max(1, m.bodyHeight()-1)
	switch k {
	case "up", "k":
		m.detailsTop--
	case "down", "j":
		m.detailsTop++
	case "pgup":
		m.detailsTop -= page
	case "pgdown", " ":
		m.detailsTop += page
	case "home", "g":
		m.detailsTop = 0
	case "end", "G":
		m.detailsTop = 1 << 30
	case "left":
		m.detailsTop = 0
		m.list().move(m.list().selected-1, m.rowsHeight())
	case "right":
		m.detailsTop = 0
		m.list().move(m.list().selected+1, m.rowsHeight())
	case "esc", "enter":
		m.mode, m.detailsTop = browsing, 0
	default:
		m.leaveDetails(k)
	}
}

// leaveDetails obeys a key that is about something else than the details; the rows
// are there again where it needs them.
func (m *model) leaveDetails(k key) {
	switch k {
	case "tab", "shift+tab", "1", "2", "3", "4", "5", "f", "F", "/", "n", "N", "e":
		m.mode = browsing
		m.browse(k)
	case "q", "?", "h", "f1":
		m.browse(k)
	}
}

func (m *model) pressInHelp(k key) {
	switch k {
	case "up", "k":
		m.helpTop--
	case "down", "j":
		m.helpTop++
	case "pgup":
		m.helpTop -= m.bodyHeight()
	case "pgdown", " ":
		m.helpTop += m.bodyHeight()
	case "q":
		m.do(quit{})
	default:
		m.mode = browsing
	}
}

func (m *model) openForm(field int) {
	m.mode, m.form = filtering, newForm(m.filter, field)
	if !m.named {
		m.named = true
		m.do(learnNames{})
	}
}

func (m *model) pressInForm(k key) {
	f := m.form
	switch k {
	case "esc":
		m.mode, m.form = browsing, nil
	case "enter":
		m.applyForm()
	case "up":
		f.goTo(f.field - 1)
	case "shift+tab":
		f.goTo(f.field - 1)
	case "down":
		f.goTo(f.field + 1)
	case "tab":
		f.tab(m.names)
	default:
		f.edit(k)
	}
}

// applyForm asks for what the fields say, unless one of them says nothing that
// could be.
func (m *model) applyForm() {
	asked := m.form.filter()
	if field, err := asked.check(m.now(), m.levels); err != nil {
		m.form.refuse(field, err)
		return
	}
	m.mode, m.form = browsing, nil
	m.setFilter(asked)
}

func (m *model) pressInPrompt(k key) {
	switch k {
	case "esc":
		m.mode = browsing
	case "enter":
		text := m.prompt.text()
		if m.mode == exporting {
			m.startExport(text)
			return
		}
		m.mode = browsing
		if text != "" {
			m.searched = text
		}
		m.search(m.searched, 1)
	default:
		m.prompt.edit(k)
	}
}

// pasted takes a text into what is being typed. It is never taken for keys.
func (m *model) pasted(text string) {
	switch m.mode {
	case filtering:
		m.form.edit(key(typeable(text)))
	case searching, exporting:
		m.prompt.insert(text)
	}
}
