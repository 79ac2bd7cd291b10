package runner

import (
	"syscall"
	"time"
)

// Exit statuses that mvrun gives of its own accord, as shells and coreutils' timeout do.
const (
	ExitTimeout       = 124
	ExitFault         = 125
	ExitNotExecutable = 126
	ExitNotFound      = 127
	exitSignalBase    = 128
)

// Cause says why a command ended.
type Cause string

// The causes of an end. A command that ends by itself while a timeout is stopping it has still timed out.
const (
	CauseExited   Cause = "exited"
	CauseSignal   Cause = "signal"
	CauseTimeout  Cause = "timeout"
	CauseOOM      Cause = "oom"
	CauseSpawn    Cause = "spawn-error"
	CauseCanceled Cause = "canceled" // the context of Run ended
)

// Stream names one of the two outputs of a command.
type Stream int

// The values are the descriptor numbers.
const (
	Stdout Stream = 1
	Stderr Stream = 2
)

// String returns "stdout" or "stderr".
func (s Stream) String() string {
	if s == Stderr {
		return "stderr"
	}
	return "stdout"
}

// Loss counts output that could not be passed on.
type Loss struct {
	Stream Stream
	Bytes  int64
	Reason error // the first one
}

// Result is what is known of one execution. It is complete when Run returns and is not changed afterwards.
type Result struct {
	PID      int       // 0 where the command was never started
	Start    time.Time // just before the fork
	End      time.Time // when the command was reaped
	Duration time.Duration

	ExitCode  int            // as a shell's $?: 128+N for signal N, 124 for a timeout, 126 and 127 for a failed start
	Signal    syscall.Signal // what the command died of; 0 where it exited
	Cause     Cause
	StoppedBy syscall.Signal // the first HUP, INT, QUIT or TERM that mvrun received meanwhile; 0 for none
	// StartError is why the command could not be executed.
	StartError error

	// Usage is that of the command, of those descendants that were waited for, and of orphans that have ended before
	// the run did; of several attempts (Command.Before) it is that of all.
	Usage

	StdoutBytes int64 // with a common pipe for both streams, everything counts as stdout
	StderrBytes int64

	Lost       []Loss   // output that the place behind stdout or stderr did not take
	ReaderGone bool     // whoever read stdout or stderr has closed it
	Escaped    []string // "pid comm" of processes that outlived the killing of the tree
	Notes      []string // what was done in another way than asked, one sentence each
	Leftover   *Leftover

	hold *hold
}

// Status returns how mvrun should leave: by dying of a signal where it is not 0 (see DieOf), else with the code.
func (r *Result) Status() (code int, die syscall.Signal) {
	if r.Cause == CauseTimeout {
		return ExitTimeout, 0
	}
	return r.ExitCode, r.Signal
}

// StopAfter makes the result of an attempt that of a run which a signal has ended before the next one. The status stays.
func (r *Result) StopAfter(sig syscall.Signal) {
	r.ExitCode, r.Signal = r.Status()
	if r.StoppedBy = sig; r.Signal == 0 {
		r.Cause = CauseExited
	}
	r.End = time.Now()
}

// Replay writes the output that Command.Hold has kept back, in its order, to stdout and stderr. A second call writes
// nothing. It returns the first error of reading the held output; what the places behind the streams do not take is
// added to Lost.
func (r *Result) Replay() error {
	if r.hold == nil {
		return nil
	}
	err := r.hold.replay()
	r.hold.close()
	r.Lost = append(r.Lost, r.hold.losses()...)
	r.hold = nil
	return err
}

// Forget gives up the output that Command.Hold has kept back.
func (r *Result) Forget() {
	if r.hold != nil {
		r.hold.close()
		r.hold = nil
	}
}

// DrainResult counts what a drainer has passed on.
type DrainResult struct {
	StdoutBytes, StderrBytes int64
	Lost                     []Loss
	ReaderGone               bool
}
