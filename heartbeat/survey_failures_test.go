package heartbeat

import (
	"fmt"
	"testing"
	"time"
)

// ends records that runs of an item ended so, one each interval since a time ago; the
// last of them is that of the last heartbeat.
func (d *database) ends(since, interval time.Duration, more func(back int) string) {
	d.t.Helper()
	for back := int(since / interval); back >= 0; back-- {
		d.end(nodes, time.Duration(back)*interval+time.Minute, fmt.Sprintf("r%05d", 99999-back), more(back))
	}
	d.beat(nodes, time.Minute, "crontab", "r99999")
}

// Runs that raise no alarm when they fail, and those of records from elsewhere, leave
// no mark: that they fail for long is told by their records.
func TestFailingWithoutAMark(t *testing.T) {
	const failed, well, skipped, stopped = `"exit_code": 1, "cause": "exited"`, `"exit_code": 0, "cause": "exited"`,
		`"exit_code": 0, "cause": "skipped by overlap"`, `"exit_code": 143, "cause": "stopped by TERM"`
	always := func(int) string { return failed }
	onceAt := func(at int, more string) func(int) string {
		return func(back int) string {
			if back == at {
				return more
			}
			return failed
		}
	}
	for name, test := range map[string]struct {
		since, interval time.Duration
		more            func(back int) string
		count           int
		told            bool
	}{
		"each hour of three days":         {72 * time.Hour, time.Hour, always, 73, true},
		"each minute of three days":       {72 * time.Hour, time.Minute, always, 72*60 + 1, true},
		"each hour, not for long":         {20 * time.Hour, time.Hour, always, 21, false},
		"one was well ten hours ago":      {72 * time.Hour, time.Hour, onceAt(10, well), 10, false},
		"one was well two days ago":       {72 * time.Hour, time.Hour, onceAt(48, well), 48, true},
		"one was skipped in between":      {72 * time.Hour, time.Hour, onceAt(10, skipped), 72, true},
		"somebody stopped one in between": {72 * time.Hour, time.Hour, onceAt(10, stopped), 72, true},
		"the one before was well":         {72 * time.Hour, time.Hour, onceAt(1, well), 1, false},
		"each week":                       {21 * 24 * time.Hour, 7 * 24 * time.Hour, always, 4, true},
		"once":                            {0, time.Hour, always, 1, false},
	} {
		d := newDatabase(t)
		d.ends(test.since, test.interval, test.more)
		v := d.judge(nodes)
		if v.State != Failing || v.Problems[0].Count != test.count || v.Problems[0].Early == test.told {
			t.Errorf("%s: %s, %+v; want %d runs", name, v.State, v.Problems, test.count)
			continue
		}
		if want := d.now.Add(-time.Duration(test.count-1)*test.interval - time.Minute); test.more(10) == failed && !v.Problems[0].Since.Equal(want) {
			t.Errorf("%s: since %v, want %v", name, v.Problems[0].Since, want)
		}
	}
}

// A record without the start of its run has at least a time.
func TestFailingByForeignRecords(t *testing.T) {
	d := newDatabase(t)
	for hours := 48; hours >= 0; hours-- {
		at := d.now.Add(-time.Duration(hours) * time.Hour)
		d.append(nodes, "run", at, fmt.Sprintf(`{"time": "%s", "run": "r%02d", "exit_code": 1}`, at.Format(time.DateTime), 48-hours))
	}
	d.beat(nodes, time.Minute, "crontab", "r48")
	v := d.judge(nodes)
	if v.State != Failing || v.Problems[0].Early || v.Problems[0].Count != 49 || !v.Problems[0].Since.Equal(d.now.Add(-48*time.Hour)) {
		t.Errorf("%s, %+v", v.State, v.Problems)
	}
}
