package screen

// helpLines are the keys and what they do.
var helpLines = [...][2]string{
	{"Tab, Shift-Tab, 1 … 5", "the tabs"},
	{"↑ ↓, j k", "one row up or down"},
	{"PgUp PgDn, Space", "one page up or down"},
	{"g G, Home End", "the first row, the last row"},
	{"← →", "scroll the columns"},
	{"Enter", "details of the row; again: over the whole screen"},
	{"Esc", "close what is open"},
	{"f", "change the filter; Tab completes, Enter applies"},
	{"F", "clear the filter"},
	{"/", "search in the rows"},
	{"n N", "the next hit, the one before"},
	{"s S", "sort by the next column, by the one before"},
	{"r", "the other way round"},
	{"e", "export what is shown: .csv, .json or .tsv"},
	{"^L", "draw the screen anew"},
	{"^Z", "suspend; fg goes on"},
	{"q, ^C", "quit"},
	{"mouse", "a click on tab, title, row, filter; the wheel scrolls"},
}

func (m *model) drawHelp(a area) {
	width := 0
	for _, line := range helpLines {
		width = max(width, len([]rune(line[0])))
	}
	m.helpTop = max(0, min(m.helpTop, len(helpLines)-a.height))
	for y := range a.height {
		if i := m.helpTop + y; i < len(helpLines) {
			a.put(1, y, m.symbols.plain(helpLines[i][0]), style{bold: true})
			a.put(width+3, y, fit(m.word(helpLines[i][1]), a.width-width-4), style{})
		}
	}
}
