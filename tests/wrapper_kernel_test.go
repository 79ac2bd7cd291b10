//go:build linux

package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newerCalls came after Linux 3.10, which mvrun must do without. Names that a
// host's strace does not know are passed over.
var newerCalls = []string{
	"renameat2", "seccomp", "getrandom", "memfd_create", "execveat", "membarrier", "copy_file_range", "preadv2", "pwritev2",
	"statx", "io_uring_setup", "pidfd_send_signal", "pidfd_open", "pidfd_getfd", "clone3", "close_range", "openat2", "faccessat2",
	"epoll_pwait2", "rseq", "futex_waitv", "fchmodat2", "sched_setattr", "sched_getattr",
}

// mvrun alone, not the programs that it runs, does without what newer kernels
// have: a run with records, an alarm, a timeout, a terminal; and a view.
func TestWrapperOldKernel(t *testing.T) {
	t.Parallel()
	strace := needProgram(t, "strace")
	s := newSite(t)
	trace := filepath.Join(s.folder, "trace")
	old := func(args ...string) result {
		return run(t, s.command(strace, append(refuse(t, strace, trace), append([]string{binary}, args...)...)...))
	}
	got := old("-i", wrapItem, "--label", "a=b", "--", "sh", "-c", `echo "ERROR: e"; echo "ALARM: a"; echo out; echo err >&2; exit 3`)
	if got.status != 3 || got.stdout != "ERROR: e\nALARM: a\nout\n" || got.stderr != "err\n" {
		t.Errorf("a run: %+v", got)
	}
	s.expectRun(t, "exit_code", "3", "alarms", "1")
	s.expectLog(t, "e")
	if !strings.Contains(readFile(t, s.alarms), "a") {
		t.Error("no alarm was sent")
	}
	if got := old("-i", "timeout", "--on-failure", "none", "--timeout", "200ms", "--", "sh", "-c", `sleep 1000; true`); got.status != 124 {
		t.Errorf("a timeout: %+v", got)
	}
	if got := old("-i", "pty", "--pty", "--quiet", "--overlap", "wait", "--", "sh", "-c", `echo terminal; exit 4`); got.status != 4 || got.stdout != "terminal\n" {
		t.Errorf("with a terminal: %+v", got)
	}
	if got := old("view", "log", "--format", "csv"); got.status != 0 || !strings.Contains(got.stdout, "Error,e") {
		t.Errorf("a view: %+v", got)
	}
	if calls := readFile(t, trace); !strings.Contains(calls, "ENOSYS") {
		t.Logf("none of the newer calls was tried")
	}
}

// refuse gives strace's arguments for answering ENOSYS to newer calls. It is not
// to stop at the others, which would take mvrun longer than it gives a config.
func refuse(t *testing.T, strace, trace string) []string {
	t.Helper()
	names := make([]string, len(newerCalls))
	for i, name := range newerCalls {
		names[i] = "?" + name
	}
	calls := strings.Join(names, ",")
	args := []string{"-f", "--seccomp-bpf", "-A", "-o", trace, "-e", "trace=" + calls, "-e", "inject=" + calls + ":error=ENOSYS"}
	try := exec.Command(strace, append(args, "true")...)
	if output, err := try.CombinedOutput(); err != nil {
		lacks(t, "a strace that may trace and inject faults: "+string(output))
	}
	if err := os.Remove(trace); err != nil {
		t.Fatal(err)
	}
	return args
}
