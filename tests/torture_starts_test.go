package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// startMany starts one item n times, all at once, each with the same alarm. It gives
// the number of those to which the database did not answer on the busy machine: their
// alarms may have gone out uncounted.
func (a *arena) startMany(t *testing.T, n int, host func(i int) string) (away int) {
	t.Helper()
	commands := make([]*exec.Cmd, n)
	outputs := make([]strings.Builder, n)
	for i := range n {
		commands[i] = a.command(binary, "-d", "d", "-i", "item", "--alarm-frequency", "max 3 times", "--", "/bin/sh", "-c", "echo 'ALARM: the same'")
		commands[i].Stderr = &outputs[i]
		if host != nil {
			commands[i].Env = append(slices.Clone(commands[i].Env), "MVRUN_HOSTNAME="+host(i))
		}
	}
	var started sync.WaitGroup
	for i := range n {
		started.Go(func() {
			if err := commands[i].Start(); err != nil {
				t.Errorf("start %d: %v", i, err)
			}
		})
	}
	started.Wait()
	said := map[string]int{}
	for i, command := range commands {
		if command.Process == nil {
			continue
		}
		if err := command.Wait(); err != nil {
			t.Errorf("run %d: %v: %s", i, err, outputs[i].String())
		}
		// A machine with too much to do is slow, and that may be said.
		warnings, rest := wrapperWarnings(outputs[i].String())
		if rest != "" {
			t.Errorf("run %d: %s", i, rest)
		}
		if len(warnings) > 0 {
			away++
		}
		for _, warning := range warnings {
			said[warning]++
		}
	}
	for warning, times := range said {
		t.Logf("%d times: %s", times, strings.TrimSpace(warning))
	}
	return away
}

// settle flushes until nothing is left to be merged or sent.
func (a *arena) settle(t *testing.T, hosts []string) {
	t.Helper()
	for _, host := range hosts {
		got := a.flushAs(host)
		for n := 0; got.status != 0 && n < 5; n++ {
			got = a.flushAs(host)
		}
		if got.status != 0 {
			t.Fatalf("flush: %+v", got)
		}
	}
	a.flush(t, 0)
	if left := a.spooled(t); len(left) > 0 {
		t.Fatalf("after flush the spool has %v", left)
	}
}

func (a *arena) flushAs(host string) result {
	command := a.command(binary, "flush")
	command.Env = append(slices.Clone(command.Env), "MVRUN_HOSTNAME="+host)
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	_ = command.Run()
	return result{output.String(), "", command.ProcessState.ExitCode()}
}

// checkStarts looks for what n starts must have left in the main files. Of so
// many mergers that were killed each may have sent an alarm, or held one back,
// without having noted it as done: then another does it once more.
func (a *arena) checkStarts(t *testing.T, n, killed, away int) {
	t.Helper()
	for _, kind := range []string{"heartbeat", "run"} {
		runs := map[string]int{}
		for _, r := range a.records(t, "d", "item", kind) {
			runs[r.text("run")]++
		}
		if len(runs) != n {
			t.Errorf("%d runs have a record of kind %s, want %d", len(runs), kind, n)
		}
		for run, records := range runs {
			if records != 1 {
				t.Errorf("run %s has %d records of kind %s", run, records, kind)
			}
		}
	}
	passed, held := map[string]int{}, map[string]int{}
	doubles := 0
	for _, r := range a.records(t, "d", "item", "alarm") {
		id := r.text("alarm")
		switch r.text("send_alarm_result") {
		case "PASSED":
			passed[id]++
		case "SUPPRESSED":
			if held[id]++; held[id] > 1 {
				doubles++
			}
			if r.text("reason") == "" {
				t.Errorf("held back without a reason: %v", r)
			}
		}
	}
	if len(passed) < 3 || len(passed) > 3+away || len(held) != n-len(passed) || doubles > killed {
		t.Errorf("%d alarms are recorded as sent, %d as held back, %d of them twice; want 3 and %d", len(passed), len(held), doubles, n-3)
	}
	for id, records := range passed {
		if records != 1 || held[id] > 0 {
			t.Errorf("alarm %s is recorded %d times as sent and %d times as held back", id, records, held[id])
		}
	}
	if sent := strings.Count(readFile(t, a.alarms), "the same\n"); sent < 3 || sent > 3+killed+away {
		t.Errorf("%d alarms were sent", sent)
	}
}

// A thousand runs of one item, started at once: none is lost, and three alarms
// go out.
func TestTortureStarts(t *testing.T) {
	a := newArena(t)
	a.sendWait = "2m" // an attempt that is ended early may have sent
	a.configure(t, "")
	n := fullTimes(1000, 200)
	away := a.startMany(t, n, nil)
	a.settle(t, nil)
	a.checkStarts(t, n, 0, away)
}

// The same on a network file system, from many hosts, with mergers that are
// killed at any moment and a reader that must be right all the time.
func TestTortureStartsOnManyHosts(t *testing.T) {
	const hosts = 20
	a := newArena(t)
	a.sendWait = "2m"
	a.configure(t, "db_layout: per-host\n")
	var names []string
	for i := range hosts {
		names = append(names, fmt.Sprintf("host%02d", i))
	}
	ctx, cancel := context.WithCancel(context.Background())
	var others sync.WaitGroup
	var reads, kills atomic.Int64
	others.Go(func() { a.readAll(ctx, t, &reads) })
	for range 2 {
		others.Go(func() { a.flushAndKill(ctx, names, &kills) })
	}
	n := fullTimes(300, 200)
	away := a.startMany(t, n, func(i int) string { return names[i%hosts] })
	cancel()
	others.Wait()
	t.Logf("%d reads, %d mergers killed", reads.Load(), kills.Load())
	if reads.Load() == 0 || kills.Load() == 0 {
		t.Error("nothing was read, or no merger killed, meanwhile")
	}
	a.settle(t, names)
	a.checkStarts(t, n, int(kills.Load()), away)
}

// flushAndKill starts mergers and kills them.
func (a *arena) flushAndKill(ctx context.Context, names []string, kills *atomic.Int64) {
	for ctx.Err() == nil {
		command := a.command(binary, "flush")
		command.Env = append(slices.Clone(command.Env), "MVRUN_HOSTNAME="+names[rand.N(len(names))])
		if command.Start() != nil {
			continue
		}
		<-time.After(rand.N(100 * time.Millisecond))
		if command.Process.Signal(os.Kill) == nil {
			kills.Add(1)
		}
		_ = command.Wait()
	}
}

// readAll reads the heartbeats again and again: what was once there stays there,
// and stands there once.
func (a *arena) readAll(ctx context.Context, t *testing.T, reads *atomic.Int64) {
	known := map[string]bool{}
	for ctx.Err() == nil {
		got, err := a.command(binary, "view", "heartbeat", "-d", "d", "-i", "item", "--format", "json").Output()
		if err != nil && len(known) == 0 {
			continue // there is no database yet
		}
		seen := map[string]bool{}
		for line := range strings.Lines(string(got)) {
			var r aRecord
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Errorf("view printed %q: %v", line, err)
				return
			}
			if seen[r.text("run")] {
				t.Errorf("view shows the heartbeat of %s twice", r.text("run"))
			}
			seen[r.text("run")] = true
		}
		for run := range known {
			if !seen[run] {
				t.Errorf("view does not show the heartbeat of %s any more (%d now, %d before): %v", run, len(seen), len(known), err)
			}
		}
		known = seen
		reads.Add(1)
	}
}
