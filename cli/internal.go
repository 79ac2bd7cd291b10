package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// Words by which mvrun starts itself for a part of its work. They are no part
// of the command line that users write.
const (
	internalPrefix = "__mvrun-"
	internalDrain  = internalPrefix + "drain"
	internalGuard  = internalPrefix + "guard"
	internalBecome = internalPrefix + "become"
	internalLock   = internalPrefix + "lock"
	internalProbe  = internalPrefix + "probe"
)

func internal(name string, args []string) int {
	switch {
	case name == internalDrain:
		return drain()
	case name == internalGuard:
		return guard(args)
	case name == internalBecome:
		return runner.Become(args)
	case name == internalProbe:
		return observe(args)
	case name == internalLock && len(args) == 2:
		return holdLock(args[0], args[1])
	}
	return finish(usageError{fmt.Errorf("%s is for mvrun's own use", name), ""})
}

// lockedMark is what the child that holds a lock says.
const lockedMark = "locked\n"

// holdLock takes a lock, says so on stdout, and holds it until its stdin ends.
// What mvrun was started with besides is closed first: this process may hang.
func holdLock(path, wait string) int {
	for fd := 3; fd < 256; fd++ {
		unix.Close(fd)
	}
	patience, err := time.ParseDuration(wait)
	if err != nil {
		return runner.ExitFault
	}
	unlock, err := record.HoldLock(path, patience)
	if err != nil {
		return 1
	}
	defer unlock()
	if _, err := unix.Write(1, []byte(lockedMark)); err != nil {
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// lockInChild takes a lock on a network file system in a process of its own,
// which can be given up where the lock service never answers. The lock ends
// with that process, and that ends with this one.
func lockInChild(path string, wait time.Duration) (unlock func(), err error) {
	holder, err := startHolder(path, wait)
	if err == nil {
		// The start of the process is not part of its patience.
		err = holder.await(wait + time.Second)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %q: %w", path, errors.Join(record.ErrLocked, err))
	}
	return holder.release, nil
}

// holder is a process that holds a lock. The supervisor reaps it as it reaps
// orphans.
type holder struct {
	process       *os.Process
	stdin, stdout *os.File
}

func startHolder(path string, wait time.Duration) (*holder, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	childIn, stdin, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer childIn.Close()
	stdout, childOut, err := os.Pipe()
	if err != nil {
		stdin.Close()
		return nil, err
	}
	defer childOut.Close()
	h := &holder{stdin: stdin, stdout: stdout}
	h.process, err = os.StartProcess(executable, []string{"mvrun", internalLock, path, wait.String()},
		&os.ProcAttr{Files: []*os.File{childIn, childOut, nil}, Env: os.Environ()})
	if err != nil {
		h.release()
		return nil, err
	}
	return h, nil
}

// await returns when the lock is held, and gives the process up otherwise.
func (h *holder) await(wait time.Duration) error {
	_ = h.stdout.SetReadDeadline(time.Now().Add(wait))
	buf := make([]byte, len(lockedMark))
	if _, err := io.ReadFull(h.stdout, buf); err != nil {
		_ = h.process.Kill()
		h.release()
		return err
	}
	return nil
}

func (h *holder) release() {
	h.stdin.Close()
	h.stdout.Close()
	if h.process != nil {
		_ = h.process.Release()
	}
}
