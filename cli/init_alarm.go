package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// alarmTools are the programs of a host that an alarm can be handed to without
// anything being set up; "" for one that is not there.
type alarmTools struct{ mail, sendmail, logger string }

func findAlarmTools() alarmTools {
	tools := alarmTools{mail: findProgram("mail"), sendmail: findProgram("sendmail")}
	for _, folder := range [...]string{"/usr/sbin", "/usr/lib", "/sbin"} {
		if path := findProgram(filepath.Join(folder, "sendmail")); tools.sendmail == "" {
			tools.sendmail = path
		}
	}
	// Without a system log logger says that all is well, or fails.
	if info, err := os.Stat("/dev/log"); err == nil && info.Mode().Type() == fs.ModeSocket {
		tools.logger = findProgram("logger")
	}
	return tools
}

// command is the best that the host offers for send_alarm_command, and what is
// to be said about it. The file is a word of shell. Line ends are taken out of
// titles, where they would begin another header of the mail.
func (t alarmTools) command(file string) (command, comment string) {
	const instead = "\nPut your own way to tell people in its place, such as\n" +
		`  /ic/bin/send_lark -T "<TITLE>" -c "<MESSAGE>" -r <RECEIVERS>` + "\nor name channels below."
	switch {
	case t.mail != "" && t.sendmail != "":
		return `printf '%s\n' "<MESSAGE>" | ` + cronWord(t.mail) + ` -s "$(printf '%s' "<TITLE>" | tr '\r\n' '  ')" <RECEIVERS>`,
			"This one hands alarms to the mail system of the host. Whether it delivers them,\nmvrun doctor --send shows." + instead
	case t.sendmail != "":
		return `{ printf 'Content-Type: text/plain; charset=UTF-8\nSubject: '; printf '%s' "<TITLE>" | tr '\r\n' '  '; printf '\n\n%s\n' "<MESSAGE>"; } | ` +
				cronWord(t.sendmail) + ` -i -- <RECEIVERS>`,
			"This one hands alarms to the mail system of the host. Whether it delivers them,\nmvrun doctor --send shows." + instead
	case t.logger != "":
		return cronWord(t.logger) + ` -t mvrun -p user.err -- "<TITLE>: <MESSAGE> (to <RECEIVERS>)"`,
			"This one writes alarms to the system log and tells nobody: the host has no mail\nsystem." + instead
	}
	return `(umask 077; printf '%s  %s (to %s)\n%s\n\n' "$(date '+%F %T')" "<TITLE>" "<RECEIVERS>" "<MESSAGE>" >>` + file + `)`,
		"This one writes alarms to a file and tells nobody: the host has neither a mail\nsystem nor a system log." + instead
}

// cronWord is a program as a command names it: by its name where cron, whose
// PATH is short, finds it, too.
func cronWord(path string) string {
	if folder := filepath.Dir(path); folder == "/usr/bin" || folder == "/bin" {
		return filepath.Base(path)
	}
	return shellWord(path)
}

// alarmFile is where alarms are written on a host that can tell nobody, as a
// word of shell. Where many users share a config each has a file of his own:
// nobody else can have put a link in its place.
func alarmFile(db string, forAll bool) string {
	if forAll {
		return `"$HOME"/mvrun-alarms`
	}
	return shellWord(filepath.Join(db, ".mvrun", "alarms"))
}

// shellWord quotes a text for a shell where that needs quotes.
func shellWord(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@+,") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
