package viewer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/words"
)

// Filter is a listing as a person asks for it. Empty fields ask for all.
type Filter struct {
	Kind       string // see ParseKind
	Begin, End string // see ParseRange
	Directions []string
	Items      []string
	Levels     []string // one level, or several separated by commas, each
	Receivers  []string // one name, or several separated by blanks or commas, each
	Keywords   []string // all must be in a text of the record
	Not        []string // none may be
	Run        string
	Limit      string // a whole number; "" and 0 mean all
	Reverse    bool
}

// InputError is something that was asked for and cannot be.
type InputError struct {
	Name    string // of the flag, without dashes, or of the operand
	Value   string
	Problem string
	Hint    string // what would be right; may be empty
}

func (e *InputError) Error() string { return fmt.Sprintf("%s %q: %s", e.Name, e.Value, e.Problem) }

// Query makes a query of a filter. Times are of the location of now. The levels
// are those that the config lists beside monitorViewer's, which records may have
// whatever the config says. The error is an *InputError.
func (f Filter) Query(now time.Time, levels []string) (record.Query, error) {
	q := record.Query{
		Location: now.Location(), Directions: f.Directions, Items: f.Items,
		Keywords: f.Keywords, Not: f.Not, Run: f.Run, Reverse: f.Reverse,
	}
	var err error
	if q.Kind, err = ParseKind(f.Kind); err != nil {
		return q, err
	}
	if q.Begin, q.End, err = ParseRange(f.Begin, f.End, now); err != nil {
		return q, err
	}
	if q.Limit, err = ParseLimit(f.Limit); err != nil {
		return q, err
	}
	if q.Levels, err = parseLevels(f.Levels, levels); err != nil {
		return q, err
	}
	for _, receivers := range f.Receivers {
		q.Receivers = append(q.Receivers, words.Split(receivers)...)
	}
	if err = checkPatterns("direction", f.Directions); err == nil {
		err = checkPatterns("item", f.Items)
	}
	if err != nil {
		return q, err
	}
	return q, checkMeaning(q)
}

// ParseKind reads the name of a kind, in any case, in the singular or plural.
// The empty name is the first tab, Monitor.
func ParseKind(text string) (record.Kind, error) {
	if text == "" {
		return Monitor, nil
	}
	name := record.Kind(strings.ToLower(text))
	for _, kind := range Kinds {
		if name == kind || name == kind+"s" {
			return kind, nil
		}
	}
	return "", &InputError{"kind", text, "is not known", "one of " + list(Kinds)}
}

// ParseFormat reads the name of a format.
func ParseFormat(text string) (Format, error) {
	if format := Format(strings.ToLower(text)); slices.Contains(Formats, format) {
		return format, nil
	}
	return "", &InputError{"format", text, "is not known", "one of " + list(Formats)}
}

// ParseLimit reads how many records are wanted at most; 0 means all.
func ParseLimit(text string) (int, error) {
	const hint = "a whole number, such as 100; 0 means all"
	if text == "" {
		return 0, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil {
		return 0, &InputError{"limit", text, "is not a whole number", hint}
	}
	if limit < 0 {
		return 0, &InputError{"limit", text, "is negative", hint}
	}
	return limit, nil
}

func parseLevels(texts, valid []string) ([]string, error) {
	valid = slices.Clone(valid)
	for _, level := range record.Levels {
		if !slices.ContainsFunc(valid, func(known string) bool { return strings.EqualFold(known, string(level)) }) {
			valid = append(valid, string(level))
		}
	}
	var levels []string
	for _, text := range texts {
		for _, name := range words.Split(text) {
			i := slices.IndexFunc(valid, func(level string) bool { return strings.EqualFold(level, name) })
			if i < 0 {
				return nil, &InputError{"level", name, "is not a message level", "one of " + list(valid)}
			}
			levels = append(levels, valid[i])
		}
	}
	return levels, nil
}

func checkPatterns(name string, patterns []string) error {
	for _, pattern := range patterns {
		if strings.Contains(pattern, "/") {
			return &InputError{name, pattern, "contains a slash", "a name or a pattern, as in --direction LSF --item 'check_*'"}
		}
		if _, err := words.Match(pattern, ""); err != nil {
			return &InputError{name, pattern, "is not a pattern", `* and ? stand for any characters, [a-z] for one of a set, [!a-z] for any other; \[ is the bracket itself`}
		}
	}
	return nil
}

// checkMeaning refuses filters that could only ever find nothing.
func checkMeaning(q record.Query) error {
	switch {
	case len(q.Levels) > 0 && q.Kind != record.Log && q.Kind != record.Alarm:
		return &InputError{"level", q.Levels[0], fmt.Sprintf("a %s has no level", q.Kind), "levels go with log and alarm"}
	case len(q.Receivers) > 0 && q.Kind != record.Alarm && q.Kind != Monitor:
		return &InputError{"receivers", q.Receivers[0], fmt.Sprintf("a %s has no receivers", q.Kind), "receivers go with alarm and monitor"}
	case q.Run != "" && q.Kind == Monitor:
		return &InputError{"run", q.Run, "an item belongs to no single run", "runs go with heartbeat, log, alarm and run"}
	}
	return nil
}

func list[T ~string](values []T) string {
	var texts []string
	for _, value := range values {
		texts = append(texts, string(value))
	}
	return strings.Join(texts, ", ")
}

// holdsAny reports whether one of the texts is in a setting. The empty one asks
// for nothing.
func holdsAny(settings record.ItemSettings, texts []string) bool {
	for key, value := range settings {
		for _, text := range texts {
			if text != "" && record.IsSetting(key) && strings.Contains(value, text) {
				return true
			}
		}
	}
	return false
}
