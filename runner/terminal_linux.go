package runner

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// terminal is the controlling terminal of this process, if it has one.
type terminal struct {
	fd    int // -1 for none
	group int // the process group of mvrun
}

func openTerminal() *terminal {
	t := &terminal{fd: -1, group: unix.Getpgrp()}
	fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err == nil {
		t.fd = fd
	}
	return t
}

func (t *terminal) close() {
	if t.fd >= 0 {
		_ = unix.Close(t.fd)
		t.fd = -1
	}
}

func (t *terminal) exists() bool { return t.fd >= 0 }

// foreground returns the process group that the terminal talks to, or -1.
func (t *terminal) foreground() int {
	if !t.exists() {
		return -1
	}
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	if err != nil {
		return -1
	}
	return group
}

// setForeground makes a process group the terminal's. The kernel would stop mvrun with TTOU for doing so from the
// background unless it blocks that signal (tcsetpgrp(3)).
func (t *terminal) setForeground(group int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var block, before unix.Sigset_t
	addSignal(&block, unix.SIGTTOU)
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &block, &before)
	_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group)
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
}

// mustShare tells whether the command has to be in mvrun's own process group. In the foreground it has to, so that the
// terminal's reads and keys reach it. In an orphaned background group it has to as well: the kernel stops nobody there
// but lets a read of the terminal fail, while in a group of its own, of which mvrun is the parent, the command would be
// stopped with nobody to continue it.
func (t *terminal) mustShare() bool {
	foreground := t.foreground()
	if foreground < 0 {
		return false
	}
	return foreground == t.group || orphaned(t.group)
}

// orphaned tells whether no process of the group has a parent in the same session but another group (setpgid(2)), as
// far as the line of this process's parents shows.
func orphaned(group int) bool {
	session, err := unix.Getsid(0)
	if err != nil {
		return false
	}
	parent := os.Getppid()
	for parent > 1 {
		p, ok := readProcess(parent)
		if !ok || p.session != session {
			return true
		}
		if p.group != group {
			return false
		}
		parent = p.parent
	}
	return true
}

// sent tells whether a signal went to everybody in the foreground group: the terminal driver has sent it, or the shell
// that leads the session and says goodbye to its jobs. Where the origin is not known, what a terminal can send is taken
// for sent by it.
func (t *terminal) sent(c caught) bool {
	switch c.signal {
	case unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP, unix.SIGWINCH, unix.SIGHUP:
	default:
		return false
	}
	if !c.known || c.code == codeKernel {
		return true
	}
	leader, err := unix.Getsid(0)
	return c.signal == unix.SIGHUP && err == nil && c.pid == leader
}

// stopItself lets a stop signal have its default effect on this process, or on its whole group, although mvrun listens
// for it. It returns when the process has been continued, or at once where the kernel does not stop it, as in an
// orphaned process group.
func stopItself(sig unix.Signal, wholeGroup bool) {
	if sig == unix.SIGSTOP { // has no other effect
		_ = unix.Kill(os.Getpid(), sig)
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := setAction(sig, kernelAction{handler: ignoreHandler})
	if wholeGroup {
		_ = unix.Kill(0, sig)
	}
	setAction(sig, kernelAction{})
	// To this thread: the kernel would give a signal for the process to another, which might look at it only when
	// the action is the old one again.
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), sig)
	setAction(sig, before)
}

const ignoreHandler = 1 // SIG_IGN

// kernelAction is struct sigaction as the system call has it on amd64 and arm64; zero is SIG_DFL.
type kernelAction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

// setAction changes what a signal does behind the runtime's back and returns what it did before.
func setAction(sig unix.Signal, action kernelAction) (before kernelAction) {
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)),
		uintptr(unsafe.Pointer(&before)), unsafe.Sizeof(action.mask), 0, 0)
	return before
}

func addSignal(set *unix.Sigset_t, sig unix.Signal) {
	bit := uint(sig) - 1
	wordBits := uint(unsafe.Sizeof(set.Val[0])) * 8
	set.Val[bit/wordBits] |= 1 << (bit % wordBits)
}
