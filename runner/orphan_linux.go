package runner

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalOrphan sends a signal to a command whose mvrun was killed: to its process group, as mvrun would have done, or
// to its whole tree, as far as that can be found: what has lost its parent and left the group belongs to nobody any
// more. A command that shared the group of its terminal is signalled with its tree in any case. The error is that of
// kill(2) for the command itself.
func SignalOrphan(pid int, sig syscall.Signal, wholeTree bool) error {
	group, err := unix.Getpgid(pid)
	if err != nil {
		return err
	}
	leads := group == pid
	if leads && !wholeTree {
		return unix.Kill(-pid, sig)
	}
	list := processes()
	belongs := map[int]bool{pid: true}
	for grown := true; grown; {
		grown = false
		for _, p := range list {
			if !belongs[p.pid] && (belongs[p.parent] || leads && p.group == pid) {
				belongs[p.pid], grown = true, true
			}
		}
	}
	err = unix.Kill(pid, sig)
	delete(belongs, pid)
	for other := range belongs {
		_ = unix.Kill(other, sig)
	}
	return err
}
