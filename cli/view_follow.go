package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// checkFollow refuses what has no meaning where a listing goes on.
func (o *viewOptions) checkFollow(kind record.Kind) error {
	switch {
	case !o.follow:
		return nil
	case kind == viewer.Monitor:
		return usageError{errors.New("--follow is about records"), "mvrun view log --follow; or heartbeat, alarm, run"}
	case o.filter.End != "":
		return usageError{errors.New("--follow has no --end"), "leave --end out; --follow ends with ^C"}
	case o.filter.Reverse:
		return usageError{errors.New("--follow shows the newest last"), "leave --reverse out"}
	}
	return nil
}

// untilStopped gives a context that ends with a signal to stop, or when nobody
// reads stdout any more. A signal that is ignored, as ^C in the background of a
// script, stays so.
func untilStopped() (ctx context.Context, stop func()) {
	var signals []os.Signal
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) {
			signals = append(signals, sig)
		}
	}
	ctx, stop = context.WithCancel(context.Background())
	if len(signals) > 0 {
		ctx, stop = signal.NotifyContext(context.Background(), signals...)
	}
	go func() {
		defer stop()
		awaitReaderGone(ctx, 1)
	}()
	return ctx, stop
}

// awaitReaderGone returns when a pipe or terminal has no other end any more, or
// with the context. poll(2) tells of that unasked.
func awaitReaderGone(ctx context.Context, fd int32) {
	const patience = 500 // milliseconds
	for ctx.Err() == nil {
		fds := []unix.PollFd{{Fd: fd}}
		if n, err := unix.Poll(fds, patience); err != nil && err != unix.EINTR {
			<-ctx.Done() // a system without poll for this: the next write tells
		} else if n > 0 && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
			return
		} else if n > 0 {
			<-ctx.Done()
		}
	}
}
