package config

// templateHead begins a new config.
const templateHead = `# The config of mvrun, written by mvrun init.
#
# A line that begins with # and a blank explains. One that begins with # and no
# blank, or with # and two, is a setting that is not in force: take its # away.
# What is not set has the default that the explanation names.
#
# A fault in this file never stops a job: mvrun warns, and goes on with all that
# it could understand. mvrun doctor lists every fault.
#
# Keep secrets out of this file: write env:NAME for a variable of the environment,
# file:/path for a file that only its owner can read.
`

// templatePart is one setting of a new config.
type templatePart struct {
	name string
	// comment says what the setting is for and what its default is.
	comment string
	// example is the setting in YAML, shown behind #. It must be valid beside the
	// values of the settings that are in force, whatever those are: it names no
	// direction and no level but Alarm. It is "" for a setting that always has a
	// value.
	example string
}

// templateParts shows all of settingTable: the four settings of monitorViewer
// first, which always have a value. A setting that is added there wants a part
// here; a test asks for it.
var templateParts = [...]templatePart{
	{"valid_direction_dic", `
The directions (business lines), and who is told of their alarms: one receiver,
or several with blanks between them. Jobs without --direction belong to default.
Written as {}, it makes any direction valid.`, ""},

	{"db_path", `
Where the records are kept: an absolute path, or one below ~/. Left empty, it is
/var/lib/mvrun for root, and ~/.local/share/mvrun for each other user.`, ""},

	{"valid_message_level_list", `
The levels of log records, mildest first.`, ""},

	{"send_alarm_command", `
What sends an alarm: a shell command line. <TITLE>, <MESSAGE> and <RECEIVERS> are
replaced by their values, which are never interpreted, however they are quoted;
<RECEIVERS> without quotes is one word for each of them.`, ""},

	{"db_layout", `
How hosts share the database: direct, as on a local disk; per-host on a network
file system, where each host writes files of its own and readers merge them;
auto (default) looks at the file system.`, `
db_layout: auto
`},
	{"send_wait", `
How long the end of a run waits for its alarms (default 10s); what is left then
is sent later. Times are written 90 (seconds), 90s, 5m, 1h30m, 2d.`, `
send_wait: 10s
`},
	{"send_timeout", `
When a send_alarm_command that hangs is ended (default 30s).`, `
send_timeout: 30s
`},
	{"alarm_key", `
Which alarms to the same receivers are the same one, for a frequency such as max
3 times: those with the same message (default), text (numbers, times and
addresses do not count), title, or all of an item.`, `
alarm_key: message
`},
	{"alarm_burst", `
After so many alarms of one item within a minute the rest is gathered into one
digest (default 20; 0 sends all).`, `
alarm_burst: 20
`},
	{"give_up", `
How long it is tried to send an alarm (default 3d).`, `
give_up: 3d
`},
	{"remind_every", `
How often an item is told of again that goes on failing where its frequency would
keep silent (default 0: never).`, `
remind_every: 4h
`},
	{"channels", `
Further ways to send, each with a name of its own (default: none). Types are
email, wecom_bot, wecom_app, dingtalk, feishu, lark, slack, telegram and http; the
README lists their settings. Channels are used where a route names them; without
send_alarm_command and routes, all of them.`, `
channels:
  mail:
    type: email
    smtp: smtp.example.com:587
    user: mvrun
    password: env:MVRUN_SMTP_PASSWORD
    from: mvrun@example.com
    domain: example.com
  wecom:
    type: wecom_bot
    key: file:/etc/mvrun/wecom.key
`},
	{"contacts", `
Where receivers are reached: by the name of a channel, or by a kind of address
(email, wecom, dingtalk, feishu, slack, telegram, phone). Default: none, a
receiver is written to as he is named.`, `
contacts:
  alice: {email: alice.li@example.com, wecom: AliceLi}
`},
	{"routes", `
Which alarms go where (default: all by send_alarm_command). The first route that
matches decides; with continue: true the next ones are looked at as well. A match
may have direction, item, title, message, level, hours and weekdays; the channel
named command is send_alarm_command. mvrun doctor --route DIRECTION/ITEM explains
where an alarm would go.`, `
routes:
  - match: {item: 'check_*', level: Alarm, hours: '08:00-20:00', weekdays: Mon-Fri}
    channels: [command]
    receivers: [carol]
    frequency: max 3 times per hour
    continue: true
  - match: {message: '(?i)only a test'}
    do: drop
`},
	{"quiet_hours", `
When alarms wait until morning; do: drop only records them (default: never).`, `
quiet_hours:
  - {hours: '22:00-07:00', item: 'nightly_*', do: hold}
`},
	{"lang", `
The language of what mvrun tells people by itself: en (the default) or zh.
`, `
lang: zh
`},
	{"check", `
mvrun check: how late a heartbeat may be at least (grace, default 2m, more where
a job runs seldom); from when on a job fails for long (failing_after, default
1d); and an address that is asked after each check, for a service elsewhere that
tells when it was not (ping_url, default none; env: and file: keep it secret).
`, `
check:
  grace: 5m
  failing_after: 12h
  ping_url: https://hc-ping.com/00000000-0000-0000-0000-000000000000
`},
	{"serve", `
mvrun serve: where it listens (default 127.0.0.1:5000); who may log in, each with
the hash that mvrun serve --hash makes of a password; tokens for programs, which
may read or mute as well; a certificate and its key; and proxies whose
X-Forwarded-For is believed. Without users and tokens everybody on this host may
read, and it listens nowhere else.`, `
serve:
  listen: 127.0.0.1:5000
  tokens:
    - {token: 'env:MVRUN_TOKEN', scopes: [read]}
`},
	{"retention", `
How long records are kept, by kind and direction (default: forever), and after
what time the files of old days are moved to an archive below the database, where
monitorViewer does not see them (default: never). mvrun prune does it, and mvrun
check once a day; what waits to be sent stays.`, `
retention:
  log: 90d
  run: 1y
  output: 30d
  archive_after: 60d
`},
	{"defaults", `
Values for the flags of a run, by the flag's name without its dashes. A flag on
the command line, a variable MVRUN_<NAME>, and what was remembered of an item
come before them. These are the defaults already; receivers, schedule, frequency,
author, timeout, max-duration, alarm-on, error-on and label have none.`, `
defaults:
  alarm-frequency: everytime
  kill-after: 10s
  retries: 0
  retry-delay: 10s
  overlap: allow
  jitter: 0s
  on-failure: alarm
  fail-after: 1
  scan: stdout
  pty: false
  quiet: false
  keep-output: failure
`},
	{"prefixes", `
Further words at the start of a line that make it a record, beside ERROR:, ALARM:
and the others (default: none). The value is one of the levels, or Alarm. With
them, a colon that follows may be the Chinese one, and attributes in brackets
stand before it as well.`, `
prefixes:
  '[ALERT]': Alarm
  '告警：': Alarm
`},
	{"rules", `
Patterns (RE2, in single quotes) that make a record of any line they match
(default: none). The groups level, message, title and receivers take those parts
from the line; without a group message the whole line is the message.`, `
rules:
  - pattern: '^(?P<title>\S+): license server is (?P<message>down.*)$'
    level: Alarm
`},
	{"mask", `
Further secrets that must not reach a record or a receiver, beside passwords,
tokens and the like, which are always masked (default: none). Where a pattern has
a group, only the group is masked.`, `
mask:
  - 'licence key: (\S+)'
`},
}
