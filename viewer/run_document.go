package viewer

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/mvrun/mvrun/record"
)

// runDocument is a report as JSON. Its keys are a promise; there may be more of them
// in time.
type runDocument struct {
	runSummary
	Settings    record.ItemSettings `json:"settings"`
	Records     []recordDocument    `json:"records"`
	LeftOut     int                 `json:"records_left_out"`
	Nested      []nestedDocument    `json:"nested_runs"`
	Output      *outputDocument     `json:"output"`
	LastGood    *runSummary         `json:"last_good"`
	Newest      *runSummary         `json:"newest"`
	Comparison  []comparedDocument  `json:"comparison"`
	Environment *environmentChange  `json:"environment"`
	Skipped     int                 `json:"skipped_lines"`
	Problems    []string            `json:"problems"`
}

type runSummary struct {
	Kind      string          `json:"kind"` // "run"
	Direction string          `json:"direction"`
	Item      string          `json:"item"`
	Run       string          `json:"run"`
	State     RunState        `json:"state"`
	Summary   string          `json:"summary"`
	Detail    string          `json:"detail,omitempty"`
	Begin     string          `json:"begin,omitempty"` // RFC 3339
	End       string          `json:"end,omitempty"`
	Duration  float64         `json:"duration"` // seconds
	Argv      []string        `json:"argv"`
	Record    json.RawMessage `json:"record"` // as in the file
}

type recordDocument struct {
	Kind      record.Kind       `json:"kind"`
	Direction string            `json:"direction"`
	Item      string            `json:"item"`
	Time      string            `json:"time"`
	Level     string            `json:"level,omitempty"`
	Message   string            `json:"message,omitempty"`
	Alarm     string            `json:"alarm,omitempty"`
	Title     string            `json:"title,omitempty"`
	Receivers string            `json:"receivers,omitempty"`
	Outcomes  []outcomeDocument `json:"outcomes,omitempty"`
}

type outcomeDocument struct {
	Time   string `json:"time"`
	Result string `json:"result"`
	Why    string `json:"why,omitempty"`
}

type nestedDocument struct {
	Direction string `json:"direction"`
	Item      string `json:"item"`
	Run       string `json:"run"`
	Begin     string `json:"begin"`
}

type outputDocument struct {
	Path    string `json:"path"`
	Printed int64  `json:"printed"` // bytes
	Text    string `json:"text"`
	Problem string `json:"problem,omitempty"`
}

type comparedDocument struct {
	Name    string `json:"name"`
	This    string `json:"this"`
	Good    string `json:"good"`
	Differs bool   `json:"differs"`
}

type environmentChange struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	Changed []string `json:"changed"`
	Problem string   `json:"problem,omitempty"`
}

func printRunDocument(out io.Writer, report *RunReport) error {
	document := runDocument{
		runSummary: summaryOf(&report.Run), Settings: report.Settings, LeftOut: report.LeftOut,
		Records: []recordDocument{}, Nested: []nestedDocument{}, Comparison: []comparedDocument{},
		Skipped: report.Skipped, Problems: append([]string{}, report.Problems...),
	}
	for i := range report.Records {
		document.Records = append(document.Records, documentOf(&report.Records[i]))
	}
	for _, nested := range report.Nested {
		document.Nested = append(document.Nested, nestedDocument{nested.Item.Direction, nested.Item.Name, nested.ID, stampText(nested.Begin)})
	}
	for _, row := range report.Comparison {
		document.Comparison = append(document.Comparison, comparedDocument{row.Name, row.This, row.Good, row.Differs})
	}
	if kept := report.Output; kept.Path != "" {
		document.Output = &outputDocument{kept.Path, kept.Printed, kept.Text, kept.Problem}
	}
	if report.Good != nil {
		good, e := summaryOf(report.Good), report.Environment
		document.LastGood = &good
		document.Environment = &environmentChange{
			append([]string{}, e.Added...), append([]string{}, e.Removed...), append([]string{}, e.Changed...), e.Problem,
		}
	}
	if report.Newest != nil {
		newest := summaryOf(report.Newest)
		document.Newest = &newest
	}
	return writeDocument(out, document)
}

func writeDocument(out io.Writer, document any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return err
	}
	for line := range bytes.Lines(b.Bytes()) { // within a line the characters are all within strings
		if _, err := out.Write(append(safeJSON(bytes.TrimSuffix(line, []byte{'\n'})), '\n')); err != nil {
			return err
		}
	}
	return nil
}

func summaryOf(r *Run) runSummary {
	fields := []byte{'{'}
	for _, field := range r.Fields {
		fields = appendPair(fields, field.Key, field.Value)
	}
	return runSummary{
		Kind: string(record.Run), Direction: r.Item.Direction, Item: r.Item.Name, Run: r.ID, State: r.State, Summary: r.Summary(),
		Detail: r.Detail, Begin: stampText(r.Begin), End: stampText(r.End), Duration: r.Duration.Seconds(),
		Argv: append([]string{}, r.Argv...), Record: append(fields, '}'),
	}
}

func documentOf(r *RunRecord) recordDocument {
	document := recordDocument{
		Kind: r.Kind, Direction: r.Item.Direction, Item: r.Item.Name, Time: stampText(r.Time), Level: r.Level,
		Message: r.Message, Alarm: r.ID, Title: r.Title, Receivers: r.Receivers,
	}
	for _, outcome := range r.Outcomes {
		document.Outcomes = append(document.Outcomes, outcomeDocument{stampText(outcome.Time), outcome.Result, outcome.Why})
	}
	return document
}

func stampText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
