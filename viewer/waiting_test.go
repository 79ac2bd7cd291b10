package viewer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// What nobody has tried to send has no record; a listing of alarms tells of it, and its
// records stay what they are.
func TestAlarmsThatWaitWithoutARecordAreTold(t *testing.T) {
	noon := time.Date(2024, 10, 25, 12, 0, 0, 0, time.UTC)
	store := database(t, map[string]string{
		"LSF/p0/alarm/20241025": `{"time": "2024-10-25 12:00:00", "receivers": "alice", "send_alarm_result": "FAILED", "message": "failed", "alarm": "2"}` + "\n",
	})
	nodes, other := record.Item{Direction: "LSF", Name: "p0"}, record.Item{Direction: "LSF", Name: "other"}
	waiting := []WaitingAlarm{
		{Item: nodes, ID: "1", Receivers: "alice bob", Message: "\x1b[31mpending\r\n  with more", Raised: noon, Why: "it is the next to be sent", Run: "r1", Level: "Error"},
		{Item: nodes, ID: "2", Receivers: "alice", Message: "failed", Raised: noon, Why: "it is tried again"},
		{Item: other, ID: "3", Receivers: "carol", Message: "of another", Raised: noon.Add(time.Second), Why: "it is being sent"},
	}
	o := Options{Format: TSV, Waiting: func(begin, end time.Time) ([]WaitingAlarm, error) {
		return append([]WaitingAlarm{}, waiting...), errors.New("outbox entry x: is no alarm")
	}}
	const (
		problem = "Not read: outbox entry x: is no alarm\n"
		first   = `Waiting in the outbox since 2024-10-25 12:00:00: LSF/p0: \x1b[31mpending (it is the next to be sent)` + "\n"
		second  = "Waiting in the outbox since 2024-10-25 12:00:01: LSF/other: of another (it is being sent)\n"
	)
	for _, test := range []struct {
		query record.Query
		want  string
	}{
		{record.Query{}, first + second},
		{record.Query{Items: []string{"p*"}}, first},
		{record.Query{Directions: []string{"host"}}, ""},
		{record.Query{Receivers: []string{"carol", "dave"}}, second},
		{record.Query{Run: "r1"}, first},
		{record.Query{Levels: []string{"error"}}, first},
		{record.Query{Keywords: []string{"another"}}, second},
		{record.Query{Not: []string{"another", ""}}, first},
	} {
		test.query.Kind = record.Alarm
		for _, format := range Formats {
			o.Format = format
			out, notes := printed(t, store, test.query, o)
			if notes != problem+test.want || strings.Contains(out, "pending") {
				t.Errorf("%+v as %s: %q, want %q", test.query, format, notes, problem+test.want)
			}
		}
	}
	if _, notes := printed(t, store, record.Query{Kind: record.Log}, o); notes != "" {
		t.Errorf("a listing of logs: %q", notes)
	}
	for i := range 9 {
		waiting = append(waiting, WaitingAlarm{Item: other, ID: fmt.Sprint("more", i), Raised: noon, Message: strings.Repeat("失", 99)})
	}
	_, notes := printed(t, store, record.Query{Kind: record.Alarm}, o)
	if !strings.HasSuffix(notes, "Waiting in the outbox: 6 more\n") || strings.Count(notes, "\n") != 1+maxWaiting+1 || len(notes) > 2000 {
		t.Errorf("of many: %s", notes)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var shown, followNotes bytes.Buffer
	o.Notes = &followNotes
	if err := Follow(ctx, &shown, store, record.Query{Kind: record.Alarm, Items: []string{"p0"}, Location: time.UTC}, o); err != nil {
		t.Fatal(err)
	}
	if followNotes.String() != problem+first {
		t.Errorf("of a listing that goes on: %q", followNotes.String())
	}
}
