package runner

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// streams are the two outputs of one execution.
type streams struct {
	files     [3]uintptr // for the command
	childEnds []int      // of these, what mvrun closes after the fork
	pumps     []*pump
	hold      *hold
	wake      int // the pumps' eventfd, -1 for none
	notes     []string
}

// openStreams prepares what the command gets as descriptors 0 to 2. What cannot be had is inherited as it is and noted:
// a job without records is better than no job.
func (s *Supervisor) openStreams(c *Command) *streams {
	st := &streams{files: s.standardFiles(), wake: -1}
	if c.Hold {
		st.startHold(c.Before)
	}
	every := st.hold != nil
	stdout := st.files[1] != closedFile && (c.Stdout != nil || c.PTY || every)
	stderr := st.files[2] != closedFile && (c.Stderr != nil || every)
	if (stdout || stderr) && st.files[1] != closedFile && st.files[2] != closedFile && sameOpenFile(1, 2) {
		sink := c.Stdout
		if sink == nil {
			sink = c.Stderr
		}
		st.attach(Stdout, sink, c.PTY, 1, 2)
	} else {
		if stdout {
			st.attach(Stdout, c.Stdout, c.PTY, 1)
		}
		if stderr {
			st.attach(Stderr, c.Stderr, false, 2)
		}
	}
	st.openWake()
	for _, p := range st.pumps {
		p.sinkFirst = c.SinkFirst
		p.outlet.overLimit = func() { s.sendCommand(unix.SIGXFSZ) }
	}
	return st
}

func (st *streams) note(err error) { st.notes = append(st.notes, err.Error()) }

func (st *streams) startHold(before *Result) {
	if before != nil && before.hold != nil {
		st.hold, before.hold = before.hold, nil
		return
	}
	hold, err := newHold()
	if err != nil {
		st.note(err)
		return
	}
	st.hold = hold
}

// attach puts a pipe or a pseudo terminal behind the given descriptors of the command and a pump behind that.
func (st *streams) attach(stream Stream, sink Sink, terminal bool, fds ...int) {
	in, childEnd, err := -1, -1, error(nil)
	if terminal {
		if in, childEnd, err = openPTY(int(stream)); err != nil {
			st.note(err)
		}
	}
	if childEnd < 0 {
		if in, childEnd, err = openPipe(); err != nil {
			st.note(fmt.Errorf("%s is not recorded: %w", stream, err))
			return
		}
	}
	st.childEnds = append(st.childEnds, childEnd)
	for _, fd := range fds {
		st.files[fd] = uintptr(childEnd)
	}
	p := newPump(stream, in, &outlet{stream: stream, fd: int(stream)}, sink)
	p.hold = st.hold
	if p.hold != nil {
		p.watch = -1
	}
	st.pumps = append(st.pumps, p)
}

// openPipe makes a pipe whose read end does not block; the write end does, as a command expects.
func openPipe() (in, out int, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return -1, -1, fmt.Errorf("make a pipe: %w", err)
	}
	in = fds[0]
	if out, err = clearOf(fds[1]); err == nil {
		err = unix.SetNonblock(in, true)
	}
	if err != nil {
		closeAll(in, out)
		return -1, -1, fmt.Errorf("prepare a pipe: %w", err)
	}
	return in, out, nil
}

func closeAll(fds ...int) {
	for _, fd := range fds {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

func (st *streams) openWake() {
	if len(st.pumps) == 0 {
		return
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		st.note(fmt.Errorf("make an eventfd: %w", err))
		return
	}
	st.wake = fd
	for _, p := range st.pumps {
		p.wake = fd
	}
}

// sameOpenFile tells whether two descriptors share one open file, as after `2>&1`: kcmp(2) where the kernel has it and
// allows it, else by what can be compared.
func sameOpenFile(a, b int) bool {
	pid := uintptr(os.Getpid())
	const kcmpFile = 0
	order, _, errno := unix.RawSyscall6(unix.SYS_KCMP, pid, pid, kcmpFile, uintptr(a), uintptr(b), 0)
	if errno == 0 {
		return order == 0
	}
	return seemsSameFile(a, b)
}

func seemsSameFile(a, b int) bool {
	var infoA, infoB unix.Stat_t
	if unix.Fstat(a, &infoA) != nil || unix.Fstat(b, &infoB) != nil {
		return false
	}
	if infoA.Dev != infoB.Dev || infoA.Ino != infoB.Ino || infoA.Rdev != infoB.Rdev {
		return false
	}
	flagsA, errA := unix.FcntlInt(uintptr(a), unix.F_GETFL, 0)
	flagsB, errB := unix.FcntlInt(uintptr(b), unix.F_GETFL, 0)
	offsetA, _ := unix.Seek(a, 0, 1) // -1 for both where there is none
	offsetB, _ := unix.Seek(b, 0, 1)
	return errA == nil && errB == nil && flagsA == flagsB && offsetA == offsetB
}

// start begins to pump, after the fork.
func (st *streams) start() {
	st.closeChildEnds()
	for _, p := range st.pumps {
		go p.run()
	}
}

func (st *streams) closeChildEnds() {
	closeAll(st.childEnds...)
	st.childEnds = nil
}

// discard undoes openStreams where no command was started, and returns what is held of an attempt before.
func (st *streams) discard() *hold {
	st.closeChildEnds()
	for _, p := range st.pumps {
		p.close()
	}
	closeAll(st.wake)
	return st.hold
}

// inheritedStreams replaces streams whose descriptors have left none for the fork: the command inherits its outputs, and
// what an attempt before has held stays held.
func (s *Supervisor) inheritedStreams(before *streams) *streams {
	st := &streams{files: s.standardFiles(), wake: -1, hold: before.discard()}
	st.note(errors.New("the output is not recorded: too many open files"))
	return st
}

const (
	stuckPatience = 5 * time.Second // for a reader that takes nothing, once mvrun is told to end
	stuckInterval = 500 * time.Millisecond
)

// finish lets the pumps pass on what the command has left in its pipes. A slow reader is waited for, as the command
// itself would have waited, until hurry is closed.
func (st *streams) finish(hurry <-chan struct{}) (abandoned []*pump) {
	for _, p := range st.pumps {
		p.ended.Store(true)
	}
	if st.wake >= 0 {
		_, _ = unix.Write(st.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
	for _, p := range st.pumps {
		if !p.waitFinished(hurry) {
			abandoned = append(abandoned, p)
		}
	}
	if len(abandoned) == 0 {
		closeAll(st.wake)
	}
	return abandoned
}

// waitFinished reports false for a pump that does not get rid of anything any more.
func (p *pump) waitFinished(hurry <-chan struct{}) bool {
	select {
	case <-p.done:
		return true
	case <-hurry:
	}
	last, since := p.passed.Load(), time.Now()
	for {
		select {
		case <-p.done:
			return true
		case <-time.After(stuckInterval):
		}
		if now := p.passed.Load(); now != last {
			last, since = now, time.Now()
		} else if time.Since(since) > stuckPatience {
			return false
		}
	}
}
