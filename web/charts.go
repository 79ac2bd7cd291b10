package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mvrun/mvrun/record"
)

// chart is rows of counts over parts of some days, one bar a part.
type chart struct {
	id     string
	title  string // in English, or a direction
	isName bool   // the title is a direction
	kind   record.Kind
	filter url.Values // of the listings that it stands for
	days   days
	parts  []days
	rows   []*chartRow
	height int // of the bars, in pixels
}

// chartRow is one colour of a chart.
type chartRow struct {
	name   string
	class  string     // of the stylesheet
	filter url.Values // of the listing that it stands for, beside that of the chart
	counts []int
	total  int
}

// maxColours is how many directions have a colour of their own; the others share
// one.
const maxColours = 7

// Heights of charts, in pixels.
const (
	usualHeight = 250
	wideHeight  = 180
	smallHeight = 96
)

// charts are those of monitorViewer's page.
type charts struct {
	summary    *summary
	filter     url.Values // of the page
	alarms     *chart
	heartbeats *chart
	logs       []*chart // one for each direction, of levels
	colours    []string // the directions that have one
	rest       []string // those that have none
}

func newCharts(m *summary, directions []string, filter url.Values) *charts {
	c := &charts{summary: m, filter: filter, colours: coloured(m, directions)}
	for _, direction := range m.directions {
		if !slices.Contains(c.colours, direction) {
			c.rest = append(c.rest, direction)
		}
	}
	c.alarms = c.byDirection("alarms", "Alarms by direction", record.Alarm, &m.alarmsBy)
	c.heartbeats = c.byDirection("heartbeats", "Heartbeats by direction", record.Heartbeat, &m.heartbeatsBy)
	c.heartbeats.height = wideHeight
	c.logs = c.levelCharts()
	return c
}

// coloured are the directions with a colour, in the order of the alphabet: all that
// are known, so that a direction has one colour whatever the range, or those with
// the most records where they are too many.
func coloured(m *summary, known []string) []string {
	all := slices.Concat(known, m.directions)
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) <= maxColours {
		return all
	}
	totals := map[string]int{}
	for _, rows := range []*series{&m.alarmsBy, &m.logsBy, &m.heartbeatsBy} {
		for _, row := range rows.rows {
			totals[row.direction] += row.total
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(totals[b], totals[a]) })
	all = all[:maxColours]
	slices.Sort(all)
	return all
}

// colourOf is the class of a direction; the rest is grey.
func (c *charts) colourOf(direction string) string {
	if i := slices.Index(c.colours, direction); i >= 0 {
		return string(rune('a'+i)) + "-colour"
	}
	return restClass
}

const (
	restClass = "rest-colour"
	restName  = "Others"
)

func (c *charts) byDirection(id, title string, kind record.Kind, s *series) *chart {
	made := &chart{id: id, title: title, kind: kind, filter: c.filter, days: c.summary.days, parts: c.summary.parts, height: usualHeight}
	for _, row := range s.rows {
		class, name, filter := c.colourOf(row.direction), row.direction, url.Values{"direction": {record.LiteralPattern(row.direction)}}
		if class == restClass {
			name, filter = restName, c.restFilter()
		}
		made.add(name, class, filter, row.counts)
	}
	slices.SortStableFunc(made.rows, func(a, b *chartRow) int { return strings.Compare(a.class, b.class) })
	return made
}

// levelCharts are the log records of each direction by their level.
func (c *charts) levelCharts() []*chart {
	var made []*chart
	for _, row := range c.summary.logsBy.rows {
		name := row.direction
		if c.colourOf(name) == restClass {
			name = restName
		}
		i := slices.IndexFunc(made, func(known *chart) bool { return known.title == name })
		if i < 0 {
			i = len(made)
			made = append(made, c.levelChart(name, "logs-"+strconv.Itoa(i)))
		}
		level, class, filter := row.value, levelClass(row.value), url.Values{"level": {row.value}}
		if class == restClass {
			level, filter = restName, url.Values{}
		}
		made[i].add(level, class, filter, row.counts)
	}
	return made
}

func (c *charts) levelChart(direction, id string) *chart {
	made := &chart{id: id, title: direction, kind: record.Log, days: c.summary.days, parts: c.summary.parts, height: smallHeight}
	made.filter = c.restFilter()
	if made.isName = slices.Contains(c.colours, direction); made.isName {
		made.filter = url.Values{"direction": {record.LiteralPattern(direction)}}
	}
	return made
}

// maxNamedRest is how many directions an address names; of more it is of all.
const maxNamedRest = 40

// restFilter is that of the directions without a colour.
func (c *charts) restFilter() url.Values {
	if len(c.rest) > maxNamedRest {
		return c.filter
	}
	filter := url.Values{}
	for _, direction := range c.rest {
		filter.Add("direction", record.LiteralPattern(direction))
	}
	return filter
}

// levelClass is the class of a level; those that only this config knows are grey.
func levelClass(level string) string {
	for _, known := range record.Levels {
		if strings.EqualFold(level, string(known)) {
			return strings.ToLower(string(known)) + "-colour"
		}
	}
	return restClass
}

// add adds a row, or its counts to the row of the same name.
func (c *chart) add(name, class string, filter url.Values, counts []int) {
	i := slices.IndexFunc(c.rows, func(row *chartRow) bool { return row.name == name && row.class == class })
	if i < 0 {
		i = len(c.rows)
		c.rows = append(c.rows, &chartRow{name: name, class: class, filter: filter, counts: make([]int, len(counts))})
	}
	for part, count := range counts {
		c.rows[i].counts[part] += count
		c.rows[i].total += count
	}
}

// sum is that of a part.
func (c *chart) sum(part int) (sum int) {
	for _, row := range c.rows {
		sum += row.counts[part]
	}
	return sum
}

// all is the sum of the chart.
func (c *chart) all() (sum int) {
	for _, row := range c.rows {
		sum += row.total
	}
	return sum
}

// most is the highest bar.
func (c *chart) most() (most int) {
	for part := range c.parts {
		most = max(most, c.sum(part))
	}
	return most
}

// address is the listing of a part of the days, with a filter.
func (c *chart) address(part days, filter url.Values) string {
	all := url.Values{}
	for _, values := range []url.Values{c.filter, filter} {
		for key, list := range values {
			all[key] = list
		}
	}
	return listingAddress(c.kind, part, all)
}

// listingAddress is a listing of some days.
func listingAddress(kind record.Kind, part days, filter url.Values) string {
	values := part.values()
	for key, list := range filter {
		values[key] = list
	}
	return "/records/" + string(kind) + "?" + values.Encode()
}

// peak describes the highest bar for who does not see it.
func (c *chart) peak() (when string, count int) {
	for part := range c.parts {
		if sum := c.sum(part); sum > count {
			when, count = c.parts[part].title(), sum
		}
	}
	return when, count
}

// niceTop is the top of an axis, 1, 2 or 5 with noughts, that is not below a number.
func niceTop(most int) int {
	for scale := 1; ; scale *= 10 {
		for _, step := range [...]int{1, 2, 5} {
			if top := step * scale; top >= most && top >= 4 || scale > 1<<50 {
				return top
			}
		}
	}
}
