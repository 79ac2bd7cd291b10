package web

import (
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
