package config

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// valueKind is the syntax of a run flag's value.
type valueKind int

const (
	lineValue valueKind = iota
	receiversValue
	frequencyValue
	scheduleValue
	durationValue
	countValue
	truthValue
	choiceValue
	patternsValue
	labelsValue
)

// flagDefault is a run flag that may have a default in the config.
type flagDefault struct {
	name    string
	kind    valueKind
	least   int      // of a countValue
	choices []string // of a choiceValue
}

// flagDefaultTable leaves out what differs from run to run or from item to item:
// direction, item, title, script and startup, and the files.
var flagDefaultTable = [...]flagDefault{
	{name: "receivers", kind: receiversValue},
	{name: "alarm-frequency", kind: frequencyValue},
	{name: "schedule", kind: scheduleValue},
	{name: "frequency", kind: lineValue},
	{name: "author", kind: lineValue},
	{name: "timeout", kind: durationValue},
	{name: "max-duration", kind: durationValue},
	{name: "kill-after", kind: durationValue},
	{name: "retries", kind: countValue},
	{name: "retry-delay", kind: durationValue},
	{name: "overlap", kind: choiceValue, choices: []string{"allow", "skip", "wait", "kill"}},
	{name: "jitter", kind: durationValue},
	{name: "on-failure", kind: choiceValue, choices: []string{"alarm", "log", "none"}},
	{name: "fail-after", kind: countValue, least: 1},
	{name: "alarm-on", kind: patternsValue},
	{name: "error-on", kind: patternsValue},
	{name: "scan", kind: choiceValue, choices: []string{"stdout", "stderr", "both"}},
	{name: "pty", kind: truthValue},
	{name: "quiet", kind: truthValue},
	{name: "keep-output", kind: choiceValue, choices: []string{"failure", "always", "never"}},
	{name: "label", kind: labelsValue},
}

func flagDefaultNames() []string {
	names := make([]string, len(flagDefaultTable))
	for i, f := range flagDefaultTable {
		names[i] = f.name
	}
	return names
}

func (r *reader) flagDefaults(cfg *Config, e entry) {
	for _, value := range r.entries(e, "write flags without their dashes, such as timeout: 1h") {
		i := slices.IndexFunc(flagDefaultTable[:], func(f flagDefault) bool { return f.name == value.name })
		if i < 0 {
			r.unknownDefault(value)
			continue
		}
		text, ok := r.flagValue(flagDefaultTable[i], value)
		if !ok {
			continue
		}
		if cfg.Defaults == nil {
			cfg.Defaults = make(map[string]string)
		}
		cfg.Defaults[value.name] = text
	}
}

func (r *reader) unknownDefault(e entry) {
	switch e.name {
	case "direction", "item", "title", "script", "startup", "config", "db":
		r.faultAtKey(e, "cannot have a default, it belongs to a single job", "give --"+e.name+" on the command line")
	default:
		r.unknownKey(e, "flag of a run", flagDefaultNames())
	}
}

// flagValue reads a value in the form that the flag of the command line accepts.
func (r *reader) flagValue(f flagDefault, e entry) (string, bool) {
	if isNull(e.value) {
		return "", false
	}
	before := r.found()
	var text string
	switch f.kind {
	case lineValue:
		text, _ = r.line(e, "write it on one line")
	case receiversValue:
		text, _ = r.words(e, "write receivers as alice bob or [alice, bob]")
	case frequencyValue:
		text, _ = r.alarmFrequency(e)
	case scheduleValue:
		text = r.schedule(e)
	case durationValue:
		text = r.duration(e, 0).String()
	case countValue:
		n, _ := r.count(e, f.least)
		text = strconv.Itoa(n)
	case truthValue:
		value, _ := r.truth(e)
		text = strconv.FormatBool(value)
	case choiceValue:
		text = r.choice(e, "value of "+f.name, f.choices, "")
	case patternsValue:
		text = r.flagPatterns(e)
	case labelsValue:
		text = r.labels(e)
	}
	// A list keeps its good elements beside a bad one.
	ok := text != "" && (r.found() == before || f.kind == patternsValue || f.kind == labelsValue || f.kind == receiversValue)
	return text, ok
}

// alarmFrequency reads how often an alarm is sent, with one blank between words.
func (r *reader) alarmFrequency(e entry) (string, bool) {
	text, ok := r.line(e, "write everytime, max 3 times, max 3 times per hour, once per 30m or on change")
	if !ok {
		return "", false
	}
	text = strings.Join(strings.Fields(text), " ")
	if r.grammar.Frequency != nil {
		if err := r.grammar.Frequency(text); err != nil {
			r.fault(e, err.Error(), "")
			return "", false
		}
	}
	return text, true
}

// schedule reads when jobs should run; most words may say anything.
func (r *reader) schedule(e entry) string {
	text, ok := r.line(e, "write it on one line")
	if ok && r.grammar.Schedule != nil {
		if err := r.grammar.Schedule(text); err != nil {
			r.fault(e, err.Error(), "")
			return ""
		}
	}
	return text
}

// flagPatterns reads a pattern or a list of them, one a line.
func (r *reader) flagPatterns(e entry) string {
	var patterns []string
	for _, element := range r.elements(e, true, "write a pattern in single quotes, or a list of them") {
		pattern, ok := r.pattern(element, false)
		if !ok {
			continue
		}
		if hasControl(pattern) {
			r.fault(element, "holds a control character or a line end", `write \n or \t in single quotes`)
			continue
		}
		patterns = append(patterns, pattern)
	}
	return strings.Join(patterns, "\n")
}

// labels reads a group of names and values, a list of name=value, or a single
// one, and gives name=value, one a line.
func (r *reader) labels(e entry) string {
	const example = "write labels as {team: eda, site: sh}"
	var labels []string
	if e.value.Kind == yaml.MappingNode {
		for _, l := range r.entries(e, example) {
			value, ok := r.text(l, example)
			if ok || isNull(l.value) {
				labels = r.label(labels, l, l.name, value)
			}
		}
		return strings.Join(labels, "\n")
	}
	for _, l := range r.elements(e, true, example) {
		text, ok := r.text(l, example)
		if !ok {
			continue
		}
		name, value, found := strings.Cut(text, "=")
		if !found {
			r.fault(l, quoted(text)+" is no label, it has no =", example)
			continue
		}
		labels = r.label(labels, l, name, value)
	}
	return strings.Join(labels, "\n")
}

// label adds one label, unless its parts could not be told apart again.
func (r *reader) label(labels []string, e entry, name, value string) []string {
	const example = "write labels as {team: eda, site: sh}"
	switch {
	case name == "" || strings.ContainsAny(name, "= ") || hasControl(name):
		r.fault(e, quoted(name)+" is no name of a label", example)
	case hasControl(value):
		r.fault(e, "holds a control character or a line end", example)
	default:
		return append(labels, name+"="+value)
	}
	return labels
}
