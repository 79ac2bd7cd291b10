package heartbeat

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// database is a database in a folder of the test, and a clock.
type database struct {
	*record.Store
	t      *testing.T
	folder string
	now    time.Time

	spooled string // the spool's folder
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	d := &database{t: t, folder: t.TempDir(), now: time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)}
	d.spooled = t.TempDir()
	store, err := record.OpenStore(d.folder, record.StoreOptions{
		Host: "h1", Now: func() time.Time { return d.now }, SpoolFolders: []string{d.spooled},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	d.Store = store
	return d
}

// file writes a file below the database.
func (d *database) file(path, text string) {
	d.t.Helper()
	path = filepath.Join(d.folder, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// beat records a heartbeat of an item so long ago.
func (d *database) beat(item record.Item, ago time.Duration, startup, run string) {
	d.t.Helper()
	at := d.now.Add(-ago)
	line := fmt.Sprintf(`{"time": "%s", "user": "root", "host": "10.1.2.3", "script": "/ic/a.sh", "ts": "%s", "run": "%s", "startup": "%s", "hostname": "h1"}`,
		at.Format(record.TimeLayout), at.Format(record.StampLayout), run, startup)
	d.append(item, record.Heartbeat, at, line)
}

func (d *database) append(item record.Item, kind record.Kind, at time.Time, line string) {
	d.t.Helper()
	if err := d.Append(item, kind, record.Day(at), []byte(line+"\n")); err != nil {
		d.t.Fatal(err)
	}
}

// end records the end of a run so long ago.
func (d *database) end(item record.Item, ago time.Duration, run, more string) {
	d.t.Helper()
	at := d.now.Add(-ago)
	d.append(item, record.Run, at, fmt.Sprintf(`{"time": "%s", "run": "%s", %s, "ts": "%s", "start": "%s", "hostname": "h1"}`,
		at.Format(record.TimeLayout), run, more, at.Format(record.StampLayout), at.Format(record.StampLayout)))
}

func (d *database) settings(item record.Item, pairs ...string) {
	d.t.Helper()
	settings := record.ItemSettings{}
	for i := 0; i < len(pairs); i += 2 {
		settings[pairs[i]] = pairs[i+1]
	}
	if err := d.WriteItem(item, record.ItemSettings{}, settings); err != nil {
		d.t.Fatal(err)
	}
}

func (d *database) judge(item record.Item) Verdict {
	d.t.Helper()
	v, err := d.try(item)
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

func (d *database) try(item record.Item) (Verdict, error) {
	d.t.Helper()
	failing, err := d.AllFailing()
	if err != nil {
		d.t.Fatal(err)
	}
	mutes, _ := d.Mutes(d.now)
	retired, _ := d.Retired()
	s, err := NewSurveyor(d.Store, SurveyOptions{Now: d.now, ThisHost: "h1", Failing: failing, Mutes: mutes, Retired: retired})
	if err != nil {
		d.t.Fatal(err)
	}
	return s.Item(item)
}

var nodes = record.Item{Direction: "LSF", Name: "nodes"}

// Somebody who runs a job by hand many times hides no heartbeat of cron's, on the
// same day or weeks ago.
func TestManyManualRuns(t *testing.T) {
	d := newDatabase(t)
	d.settings(nodes, record.KeySchedule, "0 3 * * *")
	d.beat(nodes, 31*time.Hour, "crontab", "")
	d.beat(nodes, 7*time.Hour, "crontab", "")
	for i := range 50 {
		d.beat(nodes, time.Hour-time.Duration(i)*time.Minute, "manual", "")
	}
	if v := d.judge(nodes); v.State != OK || !v.Last.Equal(d.now.Add(-7*time.Hour)) {
		t.Errorf("run by hand after the schedule's: %s, last %v", v.State, v.Last)
	}
	d.now = d.now.AddDate(0, 0, 20)
	for day := range 15 {
		d.beat(nodes, time.Duration(day)*24*time.Hour+time.Hour, "manual", "")
	}
	if v := d.judge(nodes); v.State != Stopped {
		t.Errorf("run by hand every day for two weeks: %s", v.State)
	}
}

// Files of days to come, from a host whose clock was wrong, hide nothing.
func TestManyDaysOfTheFuture(t *testing.T) {
	d := newDatabase(t)
	for day := range 12 {
		d.beat(nodes, -time.Duration(400+day)*24*time.Hour, "crontab", "")
	}
	d.beat(nodes, 5*24*time.Hour, "crontab", "")
	if v := d.judge(nodes); v.State != Stopped {
		t.Errorf("%s, last %v", v.State, v.Last)
	}
}

func TestSurveyStates(t *testing.T) {
	const minute = time.Minute
	steady := func(d *database, silent time.Duration) {
		for i := 15; i >= 0; i-- {
			d.beat(nodes, silent+time.Duration(i)*10*minute, "crontab", fmt.Sprintf("r%02d", 15-i))
		}
	}
	for name, test := range map[string]struct {
		prepare func(d *database)
		want    State
		source  Source
	}{
		"steady":             {func(d *database) { steady(d, 9*minute) }, OK, ""},
		"late":               {func(d *database) { steady(d, 18*minute) }, Late, Learned},
		"stopped":            {func(d *database) { steady(d, 40*minute) }, Stopped, Learned},
		"by hand only":       {func(d *database) { d.beat(nodes, 90*time.Hour, manual, "r") }, Idle, ""},
		"no heartbeat":       {func(d *database) { d.settings(nodes, record.KeyDirection, "LSF") }, Idle, ""},
		"yesterday":          {func(d *database) { d.beat(nodes, 30*time.Hour, "crontab", "r") }, OK, Daily},
		"not yesterday":      {func(d *database) { d.beat(nodes, 35*time.Hour, "crontab", "r") }, Stopped, Daily},
		"a month ago":        {func(d *database) { d.beat(nodes, 700*time.Hour, "crontab", "r") }, Stopped, Daily},
		"by hand since":      {func(d *database) { d.beat(nodes, 60*time.Hour, "crontab", "r"); d.beat(nodes, minute, manual, "s") }, Stopped, Daily},
		"from the next year": {func(d *database) { steady(d, 40*minute); d.beat(nodes, -9000*time.Hour, "crontab", "s") }, Stopped, Learned},
		"a torn line":        {func(d *database) { steady(d, 9*minute); d.file("LSF/nodes/heartbeat/20261125", `{"time": "2026-11-`) }, OK, ""},
		"given, not due": {func(d *database) {
			d.settings(nodes, record.KeySchedule, "0 3 * * *")
			d.beat(nodes, 7*time.Hour, "crontab", "r")
		}, OK, Given},
		"given, due": {func(d *database) {
			d.settings(nodes, record.KeySchedule, "0 3 * * *")
			d.beat(nodes, 31*time.Hour, "crontab", "r")
		}, Late, Given},
		"at reboot": {func(d *database) {
			d.settings(nodes, record.KeySchedule, "@reboot")
			d.beat(nodes, 3100*time.Hour, "crontab", "r")
		}, Idle, Given},
		"not understood": {func(d *database) { d.settings(nodes, record.KeySchedule, "when it rains"); steady(d, 40*minute) }, Stopped, Learned},
		"words, due": {func(d *database) {
			d.settings(nodes, record.KeyExecuteFrequency, "every hour")
			d.beat(nodes, 2*time.Hour, "crontab", "r")
		}, Late, Words},
		"words, another fact": {func(d *database) {
			d.settings(nodes, record.KeyExecuteFrequency, "every 5 minutes")
			steady(d, 9*minute)
		}, OK, Learned},
		"wrapper lost": {func(d *database) {
			steady(d, 5*minute)
			d.end(nodes, 4*minute, "r15", `"exit_code": -1, "cause": "wrapper lost"`)
		}, WrapperLost, ""},
		"never finished": {func(d *database) {
			steady(d, 5*minute)
			d.end(nodes, 4*minute, "r15", `"exit_code": -1, "cause": "never finished"`)
		}, NeverFinished, ""},
		"lost before": {func(d *database) {
			steady(d, 5*minute)
			d.end(nodes, 14*minute, "r14", `"exit_code": -1, "cause": "wrapper lost"`)
			d.end(nodes, 4*minute, "r15", `"exit_code": 0, "cause": "exited"`)
		}, OK, ""},
		"overlong": {func(d *database) {
			steady(d, 5*minute)
			d.end(nodes, 4*minute, "r15", `"exit_code": 0, "cause": "exited", "duration": 61.5, "max_duration": 60`)
		}, Overlong, ""},
		"running": {func(d *database) { steady(d, 5*minute); d.mark("r15", 5*minute, 0) }, Running, ""},
		"killed":  {func(d *database) { steady(d, 5*minute); d.markGone("r15") }, WrapperLost, ""},
		"cut off": {func(d *database) { steady(d, 5*minute); d.markBoot("r15") }, NeverFinished, ""},
		"killed after its end": {func(d *database) {
			d.end(nodes, 4*minute, "r15", `"exit_code": 0, "cause": "exited"`)
			steady(d, 5*minute)
			d.markGone("r15")
		}, OK, ""},
		"killed, and run again": {func(d *database) {
			d.end(nodes, 4*minute, "r15", `"exit_code": 0, "cause": "exited"`)
			steady(d, 5*minute)
			d.markGone("r14")
		}, OK, ""},
		"killed, its end in the spool": {func(d *database) { steady(d, 5*minute); d.markGone("r15"); d.spool("r15") }, OK, ""},
		"killed beside one that runs":  {func(d *database) { steady(d, 5*minute); d.markGone("r14"); d.mark("r15", 5*minute, 0) }, Running, ""},
		"hanging": {func(d *database) {
			for i := range 6 {
				d.end(nodes, time.Duration(i)*time.Hour, fmt.Sprintf("q%d", i), `"exit_code": 0, "cause": "exited", "duration": 100`)
			}
			steady(d, 5*minute)
			d.mark("r13", 25*minute, 0)
		}, Hanging, ""},
		"as long as ever": {func(d *database) {
			for i := range 6 {
				d.end(nodes, time.Duration(i)*time.Hour, fmt.Sprintf("q%d", i), `"exit_code": 0, "cause": "exited", "duration": 1000`)
			}
			steady(d, 5*minute)
			d.mark("r13", 25*minute, 0)
		}, Running, ""},
		"running too long": {func(d *database) { steady(d, 5*minute); d.mark("r15", 5*minute, 60) }, Overlong, ""},
		"failing for long": {func(d *database) { steady(d, 5*minute); d.fail(25*time.Hour, 7) }, Failing, ""},
		"failing":          {func(d *database) { steady(d, 5*minute); d.fail(time.Hour, 7) }, Failing, ""},
		"failed once":      {func(d *database) { steady(d, 5*minute); d.fail(time.Minute, 1) }, Failing, ""},
		"failed, and no alarm is for it": {func(d *database) {
			steady(d, 5*minute)
			d.end(nodes, 4*minute, "r15", `"exit_code": 3, "cause": "exited"`)
		}, Failing, ""},
		"failed before": {func(d *database) {
			steady(d, 5*minute)
			d.end(nodes, 14*minute, "r14", `"exit_code": 3, "cause": "exited"`)
			d.end(nodes, 4*minute, "r15", `"exit_code": 0, "cause": "exited"`)
		}, OK, ""},
		"failed before the run that is under way": {func(d *database) {
			steady(d, 5*minute)
			d.end(nodes, 14*minute, "r14", `"exit_code": 124, "cause": "timeout"`)
			d.end(nodes, 4*minute, "r16", `"exit_code": 0, "cause": "skipped by overlap"`)
			d.mark("r15", 5*minute, 0)
		}, Failing, ""},
		"stopped by somebody": {func(d *database) {
			steady(d, 5*minute)
			d.end(nodes, 4*minute, "r15", `"exit_code": 143, "signal": "TERM", "cause": "stopped by TERM"`)
		}, OK, ""},
		"muted": {func(d *database) {
			steady(d, 40*minute)
			_ = d.PutMute(record.Mute{Pattern: "LSF/*", Until: d.now.Add(time.Hour)})
		}, Muted, Learned},
		"mute is over": {func(d *database) {
			steady(d, 40*minute)
			_ = d.PutMute(record.Mute{Pattern: "LSF/*", Until: d.now.Add(-time.Hour)})
		}, Stopped, Learned},
		"retired": {func(d *database) { steady(d, 40*minute); _ = d.PutMute(record.Mute{Pattern: "*/nodes", Retired: true}) }, Retired, Learned},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDatabase(t)
			test.prepare(d)
			if v := d.judge(nodes); v.State != test.want || v.Source != test.source {
				t.Errorf("%s by %q (%s), want %s by %q: %+v", v.State, v.Source, v.Schedule, test.want, test.source, v.Problems)
			}
		})
	}
}

// What fails is seen at once, and told of by a check once it has failed for long.
func TestFailingIsTold(t *testing.T) {
	for runs, long := range map[int]bool{1: false, 2: true} {
		for since, want := range map[time.Duration]bool{23 * time.Hour: false, 25 * time.Hour: long} {
			d := newDatabase(t)
			d.beat(nodes, time.Minute, "crontab", "r")
			d.fail(since, runs)
			if v := d.judge(nodes); len(v.Problems) != 1 || v.Problems[0].Early == want {
				t.Errorf("%d runs since %v: %+v", runs, since, v.Problems)
			}
		}
	}
}

// mark says that a run is under way.
func (d *database) mark(run string, ago time.Duration, limit float64) {
	d.t.Helper()
	err := d.MarkRunning(nodes, record.Mark{Run: run, Start: d.now.Add(-ago).Format(record.StampLayout), MaxDuration: limit, Process: record.Process{PID: 1}})
	if err != nil {
		d.t.Fatal(err)
	}
}

// markGone marks a run of this host whose mvrun is gone, markBoot one from before
// the host was started anew.
func (d *database) markGone(run string) { d.markOf(run, func(p *record.Process) { p.PID = -1 }) }
func (d *database) markBoot(run string) {
	d.markOf(run, func(p *record.Process) { p.Boot = "another" })
}

// spool leaves something of a run in the spool.
func (d *database) spool(run string) {
	d.t.Helper()
	spool := record.NewSpool([]string{d.spooled}, "0001-"+run)
	defer spool.Close()
	if _, err := spool.Append([]record.Entry{{Item: nodes, Kind: record.Run, Day: record.Day(d.now), Line: "{}\n"}}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *database) markOf(run string, change func(*record.Process)) {
	d.t.Helper()
	self := record.Self()
	change(&self)
	if err := d.MarkRunning(nodes, record.Mark{Run: run, Start: d.now.Add(-5 * time.Minute).Format(record.StampLayout), Process: self}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *database) fail(ago time.Duration, runs int) {
	d.t.Helper()
	if err := d.MarkFailing(nodes, record.Failing{Since: d.now.Add(-ago), Runs: runs}); err != nil {
		d.t.Fatal(err)
	}
}

// A zone far away: it is tomorrow there, and its clock decides when 3:00 is.
func TestSurveyOfAnotherZone(t *testing.T) {
	d := newDatabase(t)
	kiritimati := location(t, "Pacific/Kiritimati") // UTC+14
	d.settings(nodes, record.KeySchedule, "0 0 * * *")
	if err := d.KeepStarted(nodes, record.Started{Zone: "Pacific/Kiritimati"}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"2026-11-25 00:00", "2026-11-26 00:00"} {
		moment := at(t, kiritimati, text)
		d.append(nodes, record.Heartbeat, moment, fmt.Sprintf(`{"time": "%s", "ts": "%s", "run": "r", "startup": "crontab", "hostname": "h2"}`,
			moment.Format(record.TimeLayout), moment.Format(record.StampLayout)))
	}
	d.now = at(t, time.UTC, "2026-11-26 10:30") // 0:30 of the 27th there
	if v := d.judge(nodes); v.State != OK || !v.Due.Begin.Equal(at(t, kiritimati, "2026-11-27 00:00")) {
		t.Errorf("%s, due %v", v.State, v.Due.Begin)
	}
	d.now = at(t, time.UTC, "2026-11-26 11:30")
	if v := d.judge(nodes); v.State != Late {
		t.Errorf("%s, due %v", v.State, v.Due.Begin)
	}
}

// What is no item, or cannot be read, is said and harms nothing else.
func TestSurveyOfBadInput(t *testing.T) {
	d := newDatabase(t)
	d.file("LSF/notes.txt", "x")
	d.file("LSF/empty/README", "x")
	if _, err := d.try(record.Item{Direction: "LSF", Name: "empty"}); !errors.Is(err, ErrNoItem) {
		t.Errorf("a foreign folder: %v", err)
	}
	if _, err := d.try(record.Item{Direction: "LSF", Name: "none"}); !errors.Is(err, ErrNoItem) {
		t.Errorf("no folder: %v", err)
	}
	for _, kind := range record.Kinds {
		item := record.Item{Direction: "LSF", Name: "only_" + string(kind)}
		d.file(item.String()+"/"+string(kind)+"/20261126", `{"message_level": "Info", "message": "x"}`+"\n")
		if v := d.judge(item); v.State != Idle || v.Item != item {
			t.Errorf("an item of nothing but a %s record: %+v", kind, v)
		}
	}
	d.file("LSF/nodes/heartbeat/readme", "x")
	d.file("LSF/nodes/heartbeat/20261126", "\x00\x00\n{\"time\": \n\n"+`{"time": "2026-11-26 09:50:00", "user": "root"}`+"\n[]\n")
	if v := d.judge(nodes); v.State != OK || v.Last.Hour() != 9 {
		t.Errorf("%+v", v)
	}
	d.file("LSF/nodes/monitor_item.yaml", "a: [1\n")
	if v, err := d.try(nodes); err == nil || v.State != OK {
		t.Errorf("settings that are no YAML: %v, %v", v.State, err)
	}
	if os.Getuid() != 0 {
		path := filepath.Join(d.folder, "LSF/nodes/heartbeat/20261126")
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := d.try(nodes); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("a file that cannot be read: %v", err)
		}
	}
	d.file("LSF/folder/heartbeat/20261126/x", "")
	if _, err := d.try(record.Item{Direction: "LSF", Name: "folder"}); err == nil || !strings.Contains(err.Error(), "LSF/folder/heartbeat/20261126") {
		t.Errorf("a folder in the place of a day: %v", err)
	}
	if err := os.Remove(filepath.Join(d.folder, "LSF/nodes/monitor_item.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(d.folder, "LSF/nodes/monitor_item.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.try(nodes); err == nil {
		t.Error("a symbolic link was followed")
	}
}

// The database of the real monitorViewer: five items, stopped in 2024.
func TestSurveyOfTheFixture(t *testing.T) {
	folder, err := filepath.Abs("../tests/testdata/monitorviewer/db")
	if err != nil {
		t.Fatal(err)
	}
	store, err := record.OpenStore(folder, record.StoreOptions{Host: "h1"})
	if err != nil {
		t.Fatal(err)
	}
	items, err := store.Candidates(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSurveyor(store, SurveyOptions{Now: time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"LSF/check_job_mem_usage": "2024-10-29 00:00:00", "LSF/check_lsf_node_status": "2024-10-31 23:59:59", "license/check_used_license_num": "2024-10-31 00:00:00",
		"security/check_home_permission": "2024-10-31 23:59:59", "storage/user_quota_alter_send": "2024-10-31 23:59:59",
	}
	for _, item := range items {
		v, err := s.Item(item)
		if err != nil || v.State != Stopped || v.Last.Format(record.TimeLayout) != want[item.String()] {
			t.Errorf("%s: %s since %v, want %s: %v", item, v.State, v.Last, want[item.String()], err)
		}
		delete(want, item.String())
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}

// Days that prune has moved to the archive are looked into as well.
func TestSurveyOfAnArchive(t *testing.T) {
	d := newDatabase(t)
	for day := 20; day > 5; day-- {
		d.beat(nodes, time.Duration(day)*24*time.Hour, "crontab", fmt.Sprintf("r%02d", day))
	}
	_, err := d.Prune(t.Context(), record.PruneOptions{Terms: func(record.Item, record.Kind) record.Terms { return record.Terms{Archive: 3} }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(d.folder, "LSF/nodes/heartbeat/20261120")); !os.IsNotExist(err) {
		t.Fatalf("the day is not archived: %v", err)
	}
	v := d.judge(nodes)
	if v.State != Stopped || v.Source != Learned || v.Beats != 15 || !v.Last.Equal(d.now.Add(-6*24*time.Hour)) {
		t.Errorf("%s by %q from %d heartbeats, the last %v", v.State, v.Source, v.Beats, v.Last)
	}
}
