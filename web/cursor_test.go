package web

import (
	"net/url"
	"slices"
	"testing"

	"github.com/mvrun/mvrun/record"
)

// walked are the messages of all pieces of a listing, of which meanwhile is called
// after each.
func (s *served) walked(address string, meanwhile func()) (messages []string) {
	s.t.Helper()
	for cursor := ""; ; {
		document := s.json(address + "&cursor=" + url.QueryEscape(cursor))
		for _, r := range document["records"].([]any) {
			messages = append(messages, r.(map[string]any)["message"].(string))
		}
		cursor, _ = document["next_cursor"].(string)
		if cursor == "" || len(messages) > 1000 {
			return messages
		}
		meanwhile()
	}
}

// appendLine adds a line to a day of an item, as another program does.
func (s *served) appendLine(item, day, line string) {
	s.t.Helper()
	if err := s.options.Load().Store.Append(record.Item{Direction: "LSF", Name: item}, record.Log, day, []byte(line+"\n")); err != nil {
		s.t.Fatal(err)
	}
}

// An end that JSON cannot say does not end a listing.
func TestCursorFarAway(t *testing.T) {
	s := serve(t, nil)
	if got := s.walked("/api/v1/records/log?limit=5&begin=30d&end=9999-12-31", func() {}); len(got) != 12 {
		t.Errorf("%q", got)
	}
}

// monitorViewer writes of a time no more than its second: what comes in of the second
// in which a piece ended is neither given twice nor moves what follows.
func TestCursorWithinASecond(t *testing.T) {
	s := serve(t, nil)
	line := func(message string) {
		s.appendLine("second", "20261126", `{"time": "2026-11-26 12:00:00", "message_level": "Error", "message": "`+message+`"}`)
	}
	var want []string
	for _, message := range []string{"5", "4", "same", "3", "same", "2", "1"} {
		line(message)
		want = append(want, message)
	}
	slices.Reverse(want)
	if got := s.walked("/api/v1/records/log?item=second&limit=2", func() { line("late"); line("late") }); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
