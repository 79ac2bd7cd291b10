package runner

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// successor is this program, started again in a session of its own, for output that this process does not pass on
// itself: a drainer has what comes after the command's end, a guardian what comes after the end of mvrun itself. It
// calls TakeOver.
type successor struct {
	args, env []string
	state     []byte
	files     [3]uintptr // descriptors 0 to 2
	handed    []handed
}

// handed is a descriptor that is handed over.
type handed struct {
	kind byte
	fd   int
}

// Kinds of what is handed over; the stream's number is added to those that belong to one.
const (
	handedPipe = 0x00 // the reading side of a pipe or pseudo terminal in which the command writes
	handedMark = 0x10 // see lineMark
	handedHold = 0x20 // the file of the output that is held back
)

// The descriptors of a successor: 0 is /dev/null, or what a guardian waits for; 1 and 2 are the outputs; 3 is the state;
// what is handed over follows.
const (
	stateFD       = 3
	firstHandedFD = 4
	stateFormat   = 2 // first byte of the state; then the number of what is handed over, a byte with each kind, and the rest
)

// startSuccessor gives the successor copies of what is handed over; the caller keeps its own.
func (s *Supervisor) startSuccessor(n successor) (*child, error) {
	message := []byte{stateFormat, byte(len(n.handed))}
	files := append(n.files[:], 0)
	for _, h := range n.handed {
		message = append(message, h.kind)
		files = append(files, uintptr(h.fd))
	}
	stateEnd, err := openState(append(message, n.state...))
	if err != nil {
		return nil, err
	}
	defer closeAll(stateEnd)
	files[stateFD] = uintptr(stateEnd)
	return s.forkSuccessor(n.args, n.env, files)
}

func (s *Supervisor) forkSuccessor(args, env []string, files []uintptr) (c *child, err error) {
	attr := &syscall.ProcAttr{Env: environment(env), Files: files, Sys: &syscall.SysProcAttr{Setsid: true}}
	s.mu.Lock()
	defer s.mu.Unlock()
	err = withoutInherited(func() error {
		c, err = s.spawn(func() (int, error) { return forkItself(args, attr, syscall.ForkExec) }, nil)
		if err == nil {
			s.sessions[c.pid] = true
		}
		return err
	})
	return c, err
}

// forkItself executes this program in a child, also where its file has another name by now or none.
func forkItself(args []string, attr *syscall.ProcAttr, fork func(string, []string, *syscall.ProcAttr) (int, error)) (int, error) {
	pid, err := fork("/proc/self/exe", args, attr)
	if err == nil {
		return pid, nil
	}
	program, lookup := os.Executable()
	if lookup != nil {
		return 0, err
	}
	return fork(program, args, attr)
}

// openState returns a descriptor from which the content can be read: a pipe where it fits, else a file without a name.
func openState(content []byte) (int, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err == nil {
		if len(content) > firstBuffer {
			_, _ = unix.FcntlInt(uintptr(fds[1]), unix.F_SETPIPE_SZ, len(content))
		}
		n, _ := unix.Write(fds[1], content)
		_ = unix.Close(fds[1])
		if n == len(content) {
			return fds[0], nil
		}
		_ = unix.Close(fds[0])
	}
	file, err := os.CreateTemp("", ".mvrun-state-*")
	if err != nil {
		return -1, err
	}
	defer file.Close()
	_ = os.Remove(file.Name())
	if _, err := file.Write(content); err != nil {
		return -1, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return -1, err
	}
	return unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, stateFD)
}
