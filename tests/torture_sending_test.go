package tests

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// kills is what is known of the mvruns that were killed.
type kills struct {
	mu   sync.Mutex
	pids map[string]bool
	seen map[string]bool // alarms that were on disk at some kill
}

// note looks into the outbox after the mvrun of this number was killed.
func (k *kills) note(t *testing.T, outbox string, pid int) {
	entries, err := os.ReadDir(outbox)
	if err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pids[strconv.Itoa(pid)] = true
	for _, entry := range entries {
		if base, _, found := strings.Cut(entry.Name(), "."); found && base != "" {
			k.seen[strings.SplitN(base, "-", 3)[2]] = true
		}
	}
}

// mvrun is killed again and again while it sends. Every alarm that was on disk
// is sent and recorded once. It is sent more often than that only by an mvrun
// that was killed before it could record what it had sent.
func TestTortureSending(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	writeFile(t, a.config, fmt.Sprintf("db_path: %s\nsend_wait: 5s\nalarm_burst: 0\nvalid_direction_dic: {d: root}\n"+
		"send_alarm_command: 'echo \"$MVRUN_ALARM_ID $PPID\" >>%s; sleep 0.01'\n", a.db, a.alarms), 0o644)
	outbox := filepath.Join(a.db, ".mvrun", "outbox")
	killed := &kills{pids: map[string]bool{}, seen: map[string]bool{}}
	n := fullTimes(1000, 100)
	inParallel(n, killers, func(i int) {
		command := a.command(binary, "-d", "d", "-i", killedItem(i%killers), "--", "sh", "-c", "echo ALARM: a; echo ALARM: b; echo ALARM: c; sleep 1")
		stdout, err := command.StdoutPipe()
		if err == nil {
			err = command.Start()
		}
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = bufio.NewReader(stdout).ReadString('\n') // from now on there are alarms
		<-time.After(rand.N(60 * time.Millisecond))
		_ = command.Process.Kill()
		_ = command.Wait()
		killed.note(t, outbox, command.Process.Pid)
	})
	a.flush(t, 0)
	waitFor(t, time.Minute, "an empty outbox", func() bool {
		left, err := os.ReadDir(outbox)
		left = slices.DeleteFunc(left, func(e os.DirEntry) bool { return e.Name()[0] == '.' }) // were being written
		if len(left) > 0 {
			a.flush(t, 0)
		}
		return err == nil && len(left) == 0
	})
	a.checkSent(t, killed)
}

// checkSent compares what the command was called for with what is recorded.
func (a *arena) checkSent(t *testing.T, killed *kills) {
	t.Helper()
	sent, excused := map[string]int{}, map[string]int{}
	for line := range strings.Lines(readFile(t, a.alarms)) {
		id, pid, _ := strings.Cut(strings.TrimSpace(line), " ")
		sent[id]++
		if killed.pids[pid] || pid == "1" { // who has lost its parent before it could look
			excused[id]++
		}
	}
	passed := map[string]int{}
	for w := range killers {
		for _, r := range a.records(t, "d", killedItem(w), "alarm") {
			if r.text("send_alarm_result") == "PASSED" {
				passed[r.text("alarm")]++
			}
		}
	}
	for id := range killed.seen {
		if sent[id] == 0 {
			t.Errorf("alarm %s was on disk and never sent", id)
		}
	}
	again := 0
	for id, times := range sent {
		if passed[id] != 1 {
			t.Errorf("alarm %s was sent %d times and is recorded as sent %d times", id, times, passed[id])
		}
		if times-excused[id] > 1 {
			t.Errorf("alarm %s was sent %d times, %d of them by an mvrun that was killed", id, times, excused[id])
		}
		if times > 1 {
			again++
		}
	}
	t.Logf("%d kills: %d alarms found in the outbox, %d sent, %d of them more than once", len(killed.pids), len(killed.seen), len(sent), again)
	if len(killed.seen) == 0 || again == 0 {
		t.Error("no kill came at a moment that matters")
	}
}
