package config

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/mvrun/mvrun/words"
)

// Takeover is what a monitorViewer config.py says that a config of mvrun can
// hold. Only texts come out of it: nothing in the file is ever run.
type Takeover struct {
	// File is the config.py, as it was given.
	File string
	// Taken names the settings that can be taken over, in the order of
	// monitorViewer's own config.
	Taken []string
	// Left is what was not taken over, in the order of the file: one fault a line,
	// with the reason. Its texts are safe to print on a terminal.
	Left Faults

	yaml    map[string]string   // what is written into the config, by setting
	left    map[string]Faults   // what of it could not be used
	refused map[string][]string // and the lines that it would have had
}

// monitorViewerSettings are all that its config.py has.
var monitorViewerSettings = [...]string{"valid_direction_dic", "db_path", "valid_message_level_list", "send_alarm_command"}

func isMonitorViewerSetting(name string) bool { return slices.Contains(monitorViewerSettings[:], name) }

// TakeOver reads a monitorViewer config.py of at most MaxFileBytes as data. The
// error is Faults where the file is no text in UTF-8, an *fs.PathError where the
// system refuses it.
func TakeOver(path string, grammar Grammar) (*Takeover, error) {
	data, err := readBounded(path, MaxFileBytes, pipeWait)
	if unfit := (*unfitError)(nil); errors.As(err, &unfit) {
		return nil, Faults{{File: path, Problem: unfit.problem, Hint: unfit.hint}}
	}
	if err != nil {
		return nil, err
	}
	return parseTakeover(path, data, grammar)
}

func parseTakeover(name string, data []byte, grammar Grammar) (*Takeover, error) {
	file, err := readPython(name, data)
	if err != nil {
		return nil, err
	}
	file.grammar = grammar
	t := &Takeover{File: name, yaml: make(map[string]string), left: make(map[string]Faults), refused: make(map[string][]string)}
	for _, setting := range monitorViewerSettings {
		variable := file.names[setting]
		if variable == nil {
			continue
		}
		before, refused := len(file.left), len(file.refused)
		if text := file.settingYAML(setting, variable); text != "" {
			t.Taken = append(t.Taken, setting)
			t.yaml[setting] = text
		}
		t.left[setting] = slices.Clone(file.left[before:])
		t.refused[setting] = file.refused[refused:]
	}
	file.leaveUnknown()
	t.Left = slices.Compact(file.left.sorted())
	return t, nil
}

// leaveUnknown lists the names that are no settings, unless a setting was made
// with them.
func (f *pythonFile) leaveUnknown() {
	for _, name := range slices.Sorted(maps.Keys(f.names)) {
		variable := f.names[name]
		if variable.used || isMonitorViewerSetting(name) {
			continue
		}
		hint := ""
		if meant := words.Nearest(name, monitorViewerSettings[:]); meant != "" {
			hint = "did you mean " + meant + "?"
		}
		f.leave(variable.line, assigned(name), errors.New("monitorViewer has no setting of this name"), hint)
	}
}

var (
	errNoText = errors.New("the value should be a text")
	errNoDict = errors.New("the value should be a dict")
	errNoList = errors.New("the value should be a list")
)

// settingYAML writes a setting for mvrun's config, with all of it that this
// config admits; "" where that is nothing.
func (f *pythonFile) settingYAML(name string, v *pythonVariable) string {
	switch name {
	case "valid_direction_dic":
		return f.directionsYAML(v)
	case "valid_message_level_list":
		return f.levelsYAML(v)
	}
	if v.value.kind != pythonStr && v.value.kind != pythonByteStr {
		f.leave(v.line, assigned(name), errNoText, "")
		return ""
	}
	text := name + ": " + yamlScalar(v.value.text) + "\n"
	if !f.admitted(v.line, assigned(name), text) {
		return ""
	}
	return text
}

// admitted reports whether a config may hold such a text, by the rules of the
// config itself; what speaks against it is noted.
func (f *pythonFile) admitted(line int, shown, text string) bool {
	_, faults := Parse("", []byte(text), f.grammar)
	if len(faults) > 0 {
		f.refused = append(f.refused, text[strings.LastIndexByte(text[:len(text)-1], '\n')+1:])
		f.leave(line, shown, errors.New("a config of mvrun does not admit it: "+faults[0].Problem), faults[0].Hint)
	}
	return len(faults) == 0
}

func (f *pythonFile) directionsYAML(v *pythonVariable) string {
	const name = "valid_direction_dic"
	if v.value.kind != pythonDict {
		f.leave(v.line, assigned(name), errNoDict, "")
		return ""
	}
	var names []string
	admins := make(map[string]string)
	for _, item := range v.value.items {
		direction, ok := directionLine(item)
		if !ok {
			f.leave(item.line, f.excerpt(item.line), errors.New("a direction and its admin should be texts"), "")
			continue
		}
		if !f.admitted(item.line, f.excerpt(item.line), name+":\n"+direction) {
			continue
		}
		// Of equal keys the last value counts, at the place of the first.
		if _, again := admins[item.key.text]; !again {
			names = append(names, item.key.text)
		}
		admins[item.key.text] = direction
	}
	if len(names) == 0 {
		if len(v.value.items) > 0 {
			return "" // each has been noted
		}
		return name + ": {}\n"
	}
	var b strings.Builder
	b.WriteString(name + ":\n")
	for _, direction := range names {
		b.WriteString(admins[direction])
	}
	return b.String()
}

// directionLine is a direction of valid_direction_dic as a line of the config.
func directionLine(item pythonItem) (string, bool) {
	if item.key.kind != pythonStr && item.key.kind != pythonNum {
		return "", false
	}
	admin := item.value.text
	switch item.value.kind {
	case pythonNone:
		return "  " + yamlScalar(item.key.text) + ":\n", true
	case pythonStr, pythonNum:
	case pythonList:
		var admins []string
		for _, element := range item.value.items {
			if element.value.kind != pythonStr && element.value.kind != pythonNum {
				return "", false
			}
			admins = append(admins, element.value.text)
		}
		admin = strings.Join(admins, " ")
	default:
		return "", false
	}
	if admin == "" {
		return "  " + yamlScalar(item.key.text) + ":\n", true
	}
	return "  " + yamlScalar(item.key.text) + ": " + yamlScalar(admin) + "\n", true
}

func (f *pythonFile) levelsYAML(v *pythonVariable) string {
	const name = "valid_message_level_list"
	if v.value.kind != pythonList {
		f.leave(v.line, assigned(name), errNoList, "")
		return ""
	}
	var levels []string
	for _, item := range v.value.items {
		level := yamlScalar(item.value.text)
		switch {
		case item.value.kind != pythonStr:
			f.leave(item.line, f.excerpt(item.line), errors.New("a level should be a text"), "")
		case slices.Contains(levels, level):
			f.leave(item.line, f.excerpt(item.line), errors.New(quoted(item.value.text)+" is listed twice"), "")
		case f.admitted(item.line, f.excerpt(item.line), name+": ["+level+"]\n"):
			levels = append(levels, level)
		}
	}
	if len(levels) == 0 {
		if len(v.value.items) == 0 {
			f.leave(v.line, assigned(name), errors.New("no record would have a level"), "")
		}
		return ""
	}
	return name + ": [" + strings.Join(levels, ", ") + "]\n"
}
