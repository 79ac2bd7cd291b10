//go:build linux && !cgo && (amd64 || arm64)

package runner

import (
	"errors"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Signals are caught here by a handler in assembly that writes what the kernel says about each into a pipe, and not by
// os/signal, for three reasons. os/signal switches between threads twice for every signal it is asked for, which is
// a quarter of mvrun's start; it merges signals that follow each other quickly; and it does not say where a signal
// comes from, without which Ctrl-C, that the command has got from the terminal already, cannot be told from a kill.
//
// The handler touches nothing of the runtime: it runs on the signal stack that each of the runtime's threads has,
// makes one system call and returns. The runtime's own handlers for these signals would only have ended the process or
// done nothing. In the child of a fork the runtime sets them to their defaults, and exec does so for the rest.

// Addresses of the assembly, which is not called from Go: the handler, a C function of (signal, siginfo, context), and
// what it returns to on amd64 (sa_restorer). On arm64 the kernel brings its own, and the second is 0.
var catchSignalAddress, leaveSignalAddress uintptr

// caughtFD is the pipe that the handler writes to.
var caughtFD int64

const (
	flagSigInfo  = 0x4        // SA_SIGINFO
	flagRestorer = 0x04000000 // SA_RESTORER; amd64 demands it, arm64 has no such flag
	flagOnStack  = 0x08000000 // SA_ONSTACK
	flagRestart  = 0x10000000 // SA_RESTART
)

// catcher holds what has to be put back.
type catcher struct {
	in      *os.File // the pipe's read end; waiting for it takes no thread
	fd      int      // of in
	out     int      // the write end
	list    []unix.Signal
	before  [signalCount]kernelAction // by signal number
	blocked bool                      // mvrun was started with some of them blocked
	deliver func(caught)
	begun   atomic.Bool
	stop    func() // instead of all that, where os/signal does the work
}

// caughtSize is the size of the handler's record: signal, si_code, si_pid and si_value (which only queued signals have), 4
// bytes each.
const caughtSize = 16

// catchSignals catches the signals from now on, and keeps them until they are asked for by catchUp and begin; blocked
// says that mvrun was started with some of them blocked. A write into the pipe of less than PIPE_BUF bytes is whole or
// not done; the pipe has room for some thousand signals.
func catchSignals(list []unix.Signal, blocked bool, deliver func(caught)) *catcher {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil { // a handler must not wait
		return &catcher{stop: notifySignals(list, deliver)}
	}
	c := &catcher{
		in: os.NewFile(uintptr(fds[0]), "signals"), fd: fds[0], out: fds[1],
		list: list, blocked: blocked, deliver: deliver,
	}
	atomic.StoreInt64(&caughtFD, int64(c.out))
	action := kernelAction{
		handler: catchSignalAddress,
		flags:   flagSigInfo | flagOnStack | flagRestart,
		mask:    ^uint64(0),
	}
	if leaveSignalAddress != 0 {
		action.flags |= flagRestorer
		action.restorer = leaveSignalAddress
	}
	// A PIPE that the runtime does not believe ignored ends a process that prints to a closed stderr. To believe so
	// is all that this asks for: the action is replaced at once, so that the command does not inherit it.
	signal.Ignore(unix.SIGPIPE)
	for _, sig := range list {
		c.before[sig] = setAction(sig, action)
	}
	return c
}

// catchUp delivers what was caught so far, unless begin has been called, which sees to it.
func (c *catcher) catchUp() {
	var record [caughtSize]byte
	for c.stop == nil && !c.begun.Load() {
		if n, err := unix.Read(c.fd, record[:]); n != caughtSize && err != unix.EINTR {
			return
		} else if n == caughtSize {
			c.deliver(decodeCaught(&record))
		}
	}
}

// begin makes signals arrive as they come, one after another, in a goroutine that ends with close. A run begins once its
// command has been forked: a goroutine that is woken before competes with the fork.
func (c *catcher) begin() {
	if c.stop == nil && !c.begun.Swap(true) {
		go c.read()
	}
}

func (c *catcher) read() {
	if c.blocked {
		unblockSignals()
	}
	var record [caughtSize]byte
	for {
		n, err := c.in.Read(record[:])
		if errors.Is(err, unix.EAGAIN) { // the runtime's poller had no room for it
			_ = unix.SetNonblock(c.fd, false)
			continue
		}
		if n != caughtSize {
			_ = c.in.Close()
			return
		}
		c.deliver(decodeCaught(&record))
	}
}

func decodeCaught(record *[caughtSize]byte) caught {
	fields := (*[4]int32)(unsafe.Pointer(record))
	return caught{signal: unix.Signal(fields[0]), known: true, code: fields[1], pid: int(fields[2]), value: fields[3]}
}

// unblockSignals makes sure that one thread takes the signals that were blocked when mvrun started. The other threads
// keep the mask for the command to inherit.
func unblockSignals() {
	var none unix.Sigset_t
	runtime.LockOSThread()
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &none, nil)
}

// pending reports whether a signal was caught that is not delivered yet.
func (c *catcher) pending() bool {
	if c.stop != nil {
		return false
	}
	waiting, err := unix.IoctlGetInt(c.fd, unix.TIOCINQ)
	return err == nil && waiting > 0
}

func (c *catcher) close() {
	if c.stop != nil {
		c.stop()
		return
	}
	for _, sig := range c.list {
		if sig != unix.SIGPIPE { // whose old action, to ignore it, was only for the runtime's eyes
			setAction(sig, c.before[sig])
		}
	}
	atomic.StoreInt64(&caughtFD, -1)
	_ = unix.Close(c.out)
}
