package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// writeTable writes the records below titles by which they are sorted, and fields
// by which they are filtered.
func (v recordsView) writeTable(m *markup) {
	m.wide(v.Title)
	m.raw(`<table class="cards">`, "\n<caption>")
	m.say(v.Title)
	m.raw("</caption>\n<thead>\n<tr", boost, ">")
	for _, title := range v.Columns {
		v.writeHeading(m, title)
	}
	m.raw("</tr>\n", `<tr class="where">`)
	for _, title := range v.Columns {
		name := wherePrefix + strings.ToLower(title)
		m.raw(`<td><input form="filter" type="search" autocomplete="off"`)
		m.attribute("name", name)
		m.attribute("id", name)
		m.attribute("value", v.Values.Get(name))
		m.attribute("placeholder", title)
		m.attribute("aria-label", m.T("Filter by")+" "+title)
		m.attribute("title", m.T("text, !text, =text, <10, >=10"))
		m.raw("></td>")
	}
	m.raw("</tr>\n</thead>\n<tbody>\n")
	for _, row := range v.Rows {
		v.writeRow(m, row)
	}
	m.raw("</tbody>\n</table></div>\n")
	if len(v.Rows) == 0 {
		m.nothing()
	}
}

// writeHeading writes a title that sorts, and once more the other way.
func (v recordsView) writeHeading(m *markup, title string) {
	name, chosen := strings.ToLower(title), strings.ToLower(v.Values.Get("sort"))
	if chosen == "" && title == "Time" {
		chosen = "-time"
	}
	next, mark, order := name, "", constant("")
	if startsWithMost(title) {
		next = "-" + name
	}
	switch chosen {
	case name:
		next, mark, order = "-"+name, " ↑", "ascending"
	case "-" + name:
		next, mark, order = name, " ↓", "descending"
	}
	m.raw(`<th scope="col"`)
	m.attribute("class", columnClass(title))
	if order != "" {
		m.raw(` aria-sort="`, order, `"`)
	}
	m.raw("><a")
	m.attribute("href", v.sortedAddress(next))
	m.raw(">")
	m.text(title)
	m.raw(`<span aria-hidden="true">`)
	m.text(mark)
	m.raw("</span></a></th>")
}

// startsWithMost is for columns of which what is most or last is asked for first.
func startsWithMost(title string) bool {
	return slices.Contains([]string{"Time", "Duration", "Runs", "Last", "Next"}, title)
}

func (v recordsView) sortedAddress(order string) string {
	values := url.Values{}
	for key, list := range v.Values {
		if key != "cursor" {
			values[key] = list
		}
	}
	return address("/records/"+v.Kind, values, "sort", order)
}

func (v recordsView) writeRow(m *markup, row []string) {
	item := record.Item{Direction: v.cell(row, "Direction"), Name: v.cell(row, "Item")}
	m.raw("<tr>")
	for i, text := range row {
		title := v.Columns[i]
		m.raw("<td")
		m.attribute("data-label", title)
		m.attribute("class", columnClass(title))
		m.raw(">")
		v.writeCell(m, item, title, text, row)
		m.raw("</td>")
	}
	m.raw("</tr>\n")
}

func (v recordsView) cell(row []string, title string) string {
	if i := slices.Index(v.Columns, title); i >= 0 {
		return row[i]
	}
	return ""
}

func (v recordsView) writeCell(m *markup, item record.Item, title, text string, row []string) {
	switch {
	case text == "":
	case title == "Item":
		m.link(itemAddress(item), text, false)
	case title == "Run":
		m.linkToRun(text)
	case title == "Message_Level":
		m.chip(chipOfLevel(text), text)
	case title == "Alarm_Result":
		m.chip(resultClass(text), text)
	case title == "Status" && v.Kind == "monitor":
		m.state(text)
	case title == "Status":
		m.chip(statusClass(text), text)
	default:
		m.folded(text)
	}
}

// longestLine is how many bytes of a text are shown before it is folded.
const longestLine = 400

// folded writes a text; of one of several lines, or a long one, the beginning.
func (m *markup) folded(text string) {
	first, rest, several := strings.Cut(text, "\n")
	if !several && len(first) <= longestLine {
		m.text(text)
		return
	}
	if len(first) > longestLine {
		first, rest = strings.ToValidUTF8(first[:longestLine], "")+" …", text
	}
	m.raw("<details><summary>")
	m.text(first)
	m.raw("</summary><pre>")
	m.text(rest)
	m.raw("</pre></details>")
}

// chip writes a short word in a colour that has a meaning.
func (m *markup) chip(class constant, text string) {
	m.raw(`<span class="chip `, class, `">`)
	m.text(text)
	m.raw("</span>")
}

func chipOfLevel(level string) constant {
	switch record.Level(levelName(level)) {
	case record.LevelDebug:
		return "faint"
	case record.LevelInfo:
		return "news"
	case record.LevelWarning:
		return "warn"
	case record.LevelError:
		return "bad"
	case record.LevelFatal:
		return "worst"
	}
	return "plain"
}

func resultClass(result string) constant {
	switch result {
	case "PASSED":
		return "good"
	case "FAILED":
		return "bad"
	case "SUPPRESSED":
		return "warn"
	}
	return "plain"
}

func statusClass(status string) constant {
	if status == "0" {
		return "good"
	}
	return "bad"
}

// columnClass is the class of a column's cells.
func columnClass(title string) string {
	return "c-" + strings.ToLower(title)
}

// stateClass is that of a state: states have blanks within.
func stateClass(state string) string {
	switch heartbeat.State(state) {
	case heartbeat.OK, heartbeat.Running:
		return "state good"
	case heartbeat.Late, heartbeat.Overlong, heartbeat.Stuck:
		return "state warn"
	case heartbeat.Idle, heartbeat.Muted, heartbeat.Retired:
		return "state faint"
	}
	return "state bad"
}
