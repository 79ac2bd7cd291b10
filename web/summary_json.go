package web

import (
	"encoding/json"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// The answer of /api/v1/summary; see openapi.json.
type summaryDocument struct {
	First      string         `json:"first"`
	Last       string         `json:"last"`
	Totals     totalsDocument `json:"totals"`
	States     map[string]int `json:"states"`
	Stuck      int            `json:"stuck_alarms"`
	Parts      []partDocument `json:"parts"`
	Alarms     []rowDocument  `json:"alarms"`
	TopItems   []topDocument  `json:"top_items"`
	Logs       []rowDocument  `json:"logs"`
	Heartbeats []rowDocument  `json:"heartbeats"`
	Results    []rowDocument  `json:"alarm_results"`
}

type totalsDocument struct {
	Items      int `json:"items"`
	Alarms     int `json:"alarms"`
	Logs       int `json:"logs"`
	Heartbeats int `json:"heartbeats"`
	Runs       int `json:"runs"`
}

type partDocument struct {
	First string `json:"first"`
	Last  string `json:"last"`
}

type rowDocument struct {
	Direction string `json:"direction,omitempty"`
	Level     string `json:"level,omitempty"`
	Result    string `json:"send_alarm_result,omitempty"`
	Total     int    `json:"total"`
	Counts    []int  `json:"counts"`
}

type topDocument struct {
	Direction string `json:"direction"`
	Item      string `json:"item"`
	Alarms    int    `json:"alarms"`
}

func (m *summary) document(states map[heartbeat.State]int, stuck int) []byte {
	d := summaryDocument{
		First: m.days.first.Format(time.DateOnly), Last: m.days.last.Format(time.DateOnly),
		Totals: totalsDocument{0, m.alarms, m.logs, m.heartbeats, m.runs}, States: map[string]int{}, Stuck: stuck,
		Parts: []partDocument{}, Alarms: m.alarmsBy.documents(), TopItems: []topDocument{}, Logs: m.logsBy.documents(),
		Heartbeats: m.heartbeatsBy.documents(), Results: []rowDocument{},
	}
	for state, count := range states {
		d.States[string(state)] = count
		d.Totals.Items += count
	}
	for _, part := range m.parts {
		d.Parts = append(d.Parts, partDocument{part.first.Format(time.DateOnly), part.last.Format(time.DateOnly)})
	}
	for _, one := range m.topItems {
		d.TopItems = append(d.TopItems, topDocument{one.item.Direction, one.item.Name, one.count})
	}
	for _, row := range m.results.rows {
		d.Results = append(d.Results, rowDocument{Result: row.value, Total: row.total, Counts: row.counts})
	}
	data, _ := json.MarshalIndent(d, "", " ") // texts and numbers
	return append(data, '\n')
}

func (s *series) documents() []rowDocument {
	rows := []rowDocument{}
	for _, row := range s.rows {
		rows = append(rows, rowDocument{Direction: row.direction, Level: row.value, Total: row.total, Counts: row.counts})
	}
	return rows
}

// statesOf counts the items in each state, those of some directions and items, and
// the alarms of all that could not be sent for long.
func (s *Server) statesOf(directions, items []string) (states map[heartbeat.State]int, stuck int, err error) {
	found, err := s.survey()
	if err != nil {
		return nil, 0, err
	}
	states = map[heartbeat.State]int{}
	wanted := record.Query{Directions: directions, Items: items}
	for i := range found.verdicts {
		v := &found.verdicts[i]
		if wanted.MatchesItem(v.Item) {
			states[v.State]++
		}
	}
	return states, found.stuck, nil
}
