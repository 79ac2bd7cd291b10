//go:build linux

package tests

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// memoryGroup makes a memory cgroup, version 1 or 2, with a limit of 64 MiB, and
// gives the file that takes its members.
func memoryGroup(t *testing.T) string {
	t.Helper()
	needRoot(t)
	for _, kind := range []struct{ root, limit string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
		{"/sys/fs/cgroup", "memory.max"},
	} {
		group := filepath.Join(kind.root, "mvrun-test-"+strconv.Itoa(os.Getpid()))
		if os.Mkdir(group, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { _ = os.Remove(group) })
		limit := filepath.Join(group, kind.limit)
		// Not to be made where there is none: the file system would refuse.
		if file, err := os.OpenFile(limit, os.O_WRONLY, 0); err == nil {
			_, err = file.WriteString(strconv.Itoa(64 << 20))
			file.Close()
			if err == nil {
				return filepath.Join(group, "cgroup.procs")
			}
		}
		_ = os.Remove(group)
	}
	lacks(t, "a memory cgroup that can be made")
	return ""
}

// A job that the kernel kills for want of memory did not die of just any KILL.
func TestWrapperOutOfMemory(t *testing.T) {
	t.Parallel()
	procs := memoryGroup(t)
	s := newSite(t)
	// A line without an end is what tail keeps in memory. A moment before it
	// begins: the run's first look at the counters is not at its very start.
	gate := makeFIFO(t)
	w := s.wrap(t, "--on-failure none", "sh", "-c", `echo ready; read go <"$GATE"; exec tail /dev/zero`)
	w.cmd.Env = append(w.cmd.Env, "GATE="+gate)
	w.cmd.Args = append([]string{"sh", "-c", `echo $$ >"$0" && exec "$@"`, procs}, w.cmd.Args...)
	w.cmd.Path = needProgram(t, "sh")
	w.start().expect("ready")
	waitFor(t, patience, "mvrun to look at the counters", func() bool { return len(s.records(t, "default", wrapItem, "heartbeat")) == 1 })
	openGate(t, gate)
	if status := w.wait(); !status.Signaled() || status.Signal().String() != "killed" {
		t.Errorf("the wait status is %#x", status)
	}
	s.expectRun(t, "exit_code", "137", "signal", "KILL", "cause", "out of memory")
}

// KILL without want of memory is KILL.
func TestWrapperKilledJob(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.wrap(t, "--on-failure none", "sh", "-c", `kill -KILL $$`).start()
	w.wait()
	s.expectRun(t, "exit_code", "137", "signal", "KILL", "cause", "signal")
}
