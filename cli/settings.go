package cli

import (
	"maps"
	"strings"

	"github.com/mvrun/mvrun/record"
)

// settings merges what is remembered with what this run was told. A manual run
// does not change how the job is known to be started.
func (s *session) settings(before record.ItemSettings) record.ItemSettings {
	o, m := s.options, newMerging(s, before)
	admin := s.admin()
	if len(s.config.Directions) == 0 {
		admin = before[record.KeyDirectionAdmin] // this config names nobody; another may have
	}
	m.after[record.KeyDirection] = s.item.Direction
	m.after[record.KeyItem] = s.item.Name
	m.after[record.KeyDirectionAdmin] = admin
	if s.origin.startup != startupManual || before[record.KeyStartup] == "" {
		m.after[record.KeyScript] = s.origin.script
		m.after[record.KeyStartup] = s.origin.startup
		m.after[record.KeyStartupHost] = s.origin.address
	}
	m.settle(record.KeyAuthor, "author", o.author, m.author())
	m.settle(record.KeyAlarmFrequency, "alarm-frequency", o.alarmFrequency, newRunOptions().alarmFrequency)
	m.settle(record.KeyAlarmReceivers, "receivers", o.receivers, admin)
	m.settle(record.KeyLabels, "label", labelsValue{&o.labels}.String(), "")
	told := m.settle(record.KeySchedule, "schedule", o.schedule, "")
	m.executeFrequency(told)
	m.after[record.KeyFilledIn] = strings.Join(m.filled, "\n")
	return m.after
}

// merging makes an item's settings of what is remembered of it and what this run
// was told. What nobody has ever told follows the config, although it stands in
// the file for monitorViewer to read: so that file lists what was only filled in,
// with the value, since who writes another one there has told it.
type merging struct {
	session       *session
	before, after record.ItemSettings
	listed        map[string]string // what before lists; nil where it has no list
	filled        []string          // what after is to list
}

func newMerging(s *session, before record.ItemSettings) *merging {
	m := &merging{session: s, before: before, after: maps.Clone(before)}
	if m.after == nil {
		m.after = record.ItemSettings{}
	}
	if list, ok := before[record.KeyFilledIn]; ok {
		m.listed = map[string]string{}
		for line := range strings.Lines(list) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			m.listed[key] = value
		}
	}
	return m
}

// filledIn reports whether nobody has told what the file says. A file without a
// list is one of monitorViewer or of an earlier mvrun: there it is what both would
// have filled in.
func (m *merging) filledIn(key string) bool {
	value := m.before[key]
	switch {
	case value == "":
		return true
	case m.listed != nil:
		filled, ok := m.listed[key]
		return ok && filled == onOneLine(value)
	}
	switch key {
	case record.KeyAlarmFrequency:
		return value == newRunOptions().alarmFrequency
	case record.KeyAlarmReceivers:
		return value == m.before[record.KeyDirectionAdmin]
	case record.KeyAuthor:
		return value == m.session.origin.user
	}
	return false
}

// settle decides on what a flag sets, and reports whether somebody has told it,
// now or earlier. A blank value takes back what was told before.
func (m *merging) settle(key, flag, value, otherwise string) (told bool) {
	toldNow, blank := m.session.options.told[flag], strings.TrimSpace(value) == ""
	before, known := m.before[key]
	switch {
	case toldNow && !blank:
		m.after[key] = value
		return true
	case !toldNow && known && !m.filledIn(key):
		return true
	case !toldNow && known && m.configUnknown(flag):
		m.fill(key, before)
	default:
		m.fill(key, orElse(value, otherwise))
	}
	return false
}

// configUnknown reports whether the config of other runs may say what this one
// does not know of.
func (m *merging) configUnknown(flag string) bool {
	s := m.session
	_, given := s.config.Defaults[flag]
	return !given && (s.configPath == "" || s.configTrouble != "")
}

func (m *merging) fill(key, value string) {
	if value == "" && (key == record.KeyLabels || key == record.KeySchedule) {
		delete(m.after, key) // monitorViewer does not look for these
		return
	}
	m.after[key] = value
	if value == "" {
		return // which needs no telling
	}
	m.filled = append(m.filled, key+"="+onOneLine(value))
}

// author is the user who starts the job. One who tries it by hand does not
// become it.
func (m *merging) author() string {
	if before := m.before[record.KeyAuthor]; before != "" && m.session.origin.startup == startupManual && m.session.config.Defaults["author"] == "" {
		return before
	}
	return m.session.origin.user
}

// executeFrequency is the schedule where that was told and this was not.
func (m *merging) executeFrequency(scheduleTold bool) {
	o, key := m.session.options, record.KeyExecuteFrequency
	_, known := m.before[key]
	switch {
	case !scheduleTold || o.told["frequency"]:
		m.settle(key, "frequency", o.frequency, o.schedule)
	case o.told["schedule"] || !known || m.filledIn(key):
		m.fill(key, m.after[record.KeySchedule])
	}
}

// onOneLine is a value as the list has it.
func onOneLine(value string) string { return strings.ReplaceAll(value, "\n", " ") }
