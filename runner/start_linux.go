package runner

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

const closedFile = ^uintptr(0) // in syscall.ProcAttr.Files: the descriptor is closed in the child

// start forks and executes the command. Signals that came before are passed on to it, or, where one of them would have
// ended it, keep it from being started: then it returns nil and no error.
func (s *Supervisor) start(c *Command, files [3]uintptr) (*job, error) {
	if s.terminal == nil {
		s.terminal = openTerminal()
	}
	j := &job{name: c.Args[0], shared: s.terminal.mustShare(), kills: make(chan struct{}, 1)}
	attr := &syscall.ProcAttr{
		Env:   environment(c.Env),
		Files: files[:],
		Sys:   &syscall.SysProcAttr{Setpgid: !j.shared},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != 0 {
		return nil, nil
	}
	child, err := s.forkCommand(c, attr)
	if err != nil {
		return nil, fmt.Errorf("execute %q: %w", c.Args[0], err)
	}
	j.child = child
	s.job, s.shared = j, j.shared
	for _, sig := range s.pending {
		j.forward(s, sig)
	}
	s.pending = nil
	return j, nil
}

// forkCommand starts the command. The caller holds s.mu.
func (s *Supervisor) forkCommand(c *Command, attr *syscall.ProcAttr) (*child, error) {
	stops := make(chan unix.Signal, 4)
	if s.inherited.childIgnored && c.Trampoline != nil {
		return s.forkBecoming(c.Trampoline, c.Args, attr, stops)
	}
	return s.forkExec(c.Args, attr, stops)
}

// forkExec starts a child and makes it known to the reaper. The caller holds s.mu.
func (s *Supervisor) forkExec(args []string, attr *syscall.ProcAttr, stops chan unix.Signal) (*child, error) {
	return s.spawn(func() (pid int, err error) {
		err = execute(args, attr.Env, func(path string, argv []string) error {
			pid, err = s.inherited.forkExec(path, argv, attr)
			return err
		})
		return pid, err
	}, stops)
}

// forkExec is syscall.ForkExec with the signal mask that mvrun was started with: the child gets the mask of the thread
// that forks, which the runtime has changed (see inherited_linux.go).
func (state startState) forkExec(path string, argv []string, attr *syscall.ProcAttr) (int, error) {
	if state.mask == 0 {
		return syscall.ForkExec(path, argv, attr)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.Sigset_t
	mask := signalSet(state.mask)
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &mask, &before)
	defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	return syscall.ForkExec(path, argv, attr)
}

// signalSet makes the kernel's form of a mask, of which bit 0 is signal 1.
func signalSet(mask uint64) (set unix.Sigset_t) {
	for sig := unix.Signal(1); sig < signalCount; sig++ {
		if mask&(1<<(sig-1)) != 0 {
			addSignal(&set, sig)
		}
	}
	return set
}

func environment(env []string) []string {
	if env == nil {
		return os.Environ()
	}
	return env
}

// standardFiles are the descriptors 0 to 2 as mvrun was given them. The runtime has opened /dev/null for those that
// were closed; the command must find them closed.
func (s *Supervisor) standardFiles() [3]uintptr {
	files := [3]uintptr{0, 1, 2}
	for fd, closed := range s.inherited.closed {
		if closed {
			files[fd] = closedFile
		}
	}
	return files
}

// clearOf moves one of our descriptors so that the fork leaves those alone that the command inherits. ForkExec, when
// it has to put its own status pipe out of the way, takes the number after the highest one in Files without looking
// whether somebody else has it.
func clearOf(fd int) (int, error) {
	for {
		taken := 0
		for next := fd + 1; next <= fd+3; next++ {
			if inheritable(next) {
				taken = next
			}
		}
		if taken == 0 {
			return fd, nil
		}
		moved, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, taken+1)
		_ = unix.Close(fd)
		if err != nil {
			return -1, err
		}
		fd = moved
	}
}

// inheritable tells whether a descriptor is open and passed on to commands.
func inheritable(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// withoutInherited runs fork while descriptors from 3 on are not passed on, so that a helper or a drainer that outlives
// the job does not hold, say, the job's lock file. The caller holds s.mu, so no command is forked meanwhile.
func withoutInherited(fork func() error) error {
	for _, fd := range inheritedDescriptors() {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC); err == nil {
			defer func() { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0) }()
		}
	}
	return fork()
}

func inheritedDescriptors() []int {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var list []int
	for _, name := range names {
		var fd int
		if _, err := fmt.Sscan(name, &fd); err == nil && fd > 2 && inheritable(fd) {
			list = append(list, fd)
		}
	}
	return list
}
