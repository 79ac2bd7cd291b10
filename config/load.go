package config

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"
)

// MaxFileBytes is the largest config file that is read.
const MaxFileBytes = 1 << 20

// pipeWait bounds the wait for the writer of a config that comes through a pipe,
// as in --config <(decrypt mvrun.yaml): the job waits behind it.
const pipeWait = 2 * time.Second

// Load reads a config file. The error is a [Faults], or an *fs.PathError where
// the system refuses the file. Along with Faults comes a Config with all that
// could be understood; it is nil where nothing could, as in a file that is no
// text or whose first setting already breaks the YAML.
func Load(path string, grammar Grammar) (*Config, error) {
	return load(path, grammar, pipeWait)
}

func load(path string, grammar Grammar, wait time.Duration) (*Config, error) {
	data, err := readBounded(path, MaxFileBytes, wait)
	if unfit := (*unfitError)(nil); errors.As(err, &unfit) {
		return nil, Faults{{File: path, Problem: unfit.problem, Hint: unfit.hint}}
	}
	if err != nil {
		return nil, err
	}
	cfg, faults := Parse(path, data, grammar)
	if len(faults) > 0 {
		return cfg, faults
	}
	return cfg, nil
}

// unfitError is a file that the system hands out and that cannot be meant.
type unfitError struct{ path, problem, hint string }

func (e *unfitError) Error() string { return fmt.Sprintf("read %s: %s", e.path, e.problem) }

// readBounded reads a file of at most limit bytes. It goes past package os,
// which would set up the runtime's poller in every job, and opens without
// blocking, so that a named pipe nobody writes to cannot hold a job back.
func readBounded(path string, limit int, wait time.Duration) ([]byte, error) {
	fd, err := openFile(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)

	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	kind := uint32(stat.Mode) & unix.S_IFMT
	if kind == unix.S_IFDIR {
		return nil, &unfitError{path, "is a directory", "name the file in it"}
	}
	source := source{fd: fd, path: path, limit: limit, wait: wait}
	data, err := source.readAll(int(min(max(stat.Size, 0), int64(limit))))
	if err == nil && kind == unix.S_IFIFO && len(data) == 0 {
		return nil, &unfitError{path, "is a pipe that gave nothing", "start its writer first, or name a file"}
	}
	return data, err
}

func openFile(path string) (int, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// source is an open file and the bounds of reading it.
type source struct {
	fd    int
	path  string
	limit int           // bytes
	wait  time.Duration // for the writer of a pipe, in all
}

// readAll reads to the end. The expected size saves reads; it is not trusted.
func (s source) readAll(expected int) ([]byte, error) {
	started := time.Now()
	data := make([]byte, 0, expected+512)
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := unix.Read(s.fd, data[len(data):cap(data)])
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			if !waitReadable(s.fd, s.wait-time.Since(started)) {
				return nil, &unfitError{s.path, fmt.Sprintf("is a pipe whose writer did not finish within %s", s.wait), "name a file"}
			}
			continue
		case err != nil:
			return nil, &fs.PathError{Op: "read", Path: s.path, Err: err}
		case n == 0:
			return data, nil
		}
		data = data[:len(data)+n]
		if len(data) > s.limit {
			return nil, &unfitError{s.path, fmt.Sprintf("is larger than %d KiB", s.limit>>10), "name a smaller file"}
		}
	}
}

// waitReadable reports whether there is time left to read again. A poll that a
// signal cut short counts as readable: the next read finds out.
func waitReadable(fd int, left time.Duration) bool {
	if left <= 0 {
		return false
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(left.Milliseconds())+1)
	return n > 0 || err == unix.EINTR
}
