package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// cronLine is a line of a crontab that starts something.
type cronLine struct {
	file     string // where it stands, for people
	fields   string // the times
	zone     string // that CRON_TZ gives them, for cron daemons that know it
	user     string // of a system crontab; "" in one of a user
	command  string // what the shell is given
	disabled bool   // it is commented out
}

// Where cron daemons keep what users want: Debian's cron, cronie, and others.
var userCrontabs = [...]string{"/var/spool/cron/crontabs", "/var/spool/cron", "/var/spool/cron/tabs"}

// crontabs reads what cron would start on this host for a user. Those of users may
// be read by root only; crontab(1) shows everybody's own.
type crontabs struct {
	supervisor *runner.Supervisor
	root       string // in front of all paths; "" but in tests
	byUser     map[string][]cronLine
}

// crontabWait bounds the call of crontab(1).
const crontabWait = 5 * time.Second

// of gives the lines for a user, and whether the user's own crontab could be read.
func (t *crontabs) of(user string) (lines []cronLine, whole bool) {
	whole = true
	if known, ok := t.byUser[user]; ok {
		return known, true
	}
	own, ok := t.own(user)
	lines = append(lines, parseCrontab("crontab of "+user, own, false)...)
	files := []string{"/etc/crontab"}
	more, _ := filepath.Glob(t.root + "/etc/cron.d/*")
	for _, path := range more {
		files = append(files, strings.TrimPrefix(path, t.root))
	}
	for _, path := range files {
		data, err := os.ReadFile(t.root + path)
		if err != nil {
			continue
		}
		for _, line := range parseCrontab(path, string(data), true) {
			if line.user == user {
				lines = append(lines, line)
			}
		}
	}
	if ok {
		if t.byUser == nil {
			t.byUser = map[string][]cronLine{}
		}
		t.byUser[user] = lines
	}
	return lines, ok
}

// own reads a user's own crontab.
func (t *crontabs) own(user string) (text string, ok bool) {
	if os.Getuid() == 0 || t.root != "" {
		if user == "" || strings.ContainsAny(user, "/\x00") {
			return "", false
		}
		for _, folder := range userCrontabs {
			if data, err := os.ReadFile(filepath.Join(t.root, folder, user)); err == nil {
				return string(data), true
			}
		}
		return "", true
	}
	if user != userName() {
		return "", false
	}
	ctx, cancel := context.WithTimeout(context.Background(), crontabWait)
	defer cancel()
	result, err := t.supervisor.Exec(ctx, runner.ExecRequest{Args: []string{"crontab", "-l"}, Env: os.Environ(), MaxOutput: 1 << 20})
	// It ends with 1 where the user has none.
	return string(result.Output), err == nil && result.ExitCode <= 1
}

// parseCrontab reads the lines of crontab(5), those that are commented out as well.
func parseCrontab(file, text string, system bool) []cronLine {
	var lines []cronLine
	zone := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, value, found := strings.Cut(line, "="); found && strings.TrimSpace(name) == "CRON_TZ" {
			zone = strings.Trim(strings.TrimSpace(value), `"'`)
		}
		bare := strings.TrimSpace(strings.TrimLeft(line, "#"))
		parsed, ok := parseCronLine(bare, system)
		if ok {
			parsed.file, parsed.zone, parsed.disabled = file, zone, bare != line
			lines = append(lines, parsed)
		}
	}
	return lines
}

func parseCronLine(line string, system bool) (cronLine, bool) {
	count := 5
	if strings.HasPrefix(line, "@") {
		count = 1
	}
	fields, rest := cutFields(line, count)
	if rest == "" {
		return cronLine{}, false
	}
	if _, err := heartbeat.Parse(fields); err != nil || heartbeat.AreWords(fields) {
		return cronLine{}, false // a setting, or words
	}
	parsed := cronLine{fields: fields}
	if system {
		if parsed.user, rest = cutFields(rest, 1); rest == "" {
			return cronLine{}, false
		}
	}
	parsed.command = cronCommand(rest)
	return parsed, true
}

// cutFields takes so many words off the beginning.
func cutFields(text string, count int) (fields, rest string) {
	rest = text
	var words []string
	for range count {
		rest = strings.TrimLeft(rest, " \t")
		end := strings.IndexAny(rest, " \t")
		if end < 0 {
			return "", ""
		}
		words, rest = append(words, rest[:end]), rest[end:]
	}
	return strings.Join(words, " "), strings.TrimSpace(rest)
}

// cronCommand is what the shell is given of a line: what comes behind a percent
// sign is the standard input, unless it is escaped.
func cronCommand(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], `\%`) {
			i++
		} else if text[i] == '%' {
			break
		}
		b.WriteByte(text[i])
	}
	return strings.TrimSpace(b.String())
}

// shellWords makes two ways of writing a command comparable: without quotes and
// escapes, and with single blanks.
func shellWords(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer(`"`, "", "'", "", `\`, "").Replace(text)), " ")
}

// namedItems finds what a command says of the items of the runs of mvrun in it, by
// flags or by the environment; "" for what it leaves open.
func namedItems(command string) (items []record.Item) {
	var set record.Item
	words := splitCommand(command)
	for i, word := range words {
		if name, value, found := strings.Cut(word, "="); found {
			switch name {
			case envName("item"):
				set.Name = value
			case envName("direction"):
				set.Direction = value
			}
		}
		if filepath.Base(word) != "mvrun" {
			continue
		}
		options := newRunOptions()
		options.item, options.direction = set.Name, set.Direction
		_ = options.flags().Parse(words[i+1:]) // what comes before a mistake counts
		items = append(items, record.Item{Direction: options.direction, Name: options.item})
	}
	if len(items) == 0 && set != (record.Item{}) {
		items = append(items, set) // for a script that has mvrun in it
	}
	return items
}

// splitCommand makes words of a command about as a shell does; what stands between
// two commands ends a word as a blank does.
func splitCommand(text string) (words []string) {
	var word []rune
	var quote rune
	inWord, escaped := false, false
	for _, r := range text {
		switch {
		case escaped:
			word, escaped = append(word, r), false
		case r == '\\' && quote != '\'':
			inWord, escaped = true, true
		case r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, inWord = r, true
		case quote == 0 && strings.ContainsRune(" \t;&|()", r):
			if inWord {
				words = append(words, string(word))
			}
			word, inWord = nil, false
		default:
			word, inWord = append(word, r), true
		}
	}
	if inWord {
		words = append(words, string(word))
	}
	return words
}

// cronDaemons are the names of what starts the lines of crontabs.
var cronDaemons = []string{"cron", "crond", "anacron", "fcron", "supercronic", "busybox-crond"}

// cronRuns reports whether a cron daemon runs on this host; known is false where
// the processes of others cannot be seen, as with hidepid of proc(5).
func cronRuns() (runs, known bool) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return false, false
	}
	buf := make([]byte, 1<<10)
	known = processName("1", buf) != ""
	for _, entry := range entries {
		if name := entry.Name(); name[0] < '0' || name[0] > '9' {
			continue
		}
		if name := processName(entry.Name(), buf); slices.Contains(cronDaemons, name) {
			return true, true
		}
	}
	return false, known
}
