package web

import (
	"net/url"
	"strconv"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

func (v *overviewView) write(m *markup) {
	if v.partial {
		m.note(m.T("Mutes, marks and the outbox could not all be read."))
	}
	m.raw(`<div id="overview">`, "\n")
	v.writeFilter(m)
	if v.at.IsZero() {
		v.writeLater(m, "#overview", "The items are being looked at …")
	} else {
		v.writeStates(m)
		v.writeHistory(m)
	}
	m.raw("</div>\n")
}

// writeLater writes a link to the page as it will be, which a script follows at once.
func (v *overviewView) writeLater(m *markup, part constant, text string) {
	m.raw(`<p class="counting"><a hx-trigger="load" hx-target="`, part, `" hx-select="`, part, `" hx-swap="outerHTML"`)
	m.attribute("href", v.with("wait", "yes"))
	m.attribute("hx-get", v.with("wait", "yes"))
	m.raw(">")
	m.say(text)
	m.raw("</a></p>\n")
}

// writeFilter writes what the whole page is about: a direction and a range.
func (v *overviewView) writeFilter(m *markup) {
	m.raw(`<form class="bar" id="range" method="get" action="/"`)
	m.attribute("aria-label", m.T("Range"))
	m.raw(">\n")
	for _, key := range [...]constant{"state", "search"} {
		if value := v.values.Get(string(key)); value != "" {
			m.hidden(key, value)
		}
	}
	m.raw(`<div class="quick" role="group">`)
	for _, quick := range quickRanges {
		m.link(v.inRange(quick.name), m.T(quick.label), v.days.quick == quick.name)
	}
	m.raw("</div>\n")
	m.field("From", "begin", v.days.first.Format(time.DateOnly), "", ` type="date" id="from" required`)
	m.field("To", "end", v.days.last.Format(time.DateOnly), "", ` type="date" id="to" required`)
	if len(v.directions) > 1 || v.values.Get("direction") != "" {
		m.raw("<label>")
		m.say("Direction")
		m.raw(` <select name="direction" id="direction"><option value="">`)
		m.say("All")
		m.raw("</option>")
		for _, direction := range v.directions {
			m.option(direction, direction, direction == v.values.Get("direction"))
		}
		m.raw("</select></label>\n")
	}
	m.button("Show", "")
	m.raw("</form>\n")
}

// option writes a choice of a list.
func (m *markup) option(value, label string, chosen bool) {
	m.raw("<option")
	m.attribute("value", value)
	if chosen {
		m.raw(" selected")
	}
	m.raw(">")
	m.text(label)
	m.raw("</option>")
}

// writeStates writes the state of every item now.
func (v *overviewView) writeStates(m *markup) {
	m.raw(`<section id="states" data-live="" aria-labelledby="now">`, "\n", `<h2 id="now">`)
	m.say("Now")
	m.raw(` <small>`)
	m.text(v.at.Format(record.TimeLayout))
	m.raw("</small></h2>\n")
	v.writeVerdict(m)
	v.writeCounts(m)
	m.raw(`<form class="bar search" method="get" action="/" role="search">`)
	for _, key := range [...]constant{"state", "begin", "end", "range", "direction"} {
		if value := v.values.Get(string(key)); value != "" {
			m.hidden(key, value)
		}
	}
	m.field("Find items", "search", v.values.Get("search"), m.T("item, admin or host"), ` type="search" id="search" size="28"`)
	m.button("Find", "")
	m.raw("</form>\n")
	if len(v.items) == 0 {
		m.nothing()
	} else {
		v.writeItems(m)
	}
	v.writePager(m)
	m.raw("</section>\n")
}

// writeVerdict says at once whether anything is wrong.
func (v *overviewView) writeVerdict(m *markup) {
	if v.stuck > 0 {
		v.writeStuck(m)
	}
	switch {
	case v.all == 0:
		m.raw(`<p class="verdict">`)
		m.say("There are no items yet.")
	case v.wrong == 0 && v.stuck > 0:
		m.raw(`<p class="verdict">`)
		m.say("The items are well.")
	case v.wrong == 0:
		m.raw(`<p class="verdict good">`)
		m.say("Everything is well.")
	default:
		m.raw(`<p class="verdict bad"><a`)
		m.attribute("href", v.with("state", stateWrong))
		m.raw("><b>")
		m.text(viewer.Grouped(v.wrong))
		m.raw("</b> ")
		m.say("of")
		m.text(" " + viewer.Grouped(v.all) + " ")
		m.say(v.attention())
		m.raw("</a>")
	}
	m.raw("</p>\n")
}

// attention is what stands behind the numbers of items that are wrong, and of all.
func (v *overviewView) attention() string {
	switch {
	case v.all == 1:
		return "item needs attention."
	case v.wrong == 1:
		return "items needs attention."
	}
	return "items need attention."
}

// writeStuck says that alarms do not go out: the alarm about that does not, either.
func (v *overviewView) writeStuck(m *markup) {
	m.raw(`<p class="verdict bad"><a`)
	m.attribute("href", listingAddress(record.Alarm, v.days, url.Values{wherePrefix + "alarm_result": {"=FAILED"}}))
	m.raw("><b>")
	m.text(viewer.Grouped(v.stuck))
	m.raw("</b> ")
	if v.stuck == 1 {
		m.say("alarm could not be sent for more than an hour.")
	} else {
		m.say("alarms could not be sent for more than an hour.")
	}
	m.raw("</a> ")
	m.say("mvrun doctor says why.")
	m.raw("</p>\n")
}

func (v *overviewView) writeCounts(m *markup) {
	shown := v.values.Get("state")
	m.raw(`<ul class="counts">`, "\n")
	v.writeCount(m, "", m.T("All"), v.all, shown)
	for _, one := range v.counts {
		v.writeCount(m, string(one.state), m.T(string(one.state)), one.count, shown)
	}
	m.raw("</ul>\n")
}

func (v *overviewView) writeCount(m *markup, state, label string, count int, shown string) {
	m.raw("<li><a")
	m.attribute("href", v.with("state", state))
	if state != "" {
		m.attribute("class", stateClass(state))
	}
	if state == shown {
		m.raw(` aria-current="true"`)
	}
	m.raw("><b>")
	m.text(viewer.Grouped(count))
	m.raw("</b> ")
	m.text(label)
	m.raw("</a></li>\n")
}

func (v *overviewView) writeItems(m *markup) {
	titles := [...]string{"State", "Direction", "Item", "Last", "Due", "Schedule", "Cause"}
	m.wide("All items")
	m.raw(`<table class="cards overview">`, "\n<caption>")
	m.say("State of the items, what is wrong first")
	m.raw("</caption>")
	m.tableHead(titles[:])
	for _, item := range v.items {
		m.raw("<tr>")
		for i, text := range [...]string{item.State, item.Direction, item.Item, item.Last, item.Due, item.Schedule, item.Cause} {
			m.raw("<td")
			m.attribute("data-label", m.T(titles[i]))
			m.attribute("class", columnClass(titles[i]))
			m.raw(">")
			switch titles[i] {
			case "State":
				m.state(text)
			case "Item":
				m.link(item.Link, text, false)
			default:
				m.text(text)
			}
			m.raw("</td>")
		}
		m.raw("</tr>\n")
	}
	m.raw("</tbody>\n</table></div>\n")
}

// writePager says which of the items are shown, and leads to the others.
func (v *overviewView) writePager(m *markup) {
	if v.found == 0 {
		return
	}
	first := (v.number-1)*itemsShown + 1
	m.raw(`<nav class="pager"`)
	m.attribute("aria-label", m.T("Pages"))
	m.raw("><span>")
	m.text(viewer.Grouped(first) + "–" + viewer.Grouped(first+len(v.items)-1) + " / " + viewer.Grouped(v.found))
	m.raw("</span>")
	if v.number > 1 {
		m.raw(" ")
		m.link(v.with("page", strconv.Itoa(v.number-1)), m.T("Previous"), false)
	}
	if v.number*itemsShown < v.found {
		m.raw(" ")
		m.link(v.with("page", strconv.Itoa(v.number+1)), m.T("Next"), false)
	}
	m.raw("</nav>\n")
}

// writeHistory writes totals and charts, or what fetches them once they are there.
func (v *overviewView) writeHistory(m *markup) {
	m.raw(`<section id="history" data-live="heartbeat log alarm run" aria-labelledby="then">`, "\n", `<h2 id="then">`)
	m.say("History")
	m.raw(` <small>`)
	m.text(v.days.title())
	if !v.countedAt.IsZero() {
		m.text(" · " + m.T("counted") + " " + v.countedAt.Format(time.TimeOnly))
	}
	m.raw("</small></h2>\n")
	if v.tooMuch {
		m.note(m.T("There are too many items and days to count at once: choose fewer days, or a direction."))
		m.raw("</section>\n")
		return
	}
	if v.charts == nil {
		v.writeLater(m, "#history", "The records are being counted …")
		m.raw("</section>\n")
		return
	}
	v.writeTotals(m)
	m.raw(`<div class="charts">`, "\n")
	m.barChart(v.charts.alarms)
	v.writeTop(m)
	v.writeLogs(m)
	m.barChart(v.charts.heartbeats)
	m.raw("</div>\n</section>\n")
}

// writeTotals writes the four numbers of monitorViewer's page.
func (v *overviewView) writeTotals(m *markup) {
	sums := v.charts.summary
	m.raw(`<ul class="totals">`, "\n")
	v.writeTotal(m, v.listing("monitor", "", ""), "Monitor items", v.all, nil)
	v.writeTotal(m, v.listing(record.Alarm, "", ""), "Alarms", sums.alarms, func() {
		for _, row := range sums.results.rows {
			m.raw("<a")
			m.attribute("href", v.listing(record.Alarm, wherePrefix+"alarm_result", "="+row.value))
			m.raw(">")
			m.chip(resultClass(row.value), row.value)
			m.text(" " + viewer.Grouped(row.total))
			m.raw("</a> ")
		}
	})
	v.writeTotal(m, v.listing(record.Log, "", ""), "Logs", sums.logs, func() { v.writeLevels(m) })
	v.writeTotal(m, v.listing(record.Heartbeat, "", ""), "Heartbeats", sums.heartbeats, nil)
	m.raw("</ul>\n")
}

// writeLevels writes what of the logs is more than news.
func (v *overviewView) writeLevels(m *markup) {
	for _, level := range [...]record.Level{record.LevelFatal, record.LevelError, record.LevelWarning} {
		total := 0
		for _, row := range v.charts.summary.logsBy.rows {
			if row.value == string(level) {
				total += row.total
			}
		}
		if total > 0 {
			m.raw("<a")
			m.attribute("href", v.listing(record.Log, "level", string(level)))
			m.raw(">")
			m.chip(chipOfLevel(string(level)), string(level))
			m.text(" " + viewer.Grouped(total))
			m.raw("</a> ")
		}
	}
}

func (v *overviewView) writeTotal(m *markup, address, label string, count int, more func()) {
	m.raw("<li><a")
	m.attribute("href", address)
	m.raw("><b>")
	m.text(viewer.Grouped(count))
	m.raw("</b> ")
	m.say(label)
	m.raw("</a>")
	if more != nil {
		m.raw(`<p class="parts">`)
		more()
		m.raw("</p>")
	}
	m.raw("</li>\n")
}

// writeTop writes the items with the most alarms as bars that lie.
func (v *overviewView) writeTop(m *markup) {
	top := v.charts.summary.topItems
	m.raw(`<figure class="chart" id="chart-top"><figcaption><h3>`)
	m.say("Top 10 items by alarms")
	m.raw("</h3></figcaption>\n")
	if len(top) == 0 {
		m.raw(`<p class="empty">`)
		m.say("None in this range.")
		m.raw("</p></figure>\n")
		return
	}
	m.raw(`<ol class="top">`, "\n")
	for _, one := range top {
		m.raw("<li><a")
		filter := record.Item{Direction: record.LiteralPattern(one.item.Direction), Name: record.LiteralPattern(one.item.Name)}
		m.attribute("href", listingAddress(record.Alarm, v.days, map[string][]string{"direction": {filter.Direction}, "item": {filter.Name}}))
		m.raw(`><span class="label">`)
		m.text(one.item.Name)
		m.raw(" <small>")
		m.text(one.item.Direction)
		m.raw("</small></span> <b>")
		m.text(viewer.Grouped(one.count))
		m.raw("</b>", `<svg width="100%" height="8" aria-hidden="true">`)
		m.rect(v.charts.colourOf(one.item.Direction), 0, 100*float64(one.count)/float64(top[0].count), 0, 8)
		m.raw("</svg></a></li>\n")
	}
	m.raw("</ol></figure>\n")
}

// writeLogs writes the levels of each direction beside one another.
func (v *overviewView) writeLogs(m *markup) {
	m.raw(`<section class="small-charts" aria-labelledby="logs"><h3 id="logs">`)
	m.say("Logs by direction and level")
	m.raw("</h3>\n")
	if len(v.charts.logs) == 0 {
		m.raw(`<p class="empty">`)
		m.say("None in this range.")
		m.raw("</p>")
	}
	m.raw(`<div class="small">`)
	for _, c := range v.charts.logs {
		m.barChart(c)
	}
	m.raw("</div></section>\n")
}
