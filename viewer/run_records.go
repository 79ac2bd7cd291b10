package viewer

import (
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// RunRecord is one record of a run.
type RunRecord struct {
	Kind    record.Kind // Heartbeat, Log or Alarm
	Item    record.Item // another than the run's where `mvrun log -d -i` wrote it there
	Time    time.Time
	Level   string // of a log, and of an alarm that has one
	Message string

	// Of alarms.
	ID, Title, Receivers string
	Outcomes             []Outcome // what became of it, oldest first

	Fields []record.Field // as recorded, of an alarm with its last outcome; nil for one that waits
}

// Outcome is what became of an alarm at one time.
type Outcome struct {
	Time   time.Time
	Result string // PASSED, FAILED, SUPPRESSED, or WAITING for one in the outbox
	Why    string // in words: sent by what, why held back and until when, what failed
}

// ResultWaiting is the result of an alarm that stands in the outbox.
const ResultWaiting = "WAITING"

// Last is what became of an alarm in the end; the zero value where nothing has.
func (r *RunRecord) Last() Outcome {
	if len(r.Outcomes) == 0 {
		return Outcome{}
	}
	return r.Outcomes[len(r.Outcomes)-1]
}

// WaitingAlarm is an alarm that stands in the outbox.
type WaitingAlarm struct {
	Item                                 record.Item // empty where the run says which
	ID, Level, Title, Receivers, Message string
	Run                                  string

	Raised time.Time
	Why    string // in words, why it was not sent yet
}

// NestedRun is a run that was started within another.
type NestedRun struct {
	Item  record.Item
	ID    string
	Begin time.Time
}

// How long after a run's end its records may come: processes that it left behind
// print on, and alarms that could not be sent are tried for days.
const (
	lateLogs   = 24 * time.Hour
	lateAlarms = 31 * 24 * time.Hour
	maxNested  = 100
)

// records reads what the run and, by `mvrun log -d -i`, its script have recorded.
func (r *runReader) records(report *RunReport) error {
	begin, end := report.Begin, r.now
	if begin.IsZero() {
		begin, _ = runStart(report.ID)
	}
	if !report.End.IsZero() {
		end = report.End
	}
	if begin.IsZero() {
		begin = end.AddDate(0, 0, -1)
	}
	gather := &gathering{most: r.options.MaxRecords, alarms: map[string]int{}}
	q := record.Query{Run: report.ID, Begin: begin.Add(-time.Hour)}
	for _, part := range []struct {
		kind record.Kind
		late time.Duration
	}{{record.Heartbeat, lateLogs}, {record.Log, lateLogs}, {record.Alarm, lateAlarms}} {
		q.Kind, q.End = part.kind, end.Add(part.late)
		if soon := r.now.AddDate(0, 0, 1); q.End.After(soon) { // clocks of other hosts may be ahead
			q.End = soon
		}
		if err := r.rows(q, func(row record.Row) bool { gather.add(r.record(row)); return true }); err != nil {
			return err
		}
	}
	if r.options.Waiting != nil {
		waiting, err := r.options.Waiting(&report.Run)
		r.problem(err)
		for _, alarm := range waiting {
			gather.add(r.waiting(report.Item, alarm))
		}
	}
	report.Records, report.LeftOut = gather.all()
	return r.nested(report, begin, end)
}

// record makes one of a line.
func (r *runReader) record(row record.Row) RunRecord {
	e := recordEntry(row)
	e.at = row.Time.In(r.now.Location())
	made := RunRecord{
		Kind: row.Kind, Item: row.Item, Time: row.Time, Fields: r.maskFields(e.fields),
		Level: e.get("message_level"), Message: r.masker.Mask(e.get("message")),
	}
	if row.Kind != record.Alarm {
		return made
	}
	made.ID, made.Level, made.Receivers = e.get("alarm"), e.get("level"), e.get("receivers")
	made.Title = r.masker.Mask(e.get("title"))
	made.Outcomes = []Outcome{{row.Time, e.get("send_alarm_result"), r.masker.Mask(why(e))}}
	made.Time = raisedAt(made.ID, row.Time)
	return made
}

func (r *runReader) waiting(item record.Item, alarm WaitingAlarm) RunRecord {
	return RunRecord{
		Kind: record.Alarm, Item: item, Time: alarm.Raised, Level: alarm.Level, Message: r.masker.Mask(alarm.Message),
		ID: alarm.ID, Title: r.masker.Mask(alarm.Title), Receivers: alarm.Receivers,
		Outcomes: []Outcome{{r.now, ResultWaiting, r.masker.Mask(alarm.Why)}},
	}
}

// raisedAt reads the time of an alarm from its id; the record has that of its
// result.
func raisedAt(id string, otherwise time.Time) time.Time {
	digits, _, ok := strings.Cut(id, "-")
	if !ok || len(digits) != len("20060102T150405000000000") {
		return otherwise
	}
	at, err := time.Parse("20060102T150405.000000000", digits[:15]+"."+digits[15:])
	if err != nil {
		return otherwise
	}
	return at.In(otherwise.Location())
}

// gathering holds the first and the last records of many, and each alarm once, with
// what became of it. Of that it holds as much as of records: ids come from the database,
// where any number of results may bear the same.
type gathering struct {
	most   int
	more   int // outcomes, beside the last one of each alarm
	first  []RunRecord
	last   []RunRecord // a ring once it is full
	next   int
	left   int
	alarms map[string]int // where in first an alarm is, by its id
}

func (g *gathering) add(r RunRecord) {
	if at, known := g.alarms[r.ID]; known && r.ID != "" {
		before := g.first[at]
		r.Outcomes = g.join(before.Outcomes, r.Outcomes)
		if r.Fields == nil {
			r.Fields = before.Fields
		}
		g.first[at] = r
		return
	}
	half := max(1, g.most/2)
	switch {
	case len(g.first) < half || r.Kind == record.Alarm && len(g.first) < g.most:
		if r.ID != "" {
			g.alarms[r.ID] = len(g.first)
		}
		g.first = append(g.first, r)
	case r.Kind == record.Alarm:
		g.left++
	case len(g.last) < half:
		g.last = append(g.last, r)
	default:
		g.last[g.next] = r
		g.next = (g.next + 1) % half
		g.left++
	}
}

// join puts new outcomes behind those before. Where there are too many, the last of
// those is left out, so that the first ones and what became of the alarm in the end
// are there.
func (g *gathering) join(before, added []Outcome) []Outcome {
	if g.more >= g.most {
		before = before[:len(before)-1]
		g.left++
	} else {
		g.more++
	}
	return append(before, added...)
}

func (g *gathering) all() (records []RunRecord, left int) {
	records = slices.Concat(g.first, g.last[g.next:], g.last[:g.next])
	slices.SortStableFunc(records, func(a, b RunRecord) int { return a.Time.Compare(b.Time) })
	return records, g.left
}

// nested looks for the runs that were started within this one.
func (r *runReader) nested(report *RunReport, begin, end time.Time) error {
	q := record.Query{Kind: record.Heartbeat, Keywords: []string{report.ID}, Begin: begin.Add(-time.Hour), End: end.Add(lateLogs)}
	return r.rows(q, func(row record.Row) bool {
		if row.Get("parent") == report.ID {
			report.Nested = append(report.Nested, NestedRun{row.Item, row.Get("run"), row.Time})
		}
		return len(report.Nested) < maxNested
	})
}
