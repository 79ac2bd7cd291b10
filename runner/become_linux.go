package runner

import (
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// A command inherits which signals are ignored from the process that forks it, and for CHLD that cannot be mvrun: the
// kernel keeps no status of the children of a process that ignores CHLD (wait(2)), not of a command either that ends
// before mvrun could change that back. So where CHLD was ignored at the start, which is rare, the child is this program
// once more, which ignores CHLD and becomes the command.

// forkBecoming starts a child that becomes the command. The trampoline is as in Command. Where that cannot be done, the
// command runs without CHLD ignored. The caller holds s.mu.
func (s *Supervisor) forkBecoming(trampoline, args []string, attr *syscall.ProcAttr, stops chan unix.Signal) (*child, error) {
	in, out, err := becomingPipe(attr.Files)
	if err != nil {
		return s.forkExec(args, attr, stops)
	}
	defer closeAll(in)
	words := append(append(slices.Clone(trampoline), strconv.Itoa(out)), args...)
	started := false
	c, err := s.spawn(func() (int, error) {
		pid, err := forkItself(words, attr, s.inherited.forkExec)
		closeAll(out)
		if err != nil {
			return 0, err
		}
		started = true
		return pid, awaitBecoming(in, pid)
	}, stops)
	if err != nil && !started {
		return s.forkExec(args, attr, stops)
	}
	return c, err
}

// becomingPipe makes the pipe by which a child says why it could not become the command. Its writing end is inherited
// by its number, one that ForkExec leaves alone; see clearOf.
func becomingPipe(files []uintptr) (in, out int, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return -1, -1, err
	}
	defer closeAll(fds[1])
	beyond := len(files)
	for _, fd := range files {
		if fd != closedFile {
			beyond = max(beyond, int(fd))
		}
	}
	out, err = unix.FcntlInt(uintptr(fds[1]), unix.F_DUPFD, beyond+8)
	if err != nil {
		closeAll(fds[0])
		return -1, -1, err
	}
	return fds[0], out, nil
}

// awaitBecoming returns once the child has become the command, or with the error of that, the child being reaped.
func awaitBecoming(in, pid int) error {
	var failure [4]byte
	for {
		n, err := unix.Read(in, failure[:])
		if err == unix.EINTR {
			continue
		}
		if n < len(failure) {
			return nil // executed: the pipe closed by that
		}
		break
	}
	for {
		if _, err := unix.Wait4(pid, nil, 0, nil); err != unix.EINTR {
			return unix.Errno(binary.NativeEndian.Uint32(failure[:]))
		}
	}
}

// Become is the life of a child that becomes a command: args are a descriptor's number and the command's. All that it
// was started with it hands on, and CHLD ignored. It returns the status to leave with where it fails; nothing is printed,
// since the parent is told.
func Become(args []string) int {
	if len(args) < 2 {
		return ExitFault
	}
	report, err := strconv.Atoi(args[0])
	if err != nil {
		return ExitFault
	}
	unix.CloseOnExec(report)
	runtime.LockOSThread() // the signal mask is a thread's
	inheritedState().restore()
	setAction(unix.SIGCHLD, kernelAction{handler: ignoreHandler})
	err = execute(args[1:], os.Environ(), func(path string, argv []string) error {
		return syscall.Exec(path, argv, os.Environ())
	})
	errno, ok := errors.AsType[unix.Errno](err)
	if !ok {
		errno = unix.EINVAL
	}
	_, _ = unix.Write(report, binary.NativeEndian.AppendUint32(nil, uint32(errno)))
	return startStatus(err)
}

// restore undoes what the runtime has changed for this process; see inherited_linux.go.
func (state startState) restore() {
	for fd, closed := range state.closed {
		if closed {
			_ = unix.Close(fd)
		}
	}
	for sig := unix.Signal(1); sig < signalCount; sig++ {
		if state.ignored[sig] {
			setAction(sig, kernelAction{handler: ignoreHandler})
		}
	}
	if state.mask != 0 {
		blocked := signalSet(state.mask)
		_ = unix.PthreadSigmask(unix.SIG_SETMASK, &blocked, nil)
	}
}
