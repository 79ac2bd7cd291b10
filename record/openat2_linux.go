package record

import (
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// noOpenat2 is set once the kernel, before 5.6, or a filter around this process
// has refused openat2(2).
var noOpenat2 atomic.Bool

// openBelow opens a folder several levels below another one by one call, which
// refuses symbolic links at every level. Whatever it fails of but ENOENT, the
// way level by level has to tell.
func openBelow(root int, elem []string) (int, error) { return openAt2(root, elem, dirFlags) }

// otherOwners is set once there was a file of somebody else, of which only its owner
// may say that reading it is no access; see open(2), O_NOATIME.
var otherOwners atomic.Bool

// openFileBelow is openBelow for a file that is only read. It never waits for the
// other end of a FIFO. Reading leaves no trace, where that is allowed: the first
// check after each heartbeat would write to the inode of every item.
func openFileBelow(root int, elem []string) (int, error) {
	const flags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY
	if !otherOwners.Load() && !noOpenat2.Load() {
		fd, err := unix.Openat2(root, strings.Join(elem, "/"), beneath(flags|unix.O_NOATIME))
		if err != unix.EPERM {
			return fd, err
		}
		otherOwners.Store(true)
	}
	return openAt2(root, elem, flags)
}

// beneath follows no symbolic link and stays below the folder.
func beneath(flags uint64) *unix.OpenHow {
	return &unix.OpenHow{Flags: flags, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS}
}

func openAt2(root int, elem []string, flags uint64) (int, error) {
	if noOpenat2.Load() {
		return -1, unix.ENOSYS
	}
	fd, err := unix.Openat2(root, strings.Join(elem, "/"), beneath(flags))
	if err == unix.ENOSYS || err == unix.EPERM {
		noOpenat2.Store(true)
	}
	return fd, err
}
