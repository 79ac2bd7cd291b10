package cli

import (
	"fmt"
	"hash/fnv"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
)

// An item's place on this host is a socket in the abstract namespace: the kernel
// gives it to one process at a time and takes it back when that one ends, however
// it ends; no file can be stale, read-only, or on a network file system; and the
// command, which does not inherit it, cannot keep it by a daemon that it leaves
// behind.
//
// A run within the run that has the place cannot wait for it. So there is a place
// within the place, which the runs within that run have one after another, and so
// on. To be known to those, who has a place binds two more sockets, named after
// its process and its run. They are of another kind, whose existence can be asked
// for without leaving anything in the other's queue.

// maxPlaces bounds how deep runs of one item may be nested.
const maxPlaces = 64

// takePlace takes the item's place for this process, for as long as it lives. It
// reports false where a run has it that is not around this one.
func takePlace(db string, item record.Item, run string, a around) (bool, error) {
	for level := range maxPlaces {
		name := func(holder string) string { return placeName(db, item, level, holder) }
		err := bindName(unix.SOCK_STREAM, name(""))
		if err == nil {
			_ = bindName(unix.SOCK_DGRAM, name(processHolder(os.Getpid())))
			_ = bindName(unix.SOCK_DGRAM, name(runHolder(run)))
			return true, nil
		}
		if err != unix.EADDRINUSE {
			return false, err
		}
		if !a.has(name) {
			return false, nil
		}
	}
	return false, nil
}

func processHolder(pid int) string { return "process " + strconv.Itoa(pid) }
func runHolder(run string) string  { return "run " + run }

// has reports whether a run around this one has the place.
func (a around) has(name func(holder string) string) bool {
	if a.run != "" && nameIsBound(name(runHolder(a.run))) {
		return true
	}
	for pid := range a.pids {
		if nameIsBound(name(processHolder(pid))) {
			return true
		}
	}
	return false
}

// placeName is the name of the item's outermost place.
func (j *job) placeName() string { return placeName(j.database(), j.item, 0, "") }

// placeName is the name of a place, or with a holder that of its sign.
func placeName(db string, item record.Item, level int, holder string) string {
	h := fnv.New128a()
	fmt.Fprintf(h, "%s\x00%s", db, item)
	if level > 0 || holder != "" {
		fmt.Fprintf(h, "\x00%d\x00%s", level, holder)
	}
	return fmt.Sprintf("@mvrun-overlap-%x", h.Sum(nil))
}

// bindName binds a socket that stays open.
func bindName(kind int, name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, kind, 0)
	if err != nil {
		return err
	}
	unix.CloseOnExec(fd)
	if err = unix.Bind(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		unix.Close(fd)
	}
	return err
}

// nameIsBound reports whether a datagram socket has this name.
func nameIsBound(name string) bool {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	unix.CloseOnExec(fd)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: name}) == nil
}
