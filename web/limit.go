package web

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of what is read at once. A listing reads files with several goroutines, each
// with a buffer of its own: a thousand at once would take a gigabyte, and be no
// sooner ready than a few after another.
const (
	maxReading   = 8
	maxSorting   = 2
	maxExporting = 4
	maxAnswering = 2                // of the states of all items, and as many summaries
	maxAsked     = 16               // of either, that wait; more are refused
	maxWaiting   = 4096             // requests; more are sent away
	maxPatience  = 30 * time.Second // of one that waits
	sendTime     = time.Minute      // for an answer, or a part of an export
)

// retryAfter is when one that was sent away may come again, in seconds.
const retryAfter = 2

// limit lets so many through at once; the others wait in the order in which they
// came. It is safe for concurrent use.
type limit struct {
	slots    chan struct{}
	waiting  atomic.Int64
	most     int64 // may wait
	patience time.Duration
}

func newLimit(slots int) *limit {
	return &limit{slots: make(chan struct{}, slots), most: maxWaiting, patience: maxPatience}
}

// newAnswering is a limit of shared answers.
func newAnswering() *limit {
	l := newLimit(maxAnswering)
	l.most = maxAsked
	return l
}

// readingAtOnce is how many listings are read at once.
func readingAtOnce() int { return min(max(runtime.GOMAXPROCS(0), 2), maxReading) }

// Descriptors is how many files a server has open at once at most, beside its
// connections: each goroutine of a listing has a folder and a file, or an archive.
func Descriptors() int {
	const each, others = 3, 64
	return (readingAtOnce()+maxSorting+maxExporting+2*maxAnswering)*readingAtOnce()*each + others
}

var errBusy = errors.New("too many requests at once; try again")

// enter waits until it is let through. The error is errBusy, or the context's where
// nobody waits for the answer any more. Whoever was let through must leave.
func (l *limit) enter(ctx context.Context) error {
	select {
	case l.slots <- struct{}{}:
		return nil
	default:
	}
	defer l.waiting.Add(-1)
	if l.waiting.Add(1) > l.most {
		return errBusy
	}
	patience := time.NewTimer(l.patience)
	defer patience.Stop()
	select {
	case l.slots <- struct{}{}: // goroutines wait at a channel in their order
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-patience.C:
		return errBusy
	}
}

func (l *limit) leave() { <-l.slots }

// statusGone is logged of a request whose sender did not wait for the answer, as
// nginx does.
const statusGone = 499

// handler answers somebody who was let in.
type handler = func(http.ResponseWriter, *http.Request, *identity)

// reads is for what reads the database and has its answer whole before it sends any
// of it: from then on others may read.
func (s *Server) reads(next handler) handler {
	return s.within(s.reading, func(w http.ResponseWriter, r *http.Request, who *identity, leave func()) {
		ctx := context.WithValue(r.Context(), leaveKey{}, leave)
		next(&lastReader{ResponseWriter: w, leave: leave}, r.WithContext(ctx), who)
	})
}

// leaveKey is of the function by which a request that is being read lets others read.
type leaveKey struct{}

// busy sends a request away that would have to wait for too long.
func (s *Server) busy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	s.fail(w, r, http.StatusServiceUnavailable, errBusy.Error())
}

// notEntered answers a request that a limit did not let through.
func (s *Server) notEntered(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errBusy) {
		s.busy(w, r)
		return
	}
	w.WriteHeader(statusGone)
}

// streams is for what sends while it reads.
func (s *Server) streams(next handler) handler {
	return s.within(s.exporting, func(w http.ResponseWriter, r *http.Request, who *identity, _ func()) {
		next(&sender{w}, r, who)
	})
}

// within lets a request through a limit to the database that is there now.
func (s *Server) within(l *limit, next func(http.ResponseWriter, *http.Request, *identity, func())) handler {
	return func(w http.ResponseWriter, r *http.Request, who *identity) {
		if err := l.enter(r.Context()); err != nil {
			s.notEntered(w, r, err)
			return
		}
		leave := sync.OnceFunc(l.leave)
		defer leave()
		if s.renewed(w, r) {
			next(w, r, who, leave)
		}
	}
}

// renews lets a request through to the database that is there now.
func (s *Server) renews(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request, who *identity) {
		if s.renewed(w, r) {
			next(w, r, who)
		}
	}
}

// renewed takes the database that is there now, or answers that there is none.
func (s *Server) renewed(w http.ResponseWriter, r *http.Request) bool {
	err := s.options.Load().Store.Renew()
	if err != nil {
		s.databaseFailed(w, r, err)
	}
	return err == nil
}

// lastReader is an answer with whose beginning the reading is over. Who does not take
// it holds up nobody.
type lastReader struct {
	http.ResponseWriter
	leave func()
}

func (w *lastReader) WriteHeader(status int) {
	w.leave()
	mayTake(w.ResponseWriter, sendTime)
	w.ResponseWriter.WriteHeader(status)
}

func (w *lastReader) Write(p []byte) (int, error) {
	w.leave()
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *lastReader) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// sender is an answer of which each part must be taken in time.
type sender struct{ http.ResponseWriter }

func (w *sender) Write(p []byte) (int, error) {
	mayTake(w.ResponseWriter, sendTime)
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *sender) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// mayTake bounds how long what is sent next may take, where that can be bounded.
func mayTake(w http.ResponseWriter, most time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(most))
}
