package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// oneMinute is how long cron may take to start a job that is due every minute,
// with room for a machine under load.
const oneMinute = 150 * time.Second

// Where Debian's cron looks and what it sends mail with.
const (
	cronTables = "/var/spool/cron/crontabs"
	cronMailer = "/usr/sbin/sendmail"
)

// cron is a cron daemon of the test's own. It runs one crontab, root's, and
// gives its mails to a catcher.
type cron struct {
	process *exec.Cmd
	folder  string // of what it sees in the place of the machine's own files
	private bool   // it sees them by mounts of its own
	mails   string // a folder with one file a mail
}

// startCron starts Debian's cron with this crontab and ends it with the test.
func startCron(t *testing.T, crontab string) *cron {
	t.Helper()
	needRoot(t)
	daemon, err := exec.LookPath("/usr/sbin/cron")
	if err != nil {
		lacks(t, "Debian's package cron")
	}
	folder := t.TempDir()
	c := &cron{folder: folder, private: mountsAllowed(folder), mails: filepath.Join(folder, "mails")}
	for _, name := range []string{"mails", "tables", "cron.d", "run"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	catcher := filepath.Join(folder, cronMark+strconv.Itoa(os.Getpid()))
	writeFile(t, catcher, "#!/bin/sh\ncat >\"$(mktemp '"+c.mails+"/XXXXXX')\"\n", 0o755)
	writeFile(t, filepath.Join(folder, "crontab"), "", 0o644)
	placeMailer(t, catcher)
	if c.private {
		writeFile(t, filepath.Join(folder, "tables", "root"), crontab, 0o600)
		c.process = exec.Command("unshare", "--mount", "sh", "-e", "-c", privateCron, daemon, folder, catcher)
	} else {
		placeCrontab(t, crontab)
		c.process = exec.Command(daemon, "-f")
	}
	c.start(t, filepath.Join(folder, "cron.out"))
	return c
}

// privateCron starts cron where it sees nothing of the machine's own crontabs,
// of a cron that is running already, and of a mailer.
const privateCron = `
mount --bind "$1/tables" ` + cronTables + `
mount --bind "$1/cron.d" /etc/cron.d
mount --bind "$1/crontab" /etc/crontab
mount --bind "$2" ` + cronMailer + `
mount --bind "$1/run" /run
exec "$0" -f`

// mountsAllowed reports whether root may have mounts of its own here, as it may
// not in many containers.
func mountsAllowed(folder string) bool {
	return exec.Command("unshare", "--mount", "mount", "--bind", folder, folder).Run() == nil
}

// placeMailer puts the catcher where cron looks for a mailer, if none is there;
// one that is there is covered by a private mount.
func placeMailer(t *testing.T, catcher string) {
	t.Helper()
	if target, err := os.Readlink(cronMailer); err == nil {
		removeLeftover(t, cronMailer, filepath.Base(target))
	}
	err := os.Symlink(catcher, cronMailer)
	if err == nil {
		t.Cleanup(func() { os.Remove(cronMailer) })
	} else if !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	} else if !mountsAllowed(filepath.Dir(catcher)) {
		lacks(t, "the right to mount, since there is a "+cronMailer)
	}
}

// placeCrontab writes root's crontab, and takes it away with the test.
func placeCrontab(t *testing.T, crontab string) {
	t.Helper()
	path := filepath.Join(cronTables, "root")
	if data, err := os.ReadFile(path); err == nil {
		first, _, _ := strings.Cut(string(data), "\n")
		removeLeftover(t, path, strings.TrimPrefix(first, "# "))
	}
	if _, err := os.Lstat(path); err == nil {
		lacks(t, "the right to mount, since root has a crontab")
	}
	writeFile(t, path, fmt.Sprintf("# %s%d\n%s", cronMark, os.Getpid(), crontab), 0o600)
	t.Cleanup(func() { os.Remove(path) })
}

// cronMark, and the process, is in what the tests put into the machine's own folders.
const cronMark = "of-the-tests-of-mvrun-"

// removeLeftover removes what tests have put there that were killed since.
func removeLeftover(t *testing.T, path, mark string) {
	t.Helper()
	process, marked := strings.CutPrefix(mark, cronMark)
	pid, err := strconv.Atoi(process)
	if !marked || err != nil || pid <= 0 || syscall.Kill(pid, 0) != syscall.ESRCH {
		return
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestCronLeftovers(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	for mark, stays := range map[string]bool{
		cronMark + strconv.Itoa(ended.Process.Pid): false,
		cronMark + strconv.Itoa(os.Getpid()):       true,
		"m h dom mon dow command":                  true,
	} {
		path := filepath.Join(t.TempDir(), "root")
		writeFile(t, path, "", 0o600)
		removeLeftover(t, path, mark)
		if _, err := os.Stat(path); stays != (err == nil) {
			t.Errorf("%q: %v", mark, err)
		}
	}
}

func (c *cron) start(t *testing.T, output string) {
	t.Helper()
	file, err := os.Create(output)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	c.process.Stdout, c.process.Stderr = file, file
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.process.Process.Signal(syscall.SIGTERM)
		_ = c.process.Wait()
		if t.Failed() {
			t.Logf("cron said: %s", readFile(t, output))
		}
	})
}

// settle waits until cron has no job under way, nor the mail of one.
func (c *cron) settle(t *testing.T) {
	t.Helper()
	waitFor(t, oneMinute, "the end of cron's jobs", func() bool { return len(childrenOf(c.process.Process.Pid)) == 0 })
}

// mailed gives the mails that cron has sent, each with its head.
func (c *cron) mailed(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(c.mails, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var mails []string
	for _, path := range paths {
		mails = append(mails, readFile(t, path))
	}
	return mails
}

// everyMinute makes a crontab's jobs due every minute and puts other texts into
// it, each of which must have something to replace.
func everyMinute(t *testing.T, crontab string, changes ...string) string {
	t.Helper()
	crontab = regexp.MustCompile(`(?m)^([0-9*/,-]+ ){5}`).ReplaceAllString(crontab, "* * * * * ")
	for pair := range slices.Chunk(changes, 2) {
		if !strings.Contains(crontab, pair[0]) {
			t.Fatalf("the crontab has no %q:\n%s", pair[0], crontab)
		}
		crontab = strings.ReplaceAll(crontab, pair[0], pair[1])
	}
	return crontab
}

// testCrontab is the README's crontab and the one in examples/ with the paths of
// the repository and the environment of the site, and two jobs more.
func testCrontab(t *testing.T, s *site) string {
	t.Helper()
	path, scripts := "PATH="+filepath.Dir(binary)+":", example(t, "")+"/"
	environment := fmt.Sprintf("HOME=%s\nXDG_STATE_HOME=%s/state\nMVRUN_CONFIG=%s\nBHOSTS=cat %s\n",
		s.folder, s.folder, s.config, example(t, "data/bhosts.txt"))
	readme := everyMinute(t, fencedBlocks(t, "README.md", "crontab")[0], "PATH=", path, "/ic/scripts/", scripts)
	examples := everyMinute(t, readFile(t, example(t, "crontab")), "\nPATH=", "\n"+path, "/ic/scripts/", scripts,
		"check_lsf_node_status --", "nodes --", "/var/log/", s.folder+"/", " /home\n", " "+homes(t)+"\n")
	return environment + readme + examples +
		"* * * * * mvrun -d test -i silent -- true\n" +
		"* * * * * mvrun -d test -i talkative -- echo 100\\% of it\n"
}

// cronJobs are the items of testCrontab.
var cronJobs = [][2]string{
	{"LSF", "check_lsf_node_status"}, {"LSF", "nodes"}, {"host", "check_disk_usage"}, {"host", "keep_df"},
	{"security", "check_home_permission"}, {"security", "check_home_permission_py"},
	{"test", "silent"}, {"test", "talkative"},
}

// The README's crontab line leaves all four kinds of records and no mail, and so
// do those of examples/crontab. Beside them, a job that prints nothing causes no
// mail either, while one that prints a line does, as it would without mvrun.
func TestCron(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	needProgram(t, "python3")
	// mvrun check says so, and cron mails it, where there is no database; here one of the jobs may come first.
	if err := os.MkdirAll(s.db, 0o755); err != nil {
		t.Fatal(err)
	}
	c := startCron(t, testCrontab(t, s))
	waitFor(t, oneMinute, "the records of cron's jobs and a mail", func() bool {
		for _, job := range cronJobs {
			if len(s.records(t, job[0], job[1], "run")) == 0 {
				return false
			}
		}
		return len(c.mailed(t)) > 0
	})
	c.settle(t)

	for _, mail := range c.mailed(t) {
		head, body, _ := strings.Cut(mail, "\n\n")
		if !strings.Contains(head, "-i talkative") || body != "100% of it\n" {
			t.Errorf("a mail that should not be:\n%s", mail)
		}
	}
	for _, job := range cronJobs {
		if r := s.records(t, job[0], job[1], "run")[0]; r.text("exit_code") != "0" || r.text("startup") != "crontab" {
			t.Errorf("the run record of %s/%s: %v", job[0], job[1], r)
		}
	}
	if kept, _ := filepath.Glob(filepath.Join(s.folder, "df-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9].txt")); len(kept) == 0 {
		t.Error("the job with a percent sign has not written its file")
	}
	heartbeats := s.records(t, "LSF", "check_lsf_node_status", "heartbeat")
	runs := s.records(t, "LSF", "check_lsf_node_status", "run")
	for kind, r := range map[string]aRecord{"heartbeat": heartbeats[0], "run": runs[0]} {
		if r.text("startup") != "crontab" || r.text("user") != "root" || r.text("script") != example(t, "check_lsf_node_status.sh") {
			t.Errorf("the %s record: %v", kind, r)
		}
	}
	if runs[0].text("run") != heartbeats[0].text("run") {
		t.Errorf("run %v of heartbeat %v", runs[0], heartbeats[0])
	}
	if settings := readFile(t, filepath.Join(s.db, "LSF", "check_lsf_node_status", "monitor_item.yaml")); !strings.Contains(settings, "script_startup_method: crontab") {
		t.Errorf("monitor_item.yaml:\n%s", settings)
	}
	if len(runs) == 1 { // cron may have begun the next minute
		checkNodeRecords(t, s)
	}
}
