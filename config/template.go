package config

import (
	"fmt"
	"strings"
)

// TemplateOptions is what a new config is written with.
type TemplateOptions struct {
	// DBPath is the absolute path of the database; "" leaves the setting empty,
	// so that each user has the default.
	DBPath string
	// Admin is who is told of alarms until other admins are named.
	Admin string
	// AlarmCommand is send_alarm_command, CommandComment what is said about it.
	AlarmCommand, CommandComment string
	// From may be nil. What it has is written instead of the values above, but
	// for DBPath where that is set.
	From *Takeover
}

// Template writes a config with comments that shows every setting. The config is
// returned as it reads, too; the error is Faults where it would have some, as
// with a DBPath that no config admits.
func Template(o TemplateOptions) ([]byte, *Config, error) {
	var b strings.Builder
	b.WriteString(templateHead)
	if o.From != nil {
		fmt.Fprintf(&b, "#\n# Taken over from %s: %s.\n", printable(o.From.File), strings.Join(o.Taken(), ", "))
	}
	for _, part := range templateParts {
		b.WriteByte('\n')
		comment(&b, strings.TrimSuffix(strings.TrimPrefix(part.comment, "\n"), "\n"))
		if value := o.value(part.name); value != "" {
			if part.name == "send_alarm_command" && !o.taken(part.name) {
				comment(&b, o.CommandComment)
			}
			b.WriteString(value)
			o.leftOut(&b, part.name)
			continue
		}
		for line := range strings.Lines(strings.TrimPrefix(part.example, "\n")) {
			b.WriteString("#" + line)
		}
	}
	data := []byte(b.String())
	cfg, faults := Parse("mvrun.yaml", data, Grammar{})
	if len(faults) > 0 {
		return nil, nil, faults
	}
	return data, cfg, nil
}

// comment writes lines of prose: a # and a blank.
func comment(b *strings.Builder, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString(strings.TrimRight("# "+line, " ") + "\n")
	}
}

// leftOut names what another config has of a setting and this one has not, and
// shows it as it could be mended.
func (o *TemplateOptions) leftOut(b *strings.Builder, name string) {
	if o.From == nil {
		return
	}
	for _, fault := range o.From.left[name] {
		comment(b, fault.Error())
	}
	for _, line := range o.From.refused[name] {
		b.WriteString("#" + line)
	}
}

// Taken names the settings whose values come from another config, in the order of
// the file.
func (o *TemplateOptions) Taken() []string {
	var names []string
	for _, name := range monitorViewerSettings {
		if o.taken(name) {
			names = append(names, name)
		}
	}
	return names
}

// taken reports whether the value of a setting comes from another config.
func (o *TemplateOptions) taken(name string) bool {
	return o.From != nil && o.From.yaml[name] != "" && (name != "db_path" || o.DBPath == "")
}

// value is a setting as it is written, "" for one that is only shown.
func (o *TemplateOptions) value(name string) string {
	if o.taken(name) {
		return o.From.yaml[name]
	}
	switch name {
	case "valid_direction_dic":
		return o.directions()
	case "db_path":
		if o.DBPath == "" {
			return "db_path:\n"
		}
		return "db_path: " + yamlScalar(o.DBPath) + "\n"
	case "valid_message_level_list":
		return "valid_message_level_list: [" + strings.Join(defaultLevels(), ", ") + "]\n"
	case "send_alarm_command":
		return "send_alarm_command: " + yamlScalar(o.AlarmCommand) + "\n"
	}
	return ""
}

// directions are those that most sites have, and one for jobs without any.
func (o *TemplateOptions) directions() string {
	admin := ""
	if o.Admin != "" {
		admin = " " + yamlScalar(o.Admin)
	}
	var b strings.Builder
	b.WriteString("valid_direction_dic:\n")
	for _, name := range [...]string{"default", "host", "storage", "LSF", "license", "security"} {
		b.WriteString("  " + name + ":" + admin + "\n")
	}
	return b.String()
}
