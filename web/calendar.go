package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// calendarView is a year of an item: a column a week, Monday first, and a square a
// day, the darker the more heartbeats it has. A day with failed runs has a mark.
type calendarView struct {
	Item   record.Item
	Year   int
	Today  time.Time // days behind it are not there yet
	Counts map[string]dayCount
	Years  []int // that have heartbeats, and this one
}

// dayCount is what a day has; days are named as their files, 20241025.
type dayCount struct{ beats, failed int }

// Measures of a calendar, in the units of its viewBox.
const (
	calendarLeft = 34
	calendarTop  = 20
	dayPitch     = 14 // from one square to the next
)

// calendarShades is how many shades there are beside that of no heartbeat.
const calendarShades = 4

// readCalendar counts the heartbeats and the failed runs of a year.
func (s *Server) readCalendar(item record.Item, year int, today time.Time) (*calendarView, error) {
	store := s.options.Load().Store
	v := &calendarView{Item: item, Year: year, Today: today, Counts: map[string]dayCount{}}
	counts, _, err := store.Summarize(record.SummaryQuery{
		Kinds: []record.Kind{record.Heartbeat, record.Run}, First: fmt.Sprintf("%04d0101", year), Last: fmt.Sprintf("%04d1231", year),
		Directions: []string{record.LiteralPattern(item.Direction)}, Items: []string{record.LiteralPattern(item.Name)},
	})
	if err != nil {
		return nil, err
	}
	for _, count := range counts {
		day := v.Counts[count.Day]
		switch count.Kind {
		case record.Heartbeat:
			for _, beats := range count.Counts {
				day.beats += beats
			}
		case record.Run:
			day.failed += count.Counts[record.RunFailed]
		}
		v.Counts[count.Day] = day
	}
	v.Years, err = yearsOf(store, item, today.Year())
	return v, err
}

// yearsOf lists the years of which an item has heartbeats, and this year, the newest
// first.
func yearsOf(store *record.Store, item record.Item, thisYear int) ([]int, error) {
	survey, err := store.Survey()
	if err != nil {
		return nil, err
	}
	days, err := survey.Days(item, record.Heartbeat)
	if err != nil {
		return nil, err
	}
	years := []int{thisYear}
	for _, day := range days {
		if year, err := strconv.Atoi(day[:4]); err == nil && isCalendarYear(year) && !slices.Contains(years, year) {
			years = append(years, year)
		}
	}
	slices.Sort(years)
	slices.Reverse(years)
	return years, nil
}

// isCalendarYear bounds the years that can be asked for: those of four digits.
func isCalendarYear(year int) bool { return year >= 1000 && year <= 9999 }

// write makes the picture, what it sums up to, and the same as a table.
func (v *calendarView) write(m *markup) {
	v.writeYears(m)
	m.picture("Heartbeats of the year", v.Year == v.Today.Year() && v.Today.YearDay() > 366/2)
	v.writePicture(m)
	m.raw("</div>\n")
	v.writeLegend(m)
	m.fold("As a table")
	v.writeTable(m)
	m.raw("</details>\n")
}

func (v *calendarView) writeYears(m *markup) {
	m.raw(`<nav class="years"`)
	m.attribute("aria-label", m.T("Year"))
	m.raw(">")
	years := v.Years
	if !slices.Contains(years, v.Year) {
		years = append([]int{v.Year}, years...)
	}
	for _, year := range years {
		m.raw("\n")
		m.link(itemAddress(v.Item)+"?year="+strconv.Itoa(year)+"#calendar", strconv.Itoa(year), year == v.Year)
	}
	m.raw("</nav>\n")
}

// first is the first of January. Days are those of the calendar, in a zone where each
// is there and has 24 hours.
func (v *calendarView) first() time.Time { return time.Date(v.Year, 1, 1, 0, 0, 0, 0, time.UTC) }

// column is the week of a day, where weeks begin on Monday; row is the weekday.
func (v *calendarView) column(day time.Time) int {
	return (day.YearDay() - 1 + weekdayRow(v.first())) / 7
}

func weekdayRow(day time.Time) int { return (int(day.Weekday()) + 6) % 7 }

func (v *calendarView) writePicture(m *markup) {
	width, height := calendarLeft+(v.column(v.first().AddDate(1, 0, -1))+1)*dayPitch, calendarTop+7*dayPitch
	m.raw(`<svg class="calendar" role="img" aria-labelledby="calendar-title calendar-text"`)
	m.attribute("viewBox", fmt.Sprintf("0 0 %d %d", width, height))
	m.raw(">\n", `<title id="calendar-title">`)
	m.text(m.T("Heartbeats of the year") + " " + strconv.Itoa(v.Year))
	m.raw("</title>\n", `<desc id="calendar-text">`)
	m.text(v.summary(m))
	m.raw("</desc>\n")
	for row, name := range [...]string{"Mon", "", "Wed", "", "Fri", "", "Sun"} {
		if name != "" {
			m.svgText("scale", calendarLeft-6, calendarTop+row*dayPitch+10, "end", m.T(name))
			m.raw("\n")
		}
	}
	full := v.full()
	for day := v.first(); day.Year() == v.Year; day = day.AddDate(0, 0, 1) {
		if day.Day() == 1 && record.Day(day) <= record.Day(v.Today) {
			v.writeMonth(m, day)
		}
		v.writeDay(m, day, full)
	}
	m.raw("</svg>\n")
}

// writeMonth names a month above the week of its first whole week.
func (v *calendarView) writeMonth(m *markup, first time.Time) {
	column := v.column(first.AddDate(0, 0, 6))
	m.svgText("scale", calendarLeft+column*dayPitch, calendarTop-7, "start", m.T(first.Format("Jan")))
	m.raw("\n")
}

func (v *calendarView) writeDay(m *markup, day time.Time, full int) {
	name := record.Day(day)
	count := v.Counts[name]
	today := record.Day(v.Today)
	if name > today && count.beats == 0 {
		return
	}
	if count.beats > 0 {
		m.raw(`<a tabindex="-1"`)
		m.attribute("href", dayAddress(v.Item, day))
		m.raw(">")
	} else {
		m.raw("<g>")
	}
	x, y := calendarLeft+v.column(day)*dayPitch, calendarTop+weekdayRow(day)*dayPitch
	class := fmt.Sprintf("square shade%d", shadeOf(count.beats, full))
	if name == today {
		class += " today"
	}
	m.raw("<title>")
	m.text(v.caption(m, day, count))
	m.raw("</title><rect")
	m.attribute("class", class)
	m.attribute("x", strconv.Itoa(x))
	m.attribute("y", strconv.Itoa(y))
	m.raw(` width="12" height="12" rx="2"/>`)
	if count.failed > 0 {
		m.failedMark(x+3, y+3)
	}
	if count.beats > 0 {
		m.raw("</a>\n")
	} else {
		m.raw("</g>\n")
	}
}

// failedMark draws a cross with a rim, to be seen on every shade.
func (m *markup) failedMark(x, y int) {
	for _, class := range [...]string{"rim", "failed"} {
		m.raw("<path")
		m.attribute("class", class)
		m.attribute("d", fmt.Sprintf("M%d %dl6 6m0-6l-6 6", x, y))
		m.raw("/>")
	}
}

// dayAddress is the listing of an item's heartbeats of a day.
func dayAddress(item record.Item, day time.Time) string {
	return itemListing(record.Heartbeat, item, url.Values{"begin": {day.Format(time.DateOnly)}, "end": {day.Format(time.DateOnly)}})
}

// full is the count of the darkest shade: what all but the busiest days do not
// exceed, so that one day of many runs by hand does not make the others pale.
func (v *calendarView) full() int {
	var counts []int
	for _, count := range v.Counts {
		if count.beats > 0 {
			counts = append(counts, count.beats)
		}
	}
	if len(counts) == 0 {
		return 0
	}
	slices.Sort(counts)
	return counts[len(counts)*19/20]
}

func shadeOf(beats, full int) int {
	if beats == 0 || full == 0 {
		return 0
	}
	return (min(beats, full)*calendarShades + full - 1) / full
}

func (v *calendarView) caption(m *markup, day time.Time, count dayCount) string {
	text := day.Format(time.DateOnly) + " · " + m.counted(count.beats, "heartbeat", "heartbeats")
	if count.failed > 0 {
		text += " · " + m.counted(count.failed, "failed run", "failed runs")
	}
	return text
}

// counted is a number of things.
func (m *markup) counted(count int, one, many string) string {
	if count == 1 {
		many = one
	}
	return strconv.Itoa(count) + " " + m.T(many)
}

// monthCount sums up a month.
type monthCount struct{ beats, failed, days, silent, most int }

func (c *monthCount) add(day dayCount) {
	c.beats += day.beats
	c.failed += day.failed
	c.most = max(c.most, day.beats)
	if day.beats > 0 {
		c.days++
	} else {
		c.silent++
	}
}

// months sums up the months of the year that have begun.
func (v *calendarView) months() (months []monthCount) {
	today := record.Day(v.Today)
	for day := v.first(); day.Year() == v.Year && record.Day(day) <= today; day = day.AddDate(0, 0, 1) {
		if day.Day() == 1 {
			months = append(months, monthCount{})
		}
		months[len(months)-1].add(v.Counts[record.Day(day)])
	}
	return months
}

// summary is the year in a sentence.
func (v *calendarView) summary(m *markup) string {
	var beats, days, failed int
	for _, month := range v.months() {
		beats, days, failed = beats+month.beats, days+month.days, failed+month.failed
	}
	parts := []string{m.counted(beats, "heartbeat", "heartbeats"), m.counted(days, "day", "days")}
	if failed > 0 {
		parts = append(parts, m.counted(failed, "failed run", "failed runs"))
	}
	return strings.Join(parts, " · ")
}

func (v *calendarView) writeLegend(m *markup) {
	m.raw(`<p class="key"><span>`)
	m.text(v.summary(m))
	m.raw("</span> <span>")
	m.say("fewer")
	for shade := range calendarShades + 1 {
		m.raw(` <svg class="sample" viewBox="0 0 12 12" aria-hidden="true"><rect`)
		m.attribute("class", fmt.Sprintf("square shade%d", shade))
		m.raw(` width="12" height="12" rx="2"/></svg>`)
	}
	m.raw(" ")
	m.say("more")
	m.raw(`</span> <span><svg class="sample" viewBox="0 0 12 12" aria-hidden="true">`)
	m.failedMark(3, 3)
	m.raw("</svg> ")
	m.say("with failed runs")
	m.raw("</span></p>\n")
}

func (v *calendarView) writeTable(m *markup) {
	m.beginWideTable("Heartbeats of the year", []string{"Month", "Heartbeats", "Days with heartbeats", "Days without", "Most in a day", "Failed runs"})
	for i, month := range v.months() {
		m.raw("<tr>")
		m.textCell(fmt.Sprintf("%04d-%02d", v.Year, i+1))
		for _, value := range [...]int{month.beats, month.days, month.silent, month.most, month.failed} {
			m.textCell(strconv.Itoa(value))
		}
		m.raw("</tr>\n")
	}
	m.endTable()
}
