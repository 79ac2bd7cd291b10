package runner

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// What follows starts commands without a Supervisor, as a shell script would: in this process's group, watched by
// nobody. It is what a run by mvrun is compared with.

// AsStarted makes this process ignore the signals again that were ignored when it was started, so that a bare command
// inherits that. CHLD is left out: there would be no status to wait for.
func AsStarted() {
	state := inheritedState().keepingStatuses()
	for sig := unix.Signal(1); sig < signalCount; sig++ {
		if state.ignored[sig] {
			signal.Ignore(sig)
		}
	}
}

// StartBare starts a command with these files as descriptors 0 to 2 and all else as this process was started with it.
// The caller waits for it. A process that has a Supervisor cannot: that would take the status.
func StartBare(args []string, files [3]*os.File) (*os.Process, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("execute a command: %w", unix.ENOENT)
	}
	attr := &syscall.ProcAttr{Env: startEnvironment()}
	for _, file := range files {
		fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, len(files))
		if err == nil {
			fd, err = clearOf(fd)
		}
		if err != nil {
			return nil, fmt.Errorf("hand over a file: %w", err)
		}
		defer closeAll(fd)
		attr.Files = append(attr.Files, uintptr(fd))
	}
	pid := 0
	err := execute(args, attr.Env, func(path string, argv []string) (err error) {
		pid, err = inheritedState().forkExec(path, argv, attr)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("execute %q: %w", args[0], err)
	}
	return os.FindProcess(pid)
}

// startEnvironment is what this process was started with, to the letter: os.Environ leaves out what comes twice.
func startEnvironment() []string {
	block, err := os.ReadFile("/proc/self/environ")
	if err != nil || len(block) == 0 {
		return os.Environ()
	}
	return strings.Split(strings.TrimSuffix(string(block), "\x00"), "\x00")
}

// BareStatus is the status of a command that StartBare could not start, as shells have it.
func BareStatus(err error) int {
	return startStatus(err)
}

// SignalBare sends a signal to a process and, where all is set, to its descendants, as far as /proc shows them.
func SignalBare(process *os.Process, sig syscall.Signal, all bool) {
	list := map[int]bool{process.Pid: true}
	for grown := all; grown; {
		grown = false
		for _, p := range processes() {
			if list[p.parent] && !list[p.pid] && !p.dead() {
				list[p.pid], grown = true, true
			}
		}
	}
	for pid := range list {
		if pid != process.Pid {
			_ = unix.Kill(pid, sig)
		}
	}
	_ = process.Signal(sig)
}
