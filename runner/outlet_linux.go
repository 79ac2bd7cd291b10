package runner

import "golang.org/x/sys/unix"

// pipefsMagic is the file system of pipes without a name (magic.h). The reader of such a pipe, once gone, never comes
// back; a named one may get another.
const pipefsMagic = 0x50495045

// outlet is the place to which one stream is passed on: mvrun's own descriptor 1 or 2.
type outlet struct {
	stream Stream
	fd     int
	lost   int64
	reason error // of the first loss
	gone   bool  // nobody will ever read it again
	// overLimit, if set, is called where a file has reached the limit of its size, which the command shares: the
	// kernel has told mvrun with XFSZ what it would have told the command.
	overLimit func()
}

// write passes p on in full. What cannot be written is counted and given up, so that the next piece gets its chance:
// a full disk may have been cleaned up by then. The descriptor may be non-blocking, as others share its open file.
func (o *outlet) write(p []byte) {
	for len(p) > 0 && !o.gone {
		n, err := unix.Write(o.fd, p)
		if n > 0 {
			p = p[n:]
		}
		switch err {
		case nil, unix.EINTR:
		case unix.EAGAIN:
			o.awaitRoom()
		case unix.EPIPE, unix.ECONNRESET:
			o.gone = true
		default:
			o.lose(len(p), err)
			if err == unix.EFBIG && o.overLimit != nil {
				o.overLimit()
			}
			return
		}
	}
}

func (o *outlet) lose(n int, reason error) {
	o.lost += int64(n)
	if o.reason == nil {
		o.reason = reason
	}
}

func (o *outlet) awaitRoom() {
	_, _ = unix.Poll([]unix.PollFd{{Fd: int32(o.fd), Events: unix.POLLOUT}}, -1)
}

// reportsReader tells whether poll shows at once, without a write, that the reader has gone.
func (o *outlet) reportsReader() bool {
	var info unix.Stat_t
	if unix.Fstat(o.fd, &info) != nil {
		return false
	}
	switch info.Mode & unix.S_IFMT {
	case unix.S_IFSOCK:
		return true
	case unix.S_IFIFO:
		var system unix.Statfs_t
		return unix.Fstatfs(o.fd, &system) == nil && system.Type == pipefsMagic
	}
	return false
}

func (o *outlet) losses() []Loss {
	if o.lost == 0 {
		return nil
	}
	return []Loss{{Stream: o.stream, Bytes: o.lost, Reason: o.reason}}
}
