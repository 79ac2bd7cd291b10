package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

var ticking = record.Item{Direction: "LSF", Name: "tick"}

// reasonsFor is what a check says of an item that ran on this host, by cron.
func reasonsFor(t *testing.T, change func(r *reasons, started *record.Started)) []string {
	t.Helper()
	store, err := record.OpenStore(t.TempDir(), record.StoreOptions{Host: hostName()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.Local)
	masker, err := record.NewMasker(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &reasons{check: &check{session: &session{store: store, masker: masker}, now: now, self: record.Self()}, cron: true, cronKnown: true}
	started := record.Started{Hostname: hostName(), User: "alice", Startup: startupCrontab, Command: "mvrun -i tick -- true"}
	r.tabs.byUser = map[string][]cronLine{"alice": {{file: "crontab of alice", fields: "* * * * *", command: "mvrun -i tick -- true"}}}
	change(r, &started)
	if err := store.KeepStarted(ticking, started); err != nil {
		t.Fatal(err)
	}
	found := &viewer.Checked{Verdict: heartbeat.Verdict{Item: ticking, Last: now.Add(-time.Hour)}}
	return r.silence(found, heartbeat.Problem{State: heartbeat.Late, Since: now.Add(-time.Hour), Due: now.Add(-50 * time.Minute)})
}

func TestReasonsOfSilence(t *testing.T) {
	script := filepath.Join(t.TempDir(), "tick.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(r *reasons, started *record.Started)
		want   []string
	}{
		"nothing to be found":   {func(*reasons, *record.Started) {}, nil},
		"a script that is well": {func(_ *reasons, s *record.Started) { s.Script = script }, nil},
		"a script that is gone": {func(_ *reasons, s *record.Started) { s.Script = script + ".old" }, []string{"tick.sh.old is not there any more"}},
		"no daemon":             {func(r *reasons, _ *record.Started) { r.cron = false }, []string{"no cron daemon is running on this host"}},
		"cannot see processes":  {func(r *reasons, _ *record.Started) { r.cron, r.cronKnown = false, false }, nil},
		"the line is gone":      {func(r *reasons, _ *record.Started) { r.tabs.byUser["alice"] = nil }, []string{"its line is gone from the crontab of alice: mvrun -i tick -- true"}},
		"a line with a secret": {func(r *reasons, s *record.Started) {
			s.Command = "PASSWORD=*** mvrun -i tick -- true"
			r.tabs.byUser["alice"][0].command = "PASSWORD=hunter2 mvrun -i tick -- true"
		}, nil},
		"a line with a secret that was changed": {func(r *reasons, s *record.Started) {
			s.Command, r.tabs.byUser["alice"][0].command = "PASSWORD=*** mvrun -i tick -- true", "PASSWORD=hunter2 mvrun -i tick -- false"
		}, []string{"was changed: * * * * * PASSWORD=*** mvrun -i tick -- false (it was: PASSWORD=*** mvrun -i tick -- true)"}},
		"commented out and changed": {func(r *reasons, _ *record.Started) {
			r.tabs.byUser["alice"] = []cronLine{
				{file: "f", fields: "1 * * * *", command: "mvrun -i tick -- true", disabled: true},
				{file: "f", fields: "2 * * * *", command: "mvrun -i tick -- false"},
			}
		}, []string{"its line in f was changed: 2 * * * * mvrun -i tick -- false"}},
		"of another item whose name has it": {func(r *reasons, _ *record.Started) {
			r.tabs.byUser["alice"] = []cronLine{{file: "f", fields: "2 * * * *", command: "mvrun -i sticky_ticks -- false"}}
		}, []string{"its line is gone from the crontab of alice"}},
		"gone, beside another item of the same script": {func(r *reasons, s *record.Started) {
			s.Script, s.Command = script, "mvrun -d LSF -i tick -- "+script
			r.tabs.byUser["alice"] = []cronLine{
				{file: "f", fields: "2 * * * *", command: "mvrun -d LSF --alarm-frequency 'max 3 times' -i tock -- " + script},
				{file: "f", fields: "2 * * * *", command: "mvrun -d host -i tick -- " + script},
				{file: "f", fields: "2 * * * *", command: "mvrun --direction=host " + script},
				{file: "f", fields: "2 * * * *", command: "cd /; MVRUN_ITEM=tock mvrun -- " + script + " -i tick"},
				{file: "f", fields: "2 * * * *", command: "mvrun -i tock -- " + script, disabled: true},
			}
		}, []string{"its line is gone from the crontab of alice: mvrun -d LSF -i tick -- " + script}},
		"changed, behind a line of the same script": {func(r *reasons, s *record.Started) {
			s.Script, s.Command = script, "mvrun -i tick -- "+script
			r.tabs.byUser["alice"] = []cronLine{
				{file: "f", fields: "1 * * * *", command: script},
				{file: "f", fields: "2 * * * *", command: "mvrun --quiet -itick -- " + script},
			}
		}, []string{"its line in f was changed: 2 * * * * mvrun --quiet -itick -- " + script}},
		"no item is named any more": {func(r *reasons, s *record.Started) {
			s.Script, s.Command = script, "mvrun -i tick -- "+script
			r.tabs.byUser["alice"][0].command = "mvrun " + script
		}, []string{"its line in crontab of alice was changed: * * * * * mvrun " + script}},
		"at other times": {func(r *reasons, _ *record.Started) {
			r.tabs.byUser["alice"][0].fields = "0 23 * * *"
		}, []string{"its line in crontab of alice is due at other times now: 0 23 * * *"}},
		"it was down":         {func(r *reasons, _ *record.Started) { r.boot = r.now.Add(-40 * time.Minute) }, []string{"this host was down until 2026-11-26 09:20:00"}},
		"started anew before": {func(r *reasons, _ *record.Started) { r.boot = r.now.Add(-55 * time.Minute) }, nil},
		"the clock was set":   {func(r *reasons, _ *record.Started) { r.jump = -time.Hour }, []string{"the clock of this host was set by -1h0m0s since the last check"}},
		"no space":            {func(r *reasons, _ *record.Started) { r.space = "no space left on /db" }, []string{"no space left on /db"}},
		"another host": {func(r *reasons, s *record.Started) { s.Hostname, s.Address, r.cron = "elsewhere", "10.1.2.3", false },
			[]string{"it ran on elsewhere (10.1.2.3) last, and this is " + hostName() + ": look there"}},
		"another host without a name": {func(r *reasons, s *record.Started) { s.Hostname, s.Address = "10.1.2.3", "10.1.2.3" },
			[]string{"it ran on 10.1.2.3 last, and this is " + hostName() + ": look there"}},
		"started by Jenkins": {func(_ *reasons, s *record.Started) { s.Startup = startupJenkins }, []string{"it is started by jenkins: look there"}},
		"held": {func(r *reasons, _ *record.Started) {
			mark := record.Mark{Run: "r1", Start: r.now.Add(-2 * time.Hour).UTC().Format(time.RFC3339), User: "alice", Process: record.Self()}
			if err := r.store.MarkRunning(ticking, mark); err != nil {
				t.Fatal(err)
			}
		}, []string{"of alice still runs on this host, run r1, since 2026-11-26 08:00:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := reasonsFor(t, test.change)
			if !slices.EqualFunc(got, test.want, strings.Contains) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// A line of a crontab with CRON_TZ is read as the daemon may read it.
func TestOtherTimesInAZone(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	r := &reasons{check: &check{now: now}}
	found := &viewer.Checked{Verdict: heartbeat.Verdict{Last: now.AddDate(0, 0, -1)}}
	line := cronLine{file: "f", fields: "30 9 * * *"} // half an hour ago, within its grace
	if got := r.otherTimes(found, line); got != "its line in f is due at other times now: 30 9 * * *" {
		t.Errorf("%q", got)
	}
	line.zone = "Asia/Kolkata" // six hours ago
	if got := r.otherTimes(found, line); got != "" {
		t.Errorf("%q", got)
	}
}

func TestReasonsInChinese(t *testing.T) {
	got := reasonsFor(t, func(r *reasons, _ *record.Started) { r.language, r.cron = heartbeat.Chinese, false })
	if len(got) != 1 || got[0] != "本机的 cron 服务未运行" {
		t.Errorf("%q", got)
	}
}

func TestClockJump(t *testing.T) {
	store, err := record.OpenStore(t.TempDir(), record.StoreOptions{Host: "h1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	c := &check{session: &session{store: store}, options: &checkOptions{}, self: record.Self()}
	if _, ok := sinceBoot(); !ok || c.self.Boot == "" {
		t.Skip("the time since the boot is not known here")
	}
	if jump := c.clockJump(); jump != 0 {
		t.Errorf("a first check sees a jump of %v", jump)
	}
	if jump := c.clockJump(); jump.Abs() > time.Second {
		t.Errorf("a jump of %v", jump)
	}
	began, _ := sinceBoot()
	mark := `{"boot": "` + c.self.Boot + `", "began": "` + began.Add(-time.Hour).Format(time.RFC3339Nano) + `"}`
	if err := store.Meta().WriteFile([]byte(mark), 0o644, record.MetaFolder, checkFolder, "host", "h1.json"); err != nil {
		t.Fatal(err)
	}
	if jump := c.clockJump(); (jump - time.Hour).Abs() > time.Second {
		t.Errorf("a jump of %v, want an hour", jump)
	}
}
