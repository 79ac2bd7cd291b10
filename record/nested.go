package record

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"sync"

	"golang.org/x/sys/unix"
)

const nestedFolder = "nested"

// Nested keeps a line from being recorded twice where one run stands within
// another and both see the same output. The inner run registers each line that
// opens a record before it passes the line on; the outer one, which sees the
// line after that, asks. What is registered lies in the spool folder, under the
// outer run's id, so that a hanging database cannot hold the output back.
//
// A Nested may be used concurrently; its methods never fail: at the worst a line
// is recorded by both.
type Nested struct {
	folders []string
	parent  string // the run around this one, "" for none
	run     string

	mu    sync.Mutex
	in    registry // what this run tells its parent
	held  []uint64 // of that, the lines that may never be passed on, see Hold
	holds bool
	seen  registry // what runs within this one have told
	known bool     // all that was told before the last NewOutput has been read
}

// registry is a file of lines, eight bytes each: their sums.
type registry struct {
	fd     int
	failed bool           // it cannot be written to
	read   int64          // bytes read so far
	lines  map[uint64]int // registered and not seen so far, by lineSum
}

// NewNested is for a run and, where there is one, the run around it.
func NewNested(spoolFolders []string, run, parent string) *Nested {
	return &Nested{folders: spoolFolders, run: run, parent: parent, in: registry{fd: -1}, seen: registry{fd: -1}}
}

// NewOutput says that more output has come. What runs within this one have
// registered is looked for once for each piece of output that has a line of
// interest: it was registered before the piece was passed on.
func (n *Nested) NewOutput() {
	n.mu.Lock()
	n.known = false
	n.mu.Unlock()
}

// HasParent reports whether lines have to be registered before they go out.
func (n *Nested) HasParent() bool { return n.parent != "" }

// Header is asked for each line that would open a record and is passed on, and
// reports whether this run should record it.
func (n *Nested) Header(line []byte) bool {
	sum := lineSum(line)
	n.mu.Lock()
	defer n.mu.Unlock()
	mine := !n.take(sum)
	switch {
	case n.parent == "":
	case n.holds && len(n.held) < maxAwaited:
		n.held = append(n.held, sum)
	default:
		n.register(sum)
	}
	return mine
}

// HeaderUnseen is Header for a line that the run around this one cannot see: output
// that goes to a file.
func (n *Nested) HeaderUnseen(line []byte) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.take(lineSum(line))
}

// Hold keeps the lines to itself until Release, which comes before they are passed on.
// Where they never are, an equal line of the outer job is its own.
func (n *Nested) Hold() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.holds = true
}

// Release registers what was held.
func (n *Nested) Release() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.holds = false
	for _, sum := range n.held {
		n.register(sum)
	}
	n.held = nil
}

// failureToken stands in a registry for a failed run that was told of. No line
// is equal to it.
const failureToken = "\nfailure"

// TellFailure tells the run around this one that this run's failure is known.
func (n *Nested) TellFailure() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.parent != "" {
		n.register(lineSum([]byte(failureToken)))
	}
}

// FailureTold reports whether a run within this one failed and told of it.
func (n *Nested) FailureTold() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known = false
	return n.take(lineSum([]byte(failureToken)))
}

// Tell tells the run around this one of something that is no line of output, such
// as a record that was made by `mvrun log`.
func (n *Nested) Tell(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.parent != "" {
		n.register(lineSum([]byte("\ntold " + what)))
	}
}

// Told is how often this run was told of it since the last time it was asked, as
// far as that was before the last NewOutput.
func (n *Nested) Told(what string) (times int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for sum := lineSum([]byte("\ntold " + what)); n.take(sum); {
		times++
	}
	return times
}

// lineSum must be the same in both processes.
func lineSum(line []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(bytes.TrimSuffix(line, []byte{'\r'})) // never fails
	return h.Sum64()
}

func (n *Nested) register(sum uint64) {
	if n.in.fd < 0 && !n.in.failed {
		n.in.fd = n.openRegistry(n.parent, unix.O_WRONLY|unix.O_APPEND|unix.O_CREAT)
		n.in.failed = n.in.fd < 0
	}
	if n.in.fd >= 0 {
		_, _ = unix.Write(n.in.fd, binary.BigEndian.AppendUint64(nil, sum))
	}
}

// maxAwaited bounds the lines that were told of and not seen so far. When there
// are more, the inner run's output does not come this way.
const maxAwaited = 64 << 10

// take reports whether an inner run has registered the line, and crosses it
// off: the same line printed again by the outer job itself is its own.
func (n *Nested) take(sum uint64) bool {
	r := &n.seen
	if !n.known {
		n.known = true
		n.lookUp()
	}
	switch r.lines[sum] {
	case 0:
		return false
	case 1:
		delete(r.lines, sum)
	default:
		r.lines[sum]--
	}
	return true
}

// lookUp opens the registry, once there is one, and reads what is new in it.
func (n *Nested) lookUp() {
	r := &n.seen
	if r.fd < 0 {
		if r.fd = n.openRegistry(n.run, unix.O_RDONLY); r.fd < 0 {
			return
		}
		r.lines = map[uint64]int{}
	}
	r.catchUp()
}

// catchUp reads what was registered since the last time.
func (r *registry) catchUp() {
	var buf [8 * 512]byte
	for {
		count, err := unix.Pread(r.fd, buf[:], r.read)
		count -= count % 8
		if err != nil || count <= 0 {
			return
		}
		r.read += int64(count)
		if len(r.lines) > maxAwaited {
			clear(r.lines)
		}
		for i := 0; i < count; i += 8 {
			r.lines[binary.BigEndian.Uint64(buf[i:])]++
		}
	}
}

func (n *Nested) openRegistry(run string, flags int) int {
	if CheckName(run) != nil {
		return -1
	}
	for _, folder := range n.folders {
		tree, err := openSpoolFolder(folder, flags&unix.O_CREAT != 0)
		if err != nil {
			continue
		}
		fd, err := tree.open(flags, 0o600, nestedFolder, run)
		tree.Close()
		if err == nil {
			return fd
		}
	}
	return -1
}

// Close ends the run: nothing within it can tell it anything more.
func (n *Nested) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range []*registry{&n.in, &n.seen} {
		if r.fd >= 0 {
			unix.Close(r.fd)
			r.fd = -1
		}
	}
	n.in.failed = true
	if CheckName(n.run) != nil {
		return
	}
	for _, folder := range n.folders {
		if tree, err := openSpoolFolder(folder, false); err == nil {
			_ = tree.Remove(nestedFolder, n.run)
			tree.Close()
		}
	}
}
