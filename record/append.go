package record

import (
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"
)

// random is seeded by the kernel; math/rand/v2 costs nothing at start.
func random() uint64 { return rand.Uint64() }

// lockWait is how long an append waits for others. A lock on a day file is held
// for microseconds, or for a second by who heals it; who does not get it within
// this time is blocked by something else than mvrun.
const lockWait = 5 * time.Second

// ErrLocked is given where somebody else holds a lock for too long.
var ErrLocked = errors.New("is locked by another process")

// dayAppender is an open file of lines.
type dayAppender struct {
	fd   int
	dir  int // its folder, or -1 where nobody else can remove or replace it
	name string
	now  func() time.Time

	// remote says that a write is not done before it is synchronised: until
	// then a network file system may still find out that its disk is full.
	remote bool
}

// errNotMine is given for a file, or a folder, of a shared database by which
// another user could change what is appended.
var errNotMine error = notMine{}

type notMine struct{}

func (notMine) Error() string { return "belongs to another user: " + unix.EACCES.Error() }
func (notMine) Unwrap() error { return unix.EACCES }

// openDay opens a file of lines for appending; its folders are made. With
// private, in a tree that everybody may write to, the file and its folder must
// be this user's own.
func (t *Tree) openDay(now func() time.Time, private bool, elem ...string) (*dayAppender, error) {
	dir, name, err := t.parent(true, elem)
	if err != nil {
		return nil, err
	}
	private = private && t.Shared()
	if private {
		err = checkOwner(dir)
	}
	fd := -1
	if err == nil {
		fd, err = openRegular(dir, name, unix.O_RDWR|unix.O_APPEND|unix.O_CREAT, 0o644)
	}
	if err == nil && private {
		if err = checkOwner(fd); err == nil {
			_ = unix.Fchmod(fd, 0o644) // whatever the umask of the job is
		}
	}
	a := &dayAppender{fd: fd, dir: dir, name: name, now: now}
	if err != nil {
		_ = a.close()
		return nil, pathError("open", t.Path(elem...), err)
	}
	return a, nil
}

func checkOwner(fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if int(st.Uid) != unix.Getuid() {
		return errNotMine
	}
	return nil
}

// close reports what NFS reports at a close only, a full disk.
func (a *dayAppender) close() error {
	var err error
	if a.fd >= 0 {
		err = unix.Close(a.fd)
	}
	if a.dir >= 0 {
		unix.Close(a.dir)
	}
	a.fd, a.dir = -1, -1
	return err
}

// current reports whether the file still has its name.
func (a *dayAppender) current() bool {
	if a.dir < 0 {
		return true
	}
	var mine, named unix.Stat_t
	return unix.Fstat(a.fd, &mine) == nil &&
		unix.Fstatat(a.dir, a.name, &named, unix.AT_SYMLINK_NOFOLLOW) == nil &&
		mine.Ino == named.Ino && mine.Dev == named.Dev
}

// errReplaced is given where the file was removed or replaced meanwhile.
var errReplaced = errors.New("was replaced")

// appendOwn appends to a file that only processes of this host write to, all
// of them mvrun. Their kernel makes each write whole, so that a file that ends
// within a line was left so by a crash or a full disk; the line is ended
// first. Two processes that see it at once leave an empty line, which readers
// pass over. A part that a full disk let through stays: without a lock, who
// cuts it off could cut off what another has appended meanwhile.
func (a *dayAppender) appendOwn(lines []byte) error {
	if !a.current() {
		return errReplaced
	}
	torn, _, err := a.torn()
	if err != nil {
		return err
	}
	if torn {
		lines = append([]byte{'\n'}, lines...)
	}
	_, err = a.write(lines)
	return err
}

// appendLocked appends to a file that monitorViewer may write to as well,
// without a lock.
func (a *dayAppender) appendLocked(lines []byte, aside setAside) error {
	if err := waitLock(a.fd, lockWait); err != nil {
		return err
	}
	defer unlock(a.fd)
	// Who removes or replaces a day file holds its lock: no look before the lock
	// was taken would tell.
	if !a.current() {
		return errReplaced
	}
	return a.appendHealed(lines, aside)
}

// appendHealed appends whole lines behind whole lines; the caller sees to it
// that nobody else of mvrun does so at the same time. A part that a full disk
// let through is taken back.
func (a *dayAppender) appendHealed(lines []byte, aside setAside) error {
	if err := a.heal(aside); err != nil {
		return err
	}
	n, err := a.write(lines)
	if err != nil && n > 0 {
		a.takeBack(int64(n))
	}
	return err
}

// longestTurn is how long, on average, who waits for a lock sleeps at most before he
// looks again.
const longestTurn = 20 * time.Millisecond

// waitLock polls: a request that waits in the kernel could not be taken back.
func waitLock(fd int, wait time.Duration) error {
	pause := 100 * time.Microsecond
	for waited := time.Duration(0); ; {
		err := tryLock(fd)
		if err != unix.EAGAIN && err != unix.EACCES && err != unix.EINTR {
			return err
		}
		if waited >= wait {
			return ErrLocked
		}
		// Of many that wait, not all should ask at the same moment.
		pause = min(pause*2, longestTurn)
		turn := pause/2 + time.Duration(rand.Int64N(int64(pause)))
		time.Sleep(turn)
		waited += turn
	}
}

// write appends by one write, and tells how much of it is on file where not all
// of it is.
func (a *dayAppender) write(lines []byte) (int, error) {
	for {
		n, err := unix.Write(a.fd, lines)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return max(n, 0), err
		case n < len(lines):
			return n, unix.ENOSPC // what a short write to a regular file means
		case a.remote:
			return n, unix.Fsync(a.fd)
		}
		return n, nil
	}
}

// takeBack removes the last n bytes, if they are still the last: the position
// after a write with O_APPEND is the end of what was written.
func (a *dayAppender) takeBack(n int64) {
	end, err := unix.Seek(a.fd, 0, 1)
	if err != nil {
		return
	}
	var st unix.Stat_t
	if unix.Fstat(a.fd, &st) == nil && st.Size == end && end >= n {
		_ = unix.Ftruncate(a.fd, end-n)
	}
}
