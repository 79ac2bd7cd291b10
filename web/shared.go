package web

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// shared lets those who ask the same at the same time wait for one answer, and keeps
// one that took long for a while: a page of 100,000 items is not made anew for each
// of its readers. It is safe for concurrent use.
type shared[T any] struct {
	answering *limit // answers are made for longer than who asked waits for them

	mu    sync.Mutex
	calls map[string]*sharedCall[T]
}

type sharedCall[T any] struct {
	done  chan struct{}
	begun bool // to be answered; before that it waits for its turn
	value T
	err   error
	until time.Time // when it has to be asked anew; zero while it is being answered

	previous *sharedCall[T] // the answer before this one; nil for none, and once this one is there
}

// What took less than quickAnswer is not kept. Anything else is kept as long as it
// took, but for longestKept, so that at most half of the time is spent on it.
const (
	quickAnswer = 50 * time.Millisecond
	leastKept   = time.Second
	longestKept = 10 * time.Second
	maxShared   = 64          // answers
	stillShown  = time.Minute // how long an answer may stand in for one that takes long
)

// ask begins to answer, or joins those who wait already.
func (s *shared[T]) ask(key string, answer func() (T, error)) *sharedCall[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for old, call := range s.calls {
		if call.isOver(now.Add(-stillShown)) || len(s.calls) >= maxShared && !call.until.IsZero() && old != key {
			delete(s.calls, old)
		}
	}
	call := &sharedCall[T]{done: make(chan struct{})}
	if known := s.calls[key]; known != nil {
		if !known.isOver(now) {
			return known
		}
		if known.err == nil {
			call.previous = known
		}
	}
	if s.calls == nil {
		s.calls = map[string]*sharedCall[T]{}
	}
	s.calls[key] = call
	go s.answer(call, answer)
	return call
}

// answer answers a call in its turn; the error may be errBusy.
func (s *shared[T]) answer(call *sharedCall[T], answer func() (T, error)) {
	var value T
	var took time.Duration
	err := s.answering.enter(context.Background())
	if err == nil {
		defer s.answering.leave()
		s.mu.Lock()
		call.begun = true
		s.mu.Unlock()
		began := time.Now()
		value, err = recovered(answer)
		took = time.Since(began)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	call.value, call.err, call.until, call.previous = value, err, time.Now(), nil
	if err == nil && took > quickAnswer {
		call.until = call.until.Add(min(max(took, leastKept), longestKept))
	}
	close(call.done)
}

// recovered makes an error of a panic, which would end the server.
func recovered[T any](answer func() (T, error)) (value T, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	return answer()
}

// forget has everything asked anew, since something was changed here. What waits for
// its turn will see the change.
func (s *shared[T]) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, call := range s.calls {
		call.previous = nil
		if call.begun || !call.until.IsZero() {
			delete(s.calls, key)
		}
	}
}

func (c *sharedCall[T]) isOver(now time.Time) bool { return !c.until.IsZero() && !now.Before(c.until) }

// wait gives the answer.
func (c *sharedCall[T]) wait() (T, error) {
	<-c.done
	return c.value, c.err
}

// within gives the call if it is answered after some time, else the one before it,
// and nil where there is none.
func (s *shared[T]) within(call *sharedCall[T], patience time.Duration) *sharedCall[T] {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-call.done:
		return call
	case <-timer.C:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !call.until.IsZero() {
		return call
	}
	return call.previous
}
