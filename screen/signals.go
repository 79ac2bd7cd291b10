package screen

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// signals are those that the screen hears of.
type signals struct{ heard chan os.Signal }

func hearSignals() *signals {
	s := &signals{heard: make(chan os.Signal, 8)}
	signal.Notify(s.heard, syscall.SIGWINCH, syscall.SIGTSTP, syscall.SIGCONT)
	// One that is ignored stays so, as for who starts it with nohup.
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(sig) {
			signal.Notify(s.heard, sig)
		}
	}
	return s
}

func (s *signals) stop() { signal.Stop(s.heard) }

// obey does what a signal asks for; an error ends the screen.
func (p *program) obey(sig os.Signal, signals *signals) error {
	switch sig {
	case syscall.SIGWINCH:
		width, height := p.terminal.size()
		p.painter.shown = nil // what the terminal made of the old picture is not known
		p.take(resize{width, height})
	case syscall.SIGTSTP:
		return p.suspend(signals)
	case syscall.SIGCONT: // somebody stopped the process in a way that cannot be heard
		return p.resume()
	default:
		return &SignalError{sig}
	}
	return nil
}

// suspend gives the terminal back and stops the job, as the shell would have done.
// It returns once the job goes on; at once where there is no shell that would let
// it.
func (p *program) suspend(signals *signals) error {
	p.terminal.restore()
	if !hasShell() {
		return p.resume()
	}
	// For what is in the job beside mvrun, such as time(1). Go cannot give mvrun the
	// default action back once it has asked to hear of the signal.
	signal.Ignore(syscall.SIGTSTP)
	_ = unix.Kill(0, unix.SIGTSTP)
	_ = unix.Kill(unix.Getpid(), unix.SIGSTOP)
	stopped := time.NewTimer(stopPatience)
	defer stopped.Stop()
	for waiting := true; waiting; {
		select {
		case sig := <-signals.heard:
			switch sig {
			case syscall.SIGCONT:
				waiting = false
			case syscall.SIGWINCH, syscall.SIGTSTP:
			default:
				return &SignalError{sig}
			}
		case <-stopped.C:
			waiting = false
		}
	}
	signal.Notify(signals.heard, syscall.SIGTSTP)
	return p.resume()
}

// hasShell reports whether there is somebody who can let a stopped job go on: the
// parent of the job is in its session, see setpgid(2) on orphaned process groups.
func hasShell() bool {
	session, err := unix.Getsid(0)
	if err != nil {
		return false
	}
	for pid := unix.Getppid(); pid > 0; pid = parentOf(pid) {
		if of, err := unix.Getsid(pid); err != nil || of != session {
			return false
		}
		if group, err := unix.Getpgid(pid); err != nil || group != unix.Getpgrp() {
			return err == nil
		}
	}
	return false
}

// parentOf is a process's parent; 0 where that cannot be told, see proc_pid_stat(5).
func parentOf(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	var state string
	var parent int
	behind := stat[bytes.LastIndexByte(stat, ')')+1:]
	if _, err := fmt.Sscan(string(behind), &state, &parent); err != nil {
		return 0
	}
	return parent
}

// stopPatience is how long a stop may take to arrive.
const stopPatience = 200 * time.Millisecond

// resume takes the terminal again and draws all of it.
func (p *program) resume() error {
	if err := p.terminal.take(); err != nil {
		return err
	}
	p.painter.shown = nil
	width, height := p.terminal.size()
	p.take(resize{width, height})
	return nil
}

// isGone reports whether there is nobody any more who looks at the terminal.
func isGone(err error) bool {
	return errors.Is(err, errGone) || errors.Is(err, unix.EIO) || errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.EBADF)
}
