package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// page is what every page shows.
type page struct {
	Title   string
	Lang    string
	User    string // "" where nobody has to log in
	CSRF    string
	Host    string
	Version string
	Path    string
	Theme   string
	Kinds   []tab
	Live    bool // it may listen to changes
}

// tab is one of the listings.
type tab struct {
	Name, Label string
	Current     bool
}

// page fills in what every page shows.
func (s *Server) page(r *http.Request, who *identity, title string) page {
	o := s.options.Load()
	p := page{Title: title, Lang: language(r), Host: o.Host, Version: o.Version, Path: r.URL.Path, Theme: theme(r), Live: who != nil}
	if who != nil && who.session != nil {
		p.User, p.CSRF = who.name, who.session.word
	}
	for _, kind := range viewer.Kinds {
		label := strings.ToUpper(string(kind[:1])) + string(kind[1:])
		p.Kinds = append(p.Kinds, tab{Name: string(kind), Label: label, Current: r.URL.Path == "/records/"+string(kind)})
	}
	return p
}

// render answers with a page. It is made whole before anything is sent.
func (s *Server) render(w http.ResponseWriter, status int, p page, v view) {
	m := &markup{page: p}
	m.head()
	v.write(m)
	m.foot()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Language, Cookie")
	w.WriteHeader(status)
	_, _ = w.Write(m.Bytes())
}

// errorView is a page that says what is wrong.
type errorView struct {
	page
	Problem string
}

func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, status int, problem string) {
	p := s.page(r, s.identify(r), http.StatusText(status))
	s.render(w, status, p, errorView{p, problem})
}

// itemView is an item as the overview shows it.
type itemView struct {
	Direction, Item, State, Last, Due, Schedule, Cause string
	Link                                               string
}

func viewOf(v *heartbeat.Verdict, language heartbeat.Language, now time.Time) itemView {
	view := itemView{
		Direction: v.Item.Direction, Item: v.Item.Name, State: string(v.State), Last: shownTime(v.Last, now), Due: shownTime(v.Due.End, now),
		Link: itemAddress(v.Item),
	}
	if v.Source != "" {
		view.Schedule = language.Rhythm(v)
	}
	for i := range v.Problems {
		view.Cause = strings.TrimPrefix(view.Cause+"\n"+language.Describe(v, v.Problems[i], now), "\n")
	}
	if v.Mute != nil {
		view.Cause = v.Mute.String()
	}
	return view
}

func shownTime(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(now.Location()).Format(record.TimeLayout)
}
