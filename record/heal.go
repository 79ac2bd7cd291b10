package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Healing waits for a line that a foreign writer may still be writing until it
// has stood still for standstill, and gives up after healWait: somebody who
// writes piece by piece for so long must not hold everybody else up.
const (
	standstill = time.Second
	healWait   = 4 * time.Second
	healPoll   = 50 * time.Millisecond
)

var errUnfinished = errors.New("ends within a line that another program is writing")

// setAside keeps the size bytes of a file from start on.
type setAside func(fd int, start, size int64) error

// torn reports whether the file ends within a line.
func (a *dayAppender) torn() (bool, unix.Stat_t, error) {
	var st unix.Stat_t
	if err := unix.Fstat(a.fd, &st); err != nil || st.Size == 0 {
		return false, st, err
	}
	var last [1]byte
	n, err := unix.Pread(a.fd, last[:], st.Size-1)
	return n == 1 && last[0] != '\n', st, err
}

// heal sees to it that the file ends with a line end.
func (a *dayAppender) heal(aside setAside) error {
	torn, st, err := a.torn()
	if !torn || err != nil {
		return err
	}
	// A time of the future, after the clock was set back, tells nothing; then
	// only what is seen from here on counts.
	still := max(a.now().Sub(time.Unix(st.Mtim.Unix())), 0)
	if still > standstill {
		return a.mend(st.Size, aside)
	}
	for waited := time.Duration(0); waited < healWait; waited += healPoll {
		time.Sleep(healPoll)
		still += healPoll
		before := st
		torn, st, err = a.torn()
		switch {
		case !torn || err != nil:
			return err
		case st.Size != before.Size || st.Mtim != before.Mtim:
			still = 0
		case still > standstill:
			return a.mend(st.Size, aside)
		}
	}
	return errUnfinished
}

// mend completes the last line where only its line end is missing, and sets it
// aside otherwise. The bytes are kept before they are cut off.
func (a *dayAppender) mend(size int64, aside setAside) error {
	start, err := a.lastLine(size)
	if err != nil {
		return err
	}
	if whole, err := a.isRecord(start, size-start); err != nil {
		return err
	} else if whole {
		_, err = a.write([]byte{'\n'})
		return err
	}
	if err := aside(a.fd, start, size-start); err != nil {
		return fmt.Errorf("set a torn line aside: %w", err)
	}
	return unix.Ftruncate(a.fd, start)
}

// isRecord reports whether bytes of the file are a whole object.
func (a *dayAppender) isRecord(start, size int64) (bool, error) {
	if size > maxLine {
		return false, nil
	}
	line := make([]byte, size)
	n, err := unix.Pread(a.fd, line, start)
	return err == nil && isObject(line[:max(n, 0)]), err
}

// isObject reports whether a line is a JSON object, as every record is.
func isObject(line []byte) bool {
	return len(line) > 1 && line[0] == '{' && json.Valid(line)
}

// lastLine tells where the last line begins. A power loss can leave any number
// of NULs there.
func (a *dayAppender) lastLine(size int64) (start int64, err error) {
	buf := make([]byte, 64<<10)
	for end := size; end > 0; {
		begin := max(end-int64(len(buf)), 0)
		n, err := unix.Pread(a.fd, buf[:end-begin], begin)
		if err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return begin + int64(i) + 1, nil
		}
		end = begin
	}
	return 0, nil
}

// setAside keeps torn lines of a day file under .mvrun/torn/<direction>/.
func (s *Store) setAside(file dayFile) setAside {
	return func(fd int, start, size int64) error {
		name := fmt.Sprintf("%s-%s-%s-%s", shorten(file.item.Name), file.kind, file.day, randomHex(8))
		dir, err := s.tree.folder(true, metaFolder, tornFolder, file.item.Direction)
		if err != nil {
			return err
		}
		defer unix.Close(dir)
		if err = copyNew(dir, name, fd, start, size); err != nil {
			_ = unix.Unlinkat(dir, name, 0)
		}
		return err
	}
}

// copyNew makes a file of a part of another one.
func copyNew(dir int, name string, from int, start, size int64) error {
	fd, err := openRegular(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	buf := make([]byte, min(size, 64<<10))
	for size > 0 && err == nil {
		var n int
		n, err = unix.Pread(from, buf[:min(size, int64(len(buf)))], start)
		if err == nil && n == 0 {
			break // it has become shorter meanwhile
		}
		if err == nil {
			err = writeFull(fd, buf[:n])
		}
		start, size = start+int64(n), size-int64(n)
	}
	if closeErr := unix.Close(fd); err == nil {
		err = closeErr // NFS reports a full disk here
	}
	return err
}
