package web

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// A login leads to this site alone, however browsers read the address.
func TestLoginLeadsToThisSite(t *testing.T) {
	s := serve(t, protected)
	for to, want := range map[string]string{
		"/records/log?keyword=a&item=%5C%09": "/records/log?keyword=a&item=%5C%09", "/items/LSF/a%23b?year=2024": "/items/LSF/a%23b?year=2024", "/?search=中": "/?search=%e4%b8%ad",
		"": "/", "/": "/", "//evil.example": "/", "///evil.example": "/", `/\evil.example`: "/", `\\evil.example`: "/", `/a\..\\evil.example`: "/", "/.//evil.example": "/evil.example",
		"/\t/evil.example/x": "/", "/\n/evil.example": "/", "/\r/evil.example": "/", "\t//evil.example": "/", "/\x00/evil.example": "/", "/\u0085/evil.example": "/",
		"https://evil.example/": "/", "https:/evil.example": "/", "javascript:alert(1)": "/", "records/log": "/", "/%zz": "/",
	} {
		answer := s.do("POST", "/login", url.Values{"user": {"alice"}, "password": {"open sesame"}, "to": {to}}.Encode(), form)
		if location := answer.Header().Get("Location"); answer.Code != http.StatusSeeOther || location != want {
			t.Errorf("%q: status %d to %q", to, answer.Code, location)
		}
	}
}

// Of many attempts at once no more are looked at than of as many one after another.
func TestLoginsAtOnce(t *testing.T) {
	s := serve(t, protected)
	login := func(password string, change ...func(*http.Request)) *httptest.ResponseRecorder {
		body := url.Values{"user": {"alice"}, "password": {password}}.Encode()
		return s.do("POST", "/login", body, append(change, form)...)
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	counts := map[int]int{}
	for range 40 {
		group.Go(func() {
			answer := login("wrong")
			mu.Lock()
			defer mu.Unlock()
			counts[answer.Code]++
		})
	}
	group.Wait()
	if want := map[int]int{http.StatusUnauthorized: maxAttempts, http.StatusTooManyRequests: 40 - maxAttempts}; !maps.Equal(counts, want) {
		t.Errorf("answers %v, want %v", counts, want)
	}
	s.clock = s.clock.Add(2 * attemptsWait)
	for range 2 * maxAttempts {
		if answer := login("open sesame"); answer.Code != http.StatusSeeOther {
			t.Fatalf("one that succeeds is counted: %d", answer.Code)
		}
	}
}

// Passwords are compared one after another, and not for who waits no more.
func TestLoginWaitsItsTurn(t *testing.T) {
	s := serve(t, protected)
	for range maxHashing {
		if err := s.hashing.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	login := func() int {
		body := url.Values{"user": {"alice"}, "password": {"open sesame"}}.Encode()
		return s.do("POST", "/login", body, form, func(r *http.Request) { *r = *r.WithContext(gone) }).Code
	}
	for range 2 * maxAttempts {
		if code := login(); code != statusGone {
			t.Errorf("nobody waits: %d", code)
		}
	}
	s.hashing.most = 0
	if code := login(); code != http.StatusServiceUnavailable {
		t.Errorf("too many wait: %d", code)
	}
	for range maxHashing {
		s.hashing.leave()
	}
	if code := login(); code != http.StatusSeeOther {
		t.Errorf("a free turn: %d", code)
	}
}

// Who knew the old password is let in no more.
func TestSessionsEndWithTheirPassword(t *testing.T) {
	s := serveMuter(t)
	options := *s.options.Load()
	change := func(name, password string) {
		t.Helper()
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		options.Users = append([]User{{name, string(hash)}}, options.Users...)
		s.Replace(options)
	}
	change("bob", "of another user")
	if answer := s.get("/api/v1/mutes", s.with); answer.Code != http.StatusOK {
		t.Errorf("a password of another user: %d", answer.Code)
	}
	options.Users = nil
	change("alice", "open barley")
	for _, address := range []string{"/api/v1/mutes", "/events"} {
		if answer := s.get(address, s.with); answer.Code != http.StatusUnauthorized {
			t.Errorf("%s with the session of an old password: %d", address, answer.Code)
		}
	}
}

func TestSchemeOfAToken(t *testing.T) {
	s := serve(t, protected)
	for head, want := range map[string]int{
		"Bearer reader-0123456789": 200, "bearer reader-0123456789": 200, "BEARER  reader-0123456789 ": 200,
		"Bearerreader-0123456789": 401, "Basic reader-0123456789": 401, "Bearer": 401, "bearer ": 401, "reader-0123456789": 401,
	} {
		if answer := s.get("/api/v1/items", func(r *http.Request) { r.Header.Set("Authorization", head) }); answer.Code != want {
			t.Errorf("%q: status %d", head, answer.Code)
		}
	}
}
