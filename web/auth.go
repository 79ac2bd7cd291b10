package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// User may log in with a password.
type User struct {
	Name string
	Hash string // bcrypt
}

// Token lets a program in.
type Token struct {
	Value  string
	Scopes []string
}

// The scopes: what can be seen, what can be silenced, and what can be recorded.
const (
	scopeRead   = "read"
	scopeMute   = "mute"
	scopeIngest = "ingest"
)

// HashPassword makes the hash of a password for a User.
func HashPassword(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	return string(hash), err
}

// identity is who a request comes from.
type identity struct {
	name    string
	scopes  []string
	session *session // nil for a token, and where nobody has to log in
}

func (i *identity) may(scope string) bool {
	for _, own := range i.scopes {
		if own == scope {
			return true
		}
	}
	return false
}

// identify finds out who a request comes from; nil for somebody unknown.
func (s *Server) identify(r *http.Request) *identity {
	o := s.options.Load()
	if len(o.Users) == 0 && len(o.Tokens) == 0 {
		return &identity{name: "anybody", scopes: []string{scopeRead}}
	}
	// The scheme is of any case; see RFC 9110, 11.1.
	if scheme, value, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return tokenIdentity(o.Tokens, strings.TrimSpace(value))
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	found := s.sessions.find(cookie.Value, s.now())
	if found == nil || !found.isOfOneOf(o.Users) {
		return nil
	}
	return &identity{name: found.user, scopes: []string{scopeRead, scopeMute}, session: found}
}

// isOfOneOf reports whether a session's user is still there, with the password that it
// began with: a new one ends the sessions of whoever knew the old one.
func (s *session) isOfOneOf(users []User) bool {
	return slices.ContainsFunc(users, func(user User) bool {
		return user.Name == s.user && sha256.Sum256([]byte(user.Hash)) == s.password
	})
}

// tokenIdentity compares with every token, in the same time for each.
func tokenIdentity(tokens []Token, value string) (found *identity) {
	sum := sha256.Sum256([]byte(value))
	for _, token := range tokens {
		own := sha256.Sum256([]byte(token.Value))
		if subtle.ConstantTimeCompare(sum[:], own[:]) == 1 && token.Value != "" {
			found = &identity{name: "token " + hex.EncodeToString(own[:4]), scopes: token.Scopes}
		}
	}
	return found
}

// needs lets a request through to a handler if its sender has a scope. What changes
// something by way of a session must bring the session's own word: no other site
// can know it.
func (s *Server) needs(scope string, next func(http.ResponseWriter, *http.Request, *identity)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := s.identify(r)
		if who == nil {
			s.refuse(w, r)
			return
		}
		if a, ok := r.Context().Value(answerKey{}).(*answer); ok {
			a.user = who.name
		}
		switch {
		case !who.may(scope):
			s.fail(w, r, http.StatusForbidden, "this needs the scope "+scope)
		case r.Method != http.MethodGet && r.Method != http.MethodHead && who.session != nil && !who.session.knows(r):
			s.fail(w, r, http.StatusForbidden, "the form is not of this session; load the page again")
		default:
			next(w, r, who)
		}
	})
}

// refuse sends a person to the login page, and a program away.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request) {
	if isProgram(r) || len(s.options.Load().Users) == 0 {
		w.Header().Set("WWW-Authenticate", `Bearer realm="mvrun"`)
		s.fail(w, r, http.StatusUnauthorized, "send a token: Authorization: Bearer …")
		return
	}
	http.Redirect(w, r, "/login?to="+escapeQuery(r.URL.RequestURI()), http.StatusSeeOther)
}

func isProgram(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/metrics" || r.URL.Path == "/events"
}

// client is the address a request comes from. A proxy that is trusted may name it;
// of several names, the last that no trusted proxy stands for.
func (s *Server) client(r *http.Request) string {
	host := hostOf(r.RemoteAddr)
	names := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
	for i := len(names) - 1; i >= 0 && s.isTrusted(host); i-- {
		name := strings.TrimSpace(names[i])
		if _, err := netip.ParseAddr(name); err != nil {
			break
		}
		host = name
	}
	return host
}

func (s *Server) isTrusted(host string) bool {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, prefix := range s.options.Load().TrustedProxies {
		if prefix.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// sessionCookie is the name of the cookie, and sessionLength how long a session
// lasts without a request.
const (
	sessionCookie = "mvrun_session"
	sessionLength = 12 * time.Hour
	maxSessions   = 10_000
)

// session is somebody who has logged in.
type session struct {
	user     string
	password [32]byte // digest of the hash that it was compared with
	word     string   // what a form has to bring
	used     time.Time
}

func (s *session) knows(r *http.Request) bool {
	word := r.Header.Get("X-CSRF-Token")
	if word == "" {
		word = r.PostFormValue("csrf")
	}
	return subtle.ConstantTimeCompare([]byte(word), []byte(s.word)) == 1
}

// sessions are kept in memory: who has logged in does so again after a restart.
type sessions struct {
	mu     sync.Mutex
	byHash map[[32]byte]*session // of the cookie's value
}

func (s *sessions) begin(user, hash string, now time.Time) (cookie string) {
	cookie = randomText()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byHash == nil {
		s.byHash = map[[32]byte]*session{}
	}
	for hash, old := range s.byHash {
		if now.Sub(old.used) > sessionLength || len(s.byHash) >= maxSessions {
			delete(s.byHash, hash)
		}
	}
	s.byHash[sha256.Sum256([]byte(cookie))] = &session{user: user, password: sha256.Sum256([]byte(hash)), word: randomText(), used: now}
	return cookie
}

func (s *sessions) find(cookie string, now time.Time) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byHash[sha256.Sum256([]byte(cookie))]
	if found == nil || now.Sub(found.used) > sessionLength {
		return nil
	}
	found.used = now
	return found
}

// holds reports whether a session goes on, and does not make it last longer.
func (s *sessions) holds(cookie string, one *session, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byHash[sha256.Sum256([]byte(cookie))] == one && now.Sub(one.used) <= sessionLength
}

func (s *sessions) end(cookie string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byHash, sha256.Sum256([]byte(cookie)))
}

func randomText() string {
	var random [24]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

// Bounds of logging in: so many failures from an address until it has to wait.
const (
	maxAttempts  = 5
	attemptsWait = time.Minute
	maxClients   = 10_000
)

// attempts counts logins by address that have failed, or have not succeeded yet.
type attempts struct {
	mu    sync.Mutex
	since map[string][]time.Time
}

// allow takes one of the attempts that an address has, and reports whether any was
// left. It counts at once, not when the password has been found wrong: of many that
// come together no more than that are looked at.
func (a *attempts) allow(client string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	recent := slices.DeleteFunc(a.since[client], func(at time.Time) bool { return now.Sub(at) >= attemptsWait })
	allowed := len(recent) < maxAttempts
	if allowed {
		recent = append(recent, now)
	}
	if a.since == nil || a.since[client] == nil && len(a.since) >= maxClients {
		a.since = map[string][]time.Time{}
	}
	a.since[client] = recent
	return allowed
}

// giveBack is for one that was allowed at a time and has not failed.
func (a *attempts) giveBack(client string, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	kept := a.since[client]
	if i := slices.IndexFunc(kept, at.Equal); i >= 0 {
		a.since[client] = slices.Delete(kept, i, i+1)
	}
	if len(a.since[client]) == 0 {
		delete(a.since, client)
	}
}
