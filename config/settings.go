package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/mvrun/mvrun/words"
)

// setting is one key of the file and how it is read.
type setting struct {
	name string
	read func(*reader, *Config, entry)
}

// settingTable lists all keys in the order in which they are read: routes,
// prefixes and rules need the levels, contacts and routes the channels.
var settingTable = [...]setting{
	{"valid_direction_dic", (*reader).directions},
	{"db_path", (*reader).dbPath},
	{"db_layout", (*reader).dbLayout},
	{"valid_message_level_list", (*reader).levels},
	{"send_alarm_command", (*reader).sendAlarmCommand},
	{"send_wait", (*reader).sendWait},
	{"send_timeout", (*reader).sendTimeout},
	{"alarm_key", (*reader).alarmKey},
	{"alarm_burst", (*reader).alarmBurst},
	{"give_up", (*reader).giveUp},
	{"remind_every", (*reader).remindEvery},
	{"channels", (*reader).channels},
	{"contacts", (*reader).contacts},
	{"routes", (*reader).routes},
	{"quiet_hours", (*reader).quietHours},
	{"lang", (*reader).lang},
	{"check", (*reader).check},
	{"serve", (*reader).serve},
	{"retention", (*reader).retention},
	{"defaults", (*reader).flagDefaults},
	{"prefixes", (*reader).prefixes},
	{"rules", (*reader).rules},
	{"mask", (*reader).mask},
}

func settingNames() []string {
	names := make([]string, len(settingTable))
	for i, s := range settingTable {
		names[i] = s.name
	}
	return names
}

// settings reads the whole file; root is nil where it is empty.
func (r *reader) settings(cfg *Config, root *yaml.Node) {
	if root == nil {
		return
	}
	file := entry{key: root, value: resolved(root)}
	found := r.entries(file, "write settings as key: value, one a line")
	for _, s := range settingTable {
		if i := slices.IndexFunc(found, func(e entry) bool { return e.name == s.name }); i >= 0 {
			s.read(r, cfg, found[i])
			found = slices.Delete(found, i, i+1)
		}
	}
	for _, e := range found {
		r.unknownKey(e, "setting", settingNames())
	}
}

func (r *reader) directions(cfg *Config, e entry) {
	for _, d := range r.entries(e, "write each direction and its admin as LSF: alice bob") {
		if problem := nameProblem(d.name); problem != "" {
			r.faultAtKey(d, "is no name of a direction: it "+problem, "it becomes the name of a folder, such as LSF or storage")
			continue
		}
		admin, _ := r.words(d, "write the admins as alice bob or [alice, bob]")
		cfg.Directions = append(cfg.Directions, Direction{Name: d.name, Admin: admin})
	}
}

func (r *reader) dbPath(cfg *Config, e entry) {
	const example = "write an absolute path such as /ic/software/tools/mvrun/db, or one below ~/"
	path, ok := r.line(e, example)
	if !ok {
		return
	}
	if below, isHome := strings.CutPrefix(path, "~"); isHome && (below == "" || below[0] == '/') {
		home, err := os.UserHomeDir()
		if err != nil || !filepath.IsAbs(home) {
			r.fault(e, quoted(path)+" cannot be expanded, the home folder is not known", "write an absolute path")
			return
		}
		path = home + below
	}
	if !filepath.IsAbs(path) {
		r.fault(e, quoted(path)+" is a relative path, which would depend on the folder a job starts in", example)
		return
	}
	cfg.DBPath = filepath.Clean(path)
}

func (r *reader) dbLayout(cfg *Config, e entry) {
	cfg.DBLayout = r.choice(e, "layout", []string{LayoutAuto, LayoutDirect, LayoutPerHost}, cfg.DBLayout)
}

func (r *reader) levels(cfg *Config, e entry) {
	const example = "write a list such as [Debug, Info, Warning, Error, Fatal]"
	if isNull(e.value) {
		return
	}
	before := r.found()
	var levels []string
	for _, l := range r.elements(e, false, example) {
		level, ok := r.text(l, example)
		if !ok {
			continue
		}
		switch problem := nameProblem(level); {
		case problem != "":
			r.fault(l, "is no name of a level: it "+problem, example)
		case slices.Contains(levels, level):
			r.fault(l, quoted(level)+" is listed twice", "remove one of them")
		default:
			levels = append(levels, level)
		}
	}
	if len(levels) > 0 {
		cfg.Levels = levels
	} else if r.found() == before {
		r.fault(e, "is an empty list, no record would have a level", example)
	}
}

func (r *reader) sendAlarmCommand(cfg *Config, e entry) {
	const example = `write one shell command line, such as 'mail -s "<TITLE>" <RECEIVERS>'`
	command, ok := r.text(e, example)
	if !ok {
		return
	}
	command = strings.TrimSpace(command)
	switch {
	case command == "":
		r.fault(e, "is blank", example)
		return
	case strings.ContainsRune(command, 0):
		r.fault(e, "holds a NUL character, which no command line can", example)
		return
	}
	cfg.SendAlarmCommand = command
	if r.grammar.Command != nil {
		if err := r.grammar.Command(command); err != nil {
			r.fault(e, err.Error(), "")
		}
	}
}

func (r *reader) sendWait(cfg *Config, e entry) {
	cfg.SendWait = r.duration(e, cfg.SendWait)
}

func (r *reader) sendTimeout(cfg *Config, e entry) {
	timeout := r.duration(e, cfg.SendTimeout)
	if timeout == 0 {
		r.fault(e, "is 0, no alarm could ever be sent", fmt.Sprintf("write a duration such as %s", shortDuration(DefaultSendTimeout)))
		return
	}
	cfg.SendTimeout = timeout
}

func (r *reader) prefixes(cfg *Config, e entry) {
	for _, p := range r.entries(e, `write each prefix and its level as "[ALERT]": Alarm`) {
		if strings.TrimSpace(p.name) == "" || hasControl(p.name) {
			r.faultAtKey(p, "is no prefix, since no line of text begins like that", "write the words that the lines begin with")
			continue
		}
		level := r.level(cfg, p)
		if level == "" {
			continue
		}
		if cfg.Prefixes == nil {
			cfg.Prefixes = make(map[string]string)
		}
		cfg.Prefixes[p.name] = level
	}
}

// level reads one of the config's levels or LevelAlarm, in any case; "" after a
// fault.
func (r *reader) level(cfg *Config, e entry) string {
	known := append(slices.Clone(cfg.Levels), LevelAlarm)
	if isNull(e.value) {
		r.faultAtKey(e, "has no level", "use "+listed(known))
		return ""
	}
	text, ok := r.text(e, "use "+listed(known))
	if !ok {
		return ""
	}
	for _, level := range known {
		if strings.EqualFold(level, strings.TrimSpace(text)) {
			return level
		}
	}
	r.fault(e, quoted(text)+" is no level", "use "+listed(known))
	return ""
}

func (r *reader) rules(cfg *Config, e entry) {
	const example = "write each rule as - {pattern: 'slot \\d+ lost', level: Error}"
	for _, element := range r.elements(e, false, example) {
		if rule, ok := r.rule(cfg, element, example); ok {
			cfg.Rules = append(cfg.Rules, rule)
		}
	}
}

func (r *reader) rule(cfg *Config, element entry, example string) (Rule, bool) {
	if element.value.Kind != yaml.MappingNode {
		r.wrongType(element, "a group of keys", example)
		return Rule{}, false
	}
	rule := Rule{Line: element.key.Line}
	before, hasPattern, hasLevel := r.found(), false, false
	for _, e := range r.entries(element, example) {
		switch e.name {
		case "pattern":
			hasPattern = true
			rule.Pattern, _ = r.pattern(e, false)
		case "level":
			hasLevel = true
			rule.Level = r.level(cfg, e)
		default:
			r.unknownKey(e, "key of a rule", []string{"pattern", "level"})
		}
	}
	groups := groupNames(rule.Pattern)
	if !hasPattern || rule.Pattern == "" && r.found() == before {
		r.fault(element, "has no pattern", example)
	}
	if !hasLevel && !slices.Contains(groups, "level") {
		r.fault(element, "has no level", "add level: Error, or a group (?P<level>…) to the pattern")
	}
	r.checkGroups(element, groups)
	levelKnown := rule.Level != "" || !hasLevel && slices.Contains(groups, "level")
	return rule, rule.Pattern != "" && levelKnown
}

// checkGroups reports misspelt names of groups; a group with any other name is
// of no use, yet does no harm.
func (r *reader) checkGroups(rule entry, groups []string) {
	known := []string{"level", "message", "title", "receivers"}
	for _, group := range groups {
		if group == "" || slices.Contains(known, group) {
			continue
		}
		if meant := words.Nearest(group, known); meant != "" {
			r.fault(rule, "has a group named "+quoted(group), "did you mean "+meant+"?")
		}
	}
}

// groupNames lists the names of a valid pattern's groups, "" for those without.
func groupNames(pattern string) []string {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || pattern == "" {
		return nil
	}
	return tree.CapNames()[1:]
}

func (r *reader) mask(cfg *Config, e entry) {
	for _, p := range r.elements(e, true, "write a list of patterns, such as - 'licence key: (\\S+)'") {
		if pattern, ok := r.pattern(p, true); ok {
			cfg.Mask = append(cfg.Mask, pattern)
		}
	}
}

// shortDuration writes 30s and 1h where time.Duration writes 30s and 1h0m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
