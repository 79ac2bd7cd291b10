package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// Route says what becomes of the alarms that it matches.
type Route struct {
	Match     Match
	Channels  []string // empty for the usual ones
	Receivers []string // added to the alarm's; with Replace in their place
	Replace   bool
	Frequency string // "" for the alarm's own
	Action    Action // empty means ActionSend
	Continue  bool   // the routes that follow are looked at as well
	Line      int    // in the config
}

// QuietHours holds the alarms that it matches back until they end, or drops them.
type QuietHours struct {
	Match        Match
	Action       Action // ActionHold or ActionDrop
	ExceptLevels []record.Level
	Line         int // in the config
}

// Router decides the way of alarms. It is not changed after it was made, and may
// be used concurrently.
type Router struct {
	Quiet  []QuietHours
	Routes []Route
	Usual  []string // the channels of an alarm that no route gives any
}

// Plan is what routes decide for one alarm.
type Plan struct {
	Deliveries []PlannedDelivery
	Receivers  []string // of all deliveries, in order; what is recorded
	Frequency  string   // "" for the alarm's own
	Action     Action
	Until      time.Time // the end of a hold, and of those that follow on it; zero where there is none
	Reason     string    // of a hold or a drop, for people
	Steps      []Step    // how it came about
}

// PlannedDelivery names the channel that brings an alarm to some receivers.
type PlannedDelivery struct {
	Channel   string   `json:"channel"`
	Receivers []string `json:"receivers"`
}

// Step is one route or quiet hours that were looked at.
type Step struct {
	What    string `json:"what"` // such as "route on line 12"
	Matched bool   `json:"matched"`
	Differs string `json:"differs,omitempty"` // the first condition that is not true
}

// Action is what is done with an alarm.
type Action string

// The actions of routes and quiet hours.
const (
	ActionSend Action = "send"
	ActionHold Action = "hold"
	ActionDrop Action = "drop"
)

// Plan decides the way of an alarm at a time: quiet hours first, then the first
// route that matches, and those after it for as long as they say continue.
func (r *Router) Plan(a *Alarm, now time.Time) Plan {
	plan := Plan{Action: ActionSend}
	matched := r.routesFor(a, now, &plan)
	if plan.Action == ActionHold {
		r.untilFree(a, now, &plan)
	}
	if len(matched) == 0 {
		plan.deliver(r.Usual, a.Receivers)
	}
	for _, route := range matched {
		receivers := route.Receivers
		if !route.Replace {
			receivers = append(slices.Clone(a.Receivers), receivers...)
		}
		channels := route.Channels
		if len(channels) == 0 {
			channels = r.Usual
		}
		plan.deliver(channels, receivers)
		if route.Frequency != "" {
			plan.Frequency = route.Frequency
		}
	}
	return plan
}

// routesFor finds the routes that match, and whether the alarm goes now.
func (r *Router) routesFor(a *Alarm, now time.Time, plan *Plan) (matched []*Route) {
	for i := range r.Quiet {
		quiet := &r.Quiet[i]
		ok, differs := quiet.Match.Matches(judged(a, quiet.Action), now)
		if ok && slices.Contains(quiet.ExceptLevels, a.Level) {
			ok, differs = false, fmt.Sprintf("level %s is excepted", a.Level)
		}
		plan.step("quiet hours", quiet.Line, ok, differs)
		if ok && plan.Action == ActionSend {
			plan.stop(quiet.Action, &quiet.Match, now, "quiet hours")
		}
	}
	for i := range r.Routes {
		route := &r.Routes[i]
		ok, differs := route.Match.Matches(judged(a, route.Action), now)
		plan.step("route", route.Line, ok, differs)
		if !ok {
			continue
		}
		matched = append(matched, route)
		if plan.Action == ActionSend && route.Action != "" {
			plan.stop(route.Action, &route.Match, now, fmt.Sprintf("route on line %d", route.Line))
		}
		if !route.Continue {
			break
		}
	}
	return matched
}

// judged is the alarm as a condition sees it. What drops alarms does not see the
// output below the first line of one for a failure: a line there may be an alarm
// that is meant, and the failure another matter.
func judged(a *Alarm, action Action) *Alarm {
	if action != ActionDrop || a.Kind != KindFailure && a.Kind != KindReminder {
		return a
	}
	head := *a
	head.Message, _, _ = strings.Cut(a.Message, "\n")
	return &head
}

func (p *Plan) step(what string, line int, matched bool, differs string) {
	p.Steps = append(p.Steps, Step{fmt.Sprintf("%s on line %d", what, line), matched, differs})
}

// stop makes the plan one of an alarm that does not go now.
func (p *Plan) stop(action Action, match *Match, now time.Time, who string) {
	p.Action = action
	switch action {
	case ActionHold:
		p.Until, _ = match.window(now)
		p.Reason = who
	case ActionDrop:
		p.Reason = who + ": alarms are dropped"
	}
}

const (
	// maxHolds bounds the holds that are followed, of which each begins no later than
	// the one before it ends.
	maxHolds = 100
	// foreverHeld is how far holds are followed. What holds an alarm back for longer
	// will not end: all that depends on the time comes again after a week.
	foreverHeld = 8 * 24 * time.Hour
)

// untilFree makes the end of a plan's hold the time at which nothing holds the alarm
// back any more: other hours may go on where some end.
func (r *Router) untilFree(a *Alarm, now time.Time, plan *Plan) {
	for range maxHolds {
		if plan.Until.IsZero() || plan.Until.Sub(now) > foreverHeld {
			break
		}
		then := Plan{Action: ActionSend}
		r.routesFor(a, plan.Until, &then)
		if then.Action != ActionHold {
			break
		}
		plan.Until = then.Until
	}
	switch {
	case plan.Until.IsZero():
		plan.Reason += " without an end"
	case plan.Until.Sub(now) > foreverHeld:
		plan.Reason += " at least until " + plan.Until.Format("2006-01-02 15:04")
	case plan.Until.Sub(now) < 24*time.Hour:
		plan.Reason += " until " + plan.Until.Format("15:04")
	default:
		plan.Reason += " until " + plan.Until.Format("2006-01-02 15:04")
	}
}

// deliver adds receivers to channels; what two routes send by the same channel
// is one delivery.
func (p *Plan) deliver(channels, receivers []string) {
	for _, receiver := range receivers {
		if !slices.Contains(p.Receivers, receiver) {
			p.Receivers = append(p.Receivers, receiver)
		}
	}
	for _, channel := range channels {
		i := slices.IndexFunc(p.Deliveries, func(d PlannedDelivery) bool { return d.Channel == channel })
		if i < 0 {
			p.Deliveries = append(p.Deliveries, PlannedDelivery{Channel: channel})
			i = len(p.Deliveries) - 1
		}
		for _, receiver := range receivers {
			if !slices.Contains(p.Deliveries[i].Receivers, receiver) {
				p.Deliveries[i].Receivers = append(p.Deliveries[i].Receivers, receiver)
			}
		}
	}
}

// Contacts gives receivers their addresses: by the name of a channel, or by a
// kind of address.
type Contacts map[string]map[string]string

// Resolve finds the accounts of receivers on a channel, which looks for
// addresses of a kind. Whoever has none there where one is needed is not
// forgotten: the admins are told in his place, and the note says so. guess, which
// may be nil, makes an address of a name.
func (c Contacts) Resolve(spec *ChannelSpec, kind string, needed bool, guess func(name string) (string, bool),
	receivers, admins []string) (to []Recipient, note string) {
	find := func(name string) bool {
		address := c[name][spec.Name]
		if address == "" {
			address = c[name][kind]
		}
		if address == "" && guess != nil {
			address, _ = guess(name)
		}
		if address == "" && needed {
			return false
		}
		if !slices.Contains(to, Recipient{name, address}) {
			to = append(to, Recipient{name, address})
		}
		return true
	}
	var missing []string
	for _, name := range receivers {
		if !find(name) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return to, ""
	}
	for _, admin := range admins {
		find(admin)
	}
	verb := "has"
	if len(missing) > 1 {
		verb = "have"
	}
	return to, fmt.Sprintf("(for %s, who %s no address on %s)", strings.Join(missing, ", "), verb, spec.Name)
}
