package runner

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// caught is a signal that mvrun has received.
type caught struct {
	signal unix.Signal
	// Where it comes from, as siginfo says it (sigaction(2)), if that is known.
	known bool
	code  int32
	pid   int
	value int32 // of a queued signal
}

const codeKernel = 0x80 // SI_KERNEL: the terminal driver, among others

// listen makes signals arrive at handle. A signal that was ignored at the start is ignored by mvrun too, which is how
// the command comes to inherit it. PIPE and XFSZ are taken so that they do not end mvrun where a warning or a record
// meets a closed stderr or a limit.
func (s *Supervisor) listen() {
	list := make([]unix.Signal, 0, signalCount)
	for number := unix.Signal(1); number < signalCount; number++ {
		if s.inherited.ignored[number] {
			signal.Ignore(number)
		} else if catchable(number) {
			list = append(list, number)
		}
	}
	s.catcher = catchSignals(list, s.inherited.mask != 0, s.handle)
}

// catchable leaves out what cannot be caught; what a fault of mvrun's own code raises; CHLD and URG, which the runtime
// uses; TTIN and TTOU, which stop mvrun as they should; and the two that the runtime and C libraries keep for
// themselves.
func catchable(sig unix.Signal) bool {
	switch sig {
	case unix.SIGKILL, unix.SIGSTOP, unix.SIGILL, unix.SIGTRAP, unix.SIGBUS, unix.SIGFPE, unix.SIGSEGV,
		unix.SIGSYS, unix.SIGCHLD, unix.SIGURG, unix.SIGTTIN, unix.SIGTTOU, 32, 33:
		return false
	}
	return true
}

// notifySignals is the plain way to listen, for builds without the assembly. It returns how to stop that.
func notifySignals(list []unix.Signal, deliver func(caught)) (stop func()) {
	signals := make(chan os.Signal, 64)
	for _, sig := range list {
		signal.Notify(signals, sig)
	}
	go func() {
		for sig := range signals {
			if number, ok := sig.(unix.Signal); ok {
				deliver(caught{signal: number})
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

// handle passes a signal on to the command, or keeps it until there is one.
func (s *Supervisor) handle(c caught) {
	if c.fromOwnWrite() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.asksToKill() {
		s.killAsAsked()
		return
	}
	if endsProcess(c.signal) {
		s.noteStop(c.signal)
	}
	if s.job == nil {
		s.pending = append(s.pending, c)
		return
	}
	s.job.forward(s, c)
}

// fromOwnWrite tells whether a write of mvrun's own has raised the signal: the kernel says then that the process itself
// has sent it. Where it says nothing, it is taken for that.
func (c caught) fromOwnWrite() bool {
	return (c.signal == unix.SIGPIPE || c.signal == unix.SIGXFSZ) && (!c.known || c.pid == os.Getpid())
}

// noteStop counts a signal that is meant to end mvrun. The caller holds s.mu.
func (s *Supervisor) noteStop(sig unix.Signal) {
	if sig == unix.SIGTERM {
		s.terms++
	}
	if s.stop == 0 {
		s.stop = sig
		close(s.stopped)
	}
}

// endsProcess tells the signals by which people end a job. They go to its process group, as a terminal sends them.
func endsProcess(sig unix.Signal) bool {
	return sig == unix.SIGHUP || sig == unix.SIGINT || sig == unix.SIGQUIT || sig == unix.SIGTERM
}

// forward sends a signal to the command, once. The caller holds s.mu, under which the command is not reaped, so its
// process id is its own.
func (j *job) forward(s *Supervisor, c caught) {
	sig := c.signal
	if endsProcess(sig) && j.stoppedBy == 0 {
		j.stoppedBy = sig
	}
	if sig == unix.SIGWINCH && j.resize != nil {
		j.resize()
	}
	switch {
	case sig == unix.SIGTERM && s.terms > 1:
		signalAll(s.tree(), sig)
	case sig == unix.SIGCONT:
		j.resume(s)
	case j.shared && s.terminal.sent(c):
	case endsProcess(sig) && j.shared:
		j.signalShared(s, sig)
	case endsProcess(sig):
		j.signalGroup(sig)
	case sig == unix.SIGTSTP && !j.shared:
		j.groupStopped = true
		j.signalGroup(sig)
	default:
		j.signalCommand(sig)
	}
}

// sendCommand sends a signal of mvrun's own to the command, if it is still there.
func (s *Supervisor) sendCommand(sig unix.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.job != nil && s.job.child.running() {
		s.job.signalCommand(sig)
	}
}

func (j *job) signalCommand(sig unix.Signal) { _ = unix.Kill(j.child.pid, sig) }

// signalGroup reaches the command's own process group, and the command if it has left that.
func (j *job) signalGroup(sig unix.Signal) {
	_ = unix.Kill(-j.child.pid, sig)
	if group, err := unix.Getpgid(j.child.pid); err == nil && group != j.child.pid {
		j.signalCommand(sig)
	}
}

// signalShared reaches what would be the command's process group if mvrun did not share it: the command and those of
// its descendants that are still in that group.
func (j *job) signalShared(s *Supervisor, sig unix.Signal) {
	j.signalCommand(sig)
	j.groupSignal, j.reached = sig, map[int]bool{j.child.pid: true}
	j.sweepShared(s)
}

// sweepShared sends the last signal of signalShared to those whom it has not reached yet. The kernel does not let a
// fork slip through where it signals a group; here one may, and is found when the command has died of the signal.
// The caller holds s.mu.
func (j *job) sweepShared(s *Supervisor) {
	for _, p := range s.tree() {
		if p.group == s.terminal.group && !j.reached[p.pid] {
			j.reached[p.pid] = true
			_ = unix.Kill(p.pid, j.groupSignal)
		}
	}
}
