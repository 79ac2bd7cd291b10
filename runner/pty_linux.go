package runner

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// openPTY makes a pseudo terminal that leaves bytes as they are (no OPOST, no echo) and has the size of the terminal
// behind the descriptor, if there is one. It is nobody's controlling terminal.
func openPTY(sizeFrom int) (in, slave int, err error) {
	in, err = unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, -1, fmt.Errorf("open a pseudo terminal: %w", err)
	}
	slave, err = openSlave(in)
	if err != nil {
		closeAll(in)
		return -1, -1, fmt.Errorf("open a pseudo terminal: %w", err)
	}
	if slave, err = clearOf(slave); err != nil {
		closeAll(in)
		return -1, -1, fmt.Errorf("prepare a pseudo terminal: %w", err)
	}
	copySize(sizeFrom, slave)
	return in, slave, nil
}

func openSlave(master int) (int, error) {
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return -1, err
	}
	number, err := unix.IoctlGetUint32(master, unix.TIOCGPTN)
	if err != nil {
		return -1, err
	}
	slave, err := unix.Open("/dev/pts/"+strconv.Itoa(int(number)), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	settings, err := unix.IoctlGetTermios(slave, unix.TCGETS)
	if err == nil {
		settings.Oflag &^= unix.OPOST
		settings.Lflag &^= unix.ECHO
		err = unix.IoctlSetTermios(slave, unix.TCSETS, settings)
	}
	if err != nil {
		closeAll(slave)
		return -1, err
	}
	return slave, nil
}

func copySize(from, to int) {
	if size, err := unix.IoctlGetWinsize(from, unix.TIOCGWINSZ); err == nil {
		_ = unix.IoctlSetWinsize(to, unix.TIOCSWINSZ, size)
	}
}

// resize gives the pseudo terminal the size of the terminal behind it.
func (p *pump) resize() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.in >= 0 {
		copySize(p.outlet.fd, p.in)
	}
}
