package runner

import (
	"os/signal"
	"syscall"
)

const signalCount = 65 // signals are numbered from 1 to 64

// startState is what the command has to inherit and the Go runtime hides.
type startState struct {
	closed  [3]bool           // descriptors 0 to 2
	ignored [signalCount]bool // by signal number
	mask    uint64            // of blocked signals, bit 0 is signal 1; 0 where it is not known

	// childIgnored stands for ignored[SIGCHLD] in mvrun, which must not ignore it; see become_linux.go.
	childIgnored bool
}

// keepingStatuses is the state of a process that waits for children.
func (state startState) keepingStatuses() startState {
	state.childIgnored = state.ignored[syscall.SIGCHLD]
	state.ignored[syscall.SIGCHLD] = false
	return state
}

// visibleState is what can be found out without the assembly of inherited_linux.go: the runtime leaves HUP and INT
// alone where they are ignored, and closed descriptors cannot be told from an opened /dev/null.
func visibleState() startState {
	var state startState
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT} {
		state.ignored[sig] = signal.Ignored(sig)
	}
	return state
}
