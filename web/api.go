package web

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// The JSON API: /api/v1. What it promises stands in openapi.json.

//go:embed openapi.json
var openAPIDocument []byte

func (s *Server) openAPI(w http.ResponseWriter, r *http.Request, _ *identity) {
	s.writeJSON(w, r, http.StatusOK, openAPIDocument)
}

// problem is an error as RFC 9457 has it.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// fail answers with an error, in the form that the sender reads.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, detail string) {
	if !isProgram(r) {
		s.errorPage(w, r, status, detail)
		return
	}
	data, _ := json.Marshal(problem{http.StatusText(status), status, detail})
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}

// writeJSON answers with a whole document; who has it already is told so.
func (s *Server) writeJSON(w http.ResponseWriter, r *http.Request, status int, data []byte) {
	tag := entityTag(data)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if status == http.StatusOK && hasAlready(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// document is the answer with a piece of a listing.
func (p *piece) document(name string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{%q: [", name)
	b.Write(bytes.Join(p.lines, []byte(",\n ")))
	b.WriteString("]")
	if p.next != "" {
		fmt.Fprintf(&b, ", \"next_cursor\": %q", p.next)
	}
	if p.total >= 0 {
		fmt.Fprintf(&b, ", \"total\": %d", p.total)
	}
	if len(p.notes) > 0 {
		notes, _ := json.Marshal(p.notes)
		fmt.Fprintf(&b, ", \"notes\": %s", notes)
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func (s *Server) apiItems(w http.ResponseWriter, r *http.Request, _ *identity) {
	s.apiListing(w, r, string(viewer.Monitor), "items")
}

func (s *Server) apiRecords(w http.ResponseWriter, r *http.Request, _ *identity) {
	kind, err := viewer.ParseKind(r.PathValue("kind"))
	if err != nil || kind == viewer.Monitor {
		s.fail(w, r, http.StatusNotFound, "there are the kinds heartbeat, log, alarm and run")
		return
	}
	s.apiListing(w, r, string(kind), "records")
}

func (s *Server) apiListing(w http.ResponseWriter, r *http.Request, kind, name string) {
	l, err := s.listingOf(kind, r.URL.Query())
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err.Error())
		return
	}
	p, err := s.read(r.Context(), l)
	if err != nil {
		s.readFailed(w, r, err)
		return
	}
	s.writeJSON(w, r, http.StatusOK, p.document(name))
}

// databaseFailed says that a listing could not be read, and logs why: paths are
// nobody's business who looks from elsewhere.
func (s *Server) databaseFailed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errBusy) {
		s.busy(w, r)
		return
	}
	s.log.Error("database", "problem", err.Error())
	s.fail(w, r, http.StatusServiceUnavailable, "the database cannot be read")
}

// apiItem is one item, whether retired or not.
func (s *Server) apiItem(w http.ResponseWriter, r *http.Request, _ *identity) {
	item := record.Item{Direction: r.PathValue("direction"), Name: r.PathValue("item")}
	line, notes, err := s.itemLine(item)
	switch {
	case err != nil:
		s.databaseFailed(w, r, err)
	case line == nil:
		s.fail(w, r, http.StatusNotFound, "there is no item "+item.String())
	default:
		s.writeJSON(w, r, http.StatusOK, withNotes(line, notes))
	}
}

// itemLine is an item as JSON, nil where there is none, with what could not be read.
func (s *Server) itemLine(item record.Item) (line []byte, notes []string, err error) {
	if item.Validate() != nil {
		return nil, nil, nil
	}
	query, err := viewer.Filter{
		Kind: string(viewer.Monitor), Directions: []string{record.LiteralPattern(item.Direction)}, Items: []string{record.LiteralPattern(item.Name)},
	}.Query(s.now(), nil)
	if err != nil {
		return nil, nil, nil
	}
	var out, told bytes.Buffer
	if err := viewer.Print(&out, s.options.Load().Store, query, s.printing(viewer.JSON, &told)); err != nil {
		return nil, nil, err
	}
	line, _, _ = bytes.Cut(out.Bytes(), []byte{'\n'})
	if len(line) == 0 {
		return nil, nil, nil
	}
	for note := range strings.Lines(told.String()) {
		notes = append(notes, strings.TrimSuffix(note, "\n"))
	}
	return line, notes, nil
}

// withNotes is an item as the API answers it.
func withNotes(line []byte, notes []string) []byte {
	if len(notes) == 0 {
		return append(line, '\n')
	}
	text, _ := json.Marshal(notes)
	return fmt.Appendf(bytes.TrimSuffix(line, []byte("}")), ", \"notes\": %s}\n", text)
}

// apiRest is the pattern of what no other route of the API takes.
const apiRest = "/api/"

// apiUnknown answers where there is nothing, or nothing by this method.
func (s *Server) apiUnknown(mux *http.ServeMux) func(http.ResponseWriter, *http.Request, *identity) {
	return func(w http.ResponseWriter, r *http.Request, _ *identity) {
		allowed := methodsOf(mux, r)
		if len(allowed) == 0 {
			s.fail(w, r, http.StatusNotFound, "see /api/v1/openapi.json")
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		s.fail(w, r, http.StatusMethodNotAllowed, "the methods here are "+strings.Join(allowed, ", "))
	}
}

// methodsOf are the methods for which a path of the API has a route of its own.
func methodsOf(mux *http.ServeMux, r *http.Request) (methods []string) {
	for _, method := range [...]string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut} {
		other := r.WithContext(r.Context()) // a copy
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != apiRest {
			methods = append(methods, method)
		}
	}
	return methods
}
