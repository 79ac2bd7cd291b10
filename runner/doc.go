// Package runner runs a command the way a shell would have run it in mvrun's place, and watches it.
//
// It owns the process: the search in PATH and the fork, the pipes behind stdout and stderr and the pumps that pass
// them on, the signals that mvrun receives on the command's behalf, the terminal's job control, the timeout, the
// whole tree of descendants, and the status with its cause. What the output means is none of its business: a Sink
// gets a copy of it after it was passed on.
//
// The law of the package is that the command cannot tell that it is wrapped: argv, environment, working directory,
// limits, umask, open and closed descriptors, ignored and blocked signals, terminal and stdin are those that mvrun
// was started with. See start_linux.go and inherited_linux.go for what the Go runtime has to be prevented from changing.
//
// Nor does the command notice when the wrapper is killed: see guardian_linux.go.
//
// A process has one Supervisor. It reaps every child of the process, so nothing else in a process that runs a command
// may use os/exec; Supervisor.Exec is there instead.
package runner
