package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// crontabPath is the file of root's crontab, as the test writes it.
func (c *cron) crontabPath() string {
	if c.private {
		return filepath.Join(c.folder, "tables", "root")
	}
	return filepath.Join(cronTables, "root")
}

// seeing runs a command that sees the crontabs of this cron.
func (c *cron) seeing(s *site, args ...string) *exec.Cmd {
	if !c.private {
		return s.command(args[0], args[1:]...)
	}
	const script = `
mount --bind "$0/tables" ` + cronTables + `
mount --bind "$0/cron.d" /etc/cron.d
mount --bind "$0/crontab" /etc/crontab
exec "$@"`
	return s.command("unshare", append([]string{"--mount", "sh", "-e", "-c", script, c.folder}, args...)...)
}

func (c *cron) stop(t *testing.T) {
	t.Helper()
	c.settle(t)
	_ = c.process.Process.Signal(syscall.SIGTERM)
	_ = c.process.Wait()
}

// foreignCron reports whether this machine runs a cron daemon of its own.
func foreignCron() bool { return exec.Command("pgrep", "-x", "cron|crond").Run() == nil }

// backdate moves all heartbeats of an item into the past.
func backdate(t *testing.T, s *site, direction, item string, by time.Duration) {
	t.Helper()
	folder := filepath.Join(s.db, direction, item, "heartbeat")
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	for _, file := range files {
		text := readFile(t, file)
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text) {
			var day string
			line = regexp.MustCompile(`"time": "[^"]*"`).ReplaceAllStringFunc(line, func(field string) string {
				at, err := time.ParseInLocation("2006-01-02 15:04:05", field[len(`"time": "`):len(field)-1], time.Local)
				if err != nil {
					t.Fatal(err)
				}
				day = at.Add(-by).Format("20060102")
				return `"time": "` + at.Add(-by).Format("2006-01-02 15:04:05") + `"`
			})
			line = regexp.MustCompile(`"ts": "[^"]*"`).ReplaceAllStringFunc(line, func(field string) string {
				at, err := time.Parse(time.RFC3339Nano, field[len(`"ts": "`):len(field)-1])
				if err != nil {
					t.Fatal(err)
				}
				return `"ts": "` + at.Add(-by).Format("2006-01-02T15:04:05.000000000-07:00") + `"`
			})
			before, _ := os.ReadFile(filepath.Join(folder, day))
			writeFile(t, filepath.Join(folder, day), string(before)+line, 0o644)
		}
	}
}

// A job of the real cron stops, for one reason after the other, and the check says
// which. It is not run beside other tests: their cron is a cron daemon as well.
func TestCheckSaysWhyCronDoesNotStartAJob(t *testing.T) {
	needProgram(t, "unshare")
	s := newSite(t)
	script := filepath.Join(s.folder, "tick.sh")
	writeFile(t, script, "#!/bin/sh\nexit 0\n", 0o755)
	environment := "HOME=" + s.folder + "\nXDG_STATE_HOME=" + s.folder + "/state\nMVRUN_CONFIG=" + s.config + "\nPATH=" + filepath.Dir(binary) + ":/usr/bin:/bin\n"
	line := "* * * * * mvrun -d LSF -i tick -- " + script
	c := startCron(t, environment+line+"\n")
	waitFor(t, oneMinute, "the first run", func() bool { return len(s.records(t, "LSF", "tick", "run")) > 0 })
	c.stop(t)
	backdate(t, s, "LSF", "tick", 60*time.Hour)

	check := func(want string, unwanted ...string) {
		t.Helper()
		out, err := c.seeing(s, binary, "check", "--dry-run", "--item", "tick").CombinedOutput()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || !strings.Contains(string(out), want) {
			t.Errorf("%v, want %q:\n%s", err, want, out)
		}
		for _, text := range unwanted {
			if strings.Contains(string(out), text) {
				t.Errorf("not wanted is %q:\n%s", text, out)
			}
		}
	}
	const noDaemon = "no cron daemon is running on this host"
	if !foreignCron() {
		check(noDaemon, "its line")
	}
	write := func(text string) { writeFile(t, c.crontabPath(), environment+text+"\n", 0o600) }
	write("# " + line)
	check("its line in crontab of root is commented out: * * * * * mvrun -d LSF -i tick -- " + script)
	write("* * * * * mvrun -d LSF -i tick --quiet -- " + script)
	check("its line in crontab of root was changed: * * * * * mvrun -d LSF -i tick --quiet")
	write("0 0 1 1 * mvrun -d LSF -i tick -- " + script)
	check("its line in crontab of root is due at other times now: 0 0 1 1 *")
	write("")
	check("its line is gone from the crontab of root: mvrun -d LSF -i tick -- " + script)
	write(line)
	if err := os.Chmod(script, 0o644); err != nil {
		t.Fatal(err)
	}
	check(script+" is not executable", "its line")
	if err := os.Remove(script); err != nil {
		t.Fatal(err)
	}
	check(script + " is not there any more")
}
