package viewer

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// Checked is an item with what a check found of it.
type Checked struct {
	heartbeat.Verdict
	Reasons []string // why it does not run, as far as that could be found out
}

// PrintCheck writes what a check found: a table, or JSON lines.
func PrintCheck(out io.Writer, found []Checked, language heartbeat.Language, now time.Time, o Options) error {
	buffered := bufio.NewWriterSize(out, 64<<10)
	var p printer = jsonLines{buffered}
	if o.Format != JSON {
		columns := checkColumns()
		if o.Width > 0 {
			var first []*entry
			for i := range found[:min(len(found), tableBatch)] {
				first = append(first, checkEntry(&found[i], language, now))
			}
			columns = fitCheck(columns, first, o.Width)
		}
		p = newTable(buffered, columns, o)
	}
	var err error
	for i := range found {
		if err = p.print(checkEntry(&found[i], language, now)); err != nil {
			break
		}
	}
	return errors.Join(err, p.close(), buffered.Flush())
}

// Check is the kind of a listing of what a check found.
const Check record.Kind = "check"

func checkColumns() []column {
	state := key("State", "state")
	state.style = stateStyle
	return []column{
		direction(), item(), state, key("Last", "last"), key("Due", "due"), key("Schedule", "schedule"), key("Host", "host"), key("Cause", "cause"),
	}
}

func stateStyle(state string) style {
	switch heartbeat.State(state) {
	case heartbeat.OK, heartbeat.Running:
		return green
	case heartbeat.Muted, heartbeat.Retired, heartbeat.Idle:
		return faint
	case heartbeat.Late:
		return yellow
	}
	return red
}

// checkEntry makes fields of a verdict. Times are in the zone of the reader.
func checkEntry(c *Checked, language heartbeat.Language, now time.Time) *entry {
	e := &entry{item: c.Item, kind: Check}
	e.add("state", string(c.State))
	e.addTime("last", c.Last, now)
	e.addTime("due", c.Verdict.Due.End, now)
	e.addTime("last_due", c.LastDue, now)
	e.add("schedule", scheduleOf(c, language))
	e.add("schedule_source", string(c.Source))
	if c.Source == heartbeat.Learned {
		kept, _ := json.Marshal(float64(int(c.Kept*100)) / 100)
		e.fields = append(e.fields, record.Field{Key: "schedule_kept", Value: kept})
	}
	host := c.Beat.Hostname
	if host == "" {
		host = c.Beat.Host
	}
	e.add("host", host)
	e.add("admin", c.Admin)
	e.add("cause", causeOf(c, language, now))
	if len(c.Problems) > 0 {
		problems, _ := json.Marshal(problemsOf(c, language, now))
		e.fields = append(e.fields, record.Field{Key: "problems", Value: problems})
	}
	if len(c.Reasons) > 0 {
		reasons, _ := json.Marshal(c.Reasons)
		e.fields = append(e.fields, record.Field{Key: "reasons", Value: reasons})
	}
	return e
}

func scheduleOf(c *Checked, language heartbeat.Language) string {
	if c.Source == "" {
		return ""
	}
	return language.Rhythm(&c.Verdict)
}

// causeOf is the last column: what is wrong, and why.
func causeOf(c *Checked, language heartbeat.Language, now time.Time) string {
	if c.Mute != nil {
		return c.Mute.String()
	}
	text := ""
	for i, problem := range c.Problems {
		if i > 0 {
			text += "\n"
		}
		text += language.Describe(&c.Verdict, problem, now)
	}
	for _, reason := range c.Reasons {
		text += "\n" + reason
	}
	return text
}

// problem is one of an item's problems in JSON.
type problem struct {
	State string `json:"state"`
	Since string `json:"since,omitempty"`
	Due   string `json:"due,omitempty"`
	Run   string `json:"run,omitempty"`
	Count int    `json:"count,omitempty"`
	Text  string `json:"text"`
}

func problemsOf(c *Checked, language heartbeat.Language, now time.Time) []problem {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(now.Location()).Format(time.RFC3339)
	}
	var list []problem
	for _, p := range c.Problems {
		list = append(list, problem{string(p.State), stamp(p.Since), stamp(p.Due), p.Run, p.Count, language.Describe(&c.Verdict, p, now)})
	}
	return list
}
