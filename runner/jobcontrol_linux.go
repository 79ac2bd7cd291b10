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

	// The last signal for a shared group, and whom it has reached; guarded by Supervisor.mu.
	groupSignal unix.Signal
	reached     map[int]bool

	resize func() // the pseudo terminal, when the real one has another size; or nil

	// Job control; guarded by Supervisor.mu.
	sleeping bool // mvrun has stopped itself with the command, and the next CONT is the shell's
	held     bool // the command's group had the terminal
}

// noticeStop is called when the command was stopped. With a terminal, mvrun stops too, so that the shell sees its job
// stopped and takes the terminal back. Without one, nobody would continue mvrun, and somebody who stops and continues
// the command alone must not leave a stopped mvrun behind.
func (s *Supervisor) noticeStop(j *job, sig unix.Signal) {
	if !s.terminal.exists() || !jobControl(sig) || !stillStopped(j.child.pid) {
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
	j.sleeping = true
	s.mu.Unlock()
	stopItself(sig, wholeGroup)
}

// resume handles a CONT that mvrun received. The caller holds s.mu.
func (j *job) resume(s *Supervisor) {
	slept := j.sleeping
	j.sleeping = false
	switch {
	case !slept:
		j.signalCommand(unix.SIGCONT)
	case j.shared:
		// The shell's CONT goes to the whole group, but one process after another. If this one was for mvrun
		// alone, the command will still be stopped in a while.
		time.AfterFunc(resumePatience, func() {
			if stillStopped(j.child.pid) {
				s.sendCommand(unix.SIGCONT)
			}
		})
	default:
		if j.held && s.terminal.foreground() == s.terminal.group {
			s.terminal.setForeground(j.group())
		}
		_ = unix.Kill(-j.group(), unix.SIGCONT)
	}
}
