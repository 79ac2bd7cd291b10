package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// trouble is one way in which a site can be broken.
type trouble struct {
	name string
	// begin breaks a site that is whole and returns how to repair it.
	begin func(t *testing.T, a *arena) (repair func())
	uid   int  // who runs the job; 0 for the tests' own user
	loose bool // the spool is not needed

	direction string // "" for d
}

func TestTortureFailOpen(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(configTroubles, databaseTroubles, mountTroubles) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			failOpen(t, c)
		})
	}
}

// failOpen runs a job bare, and monitored at a broken site, and compares; and
// looks what the next run at the repaired site makes of what was left.
func failOpen(t *testing.T, c trouble) {
	a := newArena(t)
	if c.direction == "" {
		c.direction = "d"
	}
	job := filepath.Join(a.folder, "job.sh")
	writeFile(t, job, failingJob, 0o755)
	if c.uid != 0 {
		a.become(t, c.uid)
	}
	repair := c.begin(t, a)
	bare, wrapped := time.Hour, time.Hour
	tries := 0
	for ; tries < maxTries && (tries < 2 || wrapped-bare > maxDelay); tries++ {
		plain := observe(t, a.as(c.uid, "/bin/sh", job, fmt.Sprint(tries)))
		got := observe(t, a.as(c.uid, binary, "-d", c.direction, "-i", "item", "--", "/bin/sh", job, fmt.Sprint(tries)))
		bare, wrapped = min(bare, plain.started), min(wrapped, got.started)
		said, rest := wrapperWarnings(got.stderr)
		if got.stdout != plain.stdout || rest != plain.stderr || got.status != plain.status {
			t.Fatalf("%+v; without mvrun %+v", got.result, plain.result)
		}
		if len(said) != 1 {
			t.Errorf("warnings: %q, want one", said)
		}
		if got.took > maxStay {
			t.Errorf("left after %v", got.took)
		}
	}
	if wrapped-bare > maxDelay {
		t.Errorf("started %v after the bare job, at the best of %d", wrapped-bare, tries)
	}
	if !c.loose {
		a.checkSpool(t)
	}
	repair()
	a.repaired(t, c, tries)
}

func (a *arena) checkSpool(t *testing.T) {
	t.Helper()
	if len(a.spooled(t)) == 0 {
		t.Error("there is nothing in the spool")
	}
	if info, err := os.Stat(a.spool); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the spool: %v, %v; want mode 0700", info, err)
	}
}

// repaired runs the item once more and looks whether the database has it all,
// once and in order.
func (a *arena) repaired(t *testing.T, c trouble, tries int) {
	t.Helper()
	for n := 0; n < 2 || len(a.spooled(t)) > 0; n++ {
		got := observe(t, a.as(c.uid, binary, "-d", c.direction, "-i", "item", "--", "true"))
		if said, rest := wrapperWarnings(got.stderr); got.status != 0 || rest != "" || len(said) > 0 && !c.loose {
			t.Fatalf("at the repaired site: %+v", got.result)
		}
		if n > 20 {
			t.Fatalf("20 runs have not merged the spool: %v", a.spooled(t))
		}
	}
	// On a network file system the second one carries over what the first did.
	a.flush(t, c.uid)
	a.flush(t, c.uid)
	var logs, alarms []string
	for i := range tries {
		logs = append(logs, fmt.Sprintf("first %d", i), fmt.Sprintf("second %d", i))
		alarms = append(alarms, fmt.Sprintf("third %d", i))
	}
	slices.Sort(alarms)
	records := a.records(t, c.direction, "item", "log")
	written := slices.DeleteFunc(texts(records, "message"), func(m string) bool { return strings.HasPrefix(m, "mvrun: ") })
	if !slices.Equal(written, logs) {
		t.Errorf("log records %q, want %q", written, logs)
	}
	if warned := textsWith(records, "message", "mvrun: "); len(warned) < tries {
		t.Errorf("%d runs warned in %d records", tries, len(warned))
	}
	sent := a.records(t, c.direction, "item", "alarm")
	// Where the database took the runs that failed, the one that merges them has recovered.
	passed := slices.DeleteFunc(sent, func(r aRecord) bool { return r.text("send_alarm_result") != "PASSED" || r.text("kind") == "recovery" })
	if got := texts(passed, "message"); !slices.Equal(slices.Sorted(slices.Values(got)), alarms) {
		t.Errorf("alarms recorded as sent %q, want %q", got, alarms)
	}
	if got := textsWith(passed, "receivers", "root"); c.direction == "d" && len(got) != tries {
		t.Errorf("%d of %d alarms went to the direction's admin", len(got), tries)
	}
	runs := a.records(t, c.direction, "item", "run")
	if got := textsWith(runs, "exit_code", "7"); len(got) != tries {
		t.Errorf("%d runs are recorded to have ended with 7, want %d", len(got), tries)
	}
	if lost := textsWith(runs, "cause", "lost"); len(lost) > 0 {
		t.Errorf("%d runs are recorded as lost", len(lost))
	}
	beats := texts(a.records(t, c.direction, "item", "heartbeat"), "run")
	slices.Sort(beats)
	if n := len(slices.Compact(beats)); n != len(beats) || n <= tries {
		t.Errorf("%d heartbeats, %d without doubles; %d runs", len(beats), n, tries)
	}
	data, _ := os.ReadFile(a.alarms)
	lines := slices.DeleteFunc(slices.Collect(strings.Lines(string(data))), func(l string) bool { return strings.Contains(l, " is well again on ") })
	if got := slices.Sorted(slices.Values(lines)); strings.Join(got, "") != strings.Join(alarms, "\n")+"\n" {
		t.Errorf("sent was %q", data)
	}
}

const tortureUser = 54321

var configTroubles = []trouble{
	{name: "config unreadable", uid: tortureUser, begin: func(t *testing.T, a *arena) func() {
		content := readFile(t, a.config)
		writeFile(t, a.config, content, 0o600)
		return func() {
			if err := os.Chown(a.config, tortureUser, tortureUser); err != nil {
				t.Fatal(err)
			}
		}
	}},
	{name: "config unreadable, without a state folder", uid: tortureUser + 1, begin: func(t *testing.T, a *arena) func() {
		a.setenv("XDG_STATE_HOME", "")
		a.spool = fmt.Sprintf("/tmp/mvrun-%d", tortureUser+1)
		_ = os.RemoveAll(a.spool)
		t.Cleanup(func() { _ = os.RemoveAll(a.spool) })
		content := readFile(t, a.config)
		writeFile(t, a.config, content, 0o600)
		return func() { writeFile(t, a.config, content, 0o644) }
	}},
	{name: "config broken", begin: func(t *testing.T, a *arena) func() {
		return otherConfig(t, a, "db_path: [one, two\nsend_wait: 1s\n")
	}},
	{name: "config half-written", begin: func(t *testing.T, a *arena) func() {
		return otherConfig(t, a, "valid_direction_dic:\n  d: root\nsend_alarm_command: 'printf \"%s\\n")
	}},
	{name: "config is a FIFO", begin: func(t *testing.T, a *arena) func() {
		content := readFile(t, a.config)
		inPlaceOf(t, a.config, func() error { return unix.Mkfifo(a.config, 0o644) })
		return func() {
			inPlaceOf(t, a.config, func() error { return os.WriteFile(a.config, []byte(content), 0o644) })
		}
	}},
	{name: "config is a directory", begin: func(t *testing.T, a *arena) func() {
		content := readFile(t, a.config)
		inPlaceOf(t, a.config, func() error { return os.Mkdir(a.config, 0o755) })
		return func() {
			inPlaceOf(t, a.config, func() error { return os.WriteFile(a.config, []byte(content), 0o644) })
		}
	}},
	{name: "direction unknown", direction: "nowhere", loose: true, begin: func(*testing.T, *arena) func() { return func() {} }},
}

// otherConfig puts another text into the config.
func otherConfig(t *testing.T, a *arena, text string) (repair func()) {
	t.Helper()
	content := readFile(t, a.config)
	writeFile(t, a.config, text, 0o644)
	return func() { writeFile(t, a.config, content, 0o644) }
}

// inPlaceOf puts something else in the place of what is there.
func inPlaceOf(t *testing.T, path string, by func() error) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := by(); err != nil {
		t.Fatal(err)
	}
}

var databaseTroubles = []trouble{
	{name: "database is not the user's", uid: tortureUser + 2, begin: func(t *testing.T, a *arena) func() {
		if err := os.Mkdir(a.db, 0o755); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := os.Chown(a.db, tortureUser+2, tortureUser+2); err != nil {
				t.Fatal(err)
			}
		}
	}},
	{name: "database is a file", begin: func(t *testing.T, a *arena) func() {
		writeFile(t, a.db, "no folder\n", 0o644)
		return func() { inPlaceOf(t, a.db, func() error { return nil }) }
	}},
	{name: "database below a FIFO", begin: func(t *testing.T, a *arena) func() {
		fifo := filepath.Join(a.folder, "fifo")
		inPlaceOf(t, fifo, func() error { return unix.Mkfifo(fifo, 0o644) })
		a.db = filepath.Join(fifo, "db")
		a.configure(t, "")
		return func() { inPlaceOf(t, fifo, func() error { return os.Mkdir(fifo, 0o755) }) }
	}},
	{name: "day file is a FIFO", begin: func(t *testing.T, a *arena) func() {
		paths := daysToCome(a, "log")
		for _, path := range paths {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			inPlaceOf(t, path, func() error { return unix.Mkfifo(path, 0o644) })
		}
		return func() {
			for _, path := range paths {
				inPlaceOf(t, path, func() error { return nil })
			}
		}
	}},
	{name: "day file locked", begin: func(t *testing.T, a *arena) func() {
		var files []*os.File
		for _, path := range daysToCome(a, "log") {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
			if err != nil {
				t.Fatal(err)
			}
			lock := unix.Flock_t{Type: unix.F_WRLCK}
			if unix.FcntlFlock(file.Fd(), unix.F_OFD_SETLK, &lock) != nil {
				err = unix.Flock(int(file.Fd()), unix.LOCK_EX)
			}
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		return func() {
			for _, file := range files {
				file.Close()
			}
		}
	}},
}

// daysToCome are those of today and, should it come meanwhile, of tomorrow.
func daysToCome(a *arena, kind string) []string {
	var paths []string
	for _, day := range []time.Time{time.Now(), time.Now().AddDate(0, 0, 1)} {
		paths = append(paths, filepath.Join(a.db, "d", "item", kind, day.Format("20060102")))
	}
	return paths
}

var mountTroubles = []trouble{
	{name: "database read-only", begin: func(t *testing.T, a *arena) func() {
		mountAt(t, a.db, "tmpfs", unix.MS_RDONLY, "size=1m")
		return func() {
			if err := unix.Mount("", a.db, "", unix.MS_REMOUNT, "size=1m"); err != nil {
				t.Fatal(err)
			}
		}
	}},
	{name: "database full", begin: func(t *testing.T, a *arena) func() {
		mountAt(t, a.db, "tmpfs", 0, "size=1m")
		filler := filepath.Join(a.db, "filler")
		fillUp(filler)
		return func() {
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
		}
	}},
	{name: "database hangs", begin: func(t *testing.T, a *arena) func() {
		h := newHangingFolder(t, a.folder)
		a.db = filepath.Join(h.path, "db")
		a.configure(t, "")
		h.stop()
		return func() {
			h.answer()
			a.db = filepath.Join(h.behind, "db")
		}
	}},
	{name: "database hangs, direct layout", begin: func(t *testing.T, a *arena) func() {
		h := newHangingFolder(t, a.folder)
		a.db = filepath.Join(h.path, "db")
		a.configure(t, "db_layout: direct\n")
		h.stop()
		return func() {
			h.answer()
			a.db = filepath.Join(h.behind, "db")
		}
	}},
	{name: "config hangs", begin: func(t *testing.T, a *arena) func() {
		h := newHangingFolder(t, a.folder)
		content := readFile(t, a.config)
		a.config = filepath.Join(h.path, "mvrun.yaml")
		a.setenv("MVRUN_CONFIG", a.config)
		writeFile(t, a.config, content, 0o644)
		h.stop()
		return h.answer
	}},
}

// mountAt mounts a file system for the time of the test.
func mountAt(t *testing.T, path, kind string, flags uintptr, options string) {
	t.Helper()
	needRoot(t)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("mvrun-test", path, kind, flags, options); err != nil {
		lacks(t, "the right to mount a "+kind+": "+err.Error())
	}
	t.Cleanup(func() { _ = unix.Unmount(path, unix.MNT_DETACH) })
}

// fillUp writes until there is no room.
func fillUp(path string) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return
	}
	defer file.Close()
	for size := 64 << 10; size > 0; {
		if _, err := file.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}
