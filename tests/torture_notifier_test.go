package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Whatever the alarm command does, the job is what it is without mvrun, mvrun
// leaves in time, says so in one line, leaves nothing of the command behind, and
// keeps the alarm until there is a command that sends it.
func TestTortureAlarmCommand(t *testing.T) {
	t.Parallel()
	for name, command := range map[string]string{
		"missing":            `/nonexistent/send_alarm "<MESSAGE>"`,
		"failing":            `echo no route to host >&2; exit 3`,
		"hanging":            `echo $$ >>%s; exec sleep 3600`,
		"ignoring TERM":      `trap "" TERM INT HUP; echo $$ >>%s; while :; do sleep 1; done`,
		"hanging in a child": `setsid sh -c "echo \$\$ >>%s; sleep 3600" & wait`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newArena(t)
			pids := filepath.Join(a.folder, "pids")
			whole := readFile(t, a.config)
			command := strings.ReplaceAll(strings.ReplaceAll(command, "%s", pids), "'", "''")
			writeFile(t, a.config, fmt.Sprintf("db_path: %s\nsend_wait: 2s\nalarm_burst: 0\nsend_alarm_command: '%s'\n", a.db, command), 0o644)
			tries := a.tryNotifier(t)
			waitForGone(t, pids)
			writeFile(t, a.config, whole, 0o644)
			a.flush(t, 0)
			var want []string
			for i := range tries {
				want = append(want, fmt.Sprintf("third %d\n", i))
			}
			slices.Sort(want)
			if got := slices.Sorted(strings.Lines(readFile(t, a.alarms))); !slices.Equal(got, want) {
				t.Errorf("flush sent %q, want %q", got, want)
			}
			alarms := a.records(t, "d", "item", "alarm")
			if got := textsWith(alarms, "send_alarm_result", "PASSED"); len(got) != tries {
				t.Errorf("%d alarms of %d recorded as sent: %v", len(got), tries, alarms)
			}
			if got := textsWith(alarms, "send_alarm_result", "FAILED"); len(got) < tries {
				t.Errorf("%d failed attempts recorded, want %d", len(got), tries)
			}
		})
	}
}

// tryNotifier compares the monitored job with the bare one, and returns how often
// it was run.
func (a *arena) tryNotifier(t *testing.T) int {
	t.Helper()
	job := filepath.Join(a.folder, "job.sh")
	writeFile(t, job, failingJob, 0o755)
	bare, wrapped := time.Hour, time.Hour
	tries := 0
	for ; tries < maxTries && (tries < 2 || wrapped-bare > maxDelay); tries++ {
		plain := observe(t, a.command("/bin/sh", job, fmt.Sprint(tries)))
		got := observe(t, a.command(binary, "-d", "d", "-i", "item", "--", "/bin/sh", job, fmt.Sprint(tries)))
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
	warned := textsWith(a.records(t, "d", "item", "log"), "message", "send_alarm_command")
	if len(warned) != tries {
		t.Errorf("%d runs have recorded %d warnings: %q", tries, len(warned), warned)
	}
	return tries
}

// waitForGone waits until the processes have ended whose numbers a file holds.
func waitForGone(t *testing.T, path string) {
	t.Helper()
	data, _ := os.ReadFile(path)
	for _, field := range strings.Fields(string(data)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		waitFor(t, time.Minute, "the end of process "+field, func() bool { return syscall.Kill(pid, 0) != nil })
	}
}
