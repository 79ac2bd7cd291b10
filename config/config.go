// Package config reads mvrun's config file: it finds the file, reads it whole,
// checks every setting, and explains each fault with its line and a way out.
//
// Nothing here stops a job. A file with faults still gives a [Config] that holds
// all settings that could be understood; the caller decides how to report the
// rest. A Config is not changed after it was read, so that any number of
// goroutines may use it.
package config

import "time"

// The values of db_layout. LayoutAuto leaves the choice to what statfs says of
// the file system below db_path.
const (
	LayoutAuto    = "auto"
	LayoutDirect  = "direct"
	LayoutPerHost = "per-host"
)

// LevelAlarm may stand for a level in prefixes and rules: the line is an alarm
// and is sent.
const LevelAlarm = "Alarm"

// The defaults of send_wait, send_timeout, alarm_burst and give_up.
const (
	DefaultSendWait    = 10 * time.Second
	DefaultSendTimeout = 30 * time.Second
	DefaultAlarmBurst  = 20
	DefaultGiveUp      = 3 * 24 * time.Hour
)

// Config is what a config file says, with the defaults for what it leaves out.
type Config struct {
	// Path is the file, as it was given to Load or Parse.
	Path string

	// Directions is valid_direction_dic in the order of the file. Where it is
	// empty, any direction is admitted.
	Directions []Direction

	// DBPath is the absolute path of the database; "" stands for DefaultDB.
	DBPath string
	// DBLayout is LayoutAuto, LayoutDirect or LayoutPerHost.
	DBLayout string

	// Levels is valid_message_level_list, mildest first; never empty.
	Levels []string

	// SendAlarmCommand is a shell command line with the placeholders <TITLE>,
	// <MESSAGE> and <RECEIVERS>; "" where alarms are not sent by a command.
	SendAlarmCommand string
	// SendWait bounds how long the end of a run waits for its alarms; 0 does
	// not wait.
	SendWait time.Duration
	// SendTimeout bounds one call of SendAlarmCommand; never 0.
	SendTimeout time.Duration

	// Channels, Contacts, Routes and Quiet say how alarms find people; see their
	// types. Channels are in the order of the file.
	Channels []Channel
	Contacts []Contact
	Routes   []Route
	Quiet    []QuietHours
	// AlarmKey is one of the AlarmKey constants.
	AlarmKey string
	// AlarmBurst is how many alarms of an item are sent a minute before the rest
	// is gathered; 0 for any number.
	AlarmBurst int
	// GiveUp is how old an alarm may become that cannot be sent; never 0.
	GiveUp time.Duration
	// RemindEvery is how often a failing item is told of again that its frequency
	// would keep silent; 0 for never.
	RemindEvery time.Duration

	// Lang is LangEnglish or LangChinese.
	Lang string
	// Check is about `mvrun check`.
	Check Check
	// Serve is about `mvrun serve`.
	Serve Serve
	// Retention is the zero value where it has a fault of any kind.
	Retention Retention

	// Defaults holds the values of run flags by the flag's name, in a form that
	// the flag accepts: durations as time.Duration prints them, receivers
	// separated by blanks. A flag that can be repeated (alarm-on, error-on,
	// label) has one value a line.
	Defaults map[string]string

	// Prefixes gives words at the start of a line their level: one of Levels,
	// or LevelAlarm.
	Prefixes map[string]string
	// Rules are the patterns that make records of lines, in the order of the
	// file.
	Rules []Rule
	// Mask holds further RE2 patterns of secrets.
	Mask []string
}

// Grammar holds the readers of texts whose form is the affair of another package:
// an alarm frequency, a send_alarm_command and a schedule. The error of each says what is
// wrong and what would be right. Where one is nil, any text is admitted.
type Grammar struct {
	Frequency, Command, Schedule func(text string) error
}

// Direction is one business line and who answers for it.
type Direction struct {
	Name string
	// Admin is the receivers, separated by single blanks; "" where there is
	// nobody.
	Admin string
}

// Rule makes a record of each line that its pattern matches.
type Rule struct {
	// Pattern is a valid RE2 expression. Its groups named level, message, title
	// and receivers take the record's parts from the line.
	Pattern string
	// Level is one of Config.Levels or LevelAlarm; "" where the group level
	// alone decides.
	Level string
	// Line is where the rule stands in the file, counted from 1.
	Line int
}

// Admin returns the receivers of a direction's alarms and whether the direction
// is admitted. A config that lists no direction admits any, without an admin.
func (c *Config) Admin(direction string) (string, bool) {
	for _, d := range c.Directions {
		if d.Name == direction {
			return d.Admin, true
		}
	}
	return "", len(c.Directions) == 0
}

// defaultLevels is a new list each time, since a Config owns its slices.
func defaultLevels() []string {
	return []string{"Debug", "Info", "Warning", "Error", "Fatal"}
}

// newConfig is a config whose file says nothing.
func newConfig(path string) *Config {
	return &Config{
		Path:        path,
		DBLayout:    LayoutAuto,
		Levels:      defaultLevels(),
		SendWait:    DefaultSendWait,
		SendTimeout: DefaultSendTimeout,
		AlarmKey:    AlarmKeyMessage,
		AlarmBurst:  DefaultAlarmBurst,
		GiveUp:      DefaultGiveUp,
		Lang:        LangEnglish,
		Check:       Check{FailingAfter: DefaultFailingAfter},
		Serve:       Serve{Listen: DefaultListen},
	}
}
