package config

import (
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/mvrun/mvrun/words"
)

// Route says what becomes of the alarms that it matches.
type Route struct {
	Match Match
	// Channels are those that bring the alarm; empty for the usual ones.
	Channels []string
	// Receivers are added to the alarm's own; with Replace they take their place.
	Receivers []string
	Replace   bool
	Frequency string // "" for the alarm's own
	Do        string // DoSend, DoHold or DoDrop
	Continue  bool   // look at the routes that follow as well
	Line      int    // where it stands in the file, from 1
}

// Match is the condition of a route or of quiet hours: all that is given has to
// be true, of each list one element. The zero value matches everything.
type Match struct {
	Directions, Items []string // patterns of words.Match
	Title, Message    string   // valid RE2 expressions
	Levels            []string // of Config.Levels, or LevelAlarm
	Hours             Hours
	Weekdays          Weekdays
}

// unconditional reports whether everything matches.
func (m *Match) unconditional() bool {
	return len(m.Directions)+len(m.Items)+len(m.Levels) == 0 && m.Title+m.Message == "" && m.Hours == Hours{} && m.Weekdays == 0
}

// QuietHours holds alarms back until they end, or drops them.
type QuietHours struct {
	Match        Match
	Do           string   // DoHold or DoDrop
	ExceptLevels []string // that go all the same
	Line         int
}

// What is done with an alarm.
const (
	DoSend = "send"
	DoHold = "hold"
	DoDrop = "drop"
)

// The values of alarm_key; see the package that counts alarms.
const (
	AlarmKeyMessage = "message"
	AlarmKeyText    = "text"
	AlarmKeyTitle   = "title"
	AlarmKeyItem    = "item"
)

const routeExample = "write each route as - {match: {direction: LSF}, channels: [mail], receivers: [carol]}"

func (r *reader) routes(cfg *Config, e entry) {
	last := 0 // the line of a route behind which none is looked at
	for _, element := range r.elements(e, false, routeExample) {
		if element.value.Kind != yaml.MappingNode {
			r.wrongType(element, "a group of keys", routeExample)
			continue
		}
		route, ok := r.route(cfg, element)
		if !ok {
			continue
		}
		if last > 0 {
			r.fault(element, "can never match, since the route before it takes every alarm", "move it up, or add continue: true there")
			continue
		}
		if route.Match.unconditional() && !route.Continue {
			last = route.Line
		}
		cfg.Routes = append(cfg.Routes, route)
	}
}

func (r *reader) route(cfg *Config, element entry) (Route, bool) {
	route := Route{Do: DoSend, Line: element.value.Line}
	before := r.found()
	replaces := false
	for _, e := range r.entries(element, routeExample) {
		switch e.name {
		case "match":
			r.match(cfg, e, &route.Match)
		case "channels":
			route.Channels = r.channelNames(cfg, e)
		case "receivers", "replace_receivers":
			if len(route.Receivers) > 0 {
				r.faultAtKey(e, "stands beside the other list of receivers", "receivers adds to the alarm's own, replace_receivers replaces them; keep one")
			}
			route.Receivers = r.receiverList(e)
			replaces = e.name == "replace_receivers"
		case "frequency":
			route.Frequency, _ = r.alarmFrequency(e)
		case "do":
			route.Do = r.choice(e, "action of a route", []string{DoSend, DoHold, DoDrop}, DoSend)
		case "continue":
			route.Continue, _ = r.truth(e)
		default:
			r.unknownKey(e, "key of a route", []string{"match", "channels", "receivers", "replace_receivers", "frequency", "do", "continue"})
		}
	}
	route.Replace = replaces
	if route.Do == DoHold && r.found() == before {
		switch {
		case route.Match.Hours == (Hours{}):
			r.fault(element, "holds alarms for ever, since its match has no hours that end", "add hours, or write do: drop")
		case alwaysOn([]*Match{&route.Match}):
			r.fault(element, "holds alarms for ever, since its hours follow one another without an end", "leave some hours out, or write do: drop")
		}
	}
	// A route that was understood in part might send to the wrong people.
	return route, r.found() == before
}

func (r *reader) receiverList(e entry) []string {
	var receivers []string
	for _, element := range r.elements(e, true, "write receivers as [alice, bob]") {
		if text, ok := r.words(element, "write receivers as [alice, bob]"); ok {
			receivers = append(receivers, words.Split(text)...)
		}
	}
	return receivers
}

func (r *reader) match(cfg *Config, e entry, match *Match) {
	for _, m := range r.entries(e, "write a match as {direction: LSF, item: 'check_*', hours: '22:00-07:00'}") {
		if !r.matchKey(cfg, m, match) {
			r.unknownKey(m, "key of a match", []string{"direction", "item", "title", "message", "level", "hours", "weekdays"})
		}
	}
}

// matchKey reads one condition, and reports false for a key that is none.
func (r *reader) matchKey(cfg *Config, m entry, match *Match) bool {
	switch m.name {
	case "direction", "directions":
		match.Directions = r.patterns(m)
		r.checkDirections(cfg, m, match.Directions)
	case "item", "items":
		match.Items = r.patterns(m)
	case "title":
		match.Title, _ = r.pattern(m, false)
	case "message":
		match.Message, _ = r.pattern(m, false)
	case "level", "levels":
		match.Levels = r.levelList(cfg, m)
	case "hours":
		match.Hours = r.hours(m)
	case "weekdays":
		match.Weekdays = r.weekdays(m)
	default:
		return false
	}
	return true
}

// patterns reads names that may have * and ?.
func (r *reader) patterns(e entry) []string {
	var patterns []string
	for _, element := range r.elements(e, true, "write names such as LSF, or patterns such as 'check_*'") {
		text, ok := r.line(element, "write names such as LSF, or patterns such as 'check_*'")
		if !ok {
			continue
		}
		if _, err := words.Match(text, ""); err != nil {
			r.fault(element, quoted(text)+" is no pattern", "the signs are * ? [a-z] and [!a-z]")
			continue
		}
		patterns = append(patterns, text)
	}
	r.refuseEmpty(e, len(patterns))
	return patterns
}

// refuseEmpty reports a list with nothing in it, which no alarm could match.
func (r *reader) refuseEmpty(e entry, length int) {
	if length == 0 && (isNull(e.value) || e.value.Kind == yaml.SequenceNode && len(e.value.Content) == 0) {
		r.faultAtKey(e, "is empty, so that no alarm ever matches", "remove it, or write what is to match")
	}
}

func (r *reader) levelList(cfg *Config, e entry) []string {
	var levels []string
	for _, element := range r.elements(e, true, "write levels such as [Alarm, Fatal]") {
		if level := r.level(cfg, element); level != "" {
			levels = append(levels, level)
		}
	}
	r.refuseEmpty(e, len(levels))
	return levels
}

// checkDirections reports a pattern that matches no direction there can be.
func (r *reader) checkDirections(cfg *Config, e entry, patterns []string) {
	if len(cfg.Directions) == 0 {
		return
	}
	var names []string
	for _, d := range cfg.Directions {
		names = append(names, d.Name)
	}
	for _, pattern := range patterns {
		if slices.ContainsFunc(names, func(name string) bool { ok, _ := words.Match(pattern, name); return ok }) {
			continue
		}
		hint := "known are " + listed(names)
		if meant := words.Nearest(pattern, names); meant != "" {
			hint = "did you mean " + meant + "?"
		}
		r.fault(e, quoted(pattern)+" can never match, no direction of valid_direction_dic is like it", hint)
	}
}

// heldAlike gives the conditions of quiet hours, and of those before them that hold
// back at least the same alarms.
func heldAlike(before []QuietHours, quiet *QuietHours) []*Match {
	matches := []*Match{&quiet.Match}
	for i := range before {
		other := &before[i]
		if other.Do == DoHold && withinExcept(other, quiet) && (other.Match.anyTime().unconditional() || reflect.DeepEqual(other.Match.anyTime(), quiet.Match.anyTime())) {
			matches = append(matches, &other.Match)
		}
	}
	return matches
}

// withinExcept reports whether the levels that quiet hours let through are let through
// by others as well.
func withinExcept(quiet, others *QuietHours) bool {
	return !slices.ContainsFunc(quiet.ExceptLevels, func(level string) bool { return !slices.Contains(others.ExceptLevels, level) })
}

// anyTime is a condition without its hours and days.
func (m *Match) anyTime() *Match {
	whole := *m
	whole.Hours, whole.Weekdays = Hours{}, 0
	return &whole
}

const quietExample = "write quiet hours as - {hours: '22:00-07:00', weekdays: Mon-Fri, do: hold}"

func (r *reader) quietHours(cfg *Config, e entry) {
	for _, element := range r.elements(e, false, quietExample) {
		if element.value.Kind != yaml.MappingNode {
			r.wrongType(element, "a group of keys", quietExample)
			continue
		}
		quiet := QuietHours{Do: DoHold, Line: element.value.Line}
		before := r.found()
		for _, q := range r.entries(element, quietExample) {
			switch {
			case q.name == "do":
				quiet.Do = r.choice(q, "action of quiet hours", []string{DoHold, DoDrop}, DoHold)
			case q.name == "except_levels":
				quiet.ExceptLevels = r.levelList(cfg, q)
			case !r.matchKey(cfg, q, &quiet.Match):
				r.unknownKey(q, "key of quiet hours", []string{"hours", "weekdays", "direction", "item", "title", "message", "level", "do", "except_levels"})
			}
		}
		if quiet.Match.Hours == (Hours{}) && r.found() == before {
			r.fault(element, "has no hours", quietExample)
		}
		if r.found() == before && quiet.Do == DoHold && alwaysOn(heldAlike(cfg.Quiet, &quiet)) {
			r.fault(element, "holds alarms for ever, since its hours and those before it follow one another without an end", "leave some hours out, or write do: drop")
		}
		if r.found() == before {
			cfg.Quiet = append(cfg.Quiet, quiet)
		}
	}
}

func (r *reader) alarmKey(cfg *Config, e entry) {
	cfg.AlarmKey = r.choice(e, "alarm key", []string{AlarmKeyMessage, AlarmKeyText, AlarmKeyTitle, AlarmKeyItem}, cfg.AlarmKey)
}

func (r *reader) alarmBurst(cfg *Config, e entry) {
	if n, ok := r.count(e, 0); ok {
		cfg.AlarmBurst = n
	}
}

func (r *reader) giveUp(cfg *Config, e entry) {
	if giveUp := r.duration(e, cfg.GiveUp); giveUp > 0 {
		cfg.GiveUp = giveUp
	} else {
		r.fault(e, "is 0, no alarm would be tried a second time", "write a duration such as 3d")
	}
}

func (r *reader) remindEvery(cfg *Config, e entry) {
	cfg.RemindEvery = r.duration(e, cfg.RemindEvery)
}
