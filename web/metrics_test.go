package web

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mvrun/mvrun/record"
)

// Whatever a record says, each line of the metrics is one sample with a number, and
// what is none has no sample.
func TestMetricsOfForeignRecords(t *testing.T) {
	sample := regexp.MustCompile(`^[a-z_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)*\})? -?[0-9]+(\.[0-9]+)?$`)
	for text, want := range map[string][2]string{
		`"exit_code": "0\nmvrun_outbox_stuck_alarms 99", "duration": "abc def"`: {}, `"exit_code": "x\ty", "duration": "1 2"`: {},
		`"exit_code": 1.5, "duration": "NaN"`: {}, `"exit_code": 1e99, "duration": "Inf"`: {}, `"exit_code": {"a": 1}, "duration": -1`: {},
		`"exit_code": true, "duration": 1e300`: {}, `"exit_code": "+0", "duration": "0x1p4"`: {"0", "16"},
		`"exit_code": -1`: {"-1", "0"}, `"exit_code": "3", "duration": 1e3`: {"3", "1000"}, `"exit_code": 0, "duration": 0.000001`: {"0", "0.000001"},
	} {
		s := serve(t, nil)
		s.put(s.options.Load().Store, record.Item{Direction: "LSF", Name: "nodes"}, record.Run, 12, `"run": "r2", `+text)
		body := s.get("/metrics").Body.String()
		for line := range strings.Lines(body) {
			if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "# ") && !sample.MatchString(line) {
				t.Errorf("%s: the line %q", text, line)
			}
		}
		if strings.Count(body, "\nmvrun_outbox_stuck_alarms") != 1 || !strings.Contains(body, `mvrun_item_runs_today{direction="LSF",item="nodes"} 2`) {
			t.Errorf("%s: %s", text, body)
		}
		for i, name := range [...]string{familyStatus.name, familyDuration.name} {
			_, value, _ := strings.Cut(body, "\n"+name+`{direction="LSF",item="nodes"} `)
			if value, _, _ = strings.Cut(value, "\n"); value != want[i] {
				t.Errorf("%s: %s is %q, want %q", text, name, value, want[i])
			}
		}
	}
}

// An item whose settings cannot be read is there with the state that the API has, the
// listing and the item itself say why it is not whole, and so does its page.
func TestMetricsOfAnItemThatIsPartlyRead(t *testing.T) {
	s := serve(t, nil)
	item := record.Item{Direction: "LSF", Name: "bad"}
	s.put(s.options.Load().Store, item, record.Heartbeat, 11, `"user": "root", "host": "10.1.2.3", "script": "/ic/b.sh"`)
	if err := os.WriteFile(filepath.Join(s.folder, "LSF", "bad", "monitor_item.yaml"), []byte("monitor_item: [\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	found := s.json("/api/v1/items/LSF/bad")
	body := s.get("/metrics").Body.String()
	for _, line := range []string{
		`mvrun_item_state{direction="LSF",item="bad",state="` + found["status"].(string) + `"} 1`,
		`mvrun_item_last_heartbeat_timestamp_seconds{direction="LSF",item="bad"} 1795690800.000`, "mvrun_items_partly_read 1",
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("without %s:\n%s", line, body)
		}
	}
	listed, _ := s.json("/api/v1/items?item=bad")["notes"].([]any)
	own, _ := found["notes"].([]any)
	if len(own) != 1 || len(listed) != 1 || own[0] != listed[0] || !strings.HasPrefix(own[0].(string), "Not read: ") {
		t.Errorf("the item has the notes %v, the listing %v", own, listed)
	}
	why := strings.TrimPrefix(own[0].(string), "Not read: ")
	if page := s.get("/items/LSF/bad").Body.String(); !strings.Contains(page, "This could not be read: State: "+why) || !strings.Contains(page, found["status"].(string)) {
		t.Errorf("its page does not say why: %s", page)
	}
}

// Both forms end alike, and OpenMetrics is for who wants it.
func TestFormOfTheMetrics(t *testing.T) {
	s := serve(t, nil)
	for accept, open := range map[string]bool{
		"": false, "*/*": false, "text/plain": false, "application/openmetrics-text": true, "Application/OpenMetrics-Text; Version=1.0.0": true,
		"application/openmetrics-text;q=0": false, "application/openmetrics-text; q=0.0, text/plain": false,
		"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1": true,
		"application/openmetrics-text;q=0.2,text/plain;q=0.5":                                       false,
	} {
		answer := s.get("/metrics", func(r *http.Request) { r.Header.Set("Accept", accept) })
		if got := strings.HasPrefix(answer.Header().Get("Content-Type"), "application/openmetrics-text"); got != open {
			t.Errorf("%q: OpenMetrics is %v", accept, got)
		}
		if body := answer.Body.String(); !strings.HasSuffix(body, "\n# EOF\n") {
			t.Errorf("%q: the end is %q", accept, body[max(0, len(body)-80):])
		}
	}
}
