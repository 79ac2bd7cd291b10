package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// Live updates: a page that listens at /events is told what has changed, and asks
// for itself again. See static/live.js.

// Bounds of the streams.
const (
	maxStreams       = 256
	maxStreamsOfUser = 32
	maxTouchedItems  = 100 // named by one event; of more it says that all may have changed
)

// Times of a stream: how long changes are gathered, how soon an event may follow
// another, how often a silent one shows that it is there, and how long a reader may
// not read.
const (
	gatherTime     = 200 * time.Millisecond
	eventTime      = time.Second
	pingTime       = 15 * time.Second
	streamPatience = 20 * time.Second
)

// live is who listens. While anybody does, the database is watched, once for all.
type live struct {
	mu       sync.Mutex
	streams  map[*stream]struct{}
	watching *watching
	ended    bool
}

// stream is somebody who listens.
type stream struct {
	user    string
	session *session // nil for a token, and where nobody has to log in
	end     context.CancelFunc
	news    chan struct{} // has room for one: there is something to tell
	told    *news         // of live.mu
}

// watching is a watch of the database.
type watching struct {
	end   context.CancelFunc
	ready chan struct{} // is closed once what changes will be told of
	done  chan struct{}
}

// news is what an event says.
type news struct {
	Kinds []record.Kind `json:"kinds"`
	Items []string      `json:"items"`
	// All says that items may have changed that are not named.
	All bool `json:"all,omitempty"`
}

func (n *news) add(touched record.Touched) {
	if !slices.Contains(n.Kinds, touched.Kind) {
		n.Kinds = append(n.Kinds, touched.Kind)
	}
	switch name := touched.Item.String(); {
	case touched.Kind == record.TouchedMutes:
		n.All = true // a pattern may be about any
	case slices.Contains(n.Items, name):
	case len(n.Items) >= maxTouchedItems:
		n.All = true
	default:
		n.Items = append(n.Items, name)
	}
}

// event is the news as server-sent events have it.
func (n *news) event() []byte {
	data, _ := json.Marshal(n)
	return slices.Concat([]byte("event: changed\ndata: "), data, []byte("\n\n"))
}

// Why nobody more can listen.
var (
	errManyStreams = errors.New("too many pages listen already")
	errStopping    = errors.New("the server stops")
)

// join adds somebody who listens, and has the database watched. It returns once
// nothing is missed any more, or the context has ended.
func (l *live) join(ctx context.Context, store *record.Store, who *identity, end context.CancelFunc) (*stream, error) {
	joined, watch, err := l.add(store, who, end)
	if err != nil {
		return nil, err
	}
	select {
	case <-watch.ready:
	case <-ctx.Done():
	}
	return joined, nil
}

func (l *live) add(store *record.Store, who *identity, end context.CancelFunc) (*stream, *watching, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ofUser := 0
	for other := range l.streams {
		if other.user == who.name {
			ofUser++
		}
	}
	switch {
	case l.ended:
		return nil, nil, errStopping
	case len(l.streams) >= maxStreams || ofUser >= maxStreamsOfUser:
		return nil, nil, errManyStreams
	}
	joined := &stream{user: who.name, session: who.session, end: end, news: make(chan struct{}, 1), told: &news{}}
	if l.streams == nil {
		l.streams = map[*stream]struct{}{}
	}
	l.streams[joined] = struct{}{}
	if l.watching == nil {
		l.watching = l.watch(store)
	}
	return joined, l.watching, nil
}

// watch begins to watch the database.
func (l *live) watch(store *record.Store) *watching {
	ctx, end := context.WithCancel(context.Background())
	w := &watching{end: end, ready: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		run := viewer.Watch(ctx, store)
		close(w.ready)
		run(l.tell)
	}()
	return w
}

// leave is called once for who has joined. The last one ends the watch.
func (l *live) leave(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.streams, s)
	if len(l.streams) == 0 {
		l.watching.end()
		l.watching = nil
	}
}

// tell gives news to all. Nobody is waited for.
func (l *live) tell(touched []record.Touched) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.streams {
		for _, one := range touched {
			s.told.add(one)
		}
		select {
		case s.news <- struct{}{}:
		default:
		}
	}
}

// take gives what is to be told to a stream.
func (l *live) take(s *stream) *news {
	l.mu.Lock()
	defer l.mu.Unlock()
	told := s.told
	s.told = &news{}
	return told
}

// endOf ends the streams that are meant; who still may listen will come again.
func (l *live) endOf(meant func(*stream) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.streams {
		if meant(s) {
			s.end()
		}
	}
}

func everyStream(*stream) bool { return true }

// EndStreams ends what pages listen to, and lets nobody listen any more: a server
// that stops waits for what is being answered, and these answers have no end.
func (s *Server) EndStreams() {
	s.live.mu.Lock()
	s.live.ended = true
	s.live.mu.Unlock()
	s.live.endOf(everyStream)
}

// events answers with what changes, as it changes.
func (s *Server) events(w http.ResponseWriter, r *http.Request, who *identity) {
	control := http.NewResponseController(w)
	// The server's limits are those of answers that have an end.
	if control.SetReadDeadline(time.Time{}) != nil || control.SetWriteDeadline(time.Time{}) != nil {
		s.fail(w, r, http.StatusServiceUnavailable, "this connection cannot stay open")
		return
	}
	if !s.renewed(w, r) {
		return
	}
	ctx, end := context.WithCancel(r.Context())
	defer end()
	joined, err := s.live.join(ctx, s.options.Load().Store, who, end)
	if err != nil {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusServiceUnavailable, err.Error())
		return
	}
	defer s.live.leave(joined)
	if now := s.identify(r); now == nil || !now.may(scopeRead) { // what ended the streams before may have been about this one
		s.refuse(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy would gather events
	if r.Method == http.MethodHead {
		return
	}
	s.stream(ctx, joined, func(data []byte) error {
		_ = control.SetWriteDeadline(time.Now().Add(streamPatience))
		_, err := w.Write(data)
		return errors.Join(err, control.Flush())
	}, func() bool { return who.session == nil || s.sessions.holds(cookieOf(r), who.session, s.now()) })
}

// stream tells of news until the context ends, the reader is gone, or it is not
// allowed any more.
func (s *Server) stream(ctx context.Context, joined *stream, send func([]byte) error, allowed func() bool) {
	if send([]byte(": listening\n\n")) != nil {
		return
	}
	ping := time.NewTicker(pingTime)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-ping.C:
			if !allowed() {
				return
			}
			err = send([]byte(": still here\n\n"))
		case <-joined.news:
			pause(ctx, gatherTime)
			if ctx.Err() != nil {
				return
			}
			err = send(s.live.take(joined).event())
			pause(ctx, eventTime-gatherTime)
		}
		if err != nil {
			return
		}
	}
}

func pause(ctx context.Context, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func cookieOf(r *http.Request) string {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}
