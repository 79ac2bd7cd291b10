package record

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mvrun/mvrun/words"
)

// Query says which records of the database are wanted. The zero value of each
// field but Kind wants all.
type Query struct {
	Kind Kind

	// The records of [Begin, End). A record's time is its "ts", else its "time",
	// which is taken as of Location, else the day of its file.
	Begin, End time.Time
	Location   *time.Location // nil means time.Local

	Directions, Items []string // names or patterns of words.Match; one must match
	Levels            []string // in any case; one must be the record's
	Receivers         []string // one must be among the record's
	Keywords          []string // each must be within a text of the record
	Not               []string // none may be within a text of the record
	Run               string   // the id of a run

	// Where decides on what the fields above let through; nil wants it all. It is
	// called by several goroutines at once, and the line is valid until it returns.
	Where func(row Row) bool

	Limit   int    // at most so many, the newest; 0 means all
	Reverse bool   // newest first
	Oldest  bool   // the limit takes the oldest; not with Reverse
	From    *Place // begins behind a place of the listing; not with a Limit of the newest, oldest first
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
	if q.Oldest && q.Reverse || q.From != nil && q.Limit > 0 && !q.Reverse && !q.Oldest {
		return errors.New("the newest cannot be listed with the oldest first from there")
	}
	if q.From != nil {
		if err := q.From.Check(); err != nil {
			return err
		}
	}
	for _, patterns := range [][]string{q.Directions, q.Items} {
		for _, pattern := range patterns {
			if _, err := words.Match(pattern, ""); err != nil {
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
	Day  string    // of the file
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

	exhausted error // one of them: there was no descriptor left
}

// maxNamed bounds how many files a listing names.
const maxNamed = 100

func (s *Stats) add(other Stats) {
	s.Files += other.Files
	s.Bytes += other.Bytes
	s.Skipped += other.Skipped
	s.Failures += other.Failures
	s.exhausted = cmp.Or(s.exhausted, other.exhausted)
	s.Foreign = appendNamed(s.Foreign, other.Foreign...)
	s.Problems = appendNamed(s.Problems, other.Problems...)
}

func (s *Stats) problem(err error) {
	s.Failures++
	if isExhausted(err) {
		s.exhausted = err
	}
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

	follower *Follower // is told how far files were read; may be nil
	stopped  atomic.Bool
	standing standing
}

// Select lists records, the oldest first. Records of the same time have the
// order of their items and, within an item, of its files. The name of a day file
// decides whether it is opened at all.
func (s *Store) Select(q Query) *Rows {
	return &Rows{store: s, query: q, err: q.check()}
}

// Stop ends the listing early, as when nobody wants it any more. Any goroutine may
// call it.
func (r *Rows) Stop() { r.stopped.Store(true) }

// Err tells why there is no listing at all: the database cannot be opened, or the
// query is wrong. Or it is not whole: the database was removed while it was read, or
// this process may not open so many files. It is known once All has ended.
func (r *Rows) Err() error { return r.err }

// Stats is complete once All has ended.
func (r *Rows) Stats() Stats { return r.stats }

// All gives the records.
func (r *Rows) All() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		if r.err != nil {
			return
		}
		listing, err := newListing(r)
		if err != nil {
			r.err = err
			return
		}
		listing.each(yield)
		r.err = listing.ended()
	}
}

// matchName reports whether one of the patterns, if there are any, matches.
func matchName(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool { return matchesName(pattern, name) })
}

// matchesName reports whether a pattern is about a name. One that is named letter by
// letter is meant, whatever a glob makes of its brackets.
func matchesName(pattern, name string) bool {
	if namedBy(pattern) == name {
		return true
	}
	ok, _ := words.Match(pattern, name)
	return ok
}

// LiteralPattern is the pattern that matches this name alone.
func LiteralPattern(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

// namedBy is the name that a pattern has letter by letter: of a LiteralPattern the one
// that it was made of, which is no other item's.
func namedBy(pattern string) string {
	if strings.Contains(pattern, `\`) {
		name := strings.NewReplacer(`\\`, `\`, `\*`, `*`, `\?`, `?`, `\[`, `[`).Replace(pattern)
		if LiteralPattern(name) == pattern {
			return name
		}
	}
	return pattern
}

// Names reports whether an item is asked for by its name.
func (q Query) Names(item Item) bool {
	return slices.ContainsFunc(q.Items, func(pattern string) bool { return namedBy(pattern) == item.Name })
}

// MatchesItem reports whether records of an item are wanted.
func (q Query) MatchesItem(item Item) bool {
	return matchName(q.Directions, item.Direction) && matchName(q.Items, item.Name)
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
