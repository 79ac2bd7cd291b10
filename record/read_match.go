package record

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/words"
)

// verdict says what a line is to a query.
type verdict int

const (
	lineUnwanted verdict = iota
	lineWanted
	lineBad
)

// matcher decides on lines. It is not safe for concurrent use; a copy is another one.
type matcher struct {
	query    Query
	location *time.Location
	keywords []string
	not      []notText
	// needles are texts that all must be in a line for it to match, and choices
	// lists of which one must: in the form in which a JSON string holds them, so
	// that most lines need not be parsed.
	needles [][]byte
	choices [][]byte
	stamps  stamps
}

func newMatcher(q Query) *matcher {
	m := &matcher{query: q, location: q.location()}
	m.stamps.location = m.location
	for _, keyword := range q.Keywords {
		keyword = strings.ToValidUTF8(keyword, "\uFFFD")
		m.keywords = append(m.keywords, keyword)
		m.needles = appendNeedle(m.needles, keyword)
	}
	for _, text := range q.Not {
		m.not = append(m.not, newNotText(text))
	}
	m.needles = appendNeedle(m.needles, q.Run)
	for _, receiver := range q.Receivers {
		m.choices = appendNeedle(m.choices, receiver)
	}
	if len(m.choices) < len(q.Receivers) {
		m.choices = nil
	}
	return m
}

// appendNeedle leaves out what cannot be searched for: U+FFFD is also what
// broken UTF-8 is read as.
func appendNeedle(needles [][]byte, text string) [][]byte {
	if text == "" || strings.ContainsRune(text, '\uFFFD') {
		return needles
	}
	quoted := appendQuoted(nil, text)
	return append(needles, quoted[1:len(quoted)-1])
}

// longestNeedle is one that all wanted lines hold, but for those with rare
// escapes; nil where there is none.
func (m *matcher) longestNeedle() []byte {
	needles := m.needles
	if len(needles) == 0 && len(m.choices) == 1 {
		needles = m.choices
	}
	var longest []byte
	for _, needle := range needles {
		if len(needle) > len(longest) {
			longest = needle
		}
	}
	return longest
}

// canMatch looks at the bytes only. A line with escapes that mvrun does not
// write (Python's \u5931, PHP's \/) is not decided here.
func (m *matcher) canMatch(line []byte) bool {
	if len(m.needles) == 0 && len(m.choices) == 0 {
		return true
	}
	for _, needle := range m.needles {
		if !bytes.Contains(line, needle) {
			return hasRareEscape(line)
		}
	}
	if len(m.choices) == 0 {
		return true
	}
	return slices.ContainsFunc(m.choices, func(choice []byte) bool { return bytes.Contains(line, choice) }) || hasRareEscape(line)
}

func hasRareEscape(line []byte) bool {
	return bytes.Contains(line, []byte(`\u`)) || bytes.Contains(line, []byte(`\/`))
}

// record looks at a trimmed line of the file of a day.
func (m *matcher) record(line []byte, day time.Time) (time.Time, verdict) {
	if !looksLikeRecord(line) {
		return time.Time{}, lineBad
	}
	if !m.canMatch(line) {
		return time.Time{}, lineUnwanted
	}
	var keys queryKeys
	if !scanObject(line, keys.take) {
		return time.Time{}, lineBad
	}
	at, dated := m.time(keys, day)
	if dated && !m.inRange(at) || !m.matches(line, keys) {
		return at, lineUnwanted
	}
	return at, lineWanted
}

// queryKeys are what a query may ask for, as it is written.
type queryKeys struct {
	ts, time, run, receivers, messageLevel, level []byte
	result, exitCode                              []byte // for a summary
}

func (k *queryKeys) take(key, value []byte) {
	switch string(key) {
	case `"ts"`:
		k.ts = value
	case `"time"`:
		k.time = value
	case `"run"`:
		k.run = value
	case `"receivers"`:
		k.receivers = value
	case `"message_level"`:
		k.messageLevel = value
	case `"level"`:
		k.level = value
	case `"send_alarm_result"`:
		k.result = value
	case `"exit_code"`:
		k.exitCode = value
	}
}

// time is when a record was written. One that does not say is of the day of its
// file, at an hour that is not known: whoever asks for a part of the day gets it.
func (m *matcher) time(k queryKeys, day time.Time) (at time.Time, dated bool) {
	if at, ok := m.stamps.parse(k.ts); ok {
		return at, true
	}
	if at, ok := parseTime(valueText(k.time), m.location); ok {
		return at, true
	}
	return day, false
}

// parseTime reads a "time": monitorViewer's, or one of a program that writes a T
// between date and clock, with a zone or without.
func parseTime(text string, location *time.Location) (time.Time, bool) {
	if at, err := time.ParseInLocation(TimeLayout, text, location); err == nil {
		return at, true
	}
	if len(text) <= len(time.DateOnly) || text[len(time.DateOnly)] != 'T' {
		return time.Time{}, false
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.In(location), true
	}
	at, err := time.ParseInLocation("2006-01-02T15:04:05", text, location)
	return at, err == nil
}

func (m *matcher) inRange(at time.Time) bool {
	q := m.query
	return (q.Begin.IsZero() || !at.Before(q.Begin)) && (q.End.IsZero() || at.Before(q.End))
}

func (m *matcher) matches(line []byte, k queryKeys) bool {
	q := m.query
	return (q.Run == "" || valueText(k.run) == q.Run) &&
		(len(q.Levels) == 0 || m.matchesLevel(k)) &&
		(len(q.Receivers) == 0 || matchesReceiver(q.Receivers, valueText(k.receivers))) &&
		matchesKeywords(m.keywords, line) && !m.contradicts(line)
}

func (m *matcher) matchesLevel(k queryKeys) bool {
	level := k.level
	if m.query.Kind == Log {
		level = k.messageLevel
	}
	return slices.ContainsFunc(m.query.Levels, func(wanted string) bool {
		return strings.EqualFold(wanted, valueText(level))
	})
}

func matchesReceiver(wanted []string, receivers string) bool {
	return slices.ContainsFunc(words.Split(receivers), func(name string) bool { return slices.Contains(wanted, name) })
}

// matchesKeywords reports whether each keyword is within some text of a record.
func matchesKeywords(keywords []string, line []byte) bool {
	for _, keyword := range keywords {
		missing := eachText(line, func(text string) bool { return !strings.Contains(text, keyword) })
		if missing && keyword != "" {
			return false
		}
	}
	return true
}
