package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/words"
)

// Retention says how long records are kept. The zero value keeps all for ever.
type Retention struct {
	General    RetentionTerms
	Directions map[string]RetentionTerms // what differs for a direction
}

// RetentionTerms are numbers of days by what the setting is called: a kind of
// records, "output" or "archive_after". What is not given is not there; 0 stands
// for "forever" and "never".
type RetentionTerms map[string]int

// The settings of retention that are no kind of records.
const (
	RetentionOutput       = "output"
	RetentionArchiveAfter = "archive_after"
)

// The shortest terms, in days. Today and yesterday are needed by monitorViewer's
// rule for heartbeats and by checks; a limit of alarms per week counts what was
// sent since Monday.
const (
	minRetention      = 2
	minAlarmRetention = 8
)

var retentionKinds = [...]string{"heartbeat", "log", "alarm", "run", RetentionOutput}

// IsZero reports whether nothing is ever removed or archived.
func (r Retention) IsZero() bool {
	all := []RetentionTerms{r.General}
	for _, terms := range r.Directions {
		all = append(all, terms)
	}
	return !slices.ContainsFunc(all, func(terms RetentionTerms) bool {
		for _, days := range terms {
			if days > 0 {
				return true
			}
		}
		return false
	})
}

// Keep gives for how many days records of a kind, or "output", are kept; 0 for
// ever. Outputs are kept as runs are, unless something else is said of them.
func (r Retention) Keep(direction, kind string) int {
	if days, ok := r.term(direction, kind); ok || kind != RetentionOutput {
		return days
	}
	return r.Keep(direction, "run")
}

// ArchiveAfter gives the number of days after which records are archived; 0 for
// never.
func (r Retention) ArchiveAfter(direction string) int {
	days, _ := r.term(direction, RetentionArchiveAfter)
	return days
}

func (r Retention) term(direction, name string) (days int, ok bool) {
	if days, ok = r.Directions[direction][name]; !ok {
		days, ok = r.General[name]
	}
	return days, ok
}

const retentionExample = "write each kind and how long it is kept as log: 90d"

// retention takes all or nothing over: what remains of a faulty one could remove
// what was to be kept.
func (r *reader) retention(cfg *Config, e entry) {
	before := r.found()
	var retention Retention
	known := append(slices.Clone(retentionKinds[:]), RetentionArchiveAfter)
	for _, s := range r.entries(e, retentionExample) {
		switch {
		case slices.Contains(known, s.name):
			r.retentionTerm(s, &retention.General)
		case s.name == "directions":
			retention.Directions = r.retentionDirections(cfg, s, known)
		default:
			r.unknownKey(s, "key of retention", append(known, "directions"))
		}
	}
	if r.found() == before {
		cfg.Retention = retention
	}
}

func (r *reader) retentionDirections(cfg *Config, e entry, known []string) map[string]RetentionTerms {
	var all map[string]RetentionTerms
	for _, d := range r.entries(e, "write each direction and what differs for it as LSF: {log: 30d}") {
		if problem := nameProblem(d.name); problem != "" {
			r.faultAtKey(d, "is no name of a direction: it "+problem, "name one of valid_direction_dic")
			continue
		}
		r.checkRetained(cfg, d)
		var terms RetentionTerms
		for _, s := range r.entries(d, retentionExample) {
			if slices.Contains(known, s.name) {
				r.retentionTerm(s, &terms)
			} else {
				r.unknownKey(s, "key of a direction's retention", known)
			}
		}
		if terms != nil {
			if all == nil {
				all = map[string]RetentionTerms{}
			}
			all[d.name] = terms
		}
	}
	return all
}

// checkRetained reports a misspelt direction. Another one that is not listed may
// have been, and still has records.
func (r *reader) checkRetained(cfg *Config, d entry) {
	var names []string
	for _, direction := range cfg.Directions {
		names = append(names, direction.Name)
	}
	if slices.Contains(names, d.name) {
		return
	}
	if meant := words.Nearest(d.name, names); meant != "" {
		r.faultAtKey(d, "is no direction of valid_direction_dic", "did you mean "+meant+"?")
	}
}

// retentionTerm reads a term in days.
func (r *reader) retentionTerm(e entry, terms *RetentionTerms) {
	always := "forever"
	if e.name == RetentionArchiveAfter {
		always = "never"
	}
	example := "write days, weeks or years such as 90d, 12w or 2y, or " + always
	text, ok := r.line(e, example)
	if !ok {
		return
	}
	days := 0
	if text != always {
		term, err := retentionDuration(text)
		if err != nil {
			r.fault(e, quoted(text)+" "+err.Error(), example)
			return
		}
		days = int((term + 24*time.Hour - 1) / (24 * time.Hour))
		if least, reason := leastRetention(e.name); days < least {
			r.fault(e, quoted(text)+" is too short: "+reason, fmt.Sprintf("write %dd or more", least))
			return
		}
	}
	if *terms == nil {
		*terms = RetentionTerms{}
	}
	(*terms)[e.name] = days
}

func leastRetention(name string) (days int, reason string) {
	switch name {
	case "alarm":
		return minAlarmRetention, "alarm frequencies count what was sent within a week"
	case "heartbeat":
		return minRetention, "an item without a heartbeat of today and yesterday counts as missing"
	}
	return minRetention, "today and yesterday are needed by checks and alarms"
}

// retentionDuration understands years and weeks in front of what parseDuration
// does. Neither knows a calendar: a year has 365 days.
func retentionDuration(text string) (time.Duration, error) {
	var whole time.Duration
	for _, unit := range [...]struct {
		name string
		days uint64
	}{{"y", 365}, {"w", 7}} {
		number, rest, ok := strings.Cut(text, unit.name)
		if !ok {
			continue
		}
		count, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
		if err != nil {
			return 0, errNoDuration
		}
		if count > uint64(math.MaxInt64/(24*time.Hour))/unit.days {
			return 0, errTooLong
		}
		added := time.Duration(count*unit.days) * 24 * time.Hour
		if added > math.MaxInt64-whole {
			return 0, errTooLong
		}
		if whole += added; strings.TrimSpace(rest) == "" {
			return whole, nil
		}
		text = strings.TrimSpace(rest)
	}
	if strings.Trim(text, "0123456789.") == "" {
		return 0, errNoUnit
	}
	rest, err := parseDuration(text)
	if err == nil && rest > math.MaxInt64-24*time.Hour-whole {
		return 0, errTooLong
	}
	return whole + rest, err
}
