package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mvrun/mvrun/viewer"
)

// recordsView is a piece of a listing as a table.
type recordsView struct {
	page
	Kind    string
	Columns []string
	Rows    [][]string
	Notes   []string
	Older   string // addresses; "" for none
	Newest  string
	Values  url.Values // of the form
	Levels  []string
	Number  int // of the piece
	Total   int // of the listing; -1 where that is not known
	Names   suggestions
}

// suggestions are the names that a form offers.
type suggestions struct {
	directions, items []string
}

// maxSuggestions is how many items a form offers at most; of more, none.
const maxSuggestions = 400

// suggest gives the names of the database.
func (s *Server) suggest() (names suggestions) {
	items, _ := s.options.Load().Store.Candidates(nil, nil) // none are offered where they cannot be read
	for _, item := range items {
		names.directions, names.items = append(names.directions, item.Direction), append(names.items, item.Name)
	}
	slices.Sort(names.directions)
	slices.Sort(names.items)
	names.directions, names.items = slices.Compact(names.directions), slices.Compact(names.items)
	if len(names.items) > maxSuggestions {
		names.items = nil
	}
	return names
}

func (s *Server) recordsPage(w http.ResponseWriter, r *http.Request, who *identity) {
	kind, err := viewer.ParseKind(r.PathValue("kind"))
	if err != nil {
		s.fail(w, r, http.StatusNotFound, unknownKind)
		return
	}
	values := r.URL.Query()
	label := strings.ToUpper(string(kind[:1])) + string(kind[1:])
	view := recordsView{page: s.page(r, who, label), Kind: string(kind), Values: values, Levels: s.options.Load().levels(), Number: 1, Total: -1, Names: s.suggest()}
	l, err := s.listingOf(string(kind), values)
	if err != nil { // the form is there to be corrected
		view.Columns, _ = viewer.Cells(kind, nil, nil)
		view.Notes = []string{explained(err)}
		s.render(w, http.StatusBadRequest, view.page, view)
		return
	}
	p, err := s.read(r.Context(), l)
	if err != nil {
		s.readFailed(w, r, err)
		return
	}
	view.Notes, view.Number, view.Total = p.notes, l.number, p.total
	view.Columns, view.Rows = viewer.Cells(kind, p.lines, p.times)
	if p.next != "" {
		view.Older = address(r.URL.Path, values, "cursor", p.next)
	}
	if values.Get("cursor") != "" {
		view.Newest = address(r.URL.Path, values, "cursor", "")
	}
	s.render(w, http.StatusOK, view.page, view)
}

// explained is what is wrong with an address, and what would be right.
func explained(err error) string {
	var input *viewer.InputError
	if errors.As(err, &input) && input.Hint != "" {
		return err.Error() + " (" + input.Hint + ")"
	}
	return err.Error()
}

// address is a listing's with one value changed.
func address(path string, values url.Values, key, value string) string {
	changed := url.Values{}
	for name, list := range values {
		if list = given(list); len(list) > 0 && name != "lang" {
			changed[name] = list
		}
	}
	changed.Del(key)
	if value != "" {
		changed.Set(key, value)
	}
	if query := changed.Encode(); query != "" {
		return path + "?" + query
	}
	return path
}

// boost has a script, where there is one, take over what links and forms within do:
// they change the listing without loading the page anew.
const boost constant = ` hx-boost:inherited="true" hx-target:inherited="#listing" hx-select:inherited="#listing" hx-swap:inherited="outerHTML"`

// boostToTop goes to the top of the listing as well, as a page that is loaded does.
const boostToTop constant = ` hx-boost:inherited="true" hx-target:inherited="#listing" hx-select:inherited="#listing" hx-swap:inherited="outerHTML show:top"`

func (v recordsView) write(m *markup) {
	m.raw(`<div id="listing">`, "\n")
	v.writeQuick(m)
	v.writeForm(m)
	for _, note := range v.Notes {
		m.note(note)
	}
	m.raw(`<div id="records"`)
	if v.Values.Get("cursor") == "" && v.Values.Get("sort") == "" {
		m.attribute("data-live", v.live())
	} else {
		m.raw(` data-live="-"`) // stays as it is
	}
	m.raw(">\n")
	v.writeTable(m)
	v.writePager(m)
	m.raw("</div>\n</div>\n")
}

// live is what this listing changes with; "" stands for everything.
func (v recordsView) live() string {
	if v.Kind == string(viewer.Monitor) {
		return ""
	}
	return v.Kind
}

// writePager says what part of the listing this is, and leads to the others.
func (v recordsView) writePager(m *markup) {
	m.raw(`<nav class="pager"`)
	m.attribute("aria-label", m.T("Pages"))
	m.raw("><span", boostToTop, ">")
	if v.Newest != "" {
		m.link(v.Newest, m.T("First page"), false)
		m.raw(" ")
	}
	if v.Older != "" {
		m.raw(`<a rel="next"`)
		m.attribute("href", v.Older)
		m.raw(">")
		m.say("Next page")
		m.raw("</a> ")
	}
	m.raw("</span><span>")
	m.text(v.place(m))
	m.raw(`</span><span class="export">`)
	m.say("All of it as")
	export := address("/export/"+v.Kind, v.Values, "cursor", "")
	for _, format := range [...]string{"CSV", "JSON"} {
		m.raw(" <a download")
		m.attribute("href", addressWith(export, "format", strings.ToLower(format)))
		m.raw(">")
		m.text(format)
		m.raw("</a>")
	}
	m.raw("</span></nav>\n")
}

// place says where in the listing this piece is.
func (v recordsView) place(m *markup) string {
	switch {
	case v.Total == 1:
		return fmt.Sprintf(m.T("Page %d of one record, sorted by %s"), v.Number, v.sortedBy())
	case v.Total >= 0:
		return fmt.Sprintf(m.T("Page %d of %s records, sorted by %s"), v.Number, viewer.Grouped(v.Total), v.sortedBy())
	}
	return fmt.Sprintf(m.T("Page %d, %d shown"), v.Number, len(v.Rows))
}

func (v recordsView) sortedBy() string {
	name := strings.TrimPrefix(v.Values.Get("sort"), "-")
	for _, title := range v.Columns {
		if strings.EqualFold(title, name) {
			return title
		}
	}
	return name
}

// addressWith is an address with a further value.
func addressWith(to, key, value string) string {
	parsed, err := url.Parse(to)
	if err != nil {
		return to
	}
	return address(parsed.Path, parsed.Query(), key, value)
}
