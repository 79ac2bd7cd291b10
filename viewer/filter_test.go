package viewer

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

var noon = time.Date(2024, 10, 25, 12, 0, 0, 0, time.UTC)

func TestFilterQuery(t *testing.T) {
	q, err := Filter{
		Kind: "ALARMS", Begin: "2024-10-25", Directions: []string{"LSF"}, Items: []string{"check_*"}, Levels: []string{"error,FATAL"},
		Receivers: []string{"alice bob", "carol,dave"}, Keywords: []string{"a b", "c,d"}, Run: "r1", Limit: "5", Reverse: true,
	}.Query(noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	if q.Kind != record.Alarm || q.Limit != 5 || !q.Reverse || q.Run != "r1" || q.Location != time.UTC || !q.Begin.Equal(noon.Truncate(24*time.Hour)) {
		t.Errorf("got %+v", q)
	}
	for _, list := range [][2][]string{
		{q.Levels, {"Error", "Fatal"}}, {q.Receivers, {"alice", "bob", "carol", "dave"}}, {q.Keywords, {"a b", "c,d"}},
		{q.Directions, {"LSF"}}, {q.Items, {"check_*"}},
	} {
		if !slices.Equal(list[0], list[1]) {
			t.Errorf("got %q, want %q", list[0], list[1])
		}
	}
}

func TestFilterTakesTheLevelsOfTheConfig(t *testing.T) {
	q, err := Filter{Kind: "log", Levels: []string{"notice"}}.Query(noon, []string{"Notice", "Error"})
	if err != nil || !slices.Equal(q.Levels, []string{"Notice"}) {
		t.Errorf("%q, %v", q.Levels, err)
	}
}

func TestFilterRefuses(t *testing.T) {
	tests := []struct {
		filter  Filter
		message string
		hint    string
	}{
		{Filter{Kind: "alert"}, `kind "alert": is not known`, "monitor, heartbeat, log, alarm, run"},
		{Filter{Limit: "-1"}, `limit "-1": is negative`, "0 means all"},
		{Filter{Limit: "ten"}, `limit "ten": is not a whole number`, "100"},
		{Filter{Limit: "99999999999999999999"}, `limit "99999999999999999999": is not a whole number`, "100"},
		{Filter{Kind: "log", Levels: []string{"Eror"}}, `level "Eror": is not a message level`, "Debug, Info, Warning, Error, Fatal"},
		{Filter{Kind: "log", End: "tomorrow"}, `end "tomorrow": is not a date`, "yesterday"},
		{Filter{Items: []string{"[a"}}, `item "[a": is not a pattern`, `\[`},
		{Filter{Items: []string{"LSF/nodes"}}, `item "LSF/nodes": contains a slash`, "--direction"},
		{Filter{Directions: []string{"a/b"}}, `direction "a/b": contains a slash`, "--direction"},
		{Filter{Kind: "run", Levels: []string{"Error"}}, `level "Error": a run has no level`, "log and alarm"},
		{Filter{Kind: "heartbeat", Receivers: []string{"bob"}}, `receivers "bob": a heartbeat has no receivers`, "alarm"},
		{Filter{Kind: "monitor", Run: "r"}, `run "r": an item belongs to no single run`, "run"},
	}
	for _, test := range tests {
		_, err := test.filter.Query(noon, nil)
		wrong, ok := errors.AsType[*InputError](err)
		if !ok || wrong.Error() != test.message || !strings.Contains(wrong.Hint, test.hint) {
			t.Errorf("%+v: %v, hint %+v; want %s", test.filter, err, wrong, test.message)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, format := range Formats {
		if got, err := ParseFormat(strings.ToUpper(string(format))); got != format || err != nil {
			t.Errorf("%s: %v, %v", format, got, err)
		}
	}
	if _, err := ParseFormat("xml"); err == nil || !strings.Contains(err.Error(), `format "xml"`) {
		t.Errorf("xml: %v", err)
	}
}
