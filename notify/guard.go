package notify

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/mvrun/mvrun/record"
)

// errHangs is given in the place of an answer that a file system owes.
var errHangs = errors.New("the database does not answer")

// guard keeps a hanging file system from hanging the dispatcher: after one
// operation has not come back in time, no other is begun until it has.
type guard struct {
	hanging atomic.Int32
	starved func() bool // see record.AwaitFairly
}

// bounded runs an operation and waits for it at most this long, or longer where
// this process does not get to run. An operation that is given up goes on; it
// must not touch what its caller still uses.
func bounded[T any](g *guard, limit time.Duration, run func() (T, error)) (T, error) {
	return boundedBy(g, run, func(answers <-chan answer[T]) (answer[T], bool) {
		return record.AwaitFairly(answers, limit, g.starved)
	})
}

// answer is what an operation came to.
type answer[T any] struct {
	value T
	err   error
}

// boundedBy runs an operation for as long as await waits for its answer.
func boundedBy[T any](g *guard, run func() (T, error), await func(<-chan answer[T]) (answer[T], bool)) (T, error) {
	var none T
	if g.hanging.Load() > 0 {
		return none, errHangs
	}
	answers := make(chan answer[T], 1)
	go func() {
		value, err := run()
		answers <- answer[T]{value, err}
	}()
	if a, ok := await(answers); ok {
		return a.value, a.err
	}
	g.hanging.Add(1)
	go func() {
		<-answers
		g.hanging.Add(-1)
	}()
	return none, errHangs
}

// boundedError is bounded for an operation that only may fail.
func boundedError(g *guard, limit time.Duration, run func() error) error {
	_, err := bounded(g, limit, func() (struct{}, error) { return struct{}{}, run() })
	return err
}

// inGrace is boundedError for an operation that Drain waits for: once ctx has
// ended, it has a part of Drain's last grace only.
func inGrace(ctx context.Context, g *guard, limit time.Duration, run func() error) error {
	_, err := boundedBy(g, func() (struct{}, error) { return struct{}{}, run() },
		func(answers <-chan answer[struct{}]) (a answer[struct{}], ok bool) {
			timer := time.NewTimer(limit)
			defer timer.Stop()
			select {
			case a = <-answers:
				return a, true
			case <-timer.C:
				return a, false
			case <-ctx.Done():
			}
			return record.AwaitFairly(answers, drainGrace/3, g.starved)
		})
	return err
}
