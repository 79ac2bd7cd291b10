package runner

import (
	"context"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Exec runs a helper command, in a session of its own and without the descriptors that the job inherits, until it ends
// or ctx does; then its whole tree is killed. Several may run at once, beside a job or without one. What it leaves
// running in the background goes on, but is not listened to. The error is that of a command that could not be started.
func (s *Supervisor) Exec(ctx context.Context, request ExecRequest) (ExecResult, error) {
	if len(request.Args) == 0 {
		return ExecResult{ExitCode: ExitNotFound}, fmt.Errorf("execute a helper: no command")
	}
	h, err := s.startHelper(request)
	if err != nil {
		return ExecResult{ExitCode: startStatus(err)}, err
	}
	go h.writeStdin(request.Stdin)
	go h.readOutput(request.MaxOutput)
	result := ExecResult{}
	select {
	case <-h.child.done:
	case <-ctx.Done():
		result.TimedOut = true
		s.killTree(func() []process { return s.helperTree(h.child) }, func() bool { return false })
		h.child.awaitEnd(killPatience)
	}
	return h.result(result), nil
}

// helper is a running helper command.
type helper struct {
	child  *child
	stdin  int // write end, non-blocking
	output int // read end, non-blocking
	ended  int // an eventfd, readable after its end
	tail   tail
	read   chan struct{} // closed when the tail is complete
	wrote  chan struct{} // closed when stdin has been dealt with
}

func (s *Supervisor) startHelper(request ExecRequest) (*helper, error) {
	var in, out [2]int
	if err := unix.Pipe2(in[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	defer func() { closeAll(in[0]) }()
	if err := unix.Pipe2(out[:], unix.O_CLOEXEC); err != nil {
		closeAll(in[1])
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	defer func() { closeAll(out[1]) }()
	ended, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		closeAll(in[1], out[0])
		return nil, fmt.Errorf("make an eventfd: %w", err)
	}
	_ = unix.SetNonblock(in[1], true)
	_ = unix.SetNonblock(out[0], true)
	child, err := s.forkHelper(request, in[0], out[1])
	if err != nil {
		closeAll(in[1], out[0], ended)
		return nil, fmt.Errorf("execute %q: %w", request.Args[0], err)
	}
	return &helper{child: child, stdin: in[1], output: out[0], ended: ended,
		read: make(chan struct{}), wrote: make(chan struct{})}, nil
}

func (s *Supervisor) forkHelper(request ExecRequest, stdin, output int) (*child, error) {
	attr := &syscall.ProcAttr{
		Env:   environment(request.Env),
		Files: []uintptr{uintptr(stdin), uintptr(output), uintptr(output)},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var c *child
	err := withoutInherited(func() (err error) {
		c, err = s.forkExec(request.Args, attr, nil)
		return err
	})
	if err == nil {
		s.sessions[c.pid] = true
	}
	return c, err
}

// helperTree lists what a helper has started and is still alive: its descendants, and what shares its session or its
// process group after its parent has gone.
func (s *Supervisor) helperTree(c *child) []process {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := processes()
	if len(list) == 0 && c.running() {
		return []process{{pid: -c.pid}} // no /proc: the group
	}
	inTree := map[int]bool{}
	if c.running() {
		inTree[c.pid] = true
	}
	for grown := true; grown; {
		grown = false
		for _, p := range list {
			if !inTree[p.pid] && (inTree[p.parent] || p.session == c.pid) {
				inTree[p.pid], grown = true, true
			}
		}
	}
	var tree []process
	for _, p := range list {
		if inTree[p.pid] && !p.dead() {
			tree = append(tree, p)
		}
	}
	return tree
}

// result waits for the rest of the output, for a moment.
func (h *helper) result(r ExecResult) ExecResult {
	_, _ = unix.Write(h.ended, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	<-h.read
	<-h.wrote
	closeAll(h.ended)
	r.Output = h.tail.bytes()
	if h.child.running() { // it hangs in the kernel
		r.ExitCode = exitSignalBase + int(unix.SIGKILL)
		return r
	}
	if h.child.lost {
		r.ExitCode = ExitFault
		return r
	}
	r.ExitCode = h.child.status.ExitStatus()
	if h.child.status.Signaled() {
		r.Signal = int(h.child.status.Signal())
		r.ExitCode = exitSignalBase + r.Signal
	}
	return r
}

// writeStdin writes until the helper has everything, has closed its stdin, or has ended.
func (h *helper) writeStdin(content []byte) {
	defer close(h.wrote)
	defer closeAll(h.stdin)
	for len(content) > 0 {
		n, err := unix.Write(h.stdin, content)
		if n > 0 {
			content = content[n:]
		}
		switch err {
		case nil, unix.EINTR:
		case unix.EAGAIN:
			if h.await(h.stdin, unix.POLLOUT, -1) {
				return
			}
		default:
			return
		}
	}
}

// readOutput keeps the last bytes of what the helper writes, until its end. Once it has ended, only what is there
// already is read: its children may write for ever.
func (h *helper) readOutput(most int) {
	defer close(h.read)
	defer closeAll(h.output)
	h.tail.most = most
	buffer := make([]byte, 8<<10)
	budget := -1
	for budget != 0 {
		n, err := unix.Read(h.output, buffer)
		switch {
		case n > 0:
			h.tail.add(buffer[:n])
			if budget > 0 {
				budget = max(0, budget-n)
			} else if h.await(h.output, 0, 0) {
				budget = largePipe
			}
		case err == unix.EINTR:
		case err == unix.EAGAIN && budget < 0:
			if h.await(h.output, unix.POLLIN, -1) {
				budget = largePipe
			}
		default:
			return
		}
	}
}

// await waits for the descriptor, at most for the patience (milliseconds, -1 for ever), and tells whether the helper
// has ended.
func (h *helper) await(fd int, events int16, patience int) bool {
	polls := []unix.PollFd{{Fd: int32(fd), Events: events}, {Fd: int32(h.ended), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(polls, patience)
		if err != unix.EINTR {
			return err != nil || polls[1].Revents != 0
		}
	}
}

// tail keeps the last bytes of what it is given, at most so many.
type tail struct {
	most int
	kept []byte
}

func (t *tail) add(p []byte) {
	t.kept = append(t.kept, p...)
	if len(t.kept) > 2*t.most+4096 {
		t.kept = append(t.kept[:0], t.bytes()...)
	}
}

func (t *tail) bytes() []byte {
	return t.kept[max(0, len(t.kept)-t.most):]
}
