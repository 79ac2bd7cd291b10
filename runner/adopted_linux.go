package runner

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// What a command has started and not waited for becomes a child of this process (PR_SET_CHILD_SUBREAPER). A shell that a
// timeout ends does not wait for the program that it ran, so that nearly all that a run has used may be found here.

func usageOf(r *unix.Rusage) Usage {
	return Usage{
		UserTime: time.Duration(r.Utime.Nano()), SystemTime: time.Duration(r.Stime.Nano()),
		MaxRSS:  int64(r.Maxrss) << 10, // the kernel counts in KiB
		BlockIn: int64(r.Inblock), BlockOut: int64(r.Oublock),
	}
}

// adopts tells whether a dead child that is not known here is an orphan of the command, and none of a helper or of what
// this process has started itself in its own process group: that is the command's only where the terminal is shared.
// It is asked before the child is reaped. The caller holds s.mu.
func (s *Supervisor) adopts(pid int) bool {
	if s.children[pid] != nil || s.foreign[pid] {
		return false
	}
	session, err := unix.Getsid(pid)
	if err != nil || s.sessions[session] {
		return false
	}
	group, err := unix.Getpgid(pid)
	return err == nil && (group != unix.Getpgrp() || s.shared)
}

// takeAdopted gives what orphans of the command have used that have ended since this was asked last.
func (s *Supervisor) takeAdopted() (used Usage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	used, s.adopted = s.adopted, used
	return used
}

// groupLag is how long those may take to die who were sent the same signal as the command.
const groupLag = 100 * time.Millisecond

// awaitGroup waits, where a signal was passed on to the command's process group, until all of that have been reaped, for
// a moment: what they have used is counted.
func (s *Supervisor) awaitGroup(j *job) {
	s.mu.Lock()
	stopped, group := j.stoppedBy != 0, j.child.pid
	if j.shared {
		group = s.terminal.group
	}
	s.mu.Unlock()
	if !stopped {
		return
	}
	timer := time.NewTimer(groupLag)
	defer timer.Stop()
	for {
		reaped := s.nextReaped()
		if !slices.ContainsFunc(s.lockedDescendants(), func(p process) bool { return p.group == group }) {
			return
		}
		select {
		case <-reaped:
		case <-timer.C:
			return
		}
	}
}
