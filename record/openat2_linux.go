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
func openBelow(root int, elem []string) (int, error) {
	if noOpenat2.Load() {
		return -1, unix.ENOSYS
	}
	how := unix.OpenHow{
		Flags:   dirFlags,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	}
	fd, err := unix.Openat2(root, strings.Join(elem, "/"), &how)
	if err == unix.ENOSYS || err == unix.EPERM {
		noOpenat2.Store(true)
	}
	return fd, err
}
