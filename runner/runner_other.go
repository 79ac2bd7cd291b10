//go:build !linux

package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// errSystem is what everything that needs a process returns: reaping orphans, finding a process tree and the rest are
// written for Linux. The other commands of mvrun work here.
func errSystem() error {
	return fmt.Errorf("%w: commands are run on linux only, this is %s", errors.ErrUnsupported, runtime.GOOS)
}

type hold struct{}

func (*hold) replay() error  { return nil }
func (*hold) close()         {}
func (*hold) losses() []Loss { return nil }

// Supervisor runs nothing on this system.
type Supervisor struct{}

// NewSupervisor does nothing here.
func NewSupervisor() *Supervisor { return &Supervisor{} }

// Close does nothing here.
func (s *Supervisor) Close() {}

// Stopped returns a channel that is never closed.
func (s *Supervisor) Stopped() <-chan struct{} { return nil }

// StopSignal is always 0.
func (s *Supervisor) StopSignal() syscall.Signal { return 0 }

// Run returns the result of a command that could not be started.
func (s *Supervisor) Run(context.Context, *Command) *Result {
	now := time.Now()
	return &Result{Start: now, End: now, Cause: CauseSpawn, StartError: errSystem(), ExitCode: ExitFault}
}

// StartDetached returns an error.
func (s *Supervisor) StartDetached([]string, []string) error { return errSystem() }

// Exec returns an error.
func (s *Supervisor) Exec(context.Context, ExecRequest) (ExecResult, error) {
	return ExecResult{ExitCode: ExitFault}, errSystem()
}

// AskToKill returns an error.
func AskToKill(int) error { return errSystem() }

// SignalOrphan returns an error.
func SignalOrphan(int, syscall.Signal, bool) error { return errSystem() }

// DieOf returns at once; the caller exits with 128+N.
func DieOf(syscall.Signal) {}

// Become returns the status of a command that could not be executed.
func Become([]string) int { return ExitFault }

// AsStarted does nothing here.
func AsStarted() {}

// StartBare returns an error: a run by mvrun would have nothing to be compared with.
func StartBare([]string, [3]*os.File) (*os.Process, error) { return nil, errSystem() }

// BareStatus is the status of a command that could not be executed.
func BareStatus(error) int { return ExitNotExecutable }

// SignalBare does nothing here.
func SignalBare(*os.Process, syscall.Signal, bool) {}

// Leftover never occurs here.
type Leftover struct{ Discard bool }

// Close does nothing here.
func (l *Leftover) Close() {}

// Handoff returns an error.
func (l *Leftover) Handoff(args, env []string, state []byte) error { return errSystem() }

// AwaitMvrunsEnd returns at once.
func AwaitMvrunsEnd() {}

// Drainer never occurs here.
type Drainer struct {
	State     []byte
	SinkFirst bool
}

// TakeOver returns an error.
func TakeOver() (*Drainer, error) { return nil, errSystem() }

// Drain does nothing here.
func (d *Drainer) Drain(stdout, stderr Sink) *DrainResult { return &DrainResult{} }
