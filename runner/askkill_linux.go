package runner

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// A request to kill is a signal that nobody else sends, with a value that says so (sigqueue(3)). Only the mvrun that
// runs a command knows for certain what belongs to it: neither its own helpers nor what was there before it. And a
// signal arrives whatever hangs on a disk. TERM would not do, which mvrun ignores where it was ignored at its start.
const (
	killRequest      = unix.Signal(64) // SIGRTMAX
	killRequestValue = 0x6d76726b
	codeQueue        = -1 // SI_QUEUE
)

// queuedInfo is the kernel's siginfo_t of a queued signal on 64-bit systems.
type queuedInfo struct {
	signal, errno, code, _ int32
	pid, uid, value        int32
	_                      [100]byte
}

// AskToKill asks the mvrun with this process id to kill its command's whole tree and to end. The error is that of
// kill(2).
func AskToKill(pid int) error {
	info := queuedInfo{
		signal: int32(killRequest), code: codeQueue, pid: int32(unix.Getpid()), uid: int32(unix.Getuid()), value: killRequestValue,
	}
	_, _, errno := unix.Syscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(killRequest), uintptr(unsafe.Pointer(&info)))
	if errno != 0 {
		return errno
	}
	return nil
}

func (c caught) asksToKill() bool {
	return c.signal == killRequest && c.known && c.code == codeQueue && c.value == killRequestValue
}

// killAsAsked kills the command's tree at once, also while a timeout gives it time to end, and has supervise look for
// what has been forked meanwhile. Nothing is started afterwards. The caller holds s.mu.
func (s *Supervisor) killAsAsked() {
	s.noteStop(unix.SIGKILL)
	if s.job == nil {
		return
	}
	if s.job.stoppedBy == 0 {
		s.job.stoppedBy = unix.SIGKILL
	}
	signalAll(s.tree(), unix.SIGKILL)
	select {
	case s.job.kills <- struct{}{}:
	default: // it is asked for already
	}
}
