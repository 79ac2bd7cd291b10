package viewer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// Compared is one property of a run beside that of the last good one.
type Compared struct {
	Name       string // for people: status, cause, duration, …
	This, Good string // as they are shown, with units; "" where not known
	// Differs says that the difference is worth a look: any one, but of a duration
	// only one by the factor two and a second.
	Differs bool

	always bool // of another value in each run
}

// compare puts a run beside a good one, which may be nil.
func compare(run, good *Run) []Compared {
	var rows []Compared
	for _, property := range properties() {
		row := Compared{Name: property.name, This: property.text(run), always: property.always}
		if good != nil {
			row.Good = property.text(good)
			row.Differs = row.This != row.Good && !property.always
			if property.differs != nil {
				row.Differs = property.differs(run, good)
			}
		}
		if row.This != "" || row.Good != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// property is something that runs of an item have in common, or not.
type property struct {
	name    string
	text    func(*Run) string
	always  bool // it is another one for each run
	differs func(run, good *Run) bool
}

func properties() []property {
	return []property{
		{name: "run", text: func(r *Run) string { return r.ID }, always: true},
		{name: "started", text: func(r *Run) string { return timeOrNone(r.Begin) }, always: true},
		{name: "status", text: (*Run).Status},
		{name: "cause", text: func(r *Run) string { return cause(&entry{fields: r.Fields}) }},
		{name: "attempts", text: recorded("attempts")},
		{name: "duration", text: func(r *Run) string { return durationText(r.Duration) }, differs: lastsOtherwise},
		{name: "CPU", text: cpuText, always: true},
		{name: "memory", text: memoryText, always: true},
		{name: "stdout", text: func(r *Run) string { return streamText(r, "stdout") }},
		{name: "stderr", text: func(r *Run) string { return streamText(r, "stderr") }},
		{name: "records", text: countsText},
		{name: "command", text: (*Run).CommandLine},
		{name: "script", text: recorded("script")},
		{name: "script SHA-256", text: recorded(record.KeyScriptSum)},
		{name: "host", text: hostText},
		{name: "user", text: recorded("user")},
		{name: "startup", text: recorded("startup")},
	}
}

func recorded(key string) func(*Run) string {
	return func(r *Run) string { return r.Get(key) }
}

// Status is the exit status of a run as a text, or what there is in its place.
func (r *Run) Status() string {
	if code := exitStatus(&entry{fields: r.Fields}); code != "" {
		return code
	}
	return string(r.State)
}

// CommandLine is the command with quotes where a shell needs them.
func (r *Run) CommandLine() string {
	words := make([]string, len(r.Argv))
	for i, word := range r.Argv {
		words[i] = shellWord(word)
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word as it would be typed.
func shellWord(word string) string {
	const harmless = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./-_"
	if word != "" && strings.Trim(word, harmless) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func timeOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(record.TimeLayout)
}

func durationText(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return d.Round(time.Millisecond).String()
}

func lastsOtherwise(run, good *Run) bool {
	long, short := max(run.Duration, good.Duration), min(run.Duration, good.Duration)
	return long-short >= time.Second && long >= 2*short
}

func cpuText(r *Run) string {
	user, system := r.Get("user_cpu"), r.Get("system_cpu")
	if user == "" && system == "" {
		return ""
	}
	return fmt.Sprintf("%s user, %s system", roundSeconds(user), roundSeconds(system))
}

// memoryText is the most that a process of the run has held at once.
func memoryText(r *Run) string {
	bytes, err := strconv.ParseInt(r.Get(record.KeyMaxRSS), 10, 64)
	switch {
	case err != nil || bytes <= 0:
		return ""
	case r.Get(record.KeyMaxRSSBound) == "true":
		return "at most " + bytesText(bytes)
	}
	return bytesText(bytes)
}

func streamText(r *Run, name string) string {
	bytes, err := strconv.ParseInt(r.Get(name+"_bytes"), 10, 64)
	if err != nil {
		return ""
	}
	lines, _ := strconv.ParseInt(r.Get(name+"_lines"), 10, 64)
	return fmt.Sprintf("%s, %s", bytesText(bytes), countText(lines, "line"))
}

func countText(count int64, what string) string {
	if count == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", count, what)
}

// bytesText is exact as long as a person can take it in.
func bytesText(bytes int64) string {
	const step = 1024
	if bytes < 10*step {
		return countText(bytes, "byte")
	}
	size, unit := float64(bytes), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB"} {
		if size /= step; size < step {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}

// countsText sums up the records that the run has made.
func countsText(r *Run) string {
	var parts []string
	levels := numbersOf(r.Get("records"))
	for _, level := range slices.Backward(record.Levels) {
		if count := levels[string(level)]; count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count, level))
		}
	}
	if alarms, _ := strconv.ParseInt(r.Get("alarms"), 10, 64); alarms > 0 {
		parts = append(parts, countText(alarms, "alarm"))
	}
	if len(parts) == 0 && r.Get("alarms") != "" {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func hostText(r *Run) string {
	name, address := r.Get("hostname"), r.Get("host")
	if name == "" || address == "" {
		return name + address
	}
	return fmt.Sprintf("%s (%s)", name, address)
}
