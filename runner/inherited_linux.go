//go:build linux && !cgo && (amd64 || arm64)

package runner

import _ "unsafe" // for go:linkname

// The Go runtime changes three things before any Go code runs, and a command would inherit the changes: it installs
// handlers over ignored signals (all but HUP and INT), so that `trap '' TERM; mvrun job` would give the job a TERM
// that kills; it unblocks blocked signals that end a process; and it opens /dev/null as descriptors 0 to 2 where they
// are closed.
//
// The one point before that is the hook through which a program with cgo sets itself up: rt0_go (runtime/asm_amd64.s,
// asm_arm64.s) calls the function in _cgo_init if there is one, on the thread's first stack, before the runtime has
// touched anything. A program without cgo has none, and the runtime declares the variable open for go:linkname
// (runtime/cgo.go), since runtime/cgo itself and its replacements in other modules fill it in that way. recordStart in
// the assembly files beside this one looks at the descriptors and the signals and returns. On amd64 rt0_go then leaves
// out the set-up of thread-local storage, which cgo would have done, so recordStart does it. Nothing else in the
// runtime asks for _cgo_init; whether cgo is there is runtime.iscgo, which stays false.
//
// If a later runtime stops calling the hook, startRecorded stays 0 and inheritedState falls back to what signal.Ignored
// knows; a test fails then.

//go:linkname runner_record_start runner_record_start
var runner_record_start byte

//go:linkname _cgo_init _cgo_init
var _cgo_init = &runner_record_start

// Written by the assembly, before there is a heap or a garbage collector.
var (
	startFDFlags  [3]int64    // F_GETFD of 0 to 2, a negative errno where closed
	startHandlers [65]uintptr // sa_handler by signal number
	startMask     uint64      // of blocked signals; bit 0 is signal 1
	startRecorded uintptr
)

// inheritedState tells what this process was started with.
func inheritedState() startState {
	if startRecorded == 0 {
		return visibleState()
	}
	state := startState{mask: startMask}
	for fd, flags := range startFDFlags {
		state.closed[fd] = flags < 0
	}
	for number, handler := range startHandlers {
		state.ignored[number] = handler == ignoreHandler
	}
	return state
}
