package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mvrun/mvrun/record"
)

// Who waits is let through in the order of coming; who waits no more takes no place;
// and who would have to wait too long is sent away.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimit(1)
		l.most = 3
		if err := l.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var order []string
		wait := func(name string, ctx context.Context) {
			go func() {
				err := l.enter(ctx)
				order = append(order, fmt.Sprint(name, " ", err))
				if err == nil {
					l.leave()
				}
			}()
			synctest.Wait()
		}
		wait("first", t.Context())
		wait("gone", ctx)
		wait("second", t.Context())
		if err := l.enter(t.Context()); !errors.Is(err, errBusy) {
			t.Errorf("one too many: %v", err)
		}
		cancel()
		synctest.Wait()
		l.leave()
		synctest.Wait()
		if want := []string{"gone context canceled", "first <nil>", "second <nil>"}; !slices.Equal(order, want) {
			t.Errorf("%q", order)
		}
		if err := l.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := l.enter(t.Context()); !errors.Is(err, errBusy) || time.Since(began) != maxPatience {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if n := l.waiting.Load(); n != 0 {
			t.Errorf("%d are still waiting", n)
		}
	})
}

// A server that has too much to do says so, to programs and to people.
func TestBusy(t *testing.T) {
	s := serve(t, nil)
	s.reading.most = 0
	for range cap(s.reading.slots) {
		if err := s.reading.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, address := range []string{"/api/v1/records/log", "/api/v1/items", "/records/log", "/", "/metrics"} {
		answer := s.get(address)
		if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" || !strings.Contains(answer.Body.String(), "too many requests") {
			t.Errorf("%s: %d %.200s", address, answer.Code, answer.Body)
		}
	}
	if answer := s.get("/export/log"); answer.Code != http.StatusOK {
		t.Errorf("an export: %d", answer.Code)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	s.reading.most = 1
	if answer := s.get("/api/v1/items", func(r *http.Request) { *r = *r.WithContext(gone) }); answer.Code != statusGone {
		t.Errorf("nobody waits: %d", answer.Code)
	}
	for range cap(s.reading.slots) {
		s.reading.leave()
	}
	if answer := s.get("/api/v1/items"); answer.Code != http.StatusOK {
		t.Errorf("afterwards: %d", answer.Code)
	}
}

// slowTaker is a sender of requests that does not take the answer.
type slowTaker struct {
	*httptest.ResponseRecorder
	taken chan struct{}
}

func (t *slowTaker) Write(p []byte) (int, error) {
	<-t.taken
	return t.ResponseRecorder.Write(p)
}

// Who does not take an answer holds nobody up.
func TestSlowTaker(t *testing.T) {
	s := serve(t, nil)
	s.reading = newLimit(1)
	s.handler = s.routes()
	slow := &slowTaker{httptest.NewRecorder(), make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		s.ServeHTTP(slow, httptest.NewRequest(http.MethodGet, "/api/v1/records/log", nil))
		close(ended)
	}()
	if answer := s.get("/api/v1/records/log"); answer.Code != http.StatusOK {
		t.Errorf("%d", answer.Code)
	}
	close(slow.taken)
	<-ended
	if slow.Code != http.StatusOK || !strings.Contains(slow.Body.String(), "number 3") {
		t.Errorf("%d %.100s", slow.Code, slow.Body)
	}
}

// Where too much is being counted already, the overview comes without its charts and
// asks for them, and who waits for them is told to come again.
func TestTooManySummaries(t *testing.T) {
	s := serve(t, nil)
	s.counts.answering.most = 0
	for range maxAnswering {
		if err := s.counts.answering.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.get("/?wait=yes&range=30d") // the states are there
	if answer := s.get("/?range=7d"); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "wait=yes") {
		t.Errorf("the overview: %d", answer.Code)
	}
	for _, address := range []string{"/?range=7d&wait=yes", "/api/v1/summary?range=7d"} {
		if answer := s.get(address); answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d", address, answer.Code)
		}
	}
	for range maxAnswering {
		s.counts.answering.leave()
	}
	if answer := s.get("/?range=7d&wait=yes"); answer.Code != http.StatusOK || strings.Contains(answer.Body.String(), "wait=yes") {
		t.Errorf("with room again: %d", answer.Code)
	}
}

// brokenTaker takes the beginning of an answer.
type brokenTaker struct{ *httptest.ResponseRecorder }

func (t brokenTaker) Write(p []byte) (int, error) {
	n, _ := t.ResponseRecorder.Write(p[:min(10, len(p))])
	return n, errors.New("the connection is gone")
}

// An export that cannot be completed is cut off, not ended.
func TestExportBrokenOff(t *testing.T) {
	s := serve(t, nil)
	defer func() {
		if problem := recover(); problem != http.ErrAbortHandler {
			t.Errorf("%v", problem)
		}
		if len(s.exporting.slots) != 0 || !strings.Contains(s.log.String(), `"msg":"request"`) {
			t.Error("it is not over")
		}
	}()
	s.ServeHTTP(brokenTaker{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/export/log", nil))
}

// A database that is away is an error, and is read again once it is back, also as
// another folder.
func TestDatabaseGoesAndComes(t *testing.T) {
	s := serve(t, nil)
	addresses := []string{"/api/v1/records/log", "/api/v1/items", "/records/log", "/", "/metrics", "/export/log", "/healthz", "/items/LSF/nodes"}
	expect := func(when string, want int) {
		t.Helper()
		for _, address := range addresses {
			answer := s.get(address)
			if answer.Code != want || want != 200 && strings.Contains(answer.Body.String(), s.folder) {
				t.Errorf("%s: %s: %d %.200s", when, address, answer.Code, answer.Body)
			}
		}
	}
	expect("at first", 200)
	if err := os.Rename(s.folder, s.folder+".away"); err != nil {
		t.Fatal(err)
	}
	expect("renamed away", 503)
	if err := os.CopyFS(s.folder, os.DirFS(s.folder+".away")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(s.folder + ".away"); err != nil {
		t.Fatal(err)
	}
	expect("another one", 200)
	if document := s.json("/api/v1/records/log"); len(document["records"].([]any)) != 12 {
		t.Errorf("%v", document)
	}
}

// What is sent goes into the database that is there now, or nowhere.
func TestDatabaseIsReplaced(t *testing.T) {
	s := serveMuter(t)
	send := func(message string) int {
		body := `{"direction": "far", "item": "probe", "message": "` + message + `"}`
		return s.do("POST", "/api/v1/records/log", body, bearer("probe-0123456789")).Code
	}
	mute := func(pattern string) int {
		return s.do("POST", "/api/v1/mutes", `{"pattern": "`+pattern+`", "for": "8h"}`, bearer("muter-0123456789")).Code
	}
	if send("one") != http.StatusCreated || mute("far/one") != http.StatusCreated {
		t.Fatal("the first is not taken")
	}
	if err := os.Rename(s.folder, s.folder+".old"); err != nil {
		t.Fatal(err)
	}
	old := func() (size int64) {
		t.Helper()
		err := filepath.WalkDir(s.folder+".old", func(_ string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				var info fs.FileInfo
				if info, err = entry.Info(); err == nil {
					size += info.Size()
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return size
	}
	before := old()
	if send("lost") != http.StatusServiceUnavailable || mute("far/lost") != http.StatusServiceUnavailable || s.get("/api/v1/mutes", s.with).Code != http.StatusServiceUnavailable {
		t.Error("there is no database, and it is not said")
	}
	for _, change := range []func() int{
		func() int { return send("two") },
		func() int { return mute("far/two") },
		func() int {
			return s.post(record.Item{Direction: "far", Name: "probe"}, "do", "mute", "for", "8h").Code
		},
		func() int {
			return s.do("DELETE", "/api/v1/mutes?pattern=far/one", "", bearer("muter-0123456789")).Code
		},
	} {
		if err := os.RemoveAll(s.folder); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(s.folder, 0o755); err != nil {
			t.Fatal(err)
		}
		code := change()
		found, err := os.ReadDir(s.folder)
		if err != nil || old() != before {
			t.Errorf("status %d, and the old database was changed: %v", code, err)
		}
		if (len(found) == 0) != (code == http.StatusNotFound) {
			t.Errorf("status %d, and the new database has %v", code, found)
		}
	}
	if body := s.get("/api/v1/mutes", s.with).Body.String(); strings.Contains(body, "far/") {
		t.Errorf("mutes of an old database: %s", body)
	}
}
