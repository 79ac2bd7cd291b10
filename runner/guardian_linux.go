package runner

import (
	"encoding/binary"
	"os"
	"os/signal"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// guardAfter is how long a command runs before a guardian is started for it. Shorter ones, which are most, do not pay
// for one; what they print after a KILL that hits mvrun so early raises SIGPIPE.
const guardAfter = 100 * time.Millisecond

// guardian is a process that stands by while the command runs: a successor with copies of the pipes' reading ends, so
// that they stay open when mvrun is killed. It waits for the end of a pipe of which only mvrun has the writing end, and
// then drains. Where mvrun does not need it any more, it is killed, which needs nothing of the guardian itself and
// leaves nothing of it behind: neither is a copy of mvrun's stdout held longer than by mvrun, nor does a reader live on
// that the command would write to when the real one has gone.
//
// Its methods may be called by several goroutines.
type guardian struct {
	supervisor *Supervisor
	streams    *streams
	command    int                                          // its process id
	plan       func(int) (args, env []string, state []byte) // nil for no guardian

	mu      sync.Mutex
	over    bool // it has been dismissed, or is never to start
	child   *child
	control int // the writing end; -1 without a child
}

// newGuardian makes a guardian that is not started yet, and the pumps dismiss it when it has to go.
func (s *Supervisor) newGuardian(c *Command, pid int, st *streams) *guardian {
	g := &guardian{supervisor: s, streams: st, command: pid, plan: c.Guardian, control: -1}
	// With process 1 the kernel ends all others of its namespace.
	g.over = g.plan == nil || len(st.pumps) == 0 || os.Getpid() == 1
	if !g.over {
		for _, p := range st.pumps {
			p.beforeClose = g.dismiss
		}
	}
	return g
}

// due gives a channel that tells when to start, nil for never, and what ends the waiting for that.
func (g *guardian) due() (now <-chan time.Time, stop func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return nil, func() {}
	}
	timer := time.NewTimer(guardAfter)
	return timer.C, func() { timer.Stop() }
}

// start starts the guardian. Where that fails, the command runs without one, as it does when somebody kills it.
func (g *guardian) start() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return
	}
	var control [2]int
	if unix.Pipe2(control[:], unix.O_CLOEXEC) != nil {
		return
	}
	defer closeAll(control[0])
	handed := g.copies()
	defer func() {
		for _, h := range handed {
			closeAll(h.fd)
		}
	}()
	next := successor{files: g.supervisor.standardFiles(), handed: handed}
	next.files[0] = uintptr(control[0])
	next.args, next.env, next.state = g.plan(g.command)
	child, err := g.supervisor.startSuccessor(next)
	if err != nil {
		closeAll(control[1])
		return
	}
	g.child, g.control = child, control[1]
}

// copies gives copies of everything that the guardian gets, which a pump that closes its own meanwhile leaves alone.
func (g *guardian) copies() []handed {
	var list []handed
	for _, p := range g.streams.pumps {
		list = append(list, p.share()...)
	}
	if g.streams.hold != nil {
		if fd := g.streams.hold.share(); fd >= 0 {
			list = append(list, handed{handedHold, fd})
		}
	}
	return list
}

// dismiss ends the guardian and waits until it has gone. None is started afterwards.
func (g *guardian) dismiss() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	if g.child == nil {
		return
	}
	g.supervisor.mu.Lock() // under which it is not reaped, so that its process id is its own
	if g.child.running() {
		_ = unix.Kill(g.child.pid, unix.SIGKILL)
	}
	g.supervisor.mu.Unlock()
	g.child.awaitEnd(killPatience)
	closeAll(g.control)
	g.child, g.control = nil, -1
	for _, p := range g.streams.pumps {
		p.unshare()
	}
}

// AwaitMvrunsEnd is the life of a guardian until it is needed: it returns when the mvrun that has started it was killed.
// What ends a job is not meant for the guardian, which goes when mvrun does. After it comes TakeOver.
func AwaitMvrunsEnd() {
	signal.Ignore(unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM)
	var nothing [1]byte
	for {
		if _, err := unix.Read(0, nothing[:]); err != unix.EINTR {
			break
		}
	}
	if null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0); err == nil {
		_ = unix.Dup3(null, 0, 0)
		_ = unix.Close(null)
	}
}

// lineMark is an eventfd that is readable while the line at the end of what mvrun has read is not complete. What a
// parser holds dies with mvrun, but this the kernel keeps for the guardian, at the price of a system call for each
// change. Negative for none.
type lineMark int

func newLineMark() lineMark {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return -1
	}
	return lineMark(fd)
}

func (m lineMark) set(inLine bool) {
	var count [8]byte
	switch {
	case m < 0:
	case inLine:
		binary.NativeEndian.PutUint64(count[:], 1)
		_, _ = unix.Write(int(m), count[:])
	default:
		_, _ = unix.Read(int(m), count[:])
	}
}

// isSet takes the mark away.
func (m lineMark) isSet() bool {
	var count [8]byte
	n, _ := unix.Read(int(m), count[:])
	return n == len(count)
}
