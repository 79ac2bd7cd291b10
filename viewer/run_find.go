package viewer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// foundRun is a run that is on record somewhere.
type foundRun struct {
	item  record.Item
	id    string
	begin time.Time  // zero where not known
	beat  record.Row // its heartbeat; without a line where there is none
}

// runHint says what an id of a run may be.
const runHint = "mvrun view run lists the runs with their ids; the beginning of an id, or the part behind its dash, is enough"

// Forms of a run's id, which is its start in UTC and random digits, and of the id
// of an alarm, which is not to be taken for one.
const (
	runTimeForm   = "00000000T000000"
	runIDLength   = len(runTimeForm) + len("Z-0123456789")
	alarmTimeForm = "00000000T000000000000000-"
	leastTail     = 4 // digits behind the dash that are taken for a run
)

// find gives the run that an id means.
func (r *runReader) find(id string) (foundRun, error) {
	id = strings.TrimSpace(id)
	if err := checkRunID(id); err != nil {
		return foundRun{}, err
	}
	var found []foundRun
	for _, kind := range []record.Kind{record.Heartbeat, record.Run} {
		// A run whose heartbeat is gone, or never was, is known by its end.
		var err error
		if found, err = r.search(id, kind); err != nil {
			return foundRun{}, err
		}
		if len(found) > 0 {
			break
		}
	}
	if whole := slices.DeleteFunc(slices.Clone(found), func(run foundRun) bool { return run.id != id }); len(whole) > 0 {
		found = whole // another program's id may be the beginning of the next
	}
	switch len(found) {
	case 0:
		return foundRun{}, &InputError{"run", id, "is not on record", runHint}
	case 1:
		return found[0], nil
	}
	return foundRun{}, ambiguousRun(id, found)
}

func checkRunID(id string) error {
	switch {
	case id == "":
		return &InputError{"run", id, "is empty", runHint}
	case strings.Contains(id, "/"):
		return &InputError{"run", id, "is an item, not a run", "mvrun why " + id + " tells of its last failed run"}
	case strings.HasPrefix(shape(id), alarmTimeForm):
		return &InputError{"run", id, "is the id of an alarm", "mvrun view alarm --keyword " + id + " --format json names its run"}
	}
	return nil
}

// maxCandidates bounds the runs that are named where an id means several.
const maxCandidates = 8

func ambiguousRun(id string, found []foundRun) error {
	var names []string
	for _, run := range found[:min(len(found), maxCandidates)] {
		names = append(names, fmt.Sprintf("%s (%s)", run.id, run.item))
	}
	problem := "is the beginning of more than one run"
	if found[0].id == found[1].id {
		problem = "is a run of more than one item"
	}
	if len(found) > maxCandidates {
		names = append(names, "and more")
	}
	return &InputError{"run", id, problem, "one of " + strings.Join(names, ", ") + "; --direction and --item narrow it down"}
}

// search looks for runs that an id may mean among the records of a kind.
func (r *runReader) search(id string, kind record.Kind) ([]foundRun, error) {
	q := record.Query{Kind: kind, Directions: r.options.Directions, Items: r.options.Items, Keywords: []string{id}}
	matches := func(run string) bool { return run == id }
	if start, ok := runStart(id); ok {
		// Days are those of the hosts' time zones. The end may be long after.
		q.Begin = start.AddDate(0, 0, -1)
		if kind == record.Heartbeat {
			q.End = start.AddDate(0, 0, 3)
		}
		if len(id) < runIDLength {
			matches = func(run string) bool { return strings.HasPrefix(run, id) }
		}
	} else if isTail(id) {
		matches = func(run string) bool { return run == id || isTailOf(run, id) }
	}
	var found []foundRun
	err := r.rows(q, func(row record.Row) bool {
		run := row.Get("run")
		if !matches(run) {
			return true
		}
		candidate := foundRun{item: row.Item, id: run, begin: row.Time, beat: row}
		if kind == record.Run {
			candidate.begin, candidate.beat = parseStamp(row.Get("start")), record.Row{}
		}
		same := func(other foundRun) bool { return other.id == run && other.item == row.Item }
		if !slices.ContainsFunc(found, same) {
			found = append(found, candidate)
		}
		return len(found) <= maxCandidates
	})
	return found, err
}

// runStart reads the day at which a run began of the beginning of its id.
func runStart(id string) (time.Time, bool) {
	if n := min(len(id), len(runTimeForm)); n < len("00000000") || shape(id[:n]) != runTimeForm[:n] {
		return time.Time{}, false
	}
	start, err := time.Parse("20060102", id[:8])
	return start, err == nil
}

// isTail reports whether a text may be digits from behind the dash of an id.
func isTail(text string) bool {
	return len(text) >= leastTail && strings.Trim(text, "0123456789abcdef") == ""
}

func isTailOf(run, tail string) bool {
	at := strings.LastIndexByte(run, '-')
	return at >= 0 && strings.HasPrefix(run[at+1:], tail)
}

func parseStamp(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at
}
