package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// site is a place of its own where jobs are monitored: a config, a database, a
// spool, and a file to which the alarm command appends. Nothing of the machine's
// own mvrun is seen by, or reached from, it.
type site struct {
	folder, config, db string
	alarms             string // what send_alarm.sh has written
	env                []string
}

// siteConfig admits any direction; its %s are the database, the script and the
// file of the alarm command.
const siteConfig = `db_path: %s
send_alarm_command: 'sh %s %s "<TITLE>" "<MESSAGE>" <RECEIVERS>'
defaults:
  receivers: alice bob
`

func newSite(t testing.TB) *site {
	t.Helper()
	folder := t.TempDir()
	s := &site{
		folder: folder,
		config: filepath.Join(folder, "mvrun.yaml"),
		db:     filepath.Join(folder, "db"),
		alarms: filepath.Join(folder, "alarms.txt"),
	}
	sender := filepath.Join(repository(t), "examples", "send_alarm.sh")
	writeFile(t, s.config, fmt.Sprintf(siteConfig, s.db, sender, s.alarms), 0o644)
	s.env = append(plainEnvironment(),
		"PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"),
		"HOME="+folder,
		"XDG_STATE_HOME="+filepath.Join(folder, "state"),
		"MVRUN_CONFIG="+s.config,
	)
	return s
}

// plainEnvironment is this process's, without what tells mvrun where it runs:
// the tests may themselves run under mvrun or in a CI server.
func plainEnvironment() []string {
	names := []string{
		"PATH", "HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "CI", "BUILD_URL", "BUILD_NUMBER", "BUILD_ID", "JOB_NAME",
		"JENKINS_URL", "JENKINS_NODE_COOKIE", "LSB_JOBID", "SLURM_JOB_ID", "INVOCATION_ID", "PYTHONUNBUFFERED",
	}
	return slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(names, name) || strings.HasPrefix(name, "MVRUN_")
	})
}

// command prepares a command in the site's environment.
func (s *site) command(name string, args ...string) *exec.Cmd {
	command := exec.Command(name, args...)
	command.Env = s.env
	command.Dir = s.folder
	return command
}

// mvrun runs mvrun to its end.
func (s *site) mvrun(t testing.TB, args ...string) result {
	t.Helper()
	return run(t, s.command(binary, args...))
}

// aRecord is a record as it stands in the database.
type aRecord map[string]any

// text gives the value of a key, "" where there is none.
func (r aRecord) text(key string) string {
	if value, ok := r[key]; ok {
		return fmt.Sprint(value)
	}
	return ""
}

// records reads what the database holds of a kind for an item, all days. It
// knows nothing of mvrun: every line must be one JSON object.
func (s *site) records(t testing.TB, direction, item, kind string) []aRecord {
	t.Helper()
	days, err := filepath.Glob(filepath.Join(s.db, direction, item, kind, "*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(days)
	var records []aRecord
	for _, day := range days {
		for line := range strings.Lines(readFile(t, day)) {
			var r aRecord
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%s: %q: %v", day, line, err)
			}
			records = append(records, r)
		}
	}
	return records
}

// texts gives one key of each record.
func texts(records []aRecord, key string) []string {
	var values []string
	for _, r := range records {
		values = append(values, r.text(key))
	}
	return values
}

// waitFor polls until the condition holds, for what other programs do in their
// own time. It ends the test when that takes longer than the limit.
func waitFor(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	expired := time.NewTimer(limit)
	defer expired.Stop()
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for !holds() {
		select {
		case <-expired.C:
			t.Fatalf("waited %v in vain for %s", limit, what)
		case <-ticks.C:
		}
	}
}

// exists reports whether there is a file that is not empty.
func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}
