// Package ratelimit says how often an alarm may be sent: the frequency policies
// and the decision, with its reason. Its rules are pure; who counts what was
// sent, and under which lock, is the caller's affair.
package ratelimit

import (
	"fmt"
	"time"
)

// Policy is an alarm frequency. The zero value is "everytime". A Policy is a
// value and may be compared and used concurrently.
type Policy struct {
	form   form
	max    int           // with counted
	window Window        // with counted
	pause  time.Duration // with spaced
}

type form int

const (
	everytime form = iota
	counted        // max <n> times per <window>
	spaced         // once per <duration>
	onChange       // on change
)

// History is what is known of the alarms that count together with the one to be
// decided on.
type History struct {
	Sent     int       // since Policy.Since, or in the run
	InFlight int       // being sent at this moment
	Last     time.Time // when the last one was sent; zero where none was
	// Unchanged says, for "on change", that the last alarm sent in the series
	// was the same as this one.
	Unchanged bool
}

// Decision says whether an alarm may be sent, and why not.
type Decision struct {
	Allow  bool
	Reason string // for people; empty with Allow
	// Count is how many alike were sent in the window, or are being sent.
	Count int
	// Next is when one alike may be sent again; zero where no time alone brings
	// that about.
	Next time.Time
	// Final says that whatever becomes of the alarms in flight, none alike may
	// be sent before Next.
	Final bool
}

// String gives the policy in the form that Parse reads.
func (p Policy) String() string {
	switch p.form {
	case counted:
		text := fmt.Sprintf("max %d times", p.max)
		if p.window != Day {
			text += " per " + p.window.String()
		}
		return text
	case spaced:
		return "once per " + duration(p.pause)
	case onChange:
		return "on change"
	}
	return "everytime"
}

// Limited reports whether a decision depends on what was sent before.
func (p Policy) Limited() bool { return p.form != everytime }

// PerRun reports whether only alarms of the same run are counted together.
func (p Policy) PerRun() bool { return p.form == counted && p.window == Run }

// Lasting reports whether the policy holds back alarms of later runs as well,
// whatever they say.
func (p Policy) Lasting() bool { return p.Limited() && !p.PerRun() && !p.OnChange() }

// OnChange reports whether an alarm is compared with the last one sent.
func (p Policy) OnChange() bool { return p.form == onChange }

// Since is the time before which nothing that was sent matters any more, in the
// location of now. It is zero where that is no question of time.
func (p Policy) Since(now time.Time) time.Time {
	switch p.form {
	case counted:
		return p.window.start(now)
	case spaced:
		return now.Add(-p.pause)
	}
	return time.Time{}
}

// Until is the time from which on nothing that was sent matters either: where the
// clock has been set back, records lie in the future. It is zero where that is
// no question of time.
func (p Policy) Until(now time.Time) time.Time {
	switch p.form {
	case counted:
		return p.window.end(now)
	case spaced:
		return now.Add(p.pause)
	}
	return time.Time{}
}

// Decide says whether one more alarm may be sent.
func (p Policy) Decide(h History, now time.Time) Decision {
	switch p.form {
	case counted:
		return p.decideCounted(h, now)
	case spaced:
		return p.decideSpaced(h, now)
	case onChange:
		return p.decideChange(h)
	}
	return Decision{Allow: true}
}

func (p Policy) decideCounted(h History, now time.Time) Decision {
	if h.Sent+h.InFlight < p.max {
		return Decision{Allow: true}
	}
	limit := p.String()
	if p.window == Day {
		limit += " a day"
	}
	reason := fmt.Sprintf("%s: %d sent %s", limit, h.Sent, p.window.current())
	if h.InFlight > 0 {
		reason += fmt.Sprintf(", %d being sent", h.InFlight)
	}
	return Decision{Reason: reason, Count: h.Sent + h.InFlight, Next: p.window.end(now), Final: h.Sent >= p.max}
}

func (p Policy) decideSpaced(h History, now time.Time) Decision {
	switch {
	case !h.Last.IsZero() && now.Sub(h.Last) < p.pause:
		next := h.Last.Add(p.pause)
		return Decision{
			Reason: fmt.Sprintf("%s: the last one was sent at %s", p, momentText(h.Last, now)),
			Count:  max(h.Sent, 1), Next: next, Final: true,
		}
	case h.InFlight > 0:
		return Decision{Reason: fmt.Sprintf("%s: one is being sent", p), Count: h.InFlight, Next: now.Add(p.pause)}
	}
	return Decision{Allow: true}
}

// momentText is a time of day, with the date where that is not the day of now.
func momentText(at, now time.Time) string {
	if at = at.In(now.Location()); at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format(time.TimeOnly)
	}
	return at.Format(time.DateTime)
}

func (p Policy) decideChange(h History) Decision {
	switch {
	case h.Unchanged && h.InFlight > 0:
		return Decision{Reason: "on change: the same is being sent", Count: h.InFlight}
	case h.Unchanged:
		return Decision{Reason: fmt.Sprintf("on change: the same was sent at %s", h.Last.Format(time.DateTime)), Count: 1}
	}
	return Decision{Allow: true}
}
