package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/mvrun/mvrun/viewer"
)

// Charts are drawn here, so that they are there without a script: bars whose places
// are percentages, by which they fit any width while texts keep their size. Who does
// not see them has the same numbers as a table, from which the script, too, takes
// what it shows on top.

// axisHeight is the room below the bars, and topRoom that above them, in pixels.
const (
	axisHeight = 22
	topRoom    = 12
)

// barChart writes a chart with its legend and table.
func (m *markup) barChart(c *chart) {
	m.raw(`<figure class="chart"`)
	m.attribute("id", "chart-"+c.id)
	m.attribute("data-height", strconv.Itoa(c.height))
	m.raw(">\n<figcaption>")
	m.raw("<h3>")
	m.text(m.chartTitle(c))
	m.raw(` <span class="sum">`)
	m.text(viewer.Grouped(c.all()))
	m.raw("</span></h3>")
	m.legend(c)
	m.raw("</figcaption>\n")
	if c.all() == 0 {
		m.raw(`<p class="empty">`)
		m.say("None in this range.")
		m.raw("</p></figure>\n")
		return
	}
	m.raw(`<div class="plot">`, "\n")
	top := niceTop(c.most())
	m.verticalAxis(c, top)
	m.bars(c, top)
	m.raw("</div>\n")
	m.chartTable(c)
	m.raw("</figure>\n")
}

// chartTitle is a direction, or in the language of the page.
func (m *markup) chartTitle(c *chart) string {
	if c.isName {
		return c.title
	}
	return m.T(c.title)
}

// legend names the colours; each leads to what it stands for.
func (m *markup) legend(c *chart) {
	m.raw(`<ul class="legend">`)
	for _, row := range c.rows {
		m.raw("<li><a")
		m.attribute("href", c.address(c.days, row.filter))
		m.raw("><i")
		m.attribute("class", "swatch "+row.class)
		m.raw("></i>")
		m.text(m.rowName(row))
		m.raw(" <b>")
		m.text(viewer.Grouped(row.total))
		m.raw("</b></a></li>")
	}
	m.raw("</ul>")
}

// rowName is a name of the database, but for that of the rest.
func (m *markup) rowName(row *chartRow) string {
	if row.class == restClass && row.name == restName {
		return m.T(restName)
	}
	return row.name
}

// verticalAxis writes three numbers beside the bars.
func (m *markup) verticalAxis(c *chart, top int) {
	m.raw(`<svg class="axis" width="44" aria-hidden="true"`)
	m.attribute("height", strconv.Itoa(c.height+axisHeight+topRoom))
	m.raw(">")
	for _, line := range axisLines(top) {
		m.raw(`<text x="38" dy="0.32em"`)
		m.attribute("y", c.y(line, top))
		m.raw(">")
		m.text(short(line))
		m.raw("</text>")
	}
	m.raw("</svg>\n")
}

func axisLines(top int) [3]int { return [3]int{0, top / 2, top} }

// y is the place of a count from above, in pixels.
func (c *chart) y(count, top int) string {
	return decimal(float64(topRoom) + float64(c.height)*(1-float64(count)/float64(top)))
}

// widestBar is in percent of the chart.
const widestBar = 8

// bars writes a bar for each part, which leads to its records.
func (m *markup) bars(c *chart, top int) {
	m.raw(`<svg class="bars" width="100%" role="img"`)
	m.attribute("height", strconv.Itoa(c.height+axisHeight+topRoom))
	m.attribute("aria-labelledby", "title-"+c.id+" text-"+c.id)
	m.raw(">\n<title")
	m.attribute("id", "title-"+c.id)
	m.raw(">")
	m.text(m.chartTitle(c))
	m.raw("</title><desc")
	m.attribute("id", "text-"+c.id)
	m.raw(">")
	m.text(m.description(c))
	m.raw("</desc>\n")
	for _, line := range axisLines(top) {
		m.raw(`<line class="grid" x1="0" x2="100%"`)
		m.attribute("y1", c.y(line, top))
		m.attribute("y2", c.y(line, top))
		m.raw("/>")
	}
	m.raw("\n")
	for part := range c.parts {
		m.bar(c, part, top)
	}
	m.horizontalAxis(c)
	m.raw("</svg>\n")
}

// description says in words what the picture shows.
func (m *markup) description(c *chart) string {
	when, count := c.peak()
	return c.days.title() + ": " + viewer.Grouped(c.all()) + ". " + m.T("Most") + ": " + when + ", " + viewer.Grouped(count) + "."
}

func (m *markup) bar(c *chart, part, top int) {
	room := 100 / float64(len(c.parts))
	width := min(room*0.8, widestBar)
	x := room*float64(part) + (room-width)/2
	m.raw(`<a tabindex="-1"`)
	m.attribute("href", c.address(c.parts[part], url.Values{}))
	m.raw(">")
	m.raw("<title>")
	m.text(m.barTitle(c, part))
	m.raw("</title>")
	m.rect("hit", room*float64(part), room, topRoom, float64(c.height))
	below := 0
	for _, row := range c.rows {
		count := row.counts[part]
		if count == 0 {
			continue
		}
		height := float64(c.height) * float64(count) / float64(top)
		foot := float64(c.height) * float64(below) / float64(top)
		m.rect(row.class, x, width, float64(topRoom+c.height)-foot-height, max(height, leastBar))
		below += count
	}
	m.raw("</a>\n")
}

// leastBar keeps what is little from being nothing, in pixels.
const leastBar = 1.5

// rect writes a rectangle: across in percent, and down in pixels.
func (m *markup) rect(class string, x, width, y, height float64) {
	m.raw("<rect")
	m.attribute("class", class)
	m.attribute("x", decimal(x)+"%")
	m.attribute("width", decimal(width)+"%")
	m.attribute("y", decimal(y))
	m.attribute("height", decimal(height))
	m.raw("/>")
}

func (m *markup) barTitle(c *chart, part int) string {
	var text strings.Builder
	text.WriteString(c.parts[part].title() + ": " + viewer.Grouped(c.sum(part)))
	for _, row := range c.rows {
		if row.counts[part] > 0 && len(c.rows) > 1 {
			text.WriteString("\n" + m.rowName(row) + ": " + viewer.Grouped(row.counts[part]))
		}
	}
	return text.String()
}

// mostLabels is how many days are named below the bars: so many fit on a phone.
const mostLabels = 7

func (m *markup) horizontalAxis(c *chart) {
	step := (len(c.parts) + mostLabels - 1) / mostLabels
	for part := 0; part < len(c.parts); part += step {
		m.raw(`<text class="day"`)
		m.attribute("x", decimal(100/float64(len(c.parts))*(float64(part)+0.5))+"%")
		m.attribute("y", strconv.Itoa(topRoom+c.height+axisHeight-6))
		m.raw(">")
		m.text(c.parts[part].label())
		m.raw("</text>")
	}
	m.raw("\n")
}

// chartTable has the numbers of a chart.
func (m *markup) chartTable(c *chart) {
	m.raw(`<details class="numbers"><summary>`)
	m.say("Numbers")
	m.raw(`</summary><div class="wide" tabindex="0" role="region"`)
	m.attribute("aria-label", m.chartTitle(c)+": "+m.T("Numbers"))
	m.raw("><table>\n<caption>")
	m.text(m.chartTitle(c) + ", " + c.days.title())
	m.raw("</caption><thead><tr>", `<th scope="col">`)
	m.say("Day")
	m.raw("</th>")
	for _, row := range c.rows {
		m.raw(`<th scope="col"`)
		m.attribute("class", row.class)
		m.raw(">")
		m.text(m.rowName(row))
		m.raw("</th>")
	}
	m.raw("</tr></thead>\n<tbody>\n")
	for part := range c.parts {
		m.raw(`<tr><th scope="row">`)
		m.link(c.address(c.parts[part], url.Values{}), c.parts[part].title(), false)
		m.raw("</th>")
		for _, row := range c.rows {
			m.raw("<td>")
			m.text(strconv.Itoa(row.counts[part]))
			m.raw("</td>")
		}
		m.raw("</tr>\n")
	}
	m.raw("</tbody></table></div></details>\n")
}

// decimal writes a number with at most two digits behind the point.
func decimal(number float64) string {
	text := strconv.FormatFloat(number, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// short writes 1500 as 1.5k.
func short(number int) string {
	for _, unit := range [...]struct {
		size int
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if number >= unit.size {
			return decimal(float64(number)/float64(unit.size)) + unit.name
		}
	}
	return strconv.Itoa(number)
}
