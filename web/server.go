// Package web shows the history in a browser and to other programs: pages, a JSON
// API, metrics and a health check over HTTP. It is apart from package viewer, on
// which it stands, since it holds a state of its own: who is logged in.
package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// Options are what a server shows, and to whom.
type Options struct {
	Store *record.Store
	Rules heartbeat.Rules // by which items are judged
	// Levels are those of the config; see viewer.Filter.
	Levels []string
	// Masker hides secrets of what is sent to be recorded, and of what is shown of a
	// run, more than when that was recorded if the config has learned of more; nil: the
	// built-in patterns.
	Masker *record.Masker
	// Users and Tokens are who is let in. Without any, everybody may read, and
	// nobody may change anything.
	Users  []User
	Tokens []Token
	// TrustedProxies may say who a request comes from.
	TrustedProxies []netip.Prefix
	// Secure says that the connection is encrypted, here or in front.
	Secure  bool
	Version string
	Host    string // the name of this host
	Listen  string // HOST:PORT
}

// Server answers requests. Its options may be replaced while it does. It is safe
// for concurrent use.
type Server struct {
	options  atomic.Pointer[Options]
	handler  http.Handler
	sessions sessions
	attempts attempts
	live     live
	surveys  shared[*judged]
	counts   shared[*counted]
	log      *slog.Logger
	now      func() time.Time

	reading, sorting, exporting, hashing *limit
}

// New makes a server that logs each request.
func New(o Options, log *slog.Logger, now func() time.Time) *Server {
	s := &Server{
		log: log, now: now, reading: newLimit(readingAtOnce()), sorting: newLimit(maxSorting), exporting: newLimit(maxExporting),
		hashing: newLimit(maxHashing), surveys: shared[*judged]{answering: newAnswering()}, counts: shared[*counted]{answering: newAnswering()},
	}
	s.options.Store(&o)
	s.handler = s.routes()
	return s
}

// Replace takes other options from the next request on. Who listens to changes has
// to ask anew.
func (s *Server) Replace(o Options) {
	s.options.Store(&o)
	s.live.endOf(everyStream)
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.Handle("GET /metrics", s.needs(scopeRead, s.reads(s.metrics)))
	mux.Handle("GET /api/v1/openapi.json", s.needs(scopeRead, s.openAPI))
	mux.Handle("GET /api/v1/items", s.needs(scopeRead, s.reads(s.apiItems)))
	mux.Handle("GET /api/v1/items/{direction}/{item}", s.needs(scopeRead, s.reads(s.apiItem)))
	mux.Handle("GET /api/v1/records/{kind}", s.needs(scopeRead, s.reads(s.apiRecords)))
	mux.Handle("POST /api/v1/records/{kind}", s.needs(scopeIngest, s.renews(s.apiIngest)))
	mux.Handle("GET /api/v1/summary", s.needs(scopeRead, s.reads(s.apiSummary)))
	mux.Handle("GET /api/v1/mutes", s.needs(scopeRead, s.renews(s.apiMutes)))
	mux.Handle("POST /api/v1/mutes", s.needs(scopeMute, s.renews(s.apiMute)))
	mux.Handle("DELETE /api/v1/mutes", s.needs(scopeMute, s.renews(s.apiUnmute)))
	mux.Handle(apiRest, s.needs(scopeRead, s.apiUnknown(mux)))
	mux.HandleFunc("GET /login", s.loginPage)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	mux.HandleFunc("GET /static/{file}", s.static)
	mux.HandleFunc("GET /display", s.display)
	mux.Handle("GET /{$}", s.needs(scopeRead, s.reads(s.overviewPage)))
	mux.Handle("GET /records/{kind}", s.needs(scopeRead, s.reads(s.recordsPage)))
	mux.Handle("GET /export/{kind}", s.needs(scopeRead, s.streams(s.export)))
	mux.Handle("GET /items/{direction}/{item}", s.needs(scopeRead, s.reads(s.itemPage)))
	mux.Handle("POST /items/{direction}/{item}", s.needs(scopeMute, s.renews(s.itemForm)))
	mux.Handle("GET /runs/{id}", s.needs(scopeRead, s.reads(s.runPage)))
	mux.Handle("GET /runs/{id}/output", s.needs(scopeRead, s.streams(s.runOutput)))
	mux.Handle("GET /api/v1/runs/{id}", s.needs(scopeRead, s.reads(s.apiRun)))
	mux.Handle("GET /events", s.needs(scopeRead, s.events))
	return mux
}

// maxURL bounds a request's address.
const maxURL = 16 << 10

// ServeHTTP answers a request, within its bounds, and logs it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.now()
	id := requestID()
	answer := &answer{ResponseWriter: w, status: http.StatusOK}
	s.secure(answer.Header(), id)
	defer func() {
		problem := recover()
		if problem == http.ErrAbortHandler {
			defer panic(problem) // the server cuts the connection
			problem = nil
		}
		if problem != nil {
			s.log.Error("panic", "request", id, "problem", fmt.Sprint(problem))
			if !answer.begun {
				http.Error(answer, "internal error, request "+id, http.StatusInternalServerError)
			}
		}
		s.log.Info("request", "request", id, "method", r.Method, "path", r.URL.Path, "status", answer.status, "bytes", answer.bytes,
			"duration", s.now().Sub(began).String(), "client", s.client(r), "user", answer.user)
	}()
	if !s.meansThisHost(r) {
		s.fail(answer, r, http.StatusMisdirectedRequest, "without users and tokens in its config, this server answers requests for localhost only")
		return
	}
	if len(r.URL.RequestURI()) > maxURL {
		http.Error(answer, "the address is too long", http.StatusRequestURITooLong)
		return
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		// Read as far as it goes, it would be a listing that nobody asked for.
		s.fail(answer, r, http.StatusBadRequest, "the address cannot be read: "+err.Error())
		return
	}
	if lang := chosenLanguage(r); lang != "" {
		remember(answer, langCookie, lang)
	}
	r.Body = http.MaxBytesReader(answer, r.Body, bodyLimit(r))
	s.handler.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), answerKey{}, answer)))
}

// answer is a response with what is logged of it.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
	begun  bool
	user   string
}

type answerKey struct{}

func (a *answer) WriteHeader(status int) {
	if !a.begun {
		a.status, a.begun = status, true
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// secure sets the headers that keep a page to itself: no script but ours, no other
// host, no frame around it.
func (s *Server) secure(h http.Header, id string) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Request-Id", id)
	if s.options.Load().Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

func requestID() string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

// health says whether the database can be read.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	store := s.options.Load().Store
	err := store.Renew()
	if err == nil {
		_, err = store.Items([]string{"default"}, []string{"check_script_heartbeat"})
	}
	if err != nil {
		s.log.Error("health", "problem", err.Error())
		http.Error(w, "the database cannot be read", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}
