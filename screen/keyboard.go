package screen

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// escapePatience is how long a lone ESC is waited on, which may be the begin of a
// key's sequence: a slow line sends those in pieces.
const escapePatience = 50 * time.Millisecond

// keyboard reads what is typed, until it is told to stop: from then on it takes
// nothing away from whoever reads the terminal next.
type keyboard struct {
	in         int
	wake, told *os.File // the ends of a pipe that is closed to stop
	done       chan struct{}
}

func newKeyboard(in int) (*keyboard, error) {
	wake, told, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &keyboard{in: in, wake: wake, told: told, done: make(chan struct{})}, nil
}

// stop returns when nothing is read any more. It does not wait for a terminal that
// hangs.
func (k *keyboard) stop() {
	_ = k.told.Close()
	select {
	case <-k.done:
		_ = k.wake.Close()
	case <-time.After(restorePatience):
	}
}

// read gives what is typed. It returns why the terminal gives nothing any more; nil
// is that it was told to stop.
func (k *keyboard) read(give func(event)) error {
	defer close(k.done)
	var pending []byte
	buffer := make([]byte, 4096)
	for {
		patience := -1
		if len(pending) > 0 {
			patience = int(escapePatience.Milliseconds())
		}
		ready, stopped, err := k.await(patience)
		if stopped || err != nil {
			return err
		}
		if ready {
			n, err := unix.Read(k.in, buffer)
			switch {
			case err == unix.EINTR || err == unix.EAGAIN:
				continue
			case err != nil:
				return err
			case n == 0:
				return errGone
			}
			pending = append(pending, buffer[:n]...)
		}
		pending = giveAll(pending, !ready, give)
	}
}

// await waits until something is typed or it is told to stop; patience is in
// milliseconds.
func (k *keyboard) await(patience int) (ready, stopped bool, err error) {
	fds := []unix.PollFd{{Fd: int32(k.in), Events: unix.POLLIN}, {Fd: int32(k.wake.Fd()), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, patience)
	for err == unix.EINTR {
		n, err = unix.Poll(fds, patience)
	}
	if n == 0 || err != nil {
		return false, false, err
	}
	switch {
	case fds[1].Revents != 0:
		return false, true, nil
	case fds[0].Revents&unix.POLLIN != 0:
		return true, false, nil
	}
	return false, false, errGone
}

// giveAll gives the events that bytes hold, and returns what is left of them.
func giveAll(pending []byte, final bool, give func(event)) []byte {
	for len(pending) > 0 {
		e, size := decode(pending, final)
		if size == 0 {
			break
		}
		pending = pending[size:]
		if e != nil {
			give(e)
		}
	}
	if len(pending) > maxPaste {
		return nil // a paste without an end
	}
	return pending
}
