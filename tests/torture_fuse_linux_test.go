package tests

import (
	"bytes"
	wire "encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// hangingFolder is a file system that shows the folder behind it until it is
// told to stop answering, as a file server does that has gone away. Whoever asks
// it for anything then hangs, until it answers again or the test is over.
//
// It speaks the kernel's FUSE protocol, version 7.31, as <linux/fuse.h> gives it.
type hangingFolder struct {
	path   string // where it is mounted
	behind string // what it shows
	device int

	gate    sync.Mutex // held while it does not answer
	shut    bool       // by who calls stop and answer
	over    atomic.Bool
	nodes   map[uint64]int
	numbers map[uint64]uint64 // node by inode number
	ended   chan struct{}
}

// newHangingFolder mounts one that answers.
func newHangingFolder(t testing.TB, folder string) *hangingFolder {
	t.Helper()
	needRoot(t)
	device, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		lacks(t, "/dev/fuse: "+err.Error())
	}
	h := &hangingFolder{
		path: filepath.Join(folder, "server"), behind: filepath.Join(folder, "behind"), device: device,
		nodes: map[uint64]int{}, numbers: map[uint64]uint64{}, ended: make(chan struct{}),
	}
	for _, path := range []string{h.path, h.behind} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	root, err := unix.Open(h.behind, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	h.nodes[1] = root
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device)
	if err := unix.Mount("mvrun-test", h.path, "fuse", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		unix.Close(device)
		lacks(t, "the right to mount a FUSE file system: "+err.Error())
	}
	go h.serve()
	t.Cleanup(h.end)
	h.settle(t)
	return h
}

// settle lets the kernel find out that this file system takes no requests to poll
// and none at the close of a file. A process that waits for the one could hold up
// the whole of this one, whose poller would wait for itself, and no process could
// be killed that waits for the other.
func (h *hangingFolder) settle(t testing.TB) {
	t.Helper()
	fd, err := unix.Open(filepath.Join(h.path, "settled"), unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	unix.Close(fd)
}

// stop lets everybody hang who asks from now on; answer goes on.
func (h *hangingFolder) stop() {
	h.gate.Lock()
	h.shut = true
}

func (h *hangingFolder) answer() {
	h.shut = false
	h.gate.Unlock()
}

// end unmounts it; who still hangs gets an error.
func (h *hangingFolder) end() {
	_ = unix.Unmount(h.path, unix.MNT_DETACH)
	h.over.Store(true)
	if h.shut {
		h.answer()
	}
	<-h.ended
	unix.Close(h.device)
	for _, fd := range h.nodes {
		unix.Close(fd)
	}
}

// Requests that the server knows, and flags of theirs.
const (
	fuseLookup, fuseForget, fuseGetattr, fuseSetattr     = 1, 2, 3, 4
	fuseMkdir, fuseUnlink, fuseRmdir, fuseRename         = 9, 10, 11, 12
	fuseOpen, fuseRead, fuseWrite, fuseStatfs            = 14, 15, 16, 17
	fuseRelease, fuseFsync, fuseFlush, fuseInit          = 18, 20, 25, 26
	fuseOpendir, fuseReaddir, fuseReleasedir, fuseAccess = 27, 28, 29, 34
	fuseCreate, fuseInterrupt, fuseBatchForget, fuseLink = 35, 36, 42, 13
	fuseFsyncdir, fuseRename2                            = 30, 45
	fuseSetMode, fuseSetUID, fuseSetGID, fuseSetSize     = 1, 2, 4, 8
	fuseHeader, fuseAnswerHeader, fuseRequest            = 40, 16, 1 << 20
)

// serve answers one request after the other. One that was taken must be
// answered, since its process cannot be killed before; so none is taken while
// the gate is shut.
func (h *hangingFolder) serve() {
	defer close(h.ended)
	buffer := make([]byte, fuseRequest)
	for !h.over.Load() {
		h.gate.Lock()
		n, err := unix.Read(h.device, buffer)
		if err == nil {
			h.handle(buffer[:n])
		}
		h.gate.Unlock()
		switch err {
		case nil, unix.EINTR, unix.ENOENT: // interrupted before it was read
		case unix.EAGAIN:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(h.device), Events: unix.POLLIN}}, 50)
		default:
			return
		}
	}
}

func (h *hangingFolder) handle(request []byte) {
	order := wire.NativeEndian
	operation, unique := order.Uint32(request[4:]), order.Uint64(request[8:])
	if operation == fuseForget || operation == fuseBatchForget || operation == fuseInterrupt {
		return // want no answer
	}
	var answer []byte
	err := unix.ENOSYS
	if operation == fuseInit {
		answer, err = fuseGreeting(), 0
	} else if node, ok := h.nodes[order.Uint64(request[16:])]; ok {
		answer, err = h.do(operation, node, request[fuseHeader:])
	}
	reply := make([]byte, fuseAnswerHeader, fuseAnswerHeader+len(answer))
	if err == 0 {
		reply = append(reply, answer...)
	}
	order.PutUint32(reply, uint32(len(reply)))
	order.PutUint32(reply[4:], uint32(-int32(err)))
	order.PutUint64(reply[8:], unique)
	_, _ = unix.Write(h.device, reply)
}

// fuseGreeting is struct fuse_init_out: no lock requests, so that the kernel
// keeps locks itself, and writes of up to 128 KiB.
func fuseGreeting() []byte {
	return packed(uint32(7), uint32(31), uint32(128<<10), uint32(0), uint16(16), uint16(12), uint32(128<<10), uint32(1),
		make([]byte, 32))
}

// do carries a request out on the folder behind.
func (h *hangingFolder) do(operation uint32, node int, body []byte) ([]byte, unix.Errno) {
	order := wire.NativeEndian
	switch operation {
	case fuseLookup:
		return h.entry(node, fuseName(body))
	case fuseGetattr:
		return fuseAttributes(node)
	case fuseSetattr:
		return fuseChange(node, body)
	case fuseMkdir:
		name := fuseName(body[8:])
		if err := unix.Mkdirat(node, name, order.Uint32(body)); err != nil {
			return nil, fuseErrno(err)
		}
		return h.entry(node, name)
	case fuseUnlink:
		return nil, fuseErrno(unix.Unlinkat(node, fuseName(body), 0))
	case fuseRmdir:
		return nil, fuseErrno(unix.Unlinkat(node, fuseName(body), unix.AT_REMOVEDIR))
	case fuseLink:
		from := openPath(h.nodes[order.Uint64(body)])
		if err := unix.Linkat(unix.AT_FDCWD, from, node, fuseName(body[8:]), unix.AT_SYMLINK_FOLLOW); err != nil {
			return nil, fuseErrno(err)
		}
		return h.entry(node, fuseName(body[8:]))
	case fuseRename:
		return h.rename(node, body, body[8:], 0)
	case fuseRename2:
		return h.rename(node, body, body[16:], order.Uint32(body[8:]))
	case fuseCreate:
		name, flags := fuseName(body[16:]), int(order.Uint32(body))
		fd, err := unix.Openat(node, name, flags&^unix.O_APPEND|unix.O_CREAT|unix.O_CLOEXEC, order.Uint32(body[4:]))
		if err != nil {
			return nil, fuseErrno(err)
		}
		entry, failed := h.entry(node, name)
		return append(entry, packed(uint64(fd), uint64(0))...), failed
	case fuseOpen, fuseOpendir:
		flags := int(order.Uint32(body)) &^ (unix.O_APPEND | unix.O_NOFOLLOW | unix.O_CREAT | unix.O_EXCL)
		fd, err := unix.Open(openPath(node), flags|unix.O_CLOEXEC, 0)
		return packed(uint64(fd), uint64(0)), fuseErrno(err)
	case fuseRelease, fuseReleasedir:
		return nil, fuseErrno(unix.Close(int(order.Uint64(body))))
	case fuseRead:
		data := make([]byte, order.Uint32(body[16:]))
		n, err := unix.Pread(int(order.Uint64(body)), data, int64(order.Uint64(body[8:])))
		return data[:max(n, 0)], fuseErrno(err)
	case fuseWrite:
		data := body[40:][:order.Uint32(body[16:])]
		n, err := unix.Pwrite(int(order.Uint64(body)), data, int64(order.Uint64(body[8:])))
		return packed(uint32(max(n, 0)), uint32(0)), fuseErrno(err)
	case fuseReaddir:
		return fuseDirents(int(order.Uint64(body)), int64(order.Uint64(body[8:])), int(order.Uint32(body[16:])))
	case fuseFsync, fuseFsyncdir, fuseAccess:
		return nil, 0
	case fuseStatfs:
		blocks := uint64(1 << 20)
		return packed(blocks, blocks, blocks, blocks, blocks, uint32(4096), uint32(255), uint32(4096), make([]byte, 28)), 0
	}
	return nil, unix.ENOSYS // of which a flush is the one that comes
}

// entry is struct fuse_entry_out, by which the kernel gets to know a file.
func (h *hangingFolder) entry(folder int, name string) ([]byte, unix.Errno) {
	fd, err := unix.Openat(folder, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fuseErrno(err)
	}
	attr, st, failed := fuseStat(fd)
	if failed != 0 {
		unix.Close(fd)
		return nil, failed
	}
	// The open descriptor keeps the number from being given to another file.
	number, known := h.numbers[st.Ino]
	if known {
		unix.Close(fd)
	} else {
		number = uint64(len(h.numbers) + 2)
		h.numbers[st.Ino], h.nodes[number] = number, fd
	}
	// Nothing may be kept in the kernel's caches: each look asks the server.
	return append(packed(number, uint64(0), uint64(0), uint64(0), uint64(0)), attr...), 0
}

func (h *hangingFolder) rename(node int, body, names []byte, flags uint32) ([]byte, unix.Errno) {
	target, ok := h.nodes[wire.NativeEndian.Uint64(body)]
	if !ok {
		return nil, unix.ENOENT
	}
	from := fuseName(names)
	return nil, fuseErrno(unix.Renameat2(node, from, target, fuseName(names[len(from)+1:]), uint(flags)))
}

func fuseAttributes(node int) ([]byte, unix.Errno) {
	attr, _, err := fuseStat(node)
	return append(make([]byte, 16), attr...), err
}

// fuseChange sets the mode or size that struct fuse_setattr_in asks for.
func fuseChange(node int, body []byte) ([]byte, unix.Errno) {
	order := wire.NativeEndian
	valid := order.Uint32(body)
	var err error
	if valid&fuseSetSize != 0 {
		err = unix.Truncate(openPath(node), int64(order.Uint64(body[16:])))
	}
	if err == nil && valid&fuseSetMode != 0 {
		err = unix.Chmod(openPath(node), order.Uint32(body[68:])&0o7777)
	}
	if err != nil {
		return nil, fuseErrno(err)
	}
	return fuseAttributes(node)
}

// fuseStat gives struct fuse_attr of an open file.
func fuseStat(fd int) ([]byte, unix.Stat_t, unix.Errno) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, st, fuseErrno(err)
	}
	return packed(st.Ino, uint64(st.Size), uint64(st.Blocks), uint64(st.Atim.Sec), uint64(st.Mtim.Sec), uint64(st.Ctim.Sec),
		uint32(st.Atim.Nsec), uint32(st.Mtim.Nsec), uint32(st.Ctim.Nsec), st.Mode, uint32(st.Nlink), st.Uid, st.Gid,
		uint32(st.Rdev), uint32(4096), uint32(0)), st, 0
}

// fuseDirents gives struct fuse_dirent of the entries from an offset on.
func fuseDirents(fd int, offset int64, size int) ([]byte, unix.Errno) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return nil, unix.EIO
	}
	var out []byte
	for i, entry := range entries {
		record := packed(uint64(i+1), uint64(i+1), uint32(len(entry.Name())), uint32(0), []byte(entry.Name()))
		record = append(record, make([]byte, -len(record)&7)...)
		if int64(i) >= offset && len(out)+len(record) <= size {
			out = append(out, record...)
		} else if int64(i) >= offset {
			break
		}
	}
	return out, 0
}

func openPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

func fuseName(body []byte) string { return string(body[:bytes.IndexByte(body, 0)]) }

func fuseErrno(err error) unix.Errno {
	if err == nil {
		return 0
	}
	if number, ok := err.(unix.Errno); ok {
		return number
	}
	return unix.EIO
}

// packed puts values of fixed sizes behind one another, as a struct of C has them.
func packed(values ...any) []byte {
	var buf bytes.Buffer
	for _, value := range values {
		_ = wire.Write(&buf, wire.NativeEndian, value)
	}
	return buf.Bytes()
}

// A file system that hangs is no better than its stand-in.
func TestTortureStandIn(t *testing.T) {
	h := newHangingFolder(t, t.TempDir())
	file := filepath.Join(h.path, "a", "b")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, "one\n", 0o600)
	if err := os.Rename(file, file+"2"); err != nil {
		t.Fatal(err)
	}
	log, err := os.OpenFile(file+"2", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(log, "two")
	log.Close()
	if got := readFile(t, filepath.Join(h.behind, "a", "b2")); got != "one\ntwo\n" {
		t.Fatalf("behind it is %q", got)
	}
	if entries, err := os.ReadDir(filepath.Join(h.path, "a")); err != nil || len(entries) != 1 || entries[0].Name() != "b2" {
		t.Fatalf("it lists %v, %v", entries, err)
	}
	h.stop()
	cat := exec.Command("cat", file+"2")
	var said bytes.Buffer
	cat.Stdout = &said
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cat.Wait() }()
	select {
	case <-ended:
		t.Fatalf("a stopped server gave %q", said.String())
	case <-time.After(200 * time.Millisecond):
	}
	h.answer()
	if err := <-ended; err != nil || said.String() != "one\ntwo\n" {
		t.Fatalf("cat gave %q, %v", said.String(), err)
	}
	h.stop()
}
