package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mvrun/mvrun/record"
)

// listener is somebody who listens at /events over a real connection.
type listener struct {
	t      *testing.T
	answer *http.Response
	lines  *bufio.Scanner
}

// listening serves with time limits that a stream outlives with its first event.
func listening(t *testing.T, s *served) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(s)
	server.Config.ReadTimeout, server.Config.WriteTimeout = gatherTime/4, gatherTime/4
	server.Start()
	t.Cleanup(server.Close)
	return server
}

func listen(t *testing.T, server *httptest.Server, change ...func(*http.Request)) *listener {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(request)
	}
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	l := &listener{t: t, answer: answer, lines: bufio.NewScanner(answer.Body)}
	if answer.StatusCode == http.StatusOK && (!l.lines.Scan() || l.lines.Text() != ": listening") {
		t.Fatalf("the stream begins with %q", l.lines.Text())
	}
	return l
}

// next waits for an event.
func (l *listener) next() news {
	l.t.Helper()
	for l.lines.Scan() {
		data, ok := strings.CutPrefix(l.lines.Text(), "data: ")
		if !ok {
			continue
		}
		var told news
		if err := json.Unmarshal([]byte(data), &told); err != nil {
			l.t.Fatalf("%q: %v", data, err)
		}
		return told
	}
	l.t.Fatalf("the stream has ended: %v", l.lines.Err())
	return news{}
}

// ends waits until the stream has ended.
func (l *listener) ends() {
	for l.lines.Scan() {
		continue
	}
}

func TestEvents(t *testing.T) {
	s := serve(t, nil)
	before := runtime.NumGoroutine()
	server := listening(t, s)
	first, second := listen(t, server), listen(t, server)
	item := record.Item{Direction: "主机", Name: "磁盘50%"}
	s.put(s.options.Load().Store, item, record.Alarm, 12, `"message": "x"`)
	for _, l := range []*listener{first, second} {
		if told := l.next(); fmt.Sprint(told.Kinds, told.Items) != "[alarm] [主机/磁盘50%]" {
			t.Errorf("%+v", told)
		}
	}
	if contentType := first.answer.Header.Get("Content-Type"); contentType != "text/event-stream" {
		t.Errorf("content type %s", contentType)
	}
	s.live.mu.Lock()
	watch := s.live.watching
	s.live.mu.Unlock()
	first.answer.Body.Close()
	second.answer.Body.Close()
	<-watch.done // the watch ends with the last of them
	server.Close()
	for end := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func TestEventsEnd(t *testing.T) {
	for name, end := range map[string]func(s *served, session func(*http.Request), word string){
		"logout": func(s *served, session func(*http.Request), word string) {
			s.do("POST", "/logout", "", session, func(r *http.Request) { r.Header.Set("X-CSRF-Token", word) })
		},
		"config": func(s *served, _ func(*http.Request), _ string) { s.Replace(*s.options.Load()) },
		"stop":   func(s *served, _ func(*http.Request), _ string) { s.EndStreams() },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, protected)
			server := listening(t, s)
			session, word := loggedIn(s)
			ofSession, ofToken := listen(t, server, session), listen(t, server, bearer("reader-0123456789"))
			end(s, session, word)
			ofSession.ends()
			if name != "logout" {
				ofToken.ends()
				return
			}
			if again := listen(t, server, session); again.answer.StatusCode != http.StatusUnauthorized {
				t.Errorf("after the logout: status %d", again.answer.StatusCode)
			}
			s.put(s.options.Load().Store, record.Item{Direction: "d", Name: "i"}, record.Log, 12, `"message": "x"`)
			ofToken.next() // goes on
		})
	}
	s := serve(t, nil)
	s.EndStreams()
	if answer := listen(t, listening(t, s)); answer.answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("of a server that stops: status %d", answer.answer.StatusCode)
	}
}

// loggedIn logs a person in; see protected.
func loggedIn(s *served) (session func(*http.Request), word string) {
	form := func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }
	cookie := s.do("POST", "/login", url.Values{"user": {"alice"}, "password": {"open sesame"}}.Encode(), form).Result().Cookies()[0]
	session = func(r *http.Request) { r.AddCookie(cookie) }
	_, rest, _ := strings.Cut(s.get("/", session).Body.String(), `name="csrf" value="`)
	word, _, _ = strings.Cut(rest, `"`)
	return session, word
}

func TestEventsNeedAScope(t *testing.T) {
	s := serve(t, protected)
	server := listening(t, s)
	if l := listen(t, server); l.answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: status %d", l.answer.StatusCode)
	}
	if l := listen(t, server, bearer("reader-0123456788")); l.answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("with a wrong token: status %d", l.answer.StatusCode)
	}
}

func TestEventsAreFew(t *testing.T) {
	s := serve(t, nil)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		joined := &stream{news: make(chan struct{}, 1), told: &news{}, end: cancel}
		s.live.streams = map[*stream]struct{}{joined: {}}
		var events []string
		var times []time.Time
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.stream(ctx, joined, func(data []byte) error {
				if strings.HasPrefix(string(data), "event: ") {
					events, times = append(events, string(data)), append(times, time.Now())
				}
				return nil
			}, func() bool { return true })
		}()
		began := time.Now()
		for i := range 500 { // for five seconds
			s.live.tell([]record.Touched{{Item: record.Item{Direction: "d", Name: fmt.Sprint("i", i)}, Kind: record.Log}})
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		cancel()
		<-done
		if len(events) < 5 || len(events) > 7 || times[0].Sub(began) > 250*time.Millisecond {
			t.Errorf("%d events, the first after %v", len(events), times[0].Sub(began))
		}
		for i := 1; i < len(times); i++ {
			if times[i].Sub(times[i-1]) < eventTime {
				t.Errorf("events follow one another within %v", times[i].Sub(times[i-1]))
			}
		}
		all := strings.Join(events, "")
		if !strings.Contains(all, `"d/i0"`) || !strings.Contains(all, `"d/i499"`) {
			t.Error("something was not told of")
		}
	})
}

func TestEventsNameABoundedNumber(t *testing.T) {
	told := &news{}
	for i := range 10 * maxTouchedItems {
		told.add(record.Touched{Item: record.Item{Direction: "d", Name: fmt.Sprint(i)}, Kind: record.Log})
	}
	if len(told.Items) != maxTouchedItems || !told.All || len(told.Kinds) != 1 {
		t.Errorf("%d items, all %v, kinds %v", len(told.Items), told.All, told.Kinds)
	}
}

// A stream that nothing happens to shows that it is there, and ends with the session.
func TestEventsOfASilentStream(t *testing.T) {
	s := serve(t, nil)
	synctest.Test(t, func(t *testing.T) {
		joined := &stream{news: make(chan struct{}, 1), told: &news{}}
		began, pings := time.Now(), 0
		s.stream(t.Context(), joined, func([]byte) error { pings++; return nil }, func() bool { return time.Since(began) < time.Minute })
		if pings != 4 || time.Since(began) != time.Minute {
			t.Errorf("%d comments in %v", pings, time.Since(began))
		}
	})
}

func TestEventsAreBounded(t *testing.T) {
	s := serve(t, nil)
	store := s.options.Load().Store
	var joined []*stream
	join := func(name string) error {
		one, _, err := s.live.add(store, &identity{name: name}, func() {})
		if err == nil {
			joined = append(joined, one)
		}
		return err
	}
	for i := range maxStreams {
		if err := join(fmt.Sprint("user", i/maxStreamsOfUser)); err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		if i == maxStreamsOfUser-1 && join("user0") != errManyStreams {
			t.Error("one user has too many")
		}
	}
	if err := join("another"); err != errManyStreams {
		t.Errorf("beyond all: %v", err)
	}
	watch := s.live.watching
	for _, one := range joined {
		s.live.leave(one)
	}
	<-watch.done
	if s.live.watching != nil {
		t.Error("it goes on watching")
	}
}
