package screen

import (
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// What is sent to take the terminal over, and to give it back: the second screen
// with its own content, no cursor, no new line where a line is full, the mouse's
// buttons in the form of SGR, and pasted text in brackets (xterm, "Control
// Sequences"). A terminal without a second
// screen is left empty. One that knows none of it ignores it.
const (
	takeOver = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?1000h\x1b[?1006h\x1b[?2004h\x1b[m\x1b[2J"
	giveBack = "\x1b[?2004l\x1b[?1006l\x1b[?1000l\x1b[?7h\x1b[m\x1b[2J\x1b[H\x1b[?25h\x1b[?1049l"
)

// terminal is what a person sits at. Its methods may be called by any goroutine.
type terminal struct {
	in, out int // file descriptors
	own     bool
	before  unix.Termios

	mu    sync.Mutex
	taken bool
	// generation counts how often it was taken: a frame that was drawn for an
	// earlier time is not written.
	generation int
}

// openTerminal looks at a terminal, and takes nothing yet.
func openTerminal(in, out *os.File) (*terminal, error) {
	t := &terminal{in: int(in.Fd()), out: int(out.Fd())}
	settings, err := unix.IoctlGetTermios(t.in, getTermios)
	if err != nil {
		return nil, err
	}
	t.before = *settings
	if fd, err := reopen(t.out); err == nil {
		t.out, t.own = fd, true
	}
	return t, nil
}

// reopen opens a terminal once more, so that a write to it need not wait: with a
// descriptor that others share, as the shell does, that is not for us to decide. It
// works with the terminal that controls the process.
func reopen(fd int) (int, error) {
	if _, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err != nil {
		return -1, err
	}
	return unix.Open("/dev/tty", unix.O_WRONLY|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

// close is for when all is over.
func (t *terminal) close() {
	if t.own {
		_ = unix.Close(t.out)
	}
}

// take switches to single keys, as cfmakeraw(3) does, and to the second screen.
func (t *terminal) take() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	raw := t.before
	raw.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	raw.Oflag &^= unix.OPOST
	raw.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	raw.Cflag = raw.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(t.in, setTermios, &raw); err != nil {
		return err
	}
	t.taken = true
	t.generation++
	return writePatiently(t.out, []byte(takeOver), restorePatience)
}

// restore gives the terminal back; a second time it does nothing. It does not wait
// for a terminal that takes nothing any more.
func (t *terminal) restore() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.taken {
		return
	}
	t.taken = false
	_ = writePatiently(t.out, []byte(giveBack), restorePatience)
	_ = unix.IoctlSetTermios(t.in, setTermios, &t.before)
}

// restorePatience is how long a terminal may take to be given back.
const restorePatience = time.Second

// frame is what is written for one picture.
type frame struct {
	generation int
	text       []byte
}

// write sends a frame, a piece at a time, so that a terminal that stands still
// cannot hold up restore: the lock is free while it is waited for.
func (t *terminal) write(f frame) error {
	for rest := f.text; len(rest) > 0; {
		ready, err := awaitDescriptor(t.out, unix.POLLOUT, writeLook)
		if err != nil {
			return err
		}
		t.mu.Lock()
		if !t.taken || f.generation != t.generation {
			t.mu.Unlock()
			return nil
		}
		if ready {
			n, err := unix.Write(t.out, rest[:min(len(rest), writePiece)])
			if err != nil && err != unix.EINTR && err != unix.EAGAIN {
				t.mu.Unlock()
				return err
			}
			rest = rest[max(n, 0):]
		}
		t.mu.Unlock()
	}
	return nil
}

// How much is written at once to a terminal that said that it takes something, and
// how often it is looked whether it is still wanted.
const (
	writePiece = 1024
	writeLook  = 200 * time.Millisecond
)

// now is the generation for frames that are drawn from now on.
func (t *terminal) now() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.generation
}

// size is that of the window in cells. Where the terminal does not know it, it is
// that of a VT100.
func (t *terminal) size() (width, height int) {
	size, err := unix.IoctlGetWinsize(t.out, unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 || size.Row == 0 {
		return 80, 24
	}
	return min(int(size.Col), maxSide), min(int(size.Row), maxSide)
}

// maxSide bounds what a window may say of itself.
const maxSide = 1000

var errGone = errors.New("the terminal is gone")

// awaitDescriptor waits until a descriptor is ready; false is that time is up.
func awaitDescriptor(fd int, event int16, patience time.Duration) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: event}}
	n, err := unix.Poll(fds, int(patience.Milliseconds()))
	switch {
	case err == unix.EINTR:
		return false, nil
	case err != nil:
		return false, err
	case n > 0 && fds[0].Revents&event != 0:
		return true, nil
	case n > 0:
		return false, errGone
	}
	return false, nil
}

// writePatiently writes until time is up, where the descriptor does not block.
func writePatiently(fd int, text []byte, patience time.Duration) error {
	for deadline := time.Now().Add(patience); len(text) > 0; {
		n, err := unix.Write(fd, text)
		switch {
		case err == unix.EAGAIN:
			if time.Now().After(deadline) {
				return err
			}
			if _, err := awaitDescriptor(fd, unix.POLLOUT, time.Until(deadline)); err != nil {
				return err
			}
		case err != nil && err != unix.EINTR:
			return err
		}
		text = text[max(n, 0):]
	}
	return nil
}
