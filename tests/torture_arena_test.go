package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// arena is a site where things go wrong: its config is the test's own, its alarm
// command does next to nothing, and other users may enter its folder.
type arena struct {
	*site
	spool    string
	sendWait string
}

// arenaConfig keeps the sends in a file, one a line.
const arenaConfig = `valid_direction_dic:
  d: root
db_path: %s
send_wait: %s
alarm_burst: 0
send_alarm_command: 'printf "%%s\n" "<MESSAGE>" >>%s'
`

// failingJob writes all kinds of records, to both outputs, and fails. Its
// argument tells one run from another.
const failingJob = `echo started
echo "INFO: first $1"
echo "to stderr $1" >&2
echo "ERROR: second $1"
printf 'bytes \001\377 of any kind\n'
echo "ALARM: third $1"
printf 'no line end'
exit 7
`

const (
	// maxDelay is how much later than without mvrun a job may start.
	maxDelay = 100 * time.Millisecond
	// maxStay is what mvrun may take to leave, two seconds and send_wait, and
	// what a busy machine adds.
	maxStay = 15 * time.Second
	// maxTries is how often a start is measured: the best counts.
	maxTries = 15
)

func newArena(t testing.TB) *arena {
	t.Helper()
	folder, err := os.MkdirTemp("", "mvrun-arena-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	s := &site{
		folder: folder, config: filepath.Join(folder, "mvrun.yaml"), db: filepath.Join(folder, "db"),
		alarms: filepath.Join(folder, "alarms.txt"),
	}
	state := filepath.Join(folder, "state")
	s.env = append(plainEnvironment(), "PATH="+os.Getenv("PATH"), "HOME="+folder, "XDG_STATE_HOME="+state, "MVRUN_CONFIG="+s.config)
	a := &arena{site: s, spool: filepath.Join(state, "mvrun", "spool"), sendWait: "1s"}
	a.configure(t, "")
	return a
}

// configure writes the config, with more lines at its end.
func (a *arena) configure(t testing.TB, more string) {
	t.Helper()
	writeFile(t, a.config, fmt.Sprintf(arenaConfig, a.db, a.sendWait, a.alarms)+more, 0o644)
}

// setenv replaces a variable; an empty value takes it away.
func (a *arena) setenv(name, value string) {
	a.env = slices.DeleteFunc(a.env, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
	if value != "" {
		a.env = append(a.env, name+"="+value)
	}
}

// observed is what a command looked like from outside.
type observed struct {
	result
	started time.Duration // until its first byte on stdout
	took    time.Duration
}

// firstByte notes when it is written to first.
type firstByte struct {
	bytes.Buffer
	begun time.Time
	after time.Duration
}

func (f *firstByte) Write(p []byte) (int, error) {
	if f.Len() == 0 {
		f.after = time.Since(f.begun)
	}
	return f.Buffer.Write(p)
}

func observe(t testing.TB, command *exec.Cmd) observed {
	t.Helper()
	var stderr bytes.Buffer
	stdout := &firstByte{begun: time.Now()}
	command.Stdout, command.Stderr = stdout, &stderr
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatalf("run %q: %v", command.Args, err)
	}
	return observed{
		result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}, stdout.after, time.Since(stdout.begun),
	}
}

// wrapperWarnings takes mvrun's warnings out of what a command wrote on stderr.
func wrapperWarnings(stderr string) (found []string, rest string) {
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "mvrun: warning: ") {
			found = append(found, line)
		} else {
			rest += line
		}
	}
	return found, rest
}

// spooled reads the entries that wait in the spool.
func (a *arena) spooled(t testing.TB) []aRecord {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(a.spool, "*.spool"))
	slices.Sort(files)
	var entries []aRecord
	for _, file := range files {
		for line := range strings.Lines(readFile(t, file)) {
			var entry aRecord
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatalf("%s: %q: %v", file, line, err)
			}
			entries = append(entries, entry)
		}
	}
	return entries
}

// mergeSpool runs the item until nothing waits in the spool: the next run
// merges what is there, but on a busy machine it may leave something.
func (a *arena) mergeSpool(t testing.TB, item string) {
	t.Helper()
	for range 20 {
		got := run(t, a.command(binary, "-d", "d", "-i", item, "--", "true"))
		if got.status != 0 {
			t.Fatalf("a run with a healthy database: %+v", got)
		}
		if len(a.spooled(t)) == 0 {
			return
		}
	}
	t.Fatalf("20 runs have not merged the spool: %v", a.spooled(t))
}

// textsWith gives the values of a key that contain a text, in the order of the
// records.
func textsWith(records []aRecord, key, part string) []string {
	return slices.DeleteFunc(texts(records, key), func(value string) bool { return !strings.Contains(value, part) })
}

// inParallel does n things, so many at a time.
func inParallel(n, width int, do func(i int)) {
	var group sync.WaitGroup
	slots := make(chan struct{}, width)
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	group.Wait()
}

// isStrict reports whether everything is to be tried to the full.
func isStrict() bool { return os.Getenv("MVRUN_TEST_STRICT") == "1" }

// fullTimes is how often something is tried: in full where that was asked for.
func fullTimes(full, otherwise int) int {
	if isStrict() {
		return full
	}
	return otherwise
}

// as prepares a command of another user.
func (a *arena) as(uid int, name string, args ...string) *exec.Cmd {
	command := a.command(name, args...)
	if uid != 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	return command
}

// become gives the site's folder to another user.
func (a *arena) become(t *testing.T, uid int) {
	t.Helper()
	needRoot(t)
	if err := os.Chown(a.folder, uid, uid); err != nil {
		t.Fatal(err)
	}
}

// flush carries what is there over into the files that monitorViewer reads.
func (a *arena) flush(t testing.TB, uid int) {
	t.Helper()
	if got := run(t, a.as(uid, binary, "flush")); got.status != 0 {
		t.Fatalf("flush: %+v", got)
	}
}
