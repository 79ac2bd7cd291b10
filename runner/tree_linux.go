package runner

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// process is one line of /proc/PID/stat, as far as it matters here (proc(5)).
type process struct {
	pid, parent, group, session int
	state                       byte
	name                        string
}

func (p process) String() string { return strconv.Itoa(p.pid) + " " + p.name }

// processes lists what /proc shows; nothing where it is not mounted or belongs to another pid namespace.
func processes() []process {
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
		return nil
	}
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var list []process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, ok := readProcess(pid); ok {
			list = append(list, p)
		}
	}
	return list
}

// readProcess reports false for a process that is gone, or hidden by the mount option hidepid.
func readProcess(pid int) (process, bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, false
	}
	return parseStat(pid, stat)
}

// parseStat reads "PID (NAME) STATE PARENT GROUP SESSION …"; the name may hold blanks and brackets.
func parseStat(pid int, stat []byte) (process, bool) {
	left, right := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if left < 0 || right < left {
		return process{}, false
	}
	fields := bytes.Fields(stat[right+1:])
	if len(fields) < 4 {
		return process{}, false
	}
	p := process{pid: pid, state: fields[0][0], name: string(stat[left+1 : right])}
	for i, target := range []*int{&p.parent, &p.group, &p.session} {
		number, err := strconv.Atoi(string(fields[i+1]))
		if err != nil {
			return process{}, false
		}
		*target = number
	}
	return p, true
}

func (p process) dead() bool { return p.state == 'Z' || p.state == 'X' || p.state == 'x' }

// tree lists the living descendants of this process that belong to the command: whatever group or session they are
// in, orphans included, helpers and drainers not. The caller holds s.mu.
func (s *Supervisor) tree() []process {
	byParent := map[int][]process{}
	for _, p := range processes() {
		byParent[p.parent] = append(byParent[p.parent], p)
	}
	var found []process
	queue := byParent[os.Getpid()]
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		if s.foreign[p.pid] || s.sessions[p.session] {
			continue
		}
		if !p.dead() {
			found = append(found, p)
		}
		queue = append(queue, byParent[p.pid]...)
	}
	if len(found) == 0 && s.job != nil && s.job.child.running() { // no /proc: what is known without it
		found = append(found, process{pid: s.job.child.pid, parent: os.Getpid(), name: s.job.name})
	}
	return found
}

func (s *Supervisor) lockedTree() []process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tree()
}

func signalAll(list []process, sig unix.Signal) {
	for _, p := range list {
		_ = unix.Kill(p.pid, sig)
	}
}

const (
	killPatience = 2 * time.Second       // after KILL, for processes that hang in the kernel
	killInterval = 10 * time.Millisecond // between looks at what KILL has left
)

// endTree sends TERM to the command's whole tree and, after killAfter, KILL until nothing is left. It returns what
// cannot be killed: processes of other users, or stuck in the kernel.
func (s *Supervisor) endTree(killAfter time.Duration) []process {
	s.mu.Lock()
	list := s.tree()
	signalAll(list, unix.SIGTERM)
	signalAll(list, unix.SIGCONT) // what is stopped dies only when it goes on
	s.mu.Unlock()
	if s.treeEnds(killAfter) {
		return nil
	}
	return s.killTree(s.lockedTree)
}

// treeEnds waits until the tree is empty, at most for the patience. The last of a tree is always a child of this
// process, so it is enough to look when one has been reaped.
func (s *Supervisor) treeEnds(patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		reaped := s.nextReaped()
		if len(s.lockedTree()) == 0 {
			return true
		}
		select {
		case <-reaped:
		case <-timer.C:
			return false
		}
	}
}

// killTree sends KILL to what list returns until that is nothing, since a process may fork between the look and the
// signal.
func (s *Supervisor) killTree(list func() []process) []process {
	deadline := time.Now().Add(killPatience)
	for {
		reaped := s.nextReaped()
		left := list()
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		signalAll(left, unix.SIGKILL)
		select {
		case <-reaped:
		case <-time.After(killInterval):
		}
	}
}
