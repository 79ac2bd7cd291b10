package runner

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// job is the command that is running.
type job struct {
	child     *child
	name      string
	shared    bool // it is in mvrun's own process group
	stoppedBy unix.Signal
	pumps     []*pump
	kills     chan struct{} // its tree is to be killed, as AskToKill has asked

	// The last signal for a shared group, and whom it has reached; guarded by Supervisor.mu.
	groupSignal unix.Signal
	reached     map[int]bool

	resize func() // the pseudo terminal, when the real one has another size; or nil

	// Job control; guarded by Supervisor.mu.
	// How often mvrun has stopped itself with the command, and how many CONTs of the shell it has seen since: one may
	// be seen only after the next stop.
	stops, resumes int
	resuming       *time.Timer // looks whether the CONT that reached mvrun has reached the command as well; nil for none
	held           bool        // the command's group had the terminal
	groupStopped   bool        // mvrun has sent the command's whole group a TSTP
}

// noticeStop is called when the command was stopped. With a terminal, mvrun stops too, so that the shell sees its job
// stopped and takes the terminal back. Without one, nobody would continue mvrun, and somebody who stops and continues
// the command alone must not leave a stopped mvrun behind.
func (s *Supervisor) noticeStop(j *job, sig unix.Signal) {
	if !s.terminal.exists() || !stillStopped(j.child.pid) {
		return
	}
	if sig == unix.SIGSTOP {
		s.followStop(j)
		return
	}
	if !jobControl(sig) {
		return
	}
	if j.shared {
		s.sleep(j, sig, false)
		return
	}
	foreground := s.terminal.foreground()
	if foreground == s.terminal.group && sig != unix.SIGTSTP {
		// `fg` made mvrun's group the terminal's; the command wants it.
		s.terminal.setForeground(j.group())
		_ = unix.Kill(-j.group(), unix.SIGCONT)
		return
	}
	s.takeTerminal(j)
	s.sleep(j, sig, true)
}

// followStop stops mvrun with a command that has stopped itself by STOP, where a shell waits for that to have its
// terminal back. In the background, and where no shell is there, a STOP is somebody's who will continue the command
// alone.
func (s *Supervisor) followStop(j *job) {
	foreground := s.terminal.foreground()
	if foreground != s.terminal.group && foreground != j.group() || orphaned(s.terminal.group) {
		return
	}
	s.takeTerminal(j)
	s.sleep(j, unix.SIGSTOP, false)
}

func jobControl(sig unix.Signal) bool {
	return sig == unix.SIGTSTP || sig == unix.SIGTTIN || sig == unix.SIGTTOU
}

// stillStopped looks again, since the command may have been continued between its stop and now.
func stillStopped(pid int) bool {
	p, ok := readProcess(pid)
	return ok && p.state == 'T'
}

// group is the command's process group now; an interactive shell, for one, may change it.
func (j *job) group() int {
	group, err := unix.Getpgid(j.child.pid)
	if err != nil {
		return j.child.pid
	}
	return group
}

// takeTerminal gives the terminal back to mvrun's group if the command's has it.
func (s *Supervisor) takeTerminal(j *job) {
	if j.shared || !s.terminal.exists() {
		return
	}
	held := s.terminal.foreground() == j.group()
	if held {
		s.terminal.setForeground(s.terminal.group)
	}
	s.mu.Lock()
	j.held = held
	s.mu.Unlock()
}

const (
	flushPatience = 500 * time.Millisecond // before mvrun stops, for a reader that takes its time
	flushInterval = time.Millisecond
	// resumePatience is how long a shell may take to continue all processes of a group.
	resumePatience = 100 * time.Millisecond
)

// flush lets the pumps pass on what the command wrote before it was stopped: once mvrun is stopped too, nobody would.
func (j *job) flush() {
	for deadline := time.Now().Add(flushPatience); time.Now().Before(deadline); time.Sleep(flushInterval) {
		if !slices.ContainsFunc(j.pumps, func(p *pump) bool { return !p.idle() }) {
			return
		}
	}
}

// sleep stops mvrun. What is to be done when it goes on is done by resume, when the CONT arrives.
func (s *Supervisor) sleep(j *job, sig unix.Signal, wholeGroup bool) {
	j.flush()
	s.mu.Lock()
	j.stops++
	if j.resuming != nil {
		j.resuming.Stop() // it was about an earlier stop: when mvrun goes on, the command may not have been reached yet
	}
	s.mu.Unlock()
	stopItself(sig, wholeGroup)
}

// fromShell tells whether a CONT is the shell's answer to a stop, and counts it. The caller holds s.mu.
func (j *job) fromShell() bool {
	if j.resumes == j.stops {
		return false
	}
	j.resumes++
	return true
}

// resume handles a CONT that mvrun received. The caller holds s.mu.
func (j *job) resume(s *Supervisor) {
	groupStopped := j.groupStopped
	j.groupStopped = false
	switch shell := j.fromShell(); {
	case !shell && groupStopped:
		j.signalGroup(unix.SIGCONT)
	case !shell:
		j.signalCommand(unix.SIGCONT)
	case j.shared:
		// The shell's CONT goes to the whole group, but one process after another. If this one was for mvrun
		// alone, the command will still be stopped in a while.
		j.awaitResumed(s, flushInterval, resumePatience)
	default:
		if j.held && s.terminal.foreground() == s.terminal.group {
			s.terminal.setForeground(j.group())
		}
		_ = unix.Kill(-j.group(), unix.SIGCONT)
	}
}

// awaitResumed looks again and again, at growing intervals, whether the command goes on, and sends it a CONT where it
// does not for so long. Once it was seen to go on, a stop is another one. The caller holds s.mu.
func (j *job) awaitResumed(s *Supervisor, interval, left time.Duration) {
	stops := j.stops
	j.resuming = time.AfterFunc(interval, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case s.job != j || !j.child.running() || j.stops != stops || !stillStopped(j.child.pid):
		case left <= interval:
			j.signalCommand(unix.SIGCONT)
		default:
			j.awaitResumed(s, 2*interval, left-interval)
		}
	})
}
