package runner

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// hold keeps output back in a file without a name, as frames of five bytes and the piece: the stream (1 byte), the
// length (4 bytes, little endian). Both pumps use it.
type hold struct {
	mu      sync.Mutex
	file    *os.File // nil when the output passes through
	limit   uint64   // of its size, RLIMIT_FSIZE; to write beyond would raise XFSZ
	outlets map[Stream]*outlet
	failure error // why the output passes through although it was to be held
}

const frameHeader = 5

// newHold returns an error where no temporary file can be made.
func newHold() (*hold, error) {
	file, err := os.CreateTemp("", ".mvrun-output-*")
	if err != nil {
		return nil, fmt.Errorf("hold the output back: %w", err)
	}
	_ = os.Remove(file.Name())
	h := &hold{file: file, limit: unix.RLIM_INFINITY, outlets: map[Stream]*outlet{}}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_FSIZE, &limit) == nil {
		h.limit = limit.Cur
	}
	return h, nil
}

// keep takes a piece; false means that it has to be passed on instead. When the file takes no more, what it holds goes
// out first and everything after it passes through.
func (h *hold) keep(out *outlet, piece []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file == nil {
		return false
	}
	h.outlets[out.stream] = out
	err := h.store(out.stream, piece)
	if err == nil {
		return true
	}
	h.failure = fmt.Errorf("hold the output back: %w", err)
	_ = h.playLocked()
	h.closeLocked()
	return false
}

// store writes one frame, or leaves the file as it was.
func (h *hold) store(stream Stream, piece []byte) error {
	start, err := h.file.Seek(0, 1)
	if err != nil {
		return err
	}
	if uint64(start)+frameHeader+uint64(len(piece)) > h.limit {
		return unix.EFBIG
	}
	var header [frameHeader]byte
	header[0] = byte(stream)
	binary.LittleEndian.PutUint32(header[1:], uint32(len(piece)))
	if _, err = h.file.Write(header[:]); err == nil {
		_, err = h.file.Write(piece)
	}
	if err != nil {
		_ = h.file.Truncate(start)
		_, _ = h.file.Seek(start, 0)
	}
	return err
}

// replay writes out what is held.
func (h *hold) replay() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file == nil {
		return nil
	}
	return h.playLocked()
}

func (h *hold) playLocked() error {
	if _, err := h.file.Seek(0, 0); err != nil {
		return fmt.Errorf("read the held output: %w", err)
	}
	var header [frameHeader]byte
	buffer := make([]byte, firstBuffer)
	for {
		if n, err := readFull(h.file, header[:]); n < frameHeader {
			return err
		}
		out := h.outlets[Stream(header[0])]
		for left := int(binary.LittleEndian.Uint32(header[1:])); left > 0; {
			n, err := readFull(h.file, buffer[:min(left, len(buffer))])
			out.write(buffer[:n])
			left -= n
			if err != nil || n == 0 {
				return err
			}
		}
	}
}

// readFull fills p. At the end of the file it returns what there was and no error.
func readFull(file *os.File, p []byte) (int, error) {
	total := 0
	for total < len(p) {
		n, err := unix.Read(int(file.Fd()), p[total:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return total, fmt.Errorf("read the held output: %w", err)
		}
		if n == 0 {
			break
		}
		total += n
	}
	return total, nil
}

// share gives a copy of the file, -1 where there is none.
func (h *hold) share() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file == nil {
		return -1
	}
	fd, err := unix.FcntlInt(h.file.Fd(), unix.F_DUPFD_CLOEXEC, firstHandedFD)
	if err != nil {
		return -1
	}
	return fd
}

func (h *hold) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closeLocked()
}

func (h *hold) closeLocked() {
	if h.file != nil {
		_ = h.file.Truncate(0) // so that a guardian does not show it
		_ = h.file.Close()
		h.file = nil
	}
}

// losses returns what the outlets have lost, once.
func (h *hold) losses() []Loss {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []Loss
	for _, stream := range []Stream{Stdout, Stderr} {
		if out := h.outlets[stream]; out != nil {
			list = append(list, out.losses()...)
			out.lost = 0
		}
	}
	return list
}
