package notify

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// errHangs is given in the place of an answer that a file system owes.
var errHangs = errors.New("the database does not answer")

// guard keeps a hanging file system from hanging the dispatcher: after one
// operation has not come back in time, no other is begun until it has.
type guard struct{ hanging atomic.Int32 }

// bounded runs an operation and waits for it at most this long. An operation
// that is given up goes on; it must not touch what its caller still uses.
func bounded[T any](g *guard, limit time.Duration, run func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return boundedBy(ctx, g, run)
}

// boundedBy is bounded for an operation that is waited for until ctx ends.
func boundedBy[T any](ctx context.Context, g *guard, run func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	if g.hanging.Load() > 0 {
		return none, errHangs
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := run()
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		g.hanging.Add(1)
		go func() {
			<-answers
			g.hanging.Add(-1)
		}()
		return none, errHangs
	}
}

// boundedError is bounded for an operation that only may fail.
func boundedError(g *guard, limit time.Duration, run func() error) error {
	_, err := bounded(g, limit, func() (struct{}, error) { return struct{}{}, run() })
	return err
}

// inGrace is boundedError for an operation that Drain waits for: once ctx has
// ended, it has a part of Drain's last grace only.
func inGrace(ctx context.Context, g *guard, limit time.Duration, run func() error) error {
	bound, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-bound.Done():
		case <-time.After(drainGrace / 3):
			cancel()
		}
	})
	defer stop()
	_, err := boundedBy(bound, g, func() (struct{}, error) { return struct{}{}, run() })
	return err
}
