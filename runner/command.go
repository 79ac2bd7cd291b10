package runner

import "time"

// Sink takes a copy of what a command wrote, after it was passed on. One goroutine at a time uses it. A sink must be
// quick: while it works the output stands still. A sink that panics is not called again, and the command goes on.
type Sink interface {
	// Write must not keep p. Its results are not looked at: no failure of a record is a failure of the output.
	Write(p []byte) (int, error)
	// Deadline is the time at which Tick wants to be called although nothing comes; zero for never. It is asked
	// after each Write and Tick.
	Deadline() time.Time
	// Tick tells the sink that its deadline has passed.
	Tick(now time.Time)
}

// Command says what to run and how.
type Command struct {
	Args []string // Args[0] is looked up as a shell does and handed over as it is
	Env  []string // "k=v"; nil is the environment of this process

	// Stdout and Stderr get what the command writes there. A stream without a sink is inherited as it is, unless
	// Hold is set. Where both are the same open file and one of them has to be read, both go through one pipe and
	// one sink, Stdout's if there is one.
	Stdout, Stderr Sink

	PTY  bool // a pseudo terminal instead of the pipe, so that the command writes line by line; bytes stay equal
	Hold bool // keep the output in an unlinked temporary file until Result.Replay

	// Before, if set, is the result of the attempt before this one, whose Usage is added to. With Hold, the output is
	// added to what that holds, and Replay writes both: of several attempts only one file is there.
	Before *Result

	Timeout   time.Duration // TERM to the whole tree after this; 0 for never
	KillAfter time.Duration // KILL to what is left of it this much later

	// SinkFirst shows each piece to the sinks before it is passed on. A run within another run needs this: what it
	// records, the outer one must not find before it knows. It costs the output the sinks' time.
	SinkFirst bool

	// Guardian, if set, is called with the command's process id when it has run for a while. With what it gives,
	// args[0] included, this program is started again in a session of its own, to stand by and to go on with the
	// output should this process be killed. The new process calls AwaitMvrunsEnd and TakeOver.
	Guardian func(pid int) (args, env []string, state []byte)

	// Trampoline, if set, is used where CHLD was ignored when this process started, so that the command finds it
	// ignored, too: with these arguments, args[0] included, and some more, this program is started again and calls
	// Become with the latter.
	Trampoline []string

	// OnStart is called with the command's process id as soon as it runs.
	OnStart func(pid int)
}

// ExecRequest describes a helper command, such as the one that sends an alarm.
type ExecRequest struct {
	Args, Env []string // as in Command
	Stdin     []byte
	MaxOutput int // keep at most so many of the last bytes of stdout and stderr together
}

// ExecResult is what became of a helper command.
type ExecResult struct {
	ExitCode int // as Result.ExitCode
	Signal   int // what it died of, or 0
	Output   []byte
	TimedOut bool // the context ended and the tree was killed
}
