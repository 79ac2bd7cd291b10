package runner

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// backgroundNice is how far what runs in the background gives way to everything else; see nice(2).
const backgroundNice = 19

// StartDetached starts this program again in a session of its own, for work that is nobody's and that nobody waits for:
// without input, output or any descriptor of this process, from the root folder, at the lowest priority. It is meant for
// the end of a process, which does not reap it.
func (s *Supervisor) StartDetached(args, env []string) error {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(null)
	attr := &syscall.ProcAttr{
		Dir: "/", Env: environment(env), Files: []uintptr{uintptr(null), uintptr(null), uintptr(null)}, Sys: &syscall.SysProcAttr{Setsid: true},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return withoutInherited(func() error {
		_, err := s.spawn(func() (int, error) {
			pid, err := forkItself(args, attr, syscall.ForkExec)
			if err == nil {
				_ = unix.Setpriority(unix.PRIO_PROCESS, pid, backgroundNice)
			}
			return pid, err
		}, nil)
		return err
	})
}
