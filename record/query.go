package record

import (
	"bytes"
	"fmt"
	"iter"
	"path"
	"strings"
	"time"
)

// Query says which records of the database are wanted. The zero value of each
// field but Kind wants all.
type Query struct {
	Kind Kind

	// The records of [Begin, End). A record's time is its "ts", else its "time",
	// which is taken as of Location, else the day of its file.
	Begin, End time.Time
	Location   *time.Location // nil means time.Local

	Directions, Items []string // names or patterns of path.Match; one must match
	Levels            []string // in any case; one must be the record's
	Receivers         []string // one must be among the record's
	Keywords          []string // each must be within a text of the record
	Run               string   // the id of a run

	Limit   int  // at most so many, the newest; 0 means all
	Reverse bool // newest first
}

func (q Query) location() *time.Location {
	if q.Location == nil {
		return time.Local
	}
	return q.Location
}

// check reports a query that cannot be carried out.
func (q Query) check() error {
	if q.Limit < 0 {
		return fmt.Errorf("limit %d: is negative", q.Limit)
	}
	for _, patterns := range [][]string{q.Directions, q.Items} {
		for _, pattern := range patterns {
			if _, err := path.Match(pattern, ""); err != nil {
				return fmt.Errorf("pattern %q: %w", pattern, err)
			}
		}
	}
	return nil
}

// Row is one record of a listing.
type Row struct {
	Item Item
	Kind Kind
	Time time.Time // see Query.Begin
	Line []byte    // the line of the day file, without its end: one JSON object
}

// Field is one key of a record with its value as it is written in the file.
type Field struct {
	Key   string
	Value []byte // JSON
}

// Text is the value as a text: a string decoded, anything else as it is written.
func (f Field) Text() string { return valueText(f.Value) }

// Fields gives the keys of the record in the order of the file.
func (r Row) Fields() []Field { return fieldsOf(r.Line) }

// Get is the value of a key as a text, or "". Of a key that is there twice the
// last one counts, as in Python's json module.
func (r Row) Get(key string) string {
	var found []byte
	for name, value := range eachField(r.Line) {
		if isKey(name, key) {
			found = value
		}
	}
	if found == nil {
		return ""
	}
	return valueText(found)
}

// Stats tells what a listing met with. Nothing of it ends a listing.
type Stats struct {
	Files    int      // read
	Bytes    int64    // read
	Skipped  int      // lines that hold no record, as far as they were looked at
	Foreign  []string // files and folders that are not of a database, at most maxNamed
	Problems []error  // files and folders that could not be read, at most maxNamed
	Failures int      // how many those were
}

// maxNamed bounds how many files a listing names.
const maxNamed = 100

func (s *Stats) add(other Stats) {
	s.Files += other.Files
	s.Bytes += other.Bytes
	s.Skipped += other.Skipped
	s.Failures += other.Failures
	s.Foreign = appendNamed(s.Foreign, other.Foreign...)
	s.Problems = appendNamed(s.Problems, other.Problems...)
}

func (s *Stats) problem(err error) {
	s.Failures++
	s.Problems = appendNamed(s.Problems, err)
}

func (s *Stats) foreign(path string) { s.Foreign = appendNamed(s.Foreign, path) }

func appendNamed[T any](list []T, more ...T) []T {
	room := max(0, maxNamed-len(list))
	return append(list, more[:min(room, len(more))]...)
}

// Rows is a listing. It is read while it is ranged over, a day at a time, and
// may be ranged over once, by one goroutine.
type Rows struct {
	store *Store
	query Query
	stats Stats
	err   error
}

// Select lists records, the oldest first. Records of the same time have the
// order of their items and, within an item, of its files. The name of a day file
// decides whether it is opened at all.
func (s *Store) Select(q Query) *Rows {
	return &Rows{store: s, query: q, err: q.check()}
}

// Err tells why there is no listing at all: the database cannot be opened, or
// the query is wrong. It is known once All has ended.
func (r *Rows) Err() error { return r.err }

// Stats is complete once All has ended.
func (r *Rows) Stats() Stats { return r.stats }

// All gives the records.
func (r *Rows) All() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		if r.err != nil {
			return
		}
		listing, err := newListing(r.store, r.query, &r.stats)
		if err != nil {
			r.err = err
			return
		}
		listing.each(yield)
	}
}

// matchName reports whether one of the patterns, if there are any, matches.
func matchName(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if pattern == name {
			return true
		}
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return len(patterns) == 0
}

// isPattern reports whether a text may match other names than itself.
func isPattern(text string) bool { return strings.ContainsAny(text, `*?[\`) }

// isKey compares a key as it is written, in quotes, with a name.
func isKey(raw []byte, name string) bool {
	if bytes.IndexByte(raw, '\\') >= 0 {
		return valueText(raw) == name
	}
	return string(raw[1:len(raw)-1]) == name
}
