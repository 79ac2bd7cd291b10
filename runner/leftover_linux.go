package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// Leftover is the reading side of pipes that other processes still hold after the command's end. It is either handed
// to a drainer or closed; a process that writes to a closed one gets SIGPIPE.
type Leftover struct {
	// Discard makes the drainer throw the output away instead of passing it on: what --quiet does after a success.
	Discard bool

	supervisor *Supervisor
	streams    []Stream
	ins        []int
}

func (s *Supervisor) leftover(st *streams, stuck []*pump) *Leftover {
	left := &Leftover{supervisor: s}
	for _, p := range st.pumps {
		if p.in >= 0 && !slices.Contains(stuck, p) {
			left.streams = append(left.streams, p.stream)
			left.ins = append(left.ins, p.in)
		}
	}
	if len(left.ins) == 0 {
		return nil
	}
	return left
}

// Close gives the pipes up.
func (l *Leftover) Close() {
	closeAll(l.ins...)
	l.ins, l.streams = nil, nil
}

// The descriptors of a drainer: 0 is /dev/null, 1 and 2 are the outputs, 3 is the state, the pipes follow.
const (
	stateFD     = 3
	firstPipeFD = 4
	stateFormat = 1 // first byte of the state; then the number of pipes, a byte with the stream of each, and the rest
)

// Handoff starts this program again with args (args[0] included) in a session of its own, to pass on what still comes,
// and gives the pipes and the state up to it. The new process calls TakeOver. It is not waited for.
func (l *Leftover) Handoff(args, env []string, state []byte) error {
	defer l.Close()
	message := append([]byte{stateFormat, byte(len(l.streams))}, make([]byte, len(l.streams))...)
	for i, stream := range l.streams {
		message[2+i] = byte(stream)
	}
	stateEnd, err := openState(append(message, state...))
	if err != nil {
		return fmt.Errorf("hand over to a drainer: %w", err)
	}
	defer closeAll(stateEnd)
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("hand over to a drainer: %w", err)
	}
	defer closeAll(null)
	files := l.supervisor.drainerFiles(null, l.Discard)
	files = append(files, uintptr(stateEnd))
	for _, in := range l.ins {
		files = append(files, uintptr(in))
	}
	if err := l.supervisor.startDrainer(args, env, files); err != nil {
		return fmt.Errorf("start a drainer: %w", err)
	}
	return nil
}

func (s *Supervisor) drainerFiles(null int, discard bool) []uintptr {
	files := s.standardFiles()
	files[0] = uintptr(null)
	if discard {
		files[1], files[2] = uintptr(null), uintptr(null)
	}
	return files[:]
}

func (s *Supervisor) startDrainer(args, env []string, files []uintptr) error {
	attr := &syscall.ProcAttr{Env: environment(env), Files: files, Sys: &syscall.SysProcAttr{Setsid: true}}
	s.mu.Lock()
	defer s.mu.Unlock()
	return withoutInherited(func() error {
		drainer, err := s.spawn(func() (int, error) {
			pid, err := syscall.ForkExec("/proc/self/exe", args, attr)
			if err == nil {
				return pid, nil
			}
			program, lookup := os.Executable()
			if lookup != nil {
				return 0, err
			}
			return syscall.ForkExec(program, args, attr)
		}, nil)
		if err == nil {
			s.sessions[drainer.pid] = true
		}
		return err
	})
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
	return unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, firstPipeFD)
}

// Drainer is the other side of Handoff.
type Drainer struct {
	State   []byte // what Handoff was given
	streams []Stream
}

// TakeOver reads what Handoff has left for this process. It fails in a process that Handoff has not started.
func TakeOver() (*Drainer, error) {
	var info unix.Stat_t
	if err := unix.Fstat(stateFD, &info); err != nil {
		return nil, errors.New("no pipes to drain: this command is run by mvrun itself")
	}
	file := os.NewFile(stateFD, "state")
	content, err := io.ReadAll(file)
	_ = file.Close()
	if err != nil {
		return nil, fmt.Errorf("read the drainer's state: %w", err)
	}
	if len(content) < 2 || content[0] != stateFormat || len(content) < 2+int(content[1]) {
		return nil, errors.New("read the drainer's state: unknown format")
	}
	count := int(content[1])
	d := &Drainer{State: content[2+count:]}
	for i, stream := range content[2 : 2+count] {
		d.streams = append(d.streams, Stream(stream))
		unix.CloseOnExec(firstPipeFD + i)
	}
	return d, nil
}

// Drain passes output on until nobody holds the pipes any more. A stream without a sink is passed on all the same.
func (d *Drainer) Drain(stdout, stderr Sink) *DrainResult {
	var pumps []*pump
	for i, stream := range d.streams {
		sink := stdout
		if stream == Stderr {
			sink = stderr
		}
		p := newPump(stream, firstPipeFD+i, &outlet{stream: stream, fd: int(stream)}, sink)
		pumps = append(pumps, p)
		go p.run()
	}
	var r Result
	for _, p := range pumps {
		<-p.done
		r.gather(p, nil)
	}
	return &DrainResult{StdoutBytes: r.StdoutBytes, StderrBytes: r.StderrBytes, Lost: r.Lost, ReaderGone: r.ReaderGone}
}
