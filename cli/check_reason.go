package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// maxReasons is for how many items the check looks why they do not run: where
// thousands have stopped, it is no matter of theirs.
const maxReasons = 200

// reasons finds out why items do not run, as far as this host can tell.
type reasons struct {
	*check
	tabs      crontabs
	boot      time.Time // when this host was started; zero for not known
	cron      bool
	cronKnown bool
	jump      time.Duration // by which the clock was set since the last check
	space     string        // what has no space left; "" for nothing
}

// findReasons looks at the items that have no heartbeat, or hang.
func (c *check) findReasons() {
	var r *reasons
	found := 0
	for i := range c.found {
		one := &c.found[i]
		if !wrong(one) || found == maxReasons {
			continue
		}
		if r == nil {
			r = c.newReasons()
		}
		for _, problem := range one.Problems {
			if problem.State.Silent() {
				one.Reasons = append(one.Reasons, r.silence(one, problem)...)
				found++
			}
			if problem.State == heartbeat.Hanging || problem.State == heartbeat.Overlong {
				one.Reasons = append(one.Reasons, r.holders(one)...)
			}
		}
	}
}

func (c *check) newReasons() *reasons {
	r := &reasons{check: c, tabs: crontabs{supervisor: c.supervisor}, boot: bootTime()}
	r.cron, r.cronKnown = cronRuns()
	r.jump = c.clockJump()
	for _, path := range append([]string{c.store.Path()}, c.spoolFolders()...) {
		if text := c.full(path); text != "" {
			r.space = text
			break
		}
	}
	return r
}

func (c *check) say(english, chinese string, args ...any) string {
	if c.language == heartbeat.Chinese {
		return fmt.Sprintf(chinese, args...)
	}
	return fmt.Sprintf(english, args...)
}

// silence says why an item may have no heartbeat, the likeliest first.
func (r *reasons) silence(found *viewer.Checked, problem heartbeat.Problem) (list []string) {
	started, err := r.store.Started(found.Item)
	if err != nil {
		r.note(err)
	}
	if elsewhere := r.elsewhere(found, started); elsewhere != "" {
		return []string{elsewhere}
	}
	add := func(text string) {
		if text != "" {
			list = append(list, text)
		}
	}
	startup := orElse(started.Startup, found.Startup)
	list = append(list, r.holders(found)...)
	add(r.scriptTrouble(orElse(started.Script, found.Script)))
	if startup == startupCrontab {
		if r.cronKnown && !r.cron {
			add(r.say("no cron daemon is running on this host", "本机的 cron 服务未运行"))
		}
		add(r.cronTrouble(found, started))
	}
	if !r.boot.IsZero() && r.boot.After(problem.Since) && (problem.Due.IsZero() || r.boot.After(problem.Due)) {
		add(r.say("this host was down until %s", "本机曾停机, 启动于%s", r.boot.Local().Format(record.TimeLayout)))
	}
	if r.jump.Abs() > time.Minute {
		add(r.say("the clock of this host was set by %v since the last check", "自上次检查以来本机时钟被调整了%v", r.jump.Round(time.Second)))
	}
	add(r.space)
	if len(list) == 0 {
		add(r.nothing(startup))
	}
	return list
}

// elsewhere names the host on which an item ran last, where it is not this one.
func (r *reasons) elsewhere(found *viewer.Checked, started record.Started) string {
	name, address := orElse(started.Hostname, found.Beat.Hostname), orElse(started.Address, found.Beat.Host)
	if name == hostName() || name == "" && address == hostAddress() || name == "" && address == "" {
		return ""
	}
	host := orElse(name, address)
	if address != "" && address != host {
		host += " (" + address + ")"
	}
	return r.say("it ran on %s last, and this is %s: look there", "最近一次运行在主机%s, 本机为%s, 请到该主机检查", host, hostName())
}

func (r *reasons) nothing(startup string) string {
	switch startup {
	case "", startupCrontab:
		return ""
	}
	return r.say("it is started by %s: look there", "由%s启动, 请到该处检查", startup)
}

// scriptTrouble says what keeps a script from being started.
func (r *reasons) scriptTrouble(script string) string {
	if !strings.HasPrefix(script, "/") {
		return ""
	}
	info, err := os.Stat(script)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r.say("%s is not there any more", "脚本%s不存在", script)
	case err != nil:
		return r.say("%s cannot be looked at: %v", "脚本%s无法访问: %v", script, err)
	case info.Mode().IsRegular() && info.Mode().Perm()&0o111 == 0 && !hasInterpreter(script):
		return r.say("%s is not executable", "脚本%s不可执行", script)
	}
	return ""
}

// hasInterpreter tells scripts that are given to an interpreter by name, and need
// no right to be executed.
func hasInterpreter(script string) bool {
	for _, ending := range [...]string{".py", ".pl", ".sh", ".tcl", ".rb", ".csh", ".jar", ".js"} {
		if strings.HasSuffix(script, ending) {
			file, err := os.Open(script)
			if err != nil {
				return true
			}
			defer file.Close()
			var head [2]byte
			n, _ := file.Read(head[:])
			return n < 2 || string(head[:]) != "#!"
		}
	}
	return false
}

// cronTrouble compares the line that started the item with the crontabs of now.
func (r *reasons) cronTrouble(found *viewer.Checked, started record.Started) string {
	lines, whole := r.tabs.of(started.User)
	was := shellWords(started.Command)
	if was == "" {
		return ""
	}
	var near *cronLine
	best := noLine
	lines = slices.Clone(lines)
	for i, line := range lines {
		lines[i].command = r.masker.Mask(line.command) // as the command was when it was kept
		same := strings.Contains(shellWords(lines[i].command), was)
		if same && !line.disabled {
			return r.otherTimes(found, line)
		}
		if how := nearness(&lines[i], same, found, started); how > best {
			near, best = &lines[i], how
		}
	}
	switch {
	case near != nil && near.disabled:
		return r.say("its line in %s is commented out: %s %s", "%s中的对应行已被注释: %s %s", near.file, near.fields, near.command)
	case near != nil:
		return r.say("its line in %s was changed: %s %s (it was: %s)", "%s中的对应行已被修改: %s %s (原为: %s)", near.file, near.fields, near.command, started.Command)
	case !whole:
		return r.say("the crontab of %s cannot be read by %s", "%s的crontab无法由%s读取", started.User, userName())
	}
	return r.say("its line is gone from the crontab of %s: %s", "%s的crontab中已没有对应行: %s", started.User, started.Command)
}

// How near a line of a crontab comes to the one that started an item.
const (
	noLine = iota
	lineOfScript
	lineDisabled
	lineSame // the line itself, commented out
	lineOfItem
)

// nearness looks at the item that a line names. One that leaves it open may be the
// item's where it has its script or its name, as words and not as parts of others.
func nearness(line *cronLine, same bool, found *viewer.Checked, started record.Started) int {
	if same {
		return lineSame
	}
	others := false
	for _, item := range namedItems(line.command) {
		other := item.Name != "" && item.Name != found.Item.Name || item.Direction != "" && item.Direction != found.Item.Direction
		switch {
		case !other && item.Name != "" && line.disabled:
			return lineDisabled
		case !other && item.Name != "":
			return lineOfItem
		}
		others = others || other
	}
	if others {
		return noLine
	}
	command := shellWords(line.command)
	for _, what := range [...]string{started.Script, found.Script, found.Item.Name} {
		if what != "" && hasWord(command, what) {
			return lineOfScript
		}
	}
	return noLine
}

// hasWord reports whether a word is in a text, and not as a part of another.
func hasWord(text, word string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:at+i])
		after, _ := utf8.DecodeRuneInString(text[at+i+len(word):])
		if !inName(before) && !inName(after) {
			return true
		}
		at += i + 1
	}
}

// inName reports whether names of items and scripts are made of such characters;
// the error of an empty text is none.
func inName(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-.", r))
}

// otherTimes is about a line that is there, and may say that nothing is due. Not
// every cron daemon knows CRON_TZ.
func (r *reasons) otherTimes(found *viewer.Checked, line cronLine) string {
	if r.isDue(found, line.fields) || line.zone != "" && r.isDue(found, "CRON_TZ="+line.zone+" "+line.fields) {
		return ""
	}
	return r.say("its line in %s is due at other times now: %s", "%s中对应行的时间已变更: %s", line.file, line.fields)
}

// isDue reports whether a heartbeat is missing by a schedule; one that cannot be
// read explains nothing either.
func (r *reasons) isDue(found *viewer.Checked, fields string) bool {
	schedule, err := heartbeat.Parse(fields)
	if err != nil {
		return true
	}
	due, grace, ok := schedule.Due([]time.Time{found.Last}, r.now.Location())
	return ok && r.now.After(due.End.Add(grace))
}

// holders names the processes of this host that hold the item's place: a run with
// --overlap=wait or skip comes after them.
func (r *reasons) holders(found *viewer.Checked) (list []string) {
	marks, err := r.store.Running(found.Item, r.self)
	if err != nil {
		return nil
	}
	for _, mark := range marks[record.StateAlive] {
		since := mark.Start
		if start, err := time.Parse(time.RFC3339Nano, since); err == nil {
			since = start.In(r.now.Location()).Format(record.TimeLayout)
		}
		list = append(list, r.say("process %d of %s still runs on this host, run %s, since %s", "本机进程%d (用户%s) 仍在运行, 运行%s, 始于%s",
			mark.PID, mark.User, mark.Run, since))
	}
	return list
}

// full says that a file system has no space or no inodes left for anybody; "" if it
// has.
func (c *check) full(path string) string {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil {
		return ""
	}
	switch {
	case st.Blocks > 0 && st.Bavail == 0:
		return c.say("no space left on %s", "%s 空间已满", path)
	case st.Files > 0 && st.Ffree == 0:
		return c.say("no inodes left on %s", "%s inode已用尽", path)
	}
	return ""
}

// bootTime is when this host was started: btime of proc(5), stat.
func bootTime() time.Time {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}
	}
	_, behind, found := bytes.Cut(data, []byte("\nbtime "))
	number, _, _ := bytes.Cut(behind, []byte{'\n'})
	seconds, err := strconv.ParseInt(string(number), 10, 64)
	if !found || err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// clockMark is what a check remembers of its host, to see that the clock was set:
// the time of the boot as the clock has it moves with the clock.
type clockMark struct {
	Boot  string    `json:"boot"` // boot_id
	Began time.Time `json:"began"`
}

// clockJump is by how much the clock of this host was set since the last check here.
func (c *check) clockJump() time.Duration {
	began, ok := sinceBoot()
	if !ok || c.self.Boot == "" {
		return 0
	}
	elem := []string{record.MetaFolder, checkFolder, "host", c.store.Host() + ".json"}
	var before clockMark
	if data, err := readNote(c.store, elem); err == nil {
		_ = json.Unmarshal(data, &before)
	}
	if !c.options.dryRun && (before.Boot != c.self.Boot || began.Sub(before.Began).Abs() > time.Second) {
		data, _ := json.Marshal(clockMark{Boot: c.self.Boot, Began: began})
		c.note(writeNote(c.store, append(data, '\n'), elem))
	}
	if before.Boot != c.self.Boot {
		return 0
	}
	return began.Sub(before.Began)
}
