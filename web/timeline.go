package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// timelineView is the recent runs of an item as bars: the height is the duration;
// the colour, the form and a mark above it are the result.
type timelineView struct {
	Runs []viewer.Run // in the order in which they began
	Zone *time.Location
}

// timelineRuns is how many runs a timeline shows.
const timelineRuns = 60

// Measures of a timeline, in the units of its viewBox, which are pixels unless the
// window is narrow.
const (
	timelineWidth  = 760
	timelineHeight = 190
	plotLeft       = 62
	plotTop        = 22
	plotBottom     = 150
	leastSlots     = 30 // of the bars, so that a few are not as wide as the page
	leastHeight    = 3
	beatHeight     = 18
)

// runStates lists the states of a legend.
var runStates = [...]viewer.RunState{viewer.RunOK, viewer.RunFailed, viewer.RunRunning, viewer.RunLost, viewer.RunUnknown, viewer.RunSkipped, viewer.RunBeat}

// markOf is what stands above a bar, for who does not tell the colours apart.
func markOf(state viewer.RunState) string {
	switch state {
	case viewer.RunFailed:
		return "×"
	case viewer.RunRunning:
		return "…"
	case viewer.RunLost, viewer.RunUnknown:
		return "?"
	case viewer.RunSkipped:
		return "–"
	}
	return ""
}

// write makes the picture, its legend and the same as a table.
func (v timelineView) write(m *markup) {
	if len(v.Runs) == 0 {
		m.nothing()
		return
	}
	m.picture("Recent runs", true)
	v.writePicture(m)
	m.raw("</div>\n")
	v.writeLegend(m)
	m.fold("As a table")
	v.writeTable(m)
	m.raw("</details>\n")
}

func (v timelineView) writePicture(m *markup) {
	m.raw(`<svg class="timeline" role="img" aria-labelledby="timeline-title timeline-text"`)
	longest, top := v.longest(), 0
	if longest == 0 {
		top = plotBottom - beatHeight - plotTop // nothing is higher
	}
	m.attribute("viewBox", fmt.Sprintf("0 %d %d %d", top, timelineWidth, timelineHeight-top))
	m.raw(">\n", `<title id="timeline-title">`)
	m.say("Recent runs")
	m.raw("</title>\n", `<desc id="timeline-text">`)
	m.text(v.summary(m))
	m.raw("</desc>\n")
	v.writeScale(m, longest)
	v.writeTimes(m)
	for i := range v.Runs {
		v.writeBar(m, i, longest)
	}
	m.raw("</svg>\n")
}

// summary is the picture in a sentence.
func (v timelineView) summary(m *markup) string {
	var parts []string
	for _, state := range runStates {
		if count := v.count(state); count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count, m.runState(state)))
		}
	}
	text := strings.Join(parts, ", ")
	if longest := v.longest(); longest > 0 {
		text += "; " + m.T("longest") + " " + shortDuration(longest)
	}
	return text
}

func (v timelineView) count(state viewer.RunState) (count int) {
	for i := range v.Runs {
		if v.Runs[i].State == state {
			count++
		}
	}
	return count
}

func (v timelineView) longest() (longest time.Duration) {
	for i := range v.Runs {
		longest = max(longest, v.Runs[i].Duration)
	}
	return longest
}

// writeScale draws lines at round durations; none where no duration is known.
func (v timelineView) writeScale(m *markup, longest time.Duration) {
	m.line("axis", plotLeft, plotBottom, timelineWidth, plotBottom)
	if longest <= 0 {
		return
	}
	step := scaleStep(longest)
	for at := step; at <= longest; at += step {
		y := plotBottom - heightOf(at, longest)
		m.line("grid", plotLeft, y, timelineWidth, y)
		m.svgText("scale", plotLeft-6, y+4, "end", shortDuration(at))
	}
}

// scaleStep is a round duration of which one to four make the longest.
func scaleStep(longest time.Duration) time.Duration {
	for unit := time.Millisecond; unit < time.Second; unit *= 10 {
		for _, factor := range [...]time.Duration{1, 2, 5} {
			if longest < 5*factor*unit {
				return factor * unit
			}
		}
	}
	for _, step := range [...]int{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400} {
		if longest < time.Duration(5*step)*time.Second {
			return time.Duration(step) * time.Second
		}
	}
	day := 24 * time.Hour
	return (longest/4 + day - 1).Truncate(day)
}

func heightOf(length, longest time.Duration) int {
	if longest <= 0 {
		return 0
	}
	return int(float64(length) / float64(longest) * (plotBottom - plotTop))
}

// slot is where the bar of a run stands.
func (v timelineView) slot(i int) (x, width float64) {
	slots := max(len(v.Runs), leastSlots)
	width = float64(timelineWidth-plotLeft) / float64(slots)
	return float64(plotLeft) + width*float64(i), width
}

// writeTimes names days and hours below the bars, as many as there is room for.
func (v timelineView) writeTimes(m *markup) {
	const room = 64 // of a time
	free, day := 0.0, ""
	for i := range v.Runs {
		x, width := v.slot(i)
		begin := v.Runs[i].Begin.In(v.Zone)
		isNew := begin.Format(time.DateOnly) != day
		if x < free || x+room/2 > timelineWidth {
			continue
		}
		middle := int(x + width/2)
		m.line("tick", middle, plotBottom, middle, plotBottom+4)
		m.svgText("scale", middle, plotBottom+17, "middle", begin.Format("15:04"))
		if isNew {
			day = begin.Format(time.DateOnly)
			m.svgText("scale date", middle, plotBottom+32, "middle", begin.Format("01-02"))
		}
		free = x + room
	}
}

func (v timelineView) writeBar(m *markup, i int, longest time.Duration) {
	run := &v.Runs[i]
	x, width := v.slot(i)
	height := max(leastHeight, heightOf(run.Duration, longest))
	if run.State == viewer.RunBeat || run.State == viewer.RunUnknown || run.State == viewer.RunLost && run.Duration == 0 {
		height = beatHeight // how long it took is not known
	}
	m.beginBarLink(run)
	m.raw("<title>")
	m.text(v.caption(m, run))
	m.raw("</title><rect")
	m.attribute("class", "run-bar "+runClass(run.State))
	m.attribute("x", decimal(x+1))
	m.attribute("y", strconv.Itoa(plotBottom-height))
	m.attribute("width", decimal(max(1, width-2)))
	m.attribute("height", strconv.Itoa(height))
	m.raw("/>")
	if mark := markOf(run.State); mark != "" {
		m.svgText("mark "+runClass(run.State), int(x+width/2), plotBottom-height-4, "middle", mark)
	}
	if run.ID != "" {
		m.raw("</a>\n")
	} else {
		m.raw("</g>\n")
	}
}

// beginBarLink leads to the run's page, where there is one. The table below is for
// who uses the keyboard: sixty bars would be sixty stops on the way.
func (m *markup) beginBarLink(run *viewer.Run) {
	if run.ID == "" {
		m.raw("<g>")
		return
	}
	m.raw(`<a tabindex="-1"`)
	m.attribute("href", runAddress(run.ID))
	m.raw(">")
}

// caption is what is known of a run in one line.
func (v timelineView) caption(m *markup, run *viewer.Run) string {
	parts := []string{run.Begin.In(v.Zone).Format(record.TimeLayout), m.runState(run.State)}
	if run.Duration > 0 {
		parts = append(parts, shortDuration(run.Duration))
	}
	if run.State == viewer.RunFailed {
		parts = append(parts, m.T("status")+" "+run.Status())
	}
	return strings.Join(parts, " · ")
}

func (v timelineView) writeLegend(m *markup) {
	m.raw(`<ul class="key">`, "\n")
	for _, state := range runStates {
		count := v.count(state)
		if count == 0 {
			continue
		}
		m.raw("<li>", `<svg class="sample" viewBox="0 0 12 20" aria-hidden="true"><rect`)
		m.attribute("class", "run-bar "+runClass(state))
		m.raw(` x="1" y="8" width="10" height="11"/>`)
		if mark := markOf(state); mark != "" {
			m.svgText("mark "+runClass(state), 6, 7, "middle", mark)
		}
		m.raw("</svg> ")
		m.text(m.runState(state))
		m.raw(" <b>")
		m.text(strconv.Itoa(count))
		m.raw("</b></li>\n")
	}
	m.raw("</ul>\n")
}

// writeTable is the picture for who cannot see it, the newest run first.
func (v timelineView) writeTable(m *markup) {
	m.beginWideTable("Recent runs", []string{"Begin", "Result", "Duration", "Status", "Cause", "Run"})
	for i := len(v.Runs) - 1; i >= 0; i-- {
		run := &v.Runs[i]
		m.raw("<tr><td>")
		m.text(run.Begin.In(v.Zone).Format(record.TimeLayout))
		m.raw("</td><td>")
		m.badge(run.State)
		for _, cell := range [...]string{shortDuration(run.Duration), run.Get("exit_code"), run.Get("cause")} {
			m.raw("</td><td>")
			m.text(cell)
		}
		m.raw("</td><td>")
		m.linkToRun(run.ID)
		m.raw("</td></tr>\n")
	}
	m.endTable()
}

// runState is the name of a state in the language of the page.
func (m *markup) runState(state viewer.RunState) string {
	if state == viewer.RunBeat {
		return m.T("heartbeat only")
	}
	return m.T(string(state))
}

// runClass is a state as a class of the stylesheet.
func runClass(state viewer.RunState) string { return "run-" + string(state) }

// badge writes a state with its mark.
func (m *markup) badge(state viewer.RunState) {
	m.raw("<span")
	m.attribute("class", "badge "+runClass(state))
	m.raw(">")
	if mark := markOf(state); mark != "" {
		m.raw(`<span aria-hidden="true">`)
		m.text(mark)
		m.raw("</span> ")
	}
	m.text(m.runState(state))
	m.raw("</span>")
}

// shortDuration is a length of time as people read it: 350ms, 1.5s, 1m30s, 2h5m.
func shortDuration(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < 48*time.Hour:
		text := d.Round(time.Second).String()
		if strings.HasSuffix(text, "m0s") {
			text = strings.TrimSuffix(text, "0s")
		}
		if strings.HasSuffix(text, "h0m") {
			text = strings.TrimSuffix(text, "0m")
		}
		return text
	}
	hours := int(d.Round(time.Hour) / time.Hour)
	return fmt.Sprintf("%dd%dh", hours/24, hours%24)
}

func (m *markup) line(class string, x1, y1, x2, y2 int) {
	m.raw("<line")
	m.attribute("class", class)
	m.attribute("x1", strconv.Itoa(x1))
	m.attribute("y1", strconv.Itoa(y1))
	m.attribute("x2", strconv.Itoa(x2))
	m.attribute("y2", strconv.Itoa(y2))
	m.raw("/>\n")
}

func (m *markup) svgText(class string, x, y int, anchor, text string) {
	m.raw("<text")
	m.attribute("class", class)
	m.attribute("x", strconv.Itoa(x))
	m.attribute("y", strconv.Itoa(y))
	m.attribute("text-anchor", anchor)
	m.raw(">")
	m.text(text)
	m.raw("</text>")
}
