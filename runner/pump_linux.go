package runner

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	firstBuffer = 64 << 10  // bytes; the default capacity of a pipe
	largeBuffer = 128 << 10 // under load
	largePipe   = 256 << 10 // on both sides of mvrun; larger ones gain little and fall out of the processor's cache
	// fullReads in a row grow the buffer and the pipes. Not sooner: big pipes are taken from an allowance that all
	// processes of a user share (pipe(7), pipe-user-pages-soft).
	fullReads = 8
	// endGrace is how long a pipe may stay open after the command's end without counting as held: its children
	// may just be dying.
	endGrace = 10 * time.Millisecond
)

// pump passes one stream on, from the pipe in which the command writes to its outlet, and then to its sink. It runs in
// a goroutine of its own and uses system calls directly: no netpoller stands between the bytes and their reader.
type pump struct {
	stream Stream
	outlet *outlet
	sink   Sink // nil for none
	hold   *hold

	sinkFirst bool // see Command.SinkFirst

	// beforeClose, if set, is called before the read end is closed for another reason than that nobody can write to it
	// any more: whoever else has it would keep the command from seeing that its reader has gone.
	beforeClose func()

	wake  int // an eventfd, readable after the command's end; -1 for none
	watch int // the outlet's descriptor where poll shows its reader leaving, else -1

	bytes  atomic.Int64 // read from the command
	passed atomic.Int64 // of these, done with
	ended  atomic.Bool  // the command has been reaped
	rests  atomic.Bool  // it waits for more, having dealt with all it has read
	done   chan struct{}

	mu        sync.Mutex // guards the rest where others than the pump look at it
	in        int        // read end, non-blocking; -1 when closed
	abandoned bool       // the sink is no longer the pump's
	inLine    bool       // what was read last was no line end; changed by the pump alone
	mark      lineMark   // for the guardian, -1 without one

	buffer    []byte
	full      int // full reads in a row
	polls     [3]unix.PollFd
	finishing bool
	budget    int       // bytes that may still be read after the command's end
	grace     time.Time // until when to wait for the end of the pipe
}

func newPump(stream Stream, in int, out *outlet, sink Sink) *pump {
	p := &pump{stream: stream, in: in, outlet: out, sink: sink, wake: -1, watch: -1, mark: -1,
		done: make(chan struct{})}
	if out.reportsReader() {
		p.watch = out.fd
	}
	return p
}

// run pumps until the pipe ends, its reader has gone, or the command has ended and others hold the pipe.
func (p *pump) run() {
	defer close(p.done)
	p.buffer = make([]byte, firstBuffer)
	for p.round() {
	}
}

func (p *pump) round() bool {
	n, err := unix.Read(p.in, p.buffer)
	switch {
	case n > 0:
		return p.took(n)
	case err == unix.EINTR:
		return true
	case err == unix.EAGAIN:
		return p.await()
	}
	if err != nil { // EIO is the end of a pseudo terminal, which could be opened again as long as there is a master
		p.leave()
	}
	p.close()
	return false
}

// took passes n bytes on and tells whether to go on.
func (p *pump) took(n int) bool {
	piece := p.buffer[:n]
	p.bytes.Add(int64(n))
	p.noteLine(piece)
	if p.sinkFirst {
		p.feed(piece)
	}
	if p.hold == nil || !p.hold.keep(p.outlet, piece) {
		p.outlet.write(piece)
	}
	if !p.sinkFirst {
		p.feed(piece)
	}
	p.passed.Add(int64(n))
	if p.outlet.gone {
		p.leave()
		p.close() // so that the command's next write tells it
		return false
	}
	p.adapt(n)
	if !p.ended.Load() {
		return true
	}
	p.finish()
	p.budget -= n
	return p.budget > 0
}

// finish begins the time after the command's end. What it has written is in the pipe by now; a pipeful more is taken,
// and no more than that, since others may write for ever.
func (p *pump) finish() {
	if p.finishing {
		return
	}
	p.finishing = true
	p.budget = largePipe + len(p.buffer)
	if waiting, err := unix.IoctlGetInt(p.in, unix.TIOCINQ); err == nil {
		p.budget += waiting
	}
}

// adapt grows the buffer and the pipes for a command that writes faster than it is read. The larger pipe behind mvrun
// saves more than mvrun costs: each time that one is full or empty, two processes take turns.
func (p *pump) adapt(n int) {
	if len(p.buffer) == largeBuffer {
		return
	}
	if n < firstBuffer*3/4 { // a pipe of small writes is full before it holds its capacity
		p.full = 0
		return
	}
	p.full++
	if p.full == fullReads {
		p.buffer = make([]byte, largeBuffer)
		growPipe(p.in)
		growPipe(p.outlet.fd)
	}
}

// growPipe makes a pipe larger where it is one and the kernel lets it. It never makes one smaller.
func growPipe(fd int) {
	if size, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0); err == nil && size < largePipe {
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, largePipe)
	}
}

// await waits until there is something to read, the command has ended, the reader has gone, or the sink's deadline
// has come. It tells whether to go on.
func (p *pump) await() bool {
	wake := p.wake
	if p.ended.Load() {
		p.finish()
		wake = -1
		if p.grace.IsZero() {
			p.grace = time.Now().Add(endGrace)
		} else if !time.Now().Before(p.grace) {
			return false
		}
	}
	p.polls = [3]unix.PollFd{
		{Fd: int32(p.in), Events: unix.POLLIN},
		{Fd: int32(wake), Events: unix.POLLIN},
		{Fd: int32(p.watch)},
	}
	p.rests.Store(true)
	_, err := unix.Poll(p.polls[:], p.patience())
	p.rests.Store(false)
	if err != nil {
		return err == unix.EINTR
	}
	if p.polls[0].Revents&unix.POLLIN == 0 { // a pump that is late is no silence of the command
		p.tick()
	}
	if p.polls[1].Revents != 0 {
		p.ended.Store(true)
	}
	if p.polls[2].Revents != 0 && p.polls[0].Revents&unix.POLLIN == 0 {
		p.outlet.gone = true
		p.leave()
		p.close()
		return false
	}
	return true
}

// patience is the timeout for poll in milliseconds, -1 for none.
func (p *pump) patience() int {
	until := p.grace
	if p.sink != nil {
		if deadline := p.sink.Deadline(); until.IsZero() || !deadline.IsZero() && deadline.Before(until) {
			until = deadline
		}
	}
	if until.IsZero() {
		return -1
	}
	left := time.Until(until)
	if left <= 0 {
		return 0
	}
	return int((left + time.Millisecond - 1) / time.Millisecond)
}

// feed gives the sink its copy.
func (p *pump) feed(piece []byte) {
	p.withSink(func() { _, _ = p.sink.Write(piece) })
}

func (p *pump) tick() { p.withSink(p.tickIfDue) }

func (p *pump) tickIfDue() {
	deadline := p.sink.Deadline()
	if deadline.IsZero() {
		return
	}
	if now := time.Now(); !now.Before(deadline) {
		p.sink.Tick(now)
	}
}

// withSink calls f unless the pump has no sink any more. A sink that panics has been a sink: the output goes on.
func (p *pump) withSink(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sink == nil || p.abandoned {
		return
	}
	defer func() {
		if recover() != nil {
			p.sink = nil
		}
	}()
	f()
}

func (p *pump) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = unix.Close(p.in)
	p.in = -1
}

func (p *pump) leave() {
	if p.beforeClose != nil {
		p.beforeClose()
	}
}

// noteLine keeps what a guardian has to know so as not to take the rest of a line for a line.
func (p *pump) noteLine(piece []byte) {
	inLine := piece[len(piece)-1] != '\n'
	if inLine == p.inLine {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inLine = inLine
	p.mark.set(inLine)
}

// share gives copies of the read end and of a mark for it, which is kept from now on.
func (p *pump) share() []handed {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.in < 0 {
		return nil
	}
	in, err := unix.FcntlInt(uintptr(p.in), unix.F_DUPFD_CLOEXEC, firstHandedFD)
	if err != nil {
		return nil
	}
	list := []handed{{handedPipe + byte(p.stream), in}}
	p.mark = newLineMark()
	p.mark.set(p.inLine)
	if mark, err := unix.FcntlInt(uintptr(p.mark), unix.F_DUPFD_CLOEXEC, firstHandedFD); err == nil {
		list = append(list, handed{handedMark, mark})
	}
	return list
}

func (p *pump) unshare() {
	p.mu.Lock()
	defer p.mu.Unlock()
	closeAll(int(p.mark))
	p.mark = -1
}

// idle tells whether all that the command has written so far was passed on. The order of the two looks matters: what
// was read before the first would keep the pump from resting at the second.
func (p *pump) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.in < 0 {
		return true
	}
	waiting, err := unix.IoctlGetInt(p.in, unix.TIOCINQ)
	return err != nil || waiting == 0 && p.rests.Load()
}

// abandon takes the sink away from a pump that hangs in a write. It returns how many bytes are left behind.
func (p *pump) abandon() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.abandoned = true
	left := p.bytes.Load() - p.passed.Load()
	if waiting, err := unix.IoctlGetInt(p.in, unix.TIOCINQ); err == nil {
		left += int64(waiting)
	}
	return left
}
