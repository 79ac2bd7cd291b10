package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// runPageView is one run whole.
type runPageView struct {
	page
	*viewer.RunReport
	Now    time.Time
	Output outputView
}

// maxRunRecords bounds the records of a run that its page shows.
const maxRunRecords = 500

// readRun reads the run that an address names. Where there is none, the answer is
// given, and the report is nil.
func (s *Server) readRun(w http.ResponseWriter, r *http.Request) *viewer.RunReport {
	o, now := s.options.Load(), s.now()
	values := r.URL.Query()
	report, err := viewer.ReadRun(o.Store, r.PathValue("id"), now, viewer.RunOptions{
		Masker: o.Masker, MaxRecords: maxRunRecords, Directions: given(values["direction"]), Items: given(values["item"]),
		Waiting: func(run *viewer.Run) ([]viewer.WaitingAlarm, error) {
			return WaitingAlarms(o.Store, run, now.Location())
		},
	})
	if input, ok := errors.AsType[*viewer.InputError](err); ok {
		s.fail(w, r, http.StatusNotFound, input.Error()+"; "+input.Hint)
		return nil
	}
	if err != nil {
		s.databaseFailed(w, r, err)
		return nil
	}
	for i, problem := range report.Problems {
		s.log.Error("database", "run", report.ID, "problem", problem)
		report.Problems[i] = s.withoutFolder(problem)
	}
	report.Output.Path, report.Output.Problem = s.withoutFolder(report.Output.Path), s.withoutFolder(report.Output.Problem)
	return report
}

// withoutFolder keeps where the database is from who looks from elsewhere.
func (s *Server) withoutFolder(text string) string {
	return strings.ReplaceAll(text, s.options.Load().Store.Path()+"/", "")
}

// WaitingAlarms are the alarms of a run that stand in the outbox, for viewer.RunOptions.
func WaitingAlarms(store *record.Store, run *viewer.Run, zone *time.Location) ([]viewer.WaitingAlarm, error) {
	waiting, err := notify.WaitingOf(store, run.Item, run.ID, zone)
	alarms := make([]viewer.WaitingAlarm, 0, len(waiting))
	for _, w := range waiting {
		alarms = append(alarms, viewer.WaitingAlarm{
			ID: w.ID, Level: string(w.Level), Title: w.Title, Receivers: strings.Join(w.Receivers, " "), Message: w.Message,
			Raised: w.Time, Why: w.Why,
		})
	}
	return alarms, err
}

// apiRun is a run as `mvrun view run ID --format json` prints it.
func (s *Server) apiRun(w http.ResponseWriter, r *http.Request, _ *identity) {
	report := s.readRun(w, r)
	if report == nil {
		return
	}
	var document bytes.Buffer
	if err := viewer.PrintRun(&document, report, viewer.Options{Format: viewer.JSON, Now: s.now()}); err != nil {
		s.databaseFailed(w, r, err)
		return
	}
	s.writeJSON(w, r, http.StatusOK, document.Bytes())
}

func (s *Server) runPage(w http.ResponseWriter, r *http.Request, who *identity) {
	report := s.readRun(w, r)
	if report == nil {
		return
	}
	if report.ID != r.PathValue("id") { // the address may name a part of the id
		http.Redirect(w, r, runAddress(report.ID), http.StatusFound)
		return
	}
	output, err := newOutputView(report, r.URL.Query())
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err.Error())
		return
	}
	p := s.page(r, who, report.ID)
	s.render(w, http.StatusOK, p, &runPageView{page: p, RunReport: report, Now: s.now(), Output: output})
}

func (v *runPageView) write(m *markup) {
	if len(v.Problems) > 0 {
		m.note(m.T("A part of the database could not be read; the log of the server says which."))
	}
	m.region("state", v.Item, "heartbeat", "run", "log", "alarm")
	v.writeState(m)
	m.raw("</section>\n")
	m.region("records", v.Item, "heartbeat", "log", "alarm")
	v.writeRecords(m)
	v.writeNested(m)
	m.raw("</section>\n")
	m.region("output", v.Item, "run")
	v.Output.write(m)
	m.raw("</section>\n")
	m.region("comparison", v.Item, "run")
	v.writeComparison(m)
	v.writeRecord(m)
	m.raw("</section>\n")
}

// writeState is how the run ended, and what it was.
func (v *runPageView) writeState(m *markup) {
	switch {
	case v.State == viewer.RunOK:
		m.raw(`<p class="verdict good">`)
	case v.Failed():
		m.raw(`<p class="verdict bad">`)
	default:
		m.raw(`<p class="verdict">`)
	}
	m.badge(v.State)
	m.raw(` <span class="summary">`)
	m.text(viewer.Visible(v.summary(m)))
	m.raw("</span></p>\n", `<p>`)
	m.linkToItem(v.Item)
	if v.Newest != nil && v.Newest.Begin.After(v.Begin) {
		m.raw(" · ")
		m.say("Newest run:")
		m.raw(" ")
		m.linkToRun(v.Newest.ID)
	}
	if v.Good != nil {
		m.raw(" · ")
		m.say("Last good run:")
		m.raw(" ")
		m.linkToRun(v.Good.ID)
	}
	m.raw("</p>\n")
	v.writeFacts(m)
	m.raw(`<p class="zone">`)
	m.text(zoneText(m, v.Now))
	m.raw("</p>\n")
}

// summary says in words how the run ended.
func (v *runPageView) summary(m *markup) string {
	switch {
	case v.State == viewer.RunOK:
		return ""
	case v.State == viewer.RunFailed && v.Get("cause") == "exited":
		return m.T("exit status") + " " + v.Status()
	case v.State == viewer.RunSkipped:
		return m.T(record.CauseSkipped)
	}
	_, rest, found := strings.Cut(v.Summary(), ": ")
	if !found {
		return ""
	}
	return rest
}

func (v *runPageView) writeFacts(m *markup) {
	m.raw(`<dl class="facts">`)
	m.fact("Begin", shownTime(v.Begin, v.Now), ago(m, v.Begin, v.Now))
	m.fact("End", shownTime(v.End, v.Now), "")
	m.fact("Duration", shortDuration(v.Duration), "")
	for _, row := range v.Comparison {
		switch row.Name {
		case "CPU", "memory", "host", "user", "startup", "stdout", "stderr":
			m.fact(strings.ToUpper(row.Name[:1])+row.Name[1:], row.This, "")
		}
	}
	m.fact("Parent run", v.Get("parent"), "")
	m.fact("Build", v.Get("build_url"), "")
	m.fact("Error", v.Get("error"), "")
	m.fact("Labels", pairsText(v.Get("labels")), "")
	m.fact("Notes", listText(v.Get("notes")), "")
	m.fact("Left behind", listText(v.Get("escaped")), "")
	m.raw("</dl>\n")
	if len(v.Argv) > 0 {
		m.raw(`<pre class="command">`)
		m.text(viewer.Visible(v.CommandLine()))
		m.raw("</pre>\n")
	}
}

// listText makes lines of a list of texts in JSON, and pairsText of an object; what
// is neither stays as it is.
func listText(text string) string {
	var list []string
	if json.Unmarshal([]byte(text), &list) != nil {
		return text
	}
	return strings.Join(list, "\n")
}

func pairsText(text string) string {
	var pairs []string
	for _, field := range (record.Row{Line: []byte(text)}).Fields() {
		pairs = append(pairs, field.Key+"="+field.Text())
	}
	return strings.Join(pairs, "\n")
}

// writeRecords lists what the run has recorded, the alarms with what became of them.
func (v *runPageView) writeRecords(m *markup) {
	m.title("Records")
	if v.LeftOut > 0 {
		m.raw(`<p class="note">`)
		m.text(m.counted(v.LeftOut, "record is left out.", "records are left out."))
		m.raw("</p>\n")
	}
	if len(v.Records) == 0 {
		m.nothing()
		return
	}
	m.beginTable("Records", []string{"Time", "Kind", "Message"})
	for i := range v.Records {
		one := &v.Records[i]
		m.raw("<tr>")
		m.cell(func() { m.time(one.Time, v.Now) })
		m.cell(func() { m.kindOf(one) })
		m.raw(`<td class="long">`)
		v.writeMessage(m, one)
		m.raw("</td>")
		m.raw("</tr>\n")
	}
	m.endTable()
}

// kindOf writes the level of a log, and the name of another kind.
func (m *markup) kindOf(one *viewer.RunRecord) {
	switch one.Kind {
	case record.Heartbeat:
		m.raw(`<span class="level">`)
		m.say("Heartbeat")
		m.raw("</span>")
	case record.Alarm:
		m.raw(`<b class="level">`)
		m.say("Alarm")
		m.raw("</b>")
	default:
		m.level(one.Level)
	}
}

func (v *runPageView) writeMessage(m *markup, one *viewer.RunRecord) {
	if one.Item != v.Item {
		m.linkToItem(one.Item)
		m.raw(": ")
	}
	m.text(viewer.Visible(titled(one.Title, one.Message)))
	if one.Receivers != "" {
		m.raw(`<div class="beside">→ `)
		m.text(viewer.Visible(one.Receivers))
		m.raw("</div>")
	}
	if len(one.Outcomes) == 0 {
		return
	}
	m.raw(`<ul class="outcomes">`)
	for _, outcome := range one.Outcomes {
		m.raw("<li>")
		m.time(outcome.Time, v.Now)
		m.raw(" ")
		m.result(outcome.Result)
		if outcome.Why != "" {
			m.raw(" ")
			m.text(viewer.Visible(outcome.Why))
		}
		m.raw("</li>")
	}
	m.raw("</ul>")
}

func (v *runPageView) writeNested(m *markup) {
	if len(v.Nested) == 0 {
		return
	}
	m.title("Runs within it")
	m.beginTable("Runs within it", []string{"Begin", "Item", "Run"})
	for _, nested := range v.Nested {
		m.raw("<tr>")
		m.cell(func() { m.time(nested.Begin, v.Now) })
		m.cell(func() { m.linkToItem(nested.Item) })
		m.cell(func() { m.linkToRun(nested.ID) })
		m.raw("</tr>\n")
	}
	m.endTable()
}

// writeComparison puts the run beside the last good one of its item. What is worth a
// look is marked, and not by its colour alone.
func (v *runPageView) writeComparison(m *markup) {
	if v.Good == nil {
		m.title("Properties")
	} else {
		m.title("Beside the last good run")
	}
	titles := []string{"", "this run"}
	if v.Good != nil {
		titles = append(titles, "last good run")
	}
	m.beginWideTable("Beside the last good run", titles)
	for _, row := range v.Comparison {
		v.writeCompared(m, &row)
	}
	if v.Good != nil {
		v.writeEnvironment(m)
	}
	m.endTable()
}

func (v *runPageView) writeCompared(m *markup, row *viewer.Compared) {
	if row.Differs && v.Ended() { // of a run that is under way, most is not known yet
		m.raw(`<tr class="differs"><th scope="row"><span`)
		m.attribute("title", m.T("differs"))
		m.raw(">≠</span> ")
	} else {
		m.raw(`<tr><th scope="row">`)
	}
	m.say(row.Name)
	m.raw("</th>")
	v.writeValue(m, row, row.This)
	if v.Good != nil {
		v.writeValue(m, row, row.Good)
	}
	m.raw("</tr>\n")
}

func (v *runPageView) writeValue(m *markup, row *viewer.Compared, value string) {
	if row.Name == "run" {
		m.cell(func() { m.linkToRun(value) })
		return
	}
	m.textCell(value)
}

func (v *runPageView) writeEnvironment(m *markup) {
	for _, part := range [...]struct {
		name  string
		names []string
	}{
		{"variables only here", v.Environment.Added}, {"variables only there", v.Environment.Removed}, {"variables of another value", v.Environment.Changed},
	} {
		if len(part.names) > 0 {
			m.raw(`<tr class="differs"><th scope="row"><span>≠</span> `)
			m.say(part.name)
			m.raw(`</th><td colspan="2">`)
			m.text(viewer.Visible(strings.Join(part.names, " ")))
			m.raw("</td></tr>\n")
		}
	}
	if v.Environment.Problem != "" {
		m.raw(`<tr><th scope="row">`)
		m.say("environment")
		m.raw(`</th><td colspan="2">`)
		m.text(m.T(v.Environment.Problem))
		m.raw("</td></tr>\n")
	}
}

// writeRecord is the run's record as it stands in the database.
func (v *runPageView) writeRecord(m *markup) {
	m.fold("The record as it is written")
	m.raw(`<dl class="settings">`)
	for _, field := range v.Fields {
		m.raw("<dt>")
		m.text(viewer.Visible(field.Key))
		m.raw("</dt><dd>")
		m.text(viewer.Visible(field.Text()))
		m.raw("</dd>\n")
	}
	m.raw("</dl>\n</details>\n")
}
