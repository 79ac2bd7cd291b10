package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// part is one row of what selftest has found.
type part struct {
	Part     string `json:"part"`
	Result   result `json:"result"`
	ProvenBy string `json:"proven_by"`
	Bare     string `json:"bare"`
	Wrapped  string `json:"wrapped"`
	Note     string `json:"note,omitempty"`
}

// result is what selftest says of a part.
type result string

const (
	same          result = "same"
	differs       result = "differs"
	notRepeatable result = "not repeatable" // the command varies by itself
	unproven      result = "unproven"       // the part could not be observed
)

// What a part is proven by.
const (
	byCommand = "the command"
	byProbe   = "a probe"
)

// compare tells of each part of what the command showed whether mvrun changes
// it. It is a rule over what was seen, and does nothing else.
func (s *series) compare() []part {
	parts := []part{
		s.compareStream("stdout", 0),
		s.compareStream("stderr", 1),
		s.compareValues("status", (*outcome).statusText),
		s.compareValues("signal", (*outcome).signalText),
		s.compareValues("stdin", func(o *outcome) string { return countText(o.stdinRead, "byte") + " read" }),
		s.compareTime(),
	}
	if s.bare[0].startError != nil {
		for i := range parts {
			if parts[i].Result == same && parts[i].Part != "status" || parts[i].Part == "stderr" {
				parts[i].Result, parts[i].Note = unproven, "the command could not be started"
			}
		}
	}
	return parts
}

// compareMerged is for runs with stdout and stderr in one pipe.
func (s *series) compareMerged() []part {
	return []part{s.compareStream("order", 0)}
}

// compareValues is for what can be shown as it is.
func (s *series) compareValues(name string, value func(*outcome) string) part {
	bare, wrapped := distinct(s.bare, value), distinct(s.wrapped, value)
	p := part{Part: name, Result: same, ProvenBy: byCommand, Bare: strings.Join(bare, " | "), Wrapped: strings.Join(wrapped, " | ")}
	switch {
	case len(bare) > 1:
		p.Result, p.Note = notRepeatable, bareDiffer
	case len(wrapped) > 1 || bare[0] != wrapped[0]:
		p.Result, p.Note = differs, s.howMany(func(o *outcome) bool { return value(o) != bare[0] })
	}
	return p
}

const bareDiffer = "the bare runs differ from one another"

// distinct are the values of the runs, each once.
func distinct(runs []*outcome, value func(*outcome) string) (values []string) {
	for _, o := range runs {
		if v := value(o); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// howMany says how many of the wrapped runs are not as the bare ones, where it
// is not all.
func (s *series) howMany(is func(*outcome) bool) string {
	n := 0
	for _, o := range s.wrapped {
		if is(o) {
			n++
		}
	}
	if n == len(s.wrapped) {
		return ""
	}
	return fmt.Sprintf("in %d of %d wrapped runs", n, len(s.wrapped))
}

func (o *outcome) statusText() string {
	switch {
	case o.unfinished:
		return "still running"
	case o.signal != 0:
		return "none"
	}
	return strconv.Itoa(o.exit)
}

func (o *outcome) signalText() string {
	if o.signal == 0 || o.unfinished {
		return "none"
	}
	return signalName(o.signal)
}

// compareStream compares the bytes of an output.
func (s *series) compareStream(name string, stream int) part {
	size := func(o *outcome) string { return countText(o.streams[stream].length, "byte") }
	first := &s.bare[0].streams[stream]
	p := part{
		Part: name, Result: same, ProvenBy: byCommand,
		Bare: strings.Join(distinct(s.bare, size), " | "), Wrapped: strings.Join(distinct(s.wrapped, size), " | "),
	}
	other := func(o *outcome) bool { return o.streams[stream].sum != first.sum }
	if i := slices.IndexFunc(s.bare, other); i >= 0 {
		p.Result, p.Note = notRepeatable, bareDiffer+", "+firstDifference(first, &s.bare[i].streams[stream], "one", "another")
		return p
	}
	if i := slices.IndexFunc(s.wrapped, other); i >= 0 {
		p.Result, p.Note = differs, firstDifference(first, &s.wrapped[i].streams[stream], "bare", "wrapped")
		if many := s.howMany(other); many != "" {
			p.Note = many + ", " + p.Note
		}
	}
	held := func(o *outcome) bool { return o.streams[stream].held }
	if slices.ContainsFunc(s.bare, held) || slices.ContainsFunc(s.wrapped, held) {
		p.Result = unproven
		p.Note = strings.TrimSuffix("processes that the command has left behind may still write; "+p.Note, "; ")
	}
	return p
}

// excerptLength is how much of a difference is shown.
const excerptLength = 24

// firstDifference says where two outputs part. What it shows of them is quoted,
// so that no terminal obeys it.
func firstDifference(a, b *capture, nameA, nameB string) string {
	at := 0
	for at < len(a.head) && at < len(b.head) && a.head[at] == b.head[at] {
		at++
	}
	if at == keptHead {
		return fmt.Sprintf("beyond byte %d", at)
	}
	excerpt := func(c *capture) string {
		rest := c.head[at:]
		if len(rest) == 0 {
			return "its end"
		}
		cut := bytes.ToValidUTF8(rest[:min(len(rest), excerptLength)], []byte("\ufffd"))
		return strconv.QuoteToASCII(string(cut))
	}
	return fmt.Sprintf("from byte %d on: %s %s, %s %s", at, nameA, excerpt(a), nameB, excerpt(b))
}

// compareTime takes medians, which a single slow run does not move. It finds a
// difference only where that is absurd: what mvrun adds is some milliseconds.
func (s *series) compareTime() part {
	bare, wrapped := times(s.bare), times(s.wrapped)
	more := median(wrapped) - median(bare)
	spread := bare[len(bare)-1] - bare[0]
	p := part{
		Part: "time", Result: same, ProvenBy: byCommand, Bare: timeText(median(bare)), Wrapped: timeText(median(wrapped)),
		Note: fmt.Sprintf("medians of %d and %d; wrapped takes %s, %.2f times as long", len(bare), len(wrapped), moreText(more),
			float64(median(wrapped))/float64(max(median(bare), 1))),
	}
	switch {
	case more > time.Second+spread && more > median(bare)/2:
		p.Result = differs
	case spread > max(more.Abs(), time.Millisecond):
		p.Result = notRepeatable
		p.Note += fmt.Sprintf("; the bare runs differ by %s, which is more", timeText(spread))
	}
	return p
}

func times(runs []*outcome) []time.Duration {
	var list []time.Duration
	for _, o := range runs {
		list = append(list, o.took)
	}
	slices.Sort(list)
	return list
}

// median is the middle one of times in their order.
func median(sorted []time.Duration) time.Duration {
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func timeText(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func moreText(d time.Duration) string {
	if d < 0 {
		return timeText(-d) + " less"
	}
	return timeText(d) + " more"
}

func countText(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.FormatInt(n, 10) + " " + what
}
