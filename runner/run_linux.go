package runner

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// errReaderStuck is why output is given up that a living reader does not take, when mvrun has been told to end.
var errReaderStuck = errors.New("the reader takes nothing any more")

// settled is how long a command runs before mvrun does what short ones should not pay for.
const settled = 20 * time.Millisecond

// Run executes a command and returns when it has ended and its output was passed on. A command may be run again after
// that. The end of ctx ends the command's whole tree as a timeout does. After a signal has told mvrun to end, nothing
// is started any more, and the result is that of a command which the signal has killed.
func (s *Supervisor) Run(ctx context.Context, c *Command) *Result {
	r := &Result{Start: time.Now()}
	if c.Before != nil {
		r.Usage = c.Before.Usage
	}
	if len(c.Args) == 0 {
		r.failed(errors.New("no command"))
		return r
	}
	st := s.openStreams(c)
	s.catcher.catchUp() // one of them may keep the command from being started
	j, err := s.start(c, st.files)
	if tooManyFiles(err) {
		st = s.inheritedStreams(st)
		j, err = s.start(c, st.files)
	}
	r.Notes = st.notes
	if err != nil || j == nil {
		r.hold = st.discard()
		if err != nil {
			r.failed(err)
		} else {
			r.stopped(s.StopSignal())
		}
		return r
	}
	r.PID = j.child.pid
	j.pumps = st.pumps
	g := s.newGuardian(c, r.PID, st)
	st.start()
	s.catcher.begin()
	s.bindPTY(c, st, j)
	if c.OnStart != nil {
		c.OnStart(r.PID)
	}
	s.supervise(ctx, c, j, g, r)
	s.finish(st, j, g, r)
	return r
}

func tooManyFiles(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }

// failed is the result of a command that could not be executed.
func (r *Result) failed(err error) {
	r.End = time.Now()
	r.Duration = r.End.Sub(r.Start)
	r.Cause, r.StartError, r.ExitCode = CauseSpawn, err, startStatus(err)
}

// stopped is the result of a command that a signal has kept from being started.
func (r *Result) stopped(sig unix.Signal) {
	r.End = time.Now()
	r.Duration = r.End.Sub(r.Start)
	r.Cause, r.Signal, r.StoppedBy, r.ExitCode = CauseSignal, sig, sig, exitSignalBase+int(sig)
}

func (s *Supervisor) bindPTY(c *Command, st *streams, j *job) {
	if !c.PTY || len(st.pumps) == 0 || st.pumps[0].stream != Stdout {
		return
	}
	s.mu.Lock()
	j.resize = st.pumps[0].resize
	s.mu.Unlock()
}

// supervise waits for the end of the command, and brings it about where that is asked for.
func (s *Supervisor) supervise(ctx context.Context, c *Command, j *job, g *guardian, r *Result) {
	var timeout <-chan time.Time
	if c.Timeout > 0 {
		timer := time.NewTimer(c.Timeout)
		defer timer.Stop()
		timeout = timer.C
	}
	later := time.NewTimer(settled)
	defer later.Stop()
	guard, noGuard := g.due()
	defer noGuard()
	var memory memoryEvents
	for {
		select {
		case <-j.child.done:
			r.settle(j.child, memory)
			return
		case sig := <-j.child.stops:
			s.noticeStop(j, sig)
		case <-j.kills:
			r.escaped(s.killCommand())
		case <-later.C:
			memory = readMemoryEvents()
		case <-guard:
			g.start()
		case <-timeout:
			s.interrupt(c, j, r, CauseTimeout, memory)
			return
		case <-ctx.Done():
			s.interrupt(c, j, r, CauseCanceled, memory)
			return
		}
	}
}

// interrupt ends the command's tree. Where the kernel does not let go of the command itself, the run ends without it.
func (s *Supervisor) interrupt(c *Command, j *job, r *Result, cause Cause, memory memoryEvents) {
	if !j.child.running() {
		r.settle(j.child, memory)
		return
	}
	r.escaped(s.endTree(c.KillAfter))
	select {
	case <-j.child.done:
		r.settle(j.child, memory)
	default:
		r.End = time.Now()
		r.ExitCode = exitSignalBase + int(unix.SIGKILL)
	}
	r.Cause = cause
	if cause == CauseTimeout {
		r.ExitCode = ExitTimeout
	}
}

func (r *Result) escaped(left []process) {
	for _, p := range left {
		r.Escaped = append(r.Escaped, p.String())
	}
}

// settle takes over what the kernel says about a child that has ended.
func (r *Result) settle(c *child, before memoryEvents) {
	r.End = c.end
	if c.lost {
		r.Cause, r.ExitCode = CauseExited, ExitFault
		r.Notes = append(r.Notes, "the command's status was taken by somebody else")
		return
	}
	r.Cause, r.ExitCode = CauseExited, c.status.ExitStatus()
	if c.status.Signaled() {
		r.Cause, r.Signal = CauseSignal, c.status.Signal()
		r.ExitCode = exitSignalBase + int(r.Signal)
	}
	if r.ExitCode == exitSignalBase+int(unix.SIGKILL) && before.killedSince() {
		r.Cause = CauseOOM
	}
	used := usageOf(&c.usage)
	used.RSSBound = !measuredRSS(used.MaxRSS)
	r.add(used)
}

// finish takes the terminal back, lets the pumps finish, and gathers what they know. The guardian stays until there is
// nothing in the pipes that it might have to pass on.
func (s *Supervisor) finish(st *streams, j *job, g *guardian, r *Result) {
	r.Duration = r.End.Sub(r.Start)
	s.takeTerminal(j)
	s.awaitStop(r)
	s.mu.Lock()
	if r.Signal != 0 && r.Signal == j.groupSignal {
		j.sweepShared(s)
	}
	s.job = nil
	r.StoppedBy = j.stoppedBy
	s.mu.Unlock()
	hurry := s.stopped
	if r.Cause == CauseTimeout || r.Cause == CauseCanceled {
		hurry = make(chan struct{})
		close(hurry)
	}
	stuck := st.finish(hurry)
	s.awaitGroup(j)
	r.add(s.takeAdopted())
	for _, p := range st.pumps {
		r.gather(p, stuck)
	}
	if st.hold != nil {
		r.hold = st.hold
		if st.hold.failure != nil {
			r.Notes = append(r.Notes, st.hold.failure.Error())
			st.hold.failure = nil // told; another attempt may go on with the hold
		}
	}
	r.Leftover = s.leftover(st, g, stuck)
}

func (r *Result) gather(p *pump, stuck []*pump) {
	bytes := p.bytes.Load()
	if p.stream == Stdout {
		r.StdoutBytes = bytes
	} else {
		r.StderrBytes = bytes
	}
	if slices.Contains(stuck, p) {
		r.Lost = append(r.Lost, Loss{Stream: p.stream, Bytes: p.abandon(), Reason: errReaderStuck})
		return
	}
	r.Lost = append(r.Lost, p.outlet.losses()...)
	r.ReaderGone = r.ReaderGone || p.outlet.gone
}

// stopLag is how long a signal may take from its sender to handle.
const stopLag = 2 * time.Millisecond

// awaitStop gives a signal that was sent to mvrun before the command ended the time to be noted: whoever ends both at
// once, as a CI server does, has stopped the run, and the run has not failed. A success without a signal under way
// does not wait.
func (s *Supervisor) awaitStop(r *Result) {
	if r.ExitCode == 0 && !s.catcher.pending() {
		return
	}
	timer := time.NewTimer(stopLag)
	defer timer.Stop()
	select {
	case <-s.stopped:
	case <-timer.C:
	}
}
