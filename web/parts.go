package web

import (
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// Parts of the pages of an item and of a run.

// region begins a part of a page that is made anew where something of some kinds has
// changed, of one item or, with none, of any; see static/live.js. It is a section,
// which the caller ends.
func (m *markup) region(id constant, item record.Item, kinds ...constant) {
	m.raw(`<section id="`, id, `" data-live="`)
	for i, kind := range kinds {
		if i > 0 {
			m.raw(" ")
		}
		m.raw(kind)
	}
	m.raw(`"`)
	if item.Name != "" {
		m.attribute("data-live-item", item.String())
	}
	m.raw(">\n")
}

// liveAssets asks for the script that keeps a page as the database is.
func (m *markup) liveAssets() {
	m.stylesheet("history.css")
	if m.Live {
		m.script("live.js")
	}
}

// liveStatus is where that script says how it fares, and can be paused. Without the
// script it is not shown.
func (m *markup) liveStatus() {
	if !m.Live {
		return
	}
	m.raw(`<div id="live" class="live" hidden`)
	for _, text := range [...][2]constant{
		{"data-live", "live"}, {"data-paused", "paused"}, {"data-reconnecting", "reconnecting…"}, {"data-ended", "logged out; load the page again"},
		{"data-pause", "Pause"}, {"data-resume", "Resume"}, {"data-news", "There are new records"},
	} {
		m.attribute(text[0], m.T(string(text[1])))
	}
	m.raw("></div>\n")
}

// picture begins a picture that may be wider than the page. Where the end of it is
// what matters, that is seen first.
func (m *markup) picture(label string, fromEnd bool) {
	m.raw(`<div class="wide picture`)
	if fromEnd {
		m.raw(" newest")
	}
	m.raw(`" tabindex="0" role="region"`)
	m.attribute("aria-label", m.T(label))
	m.raw(">")
}

// fold begins a part that is shown on request; the caller ends the details.
func (m *markup) fold(summary string) {
	m.raw("<details><summary>")
	m.say(summary)
	m.raw("</summary>\n")
}

// more leads to the whole of what was shown in part.
func (m *markup) more(address, label string) {
	m.raw(`<p class="more">`)
	m.link(address, m.T(label), false)
	m.raw("</p>\n")
}

// beginTable begins a table whose rows the caller writes. On a narrow page a row
// becomes lines; beginWideTable is for what is compared across.
func (m *markup) beginTable(label string, titles []string) {
	m.wide(label)
	m.raw(`<table class="stack">`)
	m.tableHead(titles)
}

func (m *markup) beginWideTable(label string, titles []string) {
	m.wide(label)
	m.raw("<table>")
	m.tableHead(titles)
}

func (m *markup) tableHead(titles []string) {
	m.raw("\n<thead><tr>")
	for _, title := range titles {
		m.raw(`<th scope="col">`)
		m.say(title)
		m.raw("</th>")
	}
	m.raw("</tr></thead>\n<tbody>\n")
}

func (m *markup) endTable() { m.raw("</tbody>\n</table></div>\n") }

func (m *markup) cell(content func()) {
	m.raw("<td>")
	content()
	m.raw("</td>")
}

// textCell writes a cell with a text of anybody.
func (m *markup) textCell(text string) {
	m.raw("<td>")
	m.text(viewer.Visible(text))
	m.raw("</td>")
}

// longCell is a textCell with a text that may have lines.
func (m *markup) longCell(text string) {
	m.raw(`<td class="long">`)
	m.text(viewer.Visible(text))
	m.raw("</td>")
}

// time writes a time in the server's zone, for programs with its offset.
func (m *markup) time(t, now time.Time) {
	if t.IsZero() {
		return
	}
	t = t.In(now.Location())
	m.raw("<time")
	m.attribute("datetime", t.Format(time.RFC3339))
	m.raw(">")
	m.text(t.Format(record.TimeLayout))
	m.raw("</time>")
}

// recordTime writes when a record was made: of one that does not say, the day of its
// file is all that is known.
func (m *markup) recordTime(row record.Row, now time.Time) {
	if row.Get("time") == "" && row.Get("ts") == "" {
		m.text(row.Time.Format(time.DateOnly))
		return
	}
	m.time(row.Time, now)
}

// level writes the level of a message, and result what became of an alarm.
func (m *markup) level(level string) { m.chip(chipOfLevel(level), viewer.Visible(level)) }

func (m *markup) result(result string) { m.chip(resultClass(result), viewer.Visible(result)) }
