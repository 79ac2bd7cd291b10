package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/crypto/bcrypt"
)

func escapeQuery(text string) string { return url.QueryEscape(text) }

// loginView is what the login page shows.
type loginView struct {
	page
	To      string
	Problem string
}

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, nil, "Login")
	s.render(w, http.StatusOK, p, loginView{page: p, To: localPath(r.URL.Query().Get("to"))})
}

// localPath keeps a login from leading to another site. Browsers take a backslash for
// a slash, and drop tabs and ends of lines before they read an address; see
// https://url.spec.whatwg.org/#url-parsing.
func localPath(to string) string {
	parsed, err := url.Parse(to)
	switch {
	case err != nil || parsed.Scheme != "" || parsed.Host != "" || parsed.User != nil || parsed.Opaque != "":
	case !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//"):
	case strings.ContainsRune(to, '\\') || strings.ContainsFunc(to, unicode.IsControl):
	default:
		return to
	}
	return "/"
}

// unknownHash is compared with where there is no such user, so that both take the
// same time. It is of a password that nobody knows.
var unknownHash = sync.OnceValue(func() string {
	hash, _ := HashPassword(randomText())
	return hash
})

// maxHashing is how many passwords are compared at once: each takes a core for as long
// as its hash was made to take.
const maxHashing = 1

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	client, to, now := s.client(r), localPath(r.PostFormValue("to")), s.now()
	refuse := func(status int, problem string) {
		p := s.page(r, nil, "Login")
		s.render(w, status, p, loginView{page: p, To: to, Problem: problem})
	}
	if !s.attempts.allow(client, now) {
		w.Header().Set("Retry-After", "60")
		refuse(http.StatusTooManyRequests, "too many attempts; wait a minute")
		return
	}
	name := r.PostFormValue("user")
	hash, err := s.hashIf(r.Context(), name, r.PostFormValue("password"))
	switch {
	case err != nil: // no password was looked at
		s.attempts.giveBack(client, now)
		s.notEntered(w, r, err)
		return
	case hash == "":
		refuse(http.StatusUnauthorized, "user or password is wrong")
		return
	}
	s.attempts.giveBack(client, now)
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: s.sessions.begin(name, hash, s.now()), Path: "/", HttpOnly: true, Secure: s.options.Load().Secure,
		SameSite: http.SameSiteStrictMode, MaxAge: int(sessionLength.Seconds()),
	})
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// hashIf gives the hash of a user's password if that is the password, and "" otherwise.
// It is compared in its turn; see limit.enter for the error.
func (s *Server) hashIf(ctx context.Context, name, password string) (string, error) {
	if err := s.hashing.enter(ctx); err != nil {
		return "", err
	}
	defer s.hashing.leave()
	hash := unknownHash()
	for _, user := range s.options.Load().Users {
		if user.Name == name {
			hash = user.Hash
		}
	}
	if bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) != nil {
		return "", nil
	}
	return hash, nil
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	who := s.identify(r)
	if who != nil && who.session != nil && who.session.knows(r) {
		if cookie, err := r.Cookie(sessionCookie); err == nil {
			s.sessions.end(cookie.Value)
		}
		s.live.endOf(func(one *stream) bool { return one.session == who.session })
		http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true})
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}
