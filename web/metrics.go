package web

import (
	"bufio"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
)

// Metrics in the text format of Prometheus, and in OpenMetrics for who asks for it.
// The HELP of a metric never changes: of two texts for one metric, node_exporter
// drops the samples in silence.

// family is one metric.
type family struct{ name, kind, help string }

var (
	familyBuild    = family{"mvrun_build_info", "gauge", "Version of mvrun that answers; the value is 1."}
	familyState    = family{"mvrun_item_state", "gauge", "1 for the state that an item is in."}
	familyPartly   = family{"mvrun_items_partly_read", "gauge", "Items of which a part could not be read, such as the settings; their state may be wrong."}
	familyLast     = family{"mvrun_item_last_heartbeat_timestamp_seconds", "gauge", "Time of the last heartbeat of an item."}
	familyDue      = family{"mvrun_item_due_timestamp_seconds", "gauge", "Time until which the next heartbeat of an item is due, where that is known."}
	familySuccess  = family{"mvrun_item_last_success_timestamp_seconds", "gauge", "End of the last run of an item that succeeded, of today and yesterday."}
	familyDuration = family{"mvrun_item_last_duration_seconds", "gauge", "Duration of the last run of an item that has ended, of today and yesterday."}
	familyStatus   = family{"mvrun_item_last_exit_status", "gauge", "Exit status of the last run of an item that has ended, of today and yesterday; -1 where it is not known."}
	familyRuns     = family{"mvrun_item_runs_today", "gauge", "Runs of an item that have ended today."}
	familyAlarms   = family{"mvrun_item_alarms_today", "gauge", "Alarms of an item today, by what became of them."}
	familyOutbox   = family{"mvrun_outbox_alarms", "gauge", "Alarms that are in the outbox, by what they wait for."}
	familyStuck    = family{"mvrun_outbox_stuck_alarms", "gauge", "Alarms that could not be sent for more than an hour."}
)

// sample is one value of a metric.
type sample struct {
	labels string
	value  string
}

// gathered are the samples of each metric, in the order in which they are written.
type gathered struct {
	families []family
	samples  map[string][]sample
}

func newGathered() *gathered {
	return &gathered{
		families: []family{familyBuild, familyState, familyPartly, familyLast, familyDue, familySuccess, familyDuration, familyStatus, familyRuns, familyAlarms, familyOutbox, familyStuck},
		samples:  map[string][]sample{},
	}
}

func (g *gathered) add(f family, value string, labels ...string) {
	g.samples[f.name] = append(g.samples[f.name], sample{labelText(labels), value})
}

func (g *gathered) addTime(f family, t time.Time, labels ...string) {
	if !t.IsZero() {
		g.add(f, fmt.Sprintf("%.3f", float64(t.UnixMilli())/1000), labels...)
	}
}

// labelText writes pairs of names and values.
func labelText(labels []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	parts := make([]string, 0, len(labels)/2)
	for i := 0; i+1 < len(labels); i += 2 {
		parts = append(parts, labels[i]+`="`+escape.Replace(strings.ToValidUTF8(labels[i+1], "\uFFFD"))+`"`)
	}
	return strings.Join(parts, ",")
}

func (s *Server) metrics(w http.ResponseWriter, r *http.Request, _ *identity) {
	g, err := s.gather()
	if err != nil {
		s.databaseFailed(w, r, err)
		return
	}
	if wantsOpenMetrics(r) {
		w.Header().Set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
	} else {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	}
	out := bufio.NewWriter(w)
	for _, f := range g.families {
		if len(g.samples[f.name]) == 0 {
			continue
		}
		fmt.Fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
		for _, one := range g.samples[f.name] {
			if one.labels == "" {
				fmt.Fprintf(out, "%s %s\n", f.name, one.value)
				continue
			}
			fmt.Fprintf(out, "%s{%s} %s\n", f.name, one.labels, one.value)
		}
	}
	fmt.Fprintln(out, "# EOF") // a comment in the text format, where it shows that the answer is whole
	_ = out.Flush()
}

func wantsOpenMetrics(r *http.Request) bool {
	wanted := preferences(strings.Join(r.Header.Values("Accept"), ","))
	weight := weightOf(wanted, "application/openmetrics-text")
	return weight > 0 && weight >= weightOf(wanted, "text/plain")
}

// gather reads what the metrics say. Retired items are none any more.
func (s *Server) gather() (*gathered, error) {
	o, now := s.options.Load(), s.now()
	g := newGathered()
	g.add(familyBuild, "1", "version", o.Version)
	found, err := s.survey()
	if err != nil {
		return nil, err
	}
	partly := 0
	for i := range found.verdicts {
		if found.problems[i] != nil {
			partly++ // it has a state all the same: of what is not there, nobody can be told
		}
		s.gatherItem(g, &found.verdicts[i], now)
	}
	g.add(familyPartly, fmt.Sprint(partly))
	status, err := notify.Outbox(o.Store, now)
	if err != nil {
		return nil, err
	}
	g.add(familyOutbox, fmt.Sprint(status.Waiting), "state", "waiting")
	g.add(familyOutbox, fmt.Sprint(status.Resting), "state", "held back")
	g.add(familyOutbox, fmt.Sprint(status.Sending), "state", "sending")
	g.add(familyOutbox, fmt.Sprint(status.Bad), "state", "unreadable")
	g.samples[familyStuck.name] = []sample{{"", fmt.Sprint(status.Stuck)}}
	return g, nil
}

func (s *Server) gatherItem(g *gathered, v *heartbeat.Verdict, now time.Time) {
	labels := []string{"direction", v.Item.Direction, "item", v.Item.Name}
	with := func(more ...string) []string { return append(labels[:len(labels):len(labels)], more...) }
	for _, state := range heartbeat.States {
		if state == heartbeat.Retired || state == heartbeat.Stuck { // items that are none any more; the database as a whole
			continue
		}
		value := "0"
		if state == v.State {
			value = "1"
		}
		g.add(familyState, value, with("state", string(state))...)
	}
	g.addTime(familyLast, v.Last, labels...)
	g.addTime(familyDue, v.Due.End, labels...)
	runs := s.runsOf(v.Item, now)
	g.addTime(familySuccess, runs.success, labels...)
	if runs.duration != "" {
		g.add(familyDuration, runs.duration, labels...)
	}
	if runs.status != "" {
		g.add(familyStatus, runs.status, labels...)
	}
	g.add(familyRuns, fmt.Sprint(runs.today), labels...)
	alarms := s.alarmsOf(v.Item, now)
	for _, result := range alarmResults {
		g.add(familyAlarms, fmt.Sprint(alarms[result]), with("result", result)...)
	}
}

// runsSeen is what the run records of today and yesterday say.
type runsSeen struct {
	today            int
	success          time.Time
	duration, status string // of the last one; "" where there is none, or none that is a number
}

func (s *Server) runsOf(item record.Item, now time.Time) (seen runsSeen) {
	for _, day := range [...]string{record.Day(now.AddDate(0, 0, -1)), record.Day(now)} {
		_ = s.options.Load().Store.EachLine(item, record.Run, day, func(line []byte) {
			row := record.Row{Line: line}
			if row.Get("cause") == record.CauseSkipped || row.Get("exit_code") == "" {
				return
			}
			seen.status, seen.duration = statusValue(row.Get("exit_code")), durationValue(row.Get("duration"))
			if at, err := time.Parse(time.RFC3339Nano, row.Get("ts")); err == nil && seen.status == "0" {
				seen.success = at
			}
			if day == record.Day(now) {
				seen.today++
			}
		})
	}
	return seen
}

// statusValue is the value of an exit status, and "" for what is none: any program may
// have written a record, and its text may hold lines of its own.
func statusValue(text string) string {
	status, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return ""
	}
	return strconv.FormatInt(status, 10)
}

// durationValue is the value of seconds, 0 where a record has none, and "" for what no
// run can have taken.
func durationValue(text string) string {
	if text == "" {
		return "0"
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 0 && seconds <= math.MaxInt32) { // nor is NaN
		return ""
	}
	return strconv.FormatFloat(seconds, 'f', -1, 64)
}

// alarmResults are the results that are always counted, so that a series begins
// with 0.
var alarmResults = [...]string{"PASSED", "FAILED", "SUPPRESSED"}

func (s *Server) alarmsOf(item record.Item, now time.Time) map[string]int {
	counts := map[string]int{}
	for _, result := range alarmResults {
		counts[result] = 0
	}
	_ = s.options.Load().Store.EachLine(item, record.Alarm, record.Day(now), func(line []byte) {
		result := record.Row{Line: line}.Get("send_alarm_result")
		if _, known := counts[result]; known {
			counts[result]++
		}
	})
	return counts
}
