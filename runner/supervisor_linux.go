package runner

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Supervisor owns what a process has only once: the signals it receives, the reaping of its children, and its
// terminal. Its methods may be called by several goroutines, Run by one at a time.
type Supervisor struct {
	inherited startState
	catcher   *catcher
	stopped   chan struct{} // closed at the first HUP, INT, QUIT or TERM
	terminal  *terminal     // nil until the first command

	mu       sync.Mutex // held over every fork, so that no child is reaped before it is known
	children map[int]*child
	reaped   chan struct{} // closed and replaced whenever a child has ended
	reaping  bool
	sessions map[int]bool // of helper commands and drainers, gone ones included
	foreign  map[int]bool // children that this process had before it became mvrun
	adopted  Usage        // of orphans of the command; see takeAdopted
	shared   bool         // the last command was in the process group of mvrun
	job      *job
	pending  []caught    // received while no command ran
	stop     unix.Signal // the first one to stop mvrun
	terms    int
}

// NewSupervisor begins to listen for signals and makes orphaned descendants children of this process. It is the first
// thing a process does: a signal that comes earlier ends it.
func NewSupervisor() *Supervisor {
	s := &Supervisor{
		inherited: inheritedState().keepingStatuses(),
		stopped:   make(chan struct{}),
		reaped:    make(chan struct{}),
		children:  map[int]*child{},
		sessions:  map[int]bool{},
	}
	s.listen()
	// Since kernel 3.4; without it, orphans go to init and a timeout cannot find them.
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	s.rememberForeign()
	return s
}

// Close stops listening; nothing is started afterwards. Signals have their default effect again, and children are reaped
// for as long as there are any.
func (s *Supervisor) Close() {
	s.catcher.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.terminal != nil {
		s.terminal.close()
		s.terminal = nil
	}
}

// Stopped is closed when mvrun is told to end by HUP, INT, QUIT or TERM, whether a command runs or not. Whatever waits
// before a command is started, or between two attempts, waits for this as well.
func (s *Supervisor) Stopped() <-chan struct{} {
	s.catcher.begin()
	return s.stopped
}

// StopSignal is the signal that closed Stopped, or 0.
func (s *Supervisor) StopSignal() syscall.Signal {
	s.catcher.catchUp()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop
}

// rememberForeign notes children that are there already, as after `sleep 100 & exec mvrun job`: they are no part of
// the command's tree.
func (s *Supervisor) rememberForeign() {
	if childless() { // as nearly always
		return
	}
	s.foreign = map[int]bool{}
	for _, p := range processes() {
		if p.parent == os.Getpid() {
			s.foreign[p.pid] = true
		}
	}
}
