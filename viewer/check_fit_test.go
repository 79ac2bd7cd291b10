package viewer

import (
	"strings"
	"testing"
	"time"

	"github.com/clipperhouse/displaywidth"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// In a terminal of the usual width items can be told apart, and causes be read to
// their ends; a wide one shows all columns.
func TestCheckFitsTerminal(t *testing.T) {
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	var found []Checked
	for _, name := range []string{"check_used_license_num", "check_used_license_age"} {
		v := heartbeat.Verdict{
			Item: record.Item{Direction: "license", Name: name}, State: heartbeat.Stopped, Last: now.Add(-72 * time.Hour),
			Problems: []heartbeat.Problem{{State: heartbeat.Stopped, Since: now.Add(-72 * time.Hour), Due: now.Add(-71 * time.Hour), Count: 71}},
		}
		v.Beat.Hostname = "n232-133-016"
		found = append(found, Checked{Verdict: v, Reasons: []string{
			"its line is gone from the crontab of alice: mvrun -d license -- /ic/software/tools/" + strings.Repeat("long", 30), "最近一次运行在主机n232-133-016, 本机为vm, 请到该主机检查",
		}})
	}
	for _, width := range []int{0, 50, 80, 100, 200} {
		for _, language := range []heartbeat.Language{"en", "zh"} {
			var out strings.Builder
			if err := PrintCheck(&out, found, language, now, Options{Width: width}); err != nil {
				t.Fatal(err)
			}
			table := out.String()
			for line := range strings.Lines(table) {
				if cells := displaywidth.String(strings.TrimSuffix(line, "\n")); width > 0 && cells > width {
					t.Errorf("%d cells wide in %d: %q", cells, width, line)
				}
			}
			if host := strings.Contains(table, "Host"); host != (width == 0 || width == 200) {
				t.Errorf("%d: the host is shown: %v\n%s", width, host, table)
			}
			if width == 50 {
				continue // the names are cut
			}
			if strings.Contains(table, "…") {
				t.Errorf("%d: something is cut:\n%s", width, table)
			}
			text := strings.Join(strings.Fields(table), "")
			for _, want := range []string{"check_used_license_num", "check_used_license_age", "请到该主机检查", strings.Repeat("long", 30)} {
				if !strings.Contains(text, want) {
					t.Errorf("%d: no %q in\n%s", width, want, table)
				}
			}
		}
	}
}
