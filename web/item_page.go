package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// itemPageView is one item with what is known of it. Where a part could not be read,
// it is empty, and the notes say so.
type itemPageView struct {
	page
	Item     record.Item
	Verdict  *heartbeat.Verdict // nil where it could not be judged
	Now      time.Time
	MayMute  bool
	Settings [][2]string
	Timeline timelineView
	Calendar *calendarView
	Alarms   []record.Row
	Logs     []record.Row
	Notes    []string
}

// How many records an item's page shows of a kind, and how far back it looks.
const (
	recentRows = 20
	recentDays = 60
)

func (s *Server) itemPage(w http.ResponseWriter, r *http.Request, who *identity) {
	item := record.Item{Direction: r.PathValue("direction"), Name: r.PathValue("item")}
	now := s.now()
	year, err := askedYear(r, now.Year())
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err.Error())
		return
	}
	line, _, err := s.itemLine(item) // the page notes what could not be read by its parts
	if err != nil {
		s.databaseFailed(w, r, err)
		return
	}
	if line == nil {
		s.fail(w, r, http.StatusNotFound, "there is no item "+item.String())
		return
	}
	view := &itemPageView{page: s.page(r, who, item.String()), Item: item, Now: now, MayMute: who.session != nil && who.may(scopeMute)}
	view.takeSettings(line)
	s.readItemPage(view, year)
	s.render(w, http.StatusOK, view.page, view)
}

// askedYear is the year of the calendar that an address asks for.
func askedYear(r *http.Request, thisYear int) (int, error) {
	text := r.URL.Query().Get("year")
	if text == "" {
		return thisYear, nil
	}
	year, err := strconv.Atoi(text)
	if err != nil || !isCalendarYear(year) {
		return 0, fmt.Errorf("year %q: is not a year, such as %d", text, thisYear)
	}
	return year, nil
}

// takeSettings takes the settings of a line of the listing of items.
func (v *itemPageView) takeSettings(line []byte) {
	for _, field := range (record.Row{Line: line}).Fields() {
		switch field.Key {
		case "direction", "item", "kind", "status", "last", "next", "runs": // no settings, or shown above
			continue
		}
		v.Settings = append(v.Settings, [2]string{field.Key, field.Text()})
	}
}

func (s *Server) readItemPage(view *itemPageView, year int) {
	store := s.options.Load().Store
	note := func(part string, err error) {
		if err != nil {
			s.log.Error("database", "item", view.Item.String(), "part", part, "problem", err.Error())
			view.Notes = append(view.Notes, view.T("This could not be read:")+" "+view.T(part)+": "+reason(err))
		}
	}
	surveyor, partial, err := s.surveyor(true)
	note("State", partial)
	if err == nil {
		var verdict heartbeat.Verdict
		if verdict, err = surveyor.Item(view.Item); !errors.Is(err, heartbeat.ErrNoItem) {
			view.Verdict = &verdict
		}
	}
	note("State", err)
	view.Timeline.Zone = view.Now.Location()
	view.Timeline.Runs, err = viewer.RecentRuns(store, view.Item, view.Now, timelineRuns)
	note("Recent runs", err)
	view.Calendar, err = s.readCalendar(view.Item, year, view.Now)
	note("Heartbeats of the year", err)
	view.Alarms, err = s.newest(record.Alarm, view.Item)
	note("Recent alarms", err)
	view.Logs, err = s.newest(record.Log, view.Item)
	note("Recent logs", err)
}

// reason is an error, of which there may be several, in one line.
func reason(err error) string {
	return viewer.Visible(strings.ReplaceAll(err.Error(), "\n", "; "))
}

// newest is the newest records of an item, the newest first.
func (s *Server) newest(kind record.Kind, item record.Item) ([]record.Row, error) {
	now := s.now()
	rows := s.options.Load().Store.Select(record.Query{
		Kind: kind, Directions: []string{record.LiteralPattern(item.Direction)}, Items: []string{record.LiteralPattern(item.Name)},
		Begin: now.AddDate(0, 0, -recentDays), Location: now.Location(), Reverse: true, Limit: recentRows,
	})
	var found []record.Row
	for row := range rows.All() {
		found = append(found, row)
	}
	return found, rows.Err()
}

func (v *itemPageView) write(m *markup) {
	for _, note := range v.Notes {
		m.note(note)
	}
	m.region("state", v.Item, "heartbeat", "run", "alarm", "monitor", "mute")
	v.writeState(m)
	m.raw("</section>\n")
	if v.MayMute {
		v.writeForm(m)
	}
	m.region("runs", v.Item, "heartbeat", "run")
	m.title("Recent runs")
	v.Timeline.write(m)
	m.more(itemListing(record.Run, v.Item, url.Values{}), "All runs")
	m.raw("</section>\n")
	m.region("calendar", v.Item, "heartbeat", "run")
	m.title("Heartbeats of the year")
	if v.Calendar != nil {
		v.Calendar.write(m)
	}
	m.raw("</section>\n")
	m.region("alarms", v.Item, "alarm")
	m.title("Recent alarms")
	v.writeAlarms(m)
	m.raw("</section>\n")
	m.region("logs", v.Item, "log")
	m.title("Recent logs")
	v.writeLogs(m)
	m.raw("</section>\n")
	v.writeSettings(m)
}

// writeState is what somebody wants to know first.
func (v *itemPageView) writeState(m *markup) {
	if v.Verdict == nil {
		return
	}
	language := heartbeat.Language(v.Lang)
	m.raw("<p")
	m.attribute("class", strings.Replace(stateClass(string(v.Verdict.State)), "state", "verdict", 1))
	m.raw(">")
	m.state(string(v.Verdict.State))
	m.raw("</p>\n")
	var causes []string
	if v.Verdict.Mute != nil {
		causes = append(causes, v.Verdict.Mute.String())
	}
	for _, problem := range v.Verdict.Problems {
		causes = append(causes, language.Describe(v.Verdict, problem, v.Now))
	}
	if len(causes) > 0 {
		m.raw(`<pre class="cause">`)
		m.text(viewer.Visible(strings.Join(causes, "\n")))
		m.raw("</pre>\n")
	}
	v.writeLastRun(m)
	v.writeFacts(m, language)
	m.raw(`<p class="zone">`)
	m.text(zoneText(m, v.Now))
	m.raw("</p>\n")
}

// writeLastRun leads to the newest run.
func (v *itemPageView) writeLastRun(m *markup) {
	if len(v.Timeline.Runs) == 0 {
		return
	}
	last := &v.Timeline.Runs[len(v.Timeline.Runs)-1]
	if last.ID == "" {
		return
	}
	m.raw("<p>")
	m.say("Newest run:")
	m.raw(" ")
	m.badge(last.State)
	m.raw(" ")
	m.linkToRun(last.ID)
	if last.Duration > 0 {
		m.text(" · " + shortDuration(last.Duration))
	}
	m.raw("</p>\n")
}

// zoneText says of which zone the times of a page are.
func zoneText(m *markup, now time.Time) string {
	name, seconds := now.Zone()
	text := m.T("Times are those of the server's zone:") + " UTC"
	if seconds != 0 {
		text += now.Format("-07:00")
	}
	if name != "UTC" && !strings.ContainsAny(name, "+-") {
		text += " (" + name + ")"
	}
	return text
}

func (v *itemPageView) writeFacts(m *markup, language heartbeat.Language) {
	verdict := v.Verdict
	m.raw(`<dl class="facts">`)
	m.fact("Last heartbeat", shownTime(verdict.Last, v.Now), ago(m, verdict.Last, v.Now))
	due := shownTime(verdict.Due.Begin, v.Now)
	if verdict.Due.End.Sub(verdict.Due.Begin) >= time.Minute {
		due += " – " + shownTime(verdict.Due.End, v.Now)
	}
	m.fact("Due", due, ago(m, verdict.Due.End, v.Now))
	m.fact("Schedule", language.Rhythm(verdict), m.T(sourceText(verdict.Source)))
	m.fact("Admin", verdict.Admin, "")
	host := verdict.Beat.Hostname
	if verdict.Beat.Host != "" && host != "" {
		host += " (" + verdict.Beat.Host + ")"
	} else {
		host += verdict.Beat.Host
	}
	m.fact("Host", host, "")
	m.fact("Startup", cmp.Or(verdict.Beat.Startup, verdict.Startup), "")
	m.fact("Script", cmp.Or(verdict.Beat.Script, verdict.Script), "")
	m.raw("</dl>\n")
}

// sourceText says from where a schedule is known.
func sourceText(source heartbeat.Source) string {
	switch source {
	case heartbeat.Given:
		return "as it was told (--schedule)"
	case heartbeat.Words:
		return "as Exec_Frequency has it"
	case heartbeat.Daily:
		return "a heartbeat is expected today or yesterday"
	}
	return ""
}

// ago says how long before or after now a time is; nothing for none.
func ago(m *markup, t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	distance := now.Sub(t).Round(time.Second)
	if distance.Abs() >= 10*time.Minute {
		distance = distance.Round(time.Minute)
	}
	switch {
	case distance == 0:
		return m.T("just now")
	case distance < 0:
		return strings.Replace(m.T("in %"), "%", shortDuration(-distance), 1)
	}
	return strings.Replace(m.T("% ago"), "%", shortDuration(distance), 1)
}

// fact writes one line of a list of facts, with something said beside; nothing where
// it is not known.
func (m *markup) fact(name, value, beside string) {
	if value == "" {
		return
	}
	m.raw("<div><dt>")
	m.say(name)
	m.raw("</dt><dd>")
	m.text(viewer.Visible(value))
	if beside != "" {
		m.raw(` <span class="beside">`)
		m.text(beside)
		m.raw("</span>")
	}
	m.raw("</dd></div>\n")
}

func (v *itemPageView) writeForm(m *markup) {
	m.raw(`<form class="filter" method="post"`)
	m.attribute("action", itemAddress(v.Item))
	m.raw(">\n")
	m.hidden("csrf", m.CSRF)
	m.field("For", "for", "8h", "", ` size="6"`)
	m.field("Reason", "reason", "", "", "")
	m.button("Mute", "mute")
	m.button("Retire", "retire")
	m.button("End the silence", "unmute")
	m.raw("</form>\n")
}

// writeAlarms lists alarms with what became of them.
func (v *itemPageView) writeAlarms(m *markup) {
	v.writeRows(m, "Recent alarms", v.Alarms, []string{"Time", "Result", "Receivers", "Message", "Why"}, func(row record.Row) {
		m.cell(func() { m.result(row.Get("send_alarm_result")) })
		m.textCell(row.Get("receivers"))
		m.longCell(titled(row.Get("title"), row.Get("message")))
		m.longCell(viewer.Why(row, v.Now.Location()))
	})
	m.more(itemListing(record.Alarm, v.Item, url.Values{"begin": {"30d"}}), "All alarms")
}

func (v *itemPageView) writeLogs(m *markup) {
	v.writeRows(m, "Recent logs", v.Logs, []string{"Time", "Level", "Message", "Run"}, func(row record.Row) {
		m.cell(func() { m.level(row.Get("message_level")) })
		m.longCell(row.Get("message"))
		m.cell(func() { m.linkToRun(row.Get("run")) })
	})
	m.more(itemListing(record.Log, v.Item, url.Values{"begin": {"30d"}}), "All logs")
}

// titled puts a title, if there is one, above a message.
func titled(title, message string) string {
	if title == "" || strings.HasPrefix(message, title) {
		return message
	}
	return title + "\n" + message
}

// writeRows writes a table of records, each with its time and what else cells gives.
func (v *itemPageView) writeRows(m *markup, label string, rows []record.Row, titles []string, cells func(record.Row)) {
	if len(rows) == 0 {
		m.nothing()
		return
	}
	m.beginTable(label, titles)
	for _, row := range rows {
		m.raw("<tr>")
		m.cell(func() { m.recordTime(row, v.Now) })
		cells(row)
		m.raw("</tr>\n")
	}
	m.endTable()
}

func (v *itemPageView) writeSettings(m *markup) {
	m.title("Settings")
	m.raw(`<dl class="settings">`)
	for _, setting := range v.Settings {
		m.raw("<dt>")
		m.text(viewer.Visible(setting[0]))
		m.raw("</dt><dd>")
		m.text(viewer.Visible(setting[1]))
		m.raw("</dd>\n")
	}
	m.raw("</dl>\n")
}
