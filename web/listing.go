package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// filterKeys are what the address of a listing may say, beside conditions on columns.
var filterKeys = [...]string{
	"begin", "end", "direction", "item", "level", "receivers", "keyword", "not", "run", "sort", "limit", "cursor", "format", "lang",
}

// wherePrefix begins a parameter that is a condition on the column named behind it.
const wherePrefix = "where."

// Bounds of one answer.
const (
	defaultLimit  = 100
	maxLimit      = 1000
	maxConditions = 50
)

// listing is one piece of a listing that is asked for by an address.
type listing struct {
	viewer.Listing
	key    string // of the listing, without its place
	number int    // of the piece, from 1 on
}

// cursor is a place in a listing.
type cursor struct {
	Key    string        `json:"k"`
	Number int           `json:"n"`
	Place  *viewer.Place `json:"p"`
}

// listingOf reads an address. Errors are about what it says.
func (s *Server) listingOf(kind string, values url.Values) (*listing, error) {
	if err := checkKeys(values, filterKeys[:]); err != nil {
		return nil, err
	}
	o, now := s.options.Load(), s.now()
	query, err := filterOf(kind, values).Query(now, o.levels())
	if err != nil {
		return nil, err
	}
	l := &listing{key: listingKey(kind, values), number: 1}
	l.Query, l.Now, l.Rules, l.Size = query, now, o.Rules, defaultLimit
	if l.Order, err = viewer.ParseOrder(query.Kind, values.Get("sort")); err != nil {
		return nil, err
	}
	if l.Conditions, err = conditionsOf(query.Kind, values); err != nil {
		return nil, err
	}
	if text := values.Get("limit"); text != "" {
		if l.Size, err = strconv.Atoi(text); err != nil || l.Size < 1 || l.Size > maxLimit {
			return nil, errors.New("limit is a number from 1 to " + strconv.Itoa(maxLimit))
		}
	}
	if text := values.Get("cursor"); text != "" {
		return l, l.goTo(text)
	}
	return l, nil
}

// levels are those of the config, and those that other configs had before it.
func (o *Options) levels() []string {
	levels := slices.Clone(o.Levels)
	for _, level := range record.Levels {
		if !slices.ContainsFunc(levels, func(known string) bool { return strings.EqualFold(known, string(level)) }) {
			levels = append(levels, string(level))
		}
	}
	return levels
}

func filterOf(kind string, values url.Values) viewer.Filter {
	return viewer.Filter{
		Kind: kind, Begin: values.Get("begin"), End: values.Get("end"), Directions: given(values["direction"]), Items: given(values["item"]),
		Levels: given(values["level"]), Receivers: given(values["receivers"]), Keywords: given(values["keyword"]), Not: given(values["not"]),
		Run: values.Get("run"),
	}
}

// conditionsOf are those on columns, in the order of their names.
func conditionsOf(kind record.Kind, values url.Values) ([]viewer.Condition, error) {
	var names []string
	for key := range values {
		if name, ok := strings.CutPrefix(key, wherePrefix); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var conditions []viewer.Condition
	for _, name := range names {
		if _, err := viewer.ParseCondition(kind, name, "="); err != nil {
			return nil, err // there is no such column, whether anything is asked of it or not
		}
		for _, text := range given(values[wherePrefix+name]) {
			c, err := viewer.ParseCondition(kind, name, text)
			if err != nil {
				return nil, err
			}
			conditions = append(conditions, c)
		}
	}
	if len(conditions) > maxConditions {
		return nil, errors.New("there may be " + strconv.Itoa(maxConditions) + " conditions on columns")
	}
	return conditions, nil
}

func checkKeys(values url.Values, known []string) error {
	for key := range values {
		if !slices.Contains(known, key) && !(strings.HasPrefix(key, wherePrefix) && slices.Contains(known, "sort")) {
			return errors.New("the parameter " + strconv.Quote(key) + " is not known; there are " + strings.Join(known, ", "))
		}
	}
	return nil
}

// given leaves out the fields of a form that were left empty.
func given(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(value string) bool { return strings.TrimSpace(value) == "" })
}

// listingKey tells one listing from another.
func listingKey(kind string, values url.Values) string {
	rest := url.Values{}
	for key, list := range values {
		if list = given(list); len(list) > 0 && !slices.Contains([]string{"cursor", "limit", "format", "lang"}, key) {
			rest[key] = list
		}
	}
	sum := sha256.Sum256([]byte(kind + "?" + rest.Encode()))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

var errForeignCursor = errors.New("the cursor is not of this listing; begin again without it")

func (l *listing) goTo(text string) error {
	data, err := base64.RawURLEncoding.DecodeString(text)
	var at cursor
	if err != nil || json.Unmarshal(data, &at) != nil || at.Key != l.key || at.Place == nil {
		return errForeignCursor
	}
	l.From, l.number = at.Place, max(at.Number, 1)
	return nil
}

// next is the cursor of the piece that begins at a place.
func (l *listing) next(place *viewer.Place) string {
	data, _ := json.Marshal(cursor{l.key, l.number + 1, place}) // numbers and texts
	return base64.RawURLEncoding.EncodeToString(data)
}

// piece is a listing's records as the lines of viewer's JSON.
type piece struct {
	lines [][]byte
	times []time.Time
	next  string // the cursor of what follows; "" at the end
	total int    // of the listing; -1 where that is not known
	notes []string
}

// admit lets a listing be read. Those that need all records wait for one another,
// and let others read meanwhile.
func (s *Server) admit(ctx context.Context, l *listing) (release func(), err error) {
	if !l.ReadsAll() {
		return func() {}, nil
	}
	if leave, ok := ctx.Value(leaveKey{}).(func()); ok {
		leave()
	}
	return s.sorting.leave, s.sorting.enter(ctx)
}

// read makes a piece of a listing.
func (s *Server) read(ctx context.Context, l *listing) (*piece, error) {
	release, err := s.admit(ctx, l)
	if err != nil {
		return nil, err
	}
	defer release()
	page, err := l.Read(ctx, s.options.Load().Store)
	if err != nil {
		return nil, err
	}
	p := &piece{lines: page.Lines, times: page.Times, total: page.Total, notes: page.Notes}
	if page.Next != nil {
		p.next = l.next(page.Next)
	}
	return p, nil
}

// readFailed answers where a listing could not be read.
func (s *Server) readFailed(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil: // nobody is there to be answered
		s.log.Info("given up", "problem", err.Error())
	case errors.Is(err, errBusy):
		s.busy(w, r)
	case errors.Is(err, viewer.ErrPlace):
		s.fail(w, r, http.StatusBadRequest, errForeignCursor.Error())
	default:
		s.databaseFailed(w, r, err)
	}
}

// export sends a whole listing as CSV or JSON lines, in its order.
func (s *Server) export(w http.ResponseWriter, r *http.Request, _ *identity) {
	kind, err := viewer.ParseKind(r.PathValue("kind"))
	if err != nil {
		s.fail(w, r, http.StatusNotFound, unknownKind)
		return
	}
	l, err := s.listingOf(string(kind), r.URL.Query())
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err.Error())
		return
	}
	format, contentType := viewer.CSV, "text/csv; charset=utf-8"
	switch text := r.URL.Query().Get("format"); text {
	case "", string(viewer.CSV):
	case string(viewer.JSON):
		format, contentType = viewer.JSON, "application/x-ndjson"
	default:
		s.fail(w, r, http.StatusBadRequest, "the format "+strconv.Quote(text)+" is not known; there are csv and json")
		return
	}
	release, err := s.admit(r.Context(), l)
	if err != nil {
		s.readFailed(w, r, err)
		return
	}
	defer release()
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="mvrun-`+string(kind)+"."+string(format)+`"`)
	if err := l.Export(r.Context(), w, s.options.Load().Store, s.printing(format, nil)); err != nil {
		s.brokenOff(w, r, err)
	}
}

const unknownKind = "there are the kinds monitor, heartbeat, log, alarm and run"
