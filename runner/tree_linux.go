package runner

import (
	"bytes"
	"os"
	"slices"
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

// tree lists the living descendants of this process that belong to the command. The caller holds s.mu.
func (s *Supervisor) tree() []process {
	return slices.DeleteFunc(s.descendants(), process.dead)
}

// descendants lists what descends from this process and belongs to the command: whatever group or session it is in,
// orphans included, helpers and drainers not. The caller holds s.mu.
//
// /proc is no snapshot, and a process that forks and ends may be missed, with its child. But nothing is reaped while
// s.mu is held, so that what descends from this process has a child of this process above it, living or dead, for as
// long as the look takes: no more is there where not even a dead one is found.
func (s *Supervisor) descendants() []process {
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
		found = append(found, p)
		queue = append(queue, byParent[p.pid]...)
	}
	if len(found) == 0 && s.job != nil && s.job.child.running() { // no /proc: what is known without it
		found = append(found, process{pid: s.job.child.pid, parent: os.Getpid(), name: s.job.name})
	}
	return found
}

func (s *Supervisor) lockedDescendants() []process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.descendants()
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
	return s.killCommand()
}

// treeEnds waits until the tree is empty, at most for the patience. The last of a tree is always a child of this
// process, so it is enough to look when one has been reaped.
func (s *Supervisor) treeEnds(patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		reaped := s.nextReaped()
		if len(s.lockedDescendants()) == 0 {
			return true
		}
		select {
		case <-reaped:
		case <-timer.C:
			return false
		}
	}
}

// killCommand sends KILL to the command's tree. Whoever forks and ends, again and again, is ahead of every look at all
// processes; but his child becomes one of this process, and those are looked at as soon as one has been reaped.
func (s *Supervisor) killCommand() []process {
	return s.killTree(s.lockedDescendants, s.killChildren)
}

// killTree sends KILL to what list returns until that is nothing, since a process may fork between the look and the
// signal. In between it calls more whenever a child has been reaped, for as long as that finds something.
func (s *Supervisor) killTree(list func() []process, more func() bool) []process {
	deadline := time.Now().Add(killPatience)
	for {
		reaped := s.nextReaped()
		left := list()
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return survivors(left)
		}
		signalAll(left, unix.SIGKILL)
		next := time.After(killInterval)
		for waiting := true; waiting; {
			select {
			case <-reaped:
				reaped = s.nextReaped()
				waiting = more()
			case <-next:
				waiting = false
			}
		}
	}
}

// survivors are those that live; where there are only dead ones, they stand for what they have started.
func survivors(left []process) []process {
	if living := slices.DeleteFunc(slices.Clone(left), process.dead); len(living) > 0 {
		return living
	}
	return left
}

// killChildren sends KILL to those children of this process that are the command's, as far as they are its main
// thread's, which orphans become, and tells whether there were any. Without CONFIG_PROC_CHILDREN in the kernel it finds
// none.
func (s *Supervisor) killChildren() (found bool) {
	self := strconv.Itoa(os.Getpid())
	s.mu.Lock()
	defer s.mu.Unlock()
	children, _ := os.ReadFile("/proc/" + self + "/task/" + self + "/children")
	for field := range bytes.FieldsSeq(children) {
		pid, _ := strconv.Atoi(string(field))
		if p, ok := readProcess(pid); ok && !s.foreign[pid] && !s.sessions[p.session] {
			_ = unix.Kill(pid, unix.SIGKILL)
			found = true
		}
	}
	return found
}
