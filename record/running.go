package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const runningFolder = "running"

// Mark says that a run is under way: .mvrun/running/<host>/<direction>/<item>/<run>.
// It is made before the heartbeat and removed after the run record, so that the
// next run of the item can close a run whose mvrun was killed.
type Mark struct {
	Run     string `json:"run"`
	Parent  string `json:"parent,omitempty"`
	Start   string `json:"ts"`
	Script  string `json:"script"`
	Startup string `json:"startup"`
	User    string `json:"user"`
	// MaxDuration is --max-duration in seconds; 0 for none.
	MaxDuration float64 `json:"max_duration,omitempty"`
	Process
}

// Process tells one process of a host from all others, also after its number
// was given to another, after a reboot, and between containers.
type Process struct {
	PID   int    `json:"pid"`
	Ticks uint64 `json:"ticks"` // its start, in clock ticks after boot: proc(5), stat, field 22
	Boot  string `json:"boot"`  // /proc/sys/kernel/random/boot_id
	Space string `json:"space"` // its PID namespace
}

// encode gives the mark's JSON form; encoding/json would cost every job more.
func (m Mark) encode() []byte {
	var e Encoder
	e.String("run", m.Run).Optional("parent", m.Parent).String("ts", m.Start).String("script", m.Script).
		String("startup", m.Startup).String("user", m.User).Int("pid", int64(m.PID)).Int("ticks", int64(m.Ticks)).
		String("boot", m.Boot).String("space", m.Space)
	if m.MaxDuration > 0 {
		e.Seconds("max_duration", time.Duration(m.MaxDuration*float64(time.Second)))
	}
	return e.Line()
}

// Self describes this process.
func Self() Process { return ProcessOf(os.Getpid()) }

// ProcessOf describes a process that is as this one is numbered: of its PID
// namespace.
func ProcessOf(pid int) Process {
	boot := ReadProc("/proc/sys/kernel/random/boot_id", make([]byte, ProcBytes))
	space, _ := os.Readlink("/proc/self/ns/pid")
	ticks, _, _ := startTicks(pid)
	return Process{PID: pid, Ticks: ticks, Boot: string(bytes.TrimSpace(boot)), Space: space}
}

// ProcBytes is room for what is of interest in a file of /proc.
const ProcBytes = 1 << 10

// ReadProc reads the beginning of a file of /proc into a buffer, and returns
// what it has read, or nothing. os.ReadFile would ask for the file's kind and
// size, make it known to the runtime's poller and read it twice, which every
// job would pay for.
func ReadProc(path string, buf []byte) []byte {
	fd, err := openRetry(unix.AT_FDCWD, path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, buf)
	if err != nil {
		return nil
	}
	return buf[:n]
}

// startTicks reads the start time of a process. One that has ended, and waits
// for its parent to ask, has none.
func startTicks(pid int) (ticks uint64, known, ended bool) {
	stat := ReadProc("/proc/"+strconv.Itoa(pid)+"/stat", make([]byte, ProcBytes))
	number := 2
	// The name, in parentheses, may contain blanks and parentheses.
	for field := range bytes.FieldsSeq(stat[bytes.LastIndexByte(stat, ')')+1:]) {
		switch number++; number {
		case 3:
			if state := string(field); state == "Z" || state == "X" {
				return 0, false, true
			}
		case 22:
			ticks, err := strconv.ParseUint(string(field), 10, 64)
			return ticks, err == nil, false
		}
	}
	return 0, false, false
}

// State says what has become of a process.
type State int

// The states. Unknown is a process of a PID namespace that cannot be seen from
// here; it is taken for alive.
const (
	StateUnknown State = iota
	StateAlive
	StateDead
	StateRebooted // dead, and the host was started anew since
)

// State looks for the process on this host; self is what Self returned.
func (p Process) State(self Process) State {
	switch {
	case self.Boot == "" || p.Boot == "":
		return StateUnknown // without /proc there is nothing to compare
	case p.Boot != self.Boot:
		return StateRebooted
	case p.Space != self.Space:
		return StateUnknown
	case p.PID <= 0 || unix.Kill(p.PID, 0) == unix.ESRCH:
		return StateDead
	}
	// Where /proc hides the processes of others (hidepid), there is no time to
	// compare, and it is taken for alive.
	ticks, known, ended := startTicks(p.PID)
	if ended || known && p.Ticks != 0 && ticks != p.Ticks {
		return StateDead
	}
	return StateAlive
}

func (s *Store) markFolder(item Item) []string { return markFolderOf(s.options.Host, item) }

func markFolderOf(host string, item Item) []string {
	return []string{metaFolder, runningFolder, host, item.Direction, item.Name}
}

// Marks gives the marks of an item's runs on a host, which may have ended: only
// there anybody can tell. The oldest comes first.
func (s *Store) Marks(item Item, host string) ([]Mark, error) {
	folder := markFolderOf(hostElem(host), item)
	entries, err := s.tree.List(folder...)
	if err != nil {
		return nil, err
	}
	var marks []Mark
	for _, entry := range entries {
		if entry.Name()[0] == '.' {
			continue
		}
		data, err := s.tree.ReadFile(append(folder, entry.Name())...)
		mark := Mark{}
		if err == nil && json.Unmarshal(data, &mark) == nil && mark.Run == entry.Name() {
			marks = append(marks, mark)
		}
	}
	slices.SortFunc(marks, func(a, b Mark) int { return strings.Compare(a.Run, b.Run) })
	return marks, nil
}

// markMode lets every user's run see that the item is running.
const markMode = 0o644

// MarkEntry is the entry by which a run on this host makes its mark. It has a
// form for the spool as well: a run that dies while the database is bypassed
// would never be closed otherwise.
func MarkEntry(host string, item Item, mark Mark) Entry {
	return Entry{
		Item: item, File: []string{runningFolder, hostElem(host), item.Direction, item.Name, mark.Run},
		Line: string(mark.encode()),
		Do:   func(s *Store) error { return s.MarkRunning(item, mark) },
	}
}

// idleMark is what the mark of a run that is recorded becomes, and the next
// mark is made of: making and removing a file for each run is dear on a file
// system that looks through what was removed lately, such as ext4.
const idleMark = ".idle"

// MarkRunning makes the mark of a run.
func (s *Store) MarkRunning(item Item, mark Mark) error {
	if err := item.Validate(); err != nil {
		return err
	}
	dir, err := s.tree.folder(true, s.markFolder(item)...)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err = checkElem(mark.Run); err == nil {
		err = writeMark(dir, mark, s.tree.Shared())
	}
	if err != nil {
		return pathError("mark", s.tree.Path(append(s.markFolder(item), mark.Run)...), err)
	}
	return nil
}

// writeMark takes the idle mark, if there is one that is ours, or a new file.
func writeMark(dir int, mark Mark, shared bool) error {
	data := mark.encode()
	if unix.Renameat(dir, idleMark, dir, mark.Run) == nil {
		if rewrite(dir, mark.Run, data) == nil {
			return nil
		}
		_ = unix.Unlinkat(dir, mark.Run, 0)
	}
	err := writeNew(dir, mark.Run, data, markMode, shared, false)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		_ = unix.Unlinkat(dir, mark.Run, 0) // of a full disk
	}
	return err
}

// rewrite replaces the content of a file that has no other name.
func rewrite(dir int, name string, data []byte) error {
	fd, err := openRegular(dir, name, unix.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Nlink != 1 || int(st.Uid) != unix.Getuid() {
		return fs.ErrPermission // somebody else has planted it
	}
	if err = writeFull(fd, data); err != nil || st.Size <= int64(len(data)) {
		return err
	}
	return unix.Ftruncate(fd, int64(len(data))) // dearer than the write, and seldom needed
}

// Unmark takes away the mark of a run that is recorded.
func (s *Store) Unmark(item Item, run string) error {
	if s.tree.Rename(s.markFolder(item), run, idleMark) == nil {
		return nil
	}
	return s.tree.Remove(append(s.markFolder(item), run)...) // the idle mark is another user's
}

// Running gives the marks of an item's runs on this host, with their states.
func (s *Store) Running(item Item, self Process) (map[State][]Mark, error) {
	return s.runningBeside(item, self, "")
}

// runningBeside leaves out the mark of one run.
func (s *Store) runningBeside(item Item, self Process, run string) (map[State][]Mark, error) {
	entries, err := s.tree.List(s.markFolder(item)...)
	if err != nil {
		return nil, err
	}
	marks := map[State][]Mark{}
	for _, entry := range entries {
		if entry.Name() == run {
			continue
		}
		mark, err := s.readMark(item, entry.Name())
		if err != nil {
			continue
		}
		state := mark.State(self)
		marks[state] = append(marks[state], mark)
	}
	return marks, nil
}

// readMark reads a mark. One that a crash left without its content is known by
// its name alone, and dead once a minute has passed.
func (s *Store) readMark(item Item, name string) (Mark, error) {
	if name[0] == '.' {
		return Mark{}, fs.ErrInvalid
	}
	data, err := s.tree.ReadFile(append(s.markFolder(item), name)...)
	if err != nil {
		return Mark{}, err
	}
	mark := Mark{}
	if json.Unmarshal(data, &mark) == nil && mark.Run == name {
		return mark, nil
	}
	fd, err := s.tree.open(unix.O_RDONLY, 0, append(s.markFolder(item), name)...)
	if err != nil {
		return Mark{}, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err != nil {
		return Mark{}, err
	}
	written := time.Unix(st.Ctim.Unix()) // of the rename that made the file a mark
	if s.options.Now().Sub(written) < time.Minute {
		return Mark{}, errors.New("is being written")
	}
	return Mark{Run: name, Start: written.Format(StampLayout), Process: Process{Boot: "lost"}}, nil
}
