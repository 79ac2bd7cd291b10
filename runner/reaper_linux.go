package runner

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// child is a process that this package started and waits for.
type child struct {
	pid    int
	done   chan struct{}    // closed when it was reaped; the fields below are valid then
	stops  chan unix.Signal // what it was stopped by (WUNTRACED); nil for helpers
	end    time.Time
	status unix.WaitStatus
	usage  unix.Rusage
	lost   bool // somebody else took the status
}

// spawn calls fork, which returns the id of a new process, and makes sure that the reaper knows it.
// The caller holds s.mu.
func (s *Supervisor) spawn(fork func() (int, error), stops chan unix.Signal) (*child, error) {
	pid, err := fork()
	if err != nil {
		return nil, err
	}
	c := &child{pid: pid, done: make(chan struct{}), stops: stops}
	s.children[pid] = c
	if !s.reaping {
		s.reaping = true
		go s.reap()
	}
	return c, nil
}

// reap waits for children, known ones and orphans, until there are none. It blocks in the kernel and needs no SIGCHLD.
func (s *Supervisor) reap() {
	for {
		// WNOWAIT leaves the status where it is: the process id must stay taken until s.mu is held, so that no
		// signal goes to a stranger who got the number.
		pid, err := nextChild()
		if err == unix.EINTR {
			continue
		}
		s.mu.Lock()
		if err == nil {
			s.collect(pid)
		} else if childless() { // not so if one was forked after the kernel's answer
			s.reaping = false
			s.abandon()
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
	}
}

// childless tells whether this process has no child, dead or alive.
func childless() bool {
	var info unix.Siginfo
	return unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
}

// nextChild waits until a child has ended or stopped and returns its process id.
func nextChild() (int, error) {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WSTOPPED|unix.WNOWAIT, nil)
	// si_pid is the first field of the union behind the three common ones, which 64-bit systems pad to 16 bytes.
	return int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), 16))), err
}

// collect takes the status of a child. The caller holds s.mu.
func (s *Supervisor) collect(pid int) {
	var status unix.WaitStatus
	var usage unix.Rusage
	adopted := s.adopts(pid)
	got, err := unix.Wait4(pid, &status, unix.WUNTRACED|unix.WNOHANG, &usage)
	if err != nil || got != pid { // continued meanwhile
		return
	}
	c := s.children[pid]
	if status.Stopped() {
		if c != nil {
			c.noteStop(status.StopSignal())
		}
		return
	}
	if c != nil {
		delete(s.children, pid)
		c.status, c.usage, c.end = status, usage, time.Now()
		close(c.done)
	}
	if adopted {
		s.adopted.add(usageOf(&usage))
	}
	delete(s.foreign, pid)
	s.announceReaped()
}

// abandon ends the waiting for children of which the kernel knows nothing any more. The caller holds s.mu.
func (s *Supervisor) abandon() {
	for pid, c := range s.children {
		delete(s.children, pid)
		c.lost, c.end = true, time.Now()
		close(c.done)
	}
	s.announceReaped()
}

func (c *child) noteStop(sig unix.Signal) {
	select {
	case c.stops <- sig:
	default: // nobody cares, or the reader is about to look anyway
	}
}

// awaitEnd waits until the child was reaped, at most for the patience.
func (c *child) awaitEnd(patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
	}
}

func (c *child) running() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// announceReaped wakes everybody who waits for a child to end. The caller holds s.mu.
func (s *Supervisor) announceReaped() {
	close(s.reaped)
	s.reaped = make(chan struct{})
}

// nextReaped returns a channel that is closed when the next child has ended. It is asked for before the look at what
// is there, so that no end is missed.
func (s *Supervisor) nextReaped() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reaped
}
