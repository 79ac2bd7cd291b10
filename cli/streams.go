package cli

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
)

// stream is what the runner gives a copy of one of the command's outputs to. It
// is a runner.Sink; each is used by one goroutine at a time.
type stream struct {
	job    *job
	parser *record.Parser // nil where records are not looked for
	found  []record.Entry // in the piece of output that is being scanned
	tail   *tail          // nil where the output is not kept
	counts *counts
	stderr bool
}

// Write counts, keeps and scans. It never fails.
func (s *stream) Write(p []byte) (int, error) {
	lines := int64(bytes.Count(p, []byte{'\n'}))
	s.counts.mu.Lock()
	if s.stderr {
		s.counts.stderrBytes += int64(len(p))
		s.counts.stderrLines += lines
	} else {
		s.counts.stdoutBytes += int64(len(p))
		s.counts.stdoutLines += lines
	}
	s.counts.mu.Unlock()
	if s.tail != nil {
		s.tail.write(p)
	}
	if s.parser != nil {
		s.job.nested.NewOutput()
		s.parser.Write(p)
		s.hand()
	}
	return len(p), nil
}

// Deadline is when an open record's silence has lasted long enough.
func (s *stream) Deadline() time.Time {
	if s.parser == nil {
		return time.Time{}
	}
	return s.parser.Deadline()
}

// Tick closes a record that has been silent.
func (s *stream) Tick(now time.Time) {
	if s.parser != nil {
		s.parser.Tick(now)
		s.hand()
	}
}

// end closes the record that is open.
func (s *stream) end() {
	if s.parser != nil {
		s.parser.Close()
		s.hand()
	}
}

// maxFound bounds the records that a piece of output is held in memory for.
const maxFound = 128

// hand gives the writer the records of a piece of output at once: each time the
// writer is woken costs more than a record.
func (s *stream) hand() {
	if len(s.found) > 0 {
		s.job.writer.Put(s.found...)
		clear(s.found)
		s.found = s.found[:0]
	}
}

// message records what the parser found in the output.
func (s *stream) message(m record.Message) {
	if m.Level != record.LevelAlarm {
		s.counts.level(m.Level)
		s.found = append(s.found, s.job.logEntry(m.Level, m.Text, m.Time))
		if len(s.found) == maxFound {
			s.hand()
		}
	}
	if m.IsAlarm() {
		s.hand()
		m.Time = s.job.stamp(m.Time) // it stands among the records where it was printed
		s.job.alarms.raise(m)
	}
}

// newStreams makes the copies that the options ask for: of stdout always, of
// stderr only where it is scanned or kept.
func (j *job) newStreams() [2]*stream {
	j.counts.own = j.ownLevels()
	if j.tail == nil && (j.options.keep != keepNever || j.options.onFailure == failureAlarm) {
		j.tail = &tail{}
	}
	stdout := &stream{job: j, tail: j.tail, counts: &j.counts}
	streams := [2]*stream{stdout, nil}
	scanOut, scanErr := j.options.scans()
	if scanOut {
		stdout.parser = j.newParser(stdout.message, unix.Stdout)
	}
	if scanErr || j.options.keep != keepNever || j.options.quiet {
		stderr := &stream{job: j, tail: j.tail, counts: &j.counts, stderr: true}
		if scanErr {
			stderr.parser = j.newParser(stderr.message, unix.Stderr)
		}
		streams[1] = stderr
	}
	return streams
}

func (j *job) newParser(emit func(record.Message), output int) *record.Parser {
	options := record.ParserOptions{Levels: j.levels(), Rules: j.rules(), Mask: j.masker, Header: j.nested.Header}
	if j.nested.HasParent() && endsInFile(output) {
		options.Header = j.nested.HeaderUnseen
	}
	for prefix, level := range j.config.Prefixes {
		if options.Prefixes == nil {
			options.Prefixes = map[string]record.Level{}
		}
		options.Prefixes[prefix] = record.Level(level)
	}
	return record.NewParser(options, emit)
}

// endsInFile reports whether what is written to a descriptor goes no further: it is
// closed, a file, or /dev/null. What a pipe leads to nobody knows.
func endsInFile(fd int) bool {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return true
	}
	var null unix.Stat_t
	return st.Mode&unix.S_IFMT == unix.S_IFREG || unix.Stat(os.DevNull, &null) == nil && st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == null.Rdev
}

// rules are those of the flags and of the config, in this order.
func (j *job) rules() []record.Rule {
	var rules []record.Rule
	for _, pattern := range j.options.alarmOn {
		rules = append(rules, record.Rule{Pattern: pattern, Level: record.LevelAlarm})
	}
	for _, pattern := range j.options.errorOn {
		rules = append(rules, record.Rule{Pattern: pattern, Level: record.LevelError})
	}
	for _, rule := range j.config.Rules {
		pattern, err := regexp.Compile(rule.Pattern)
		if err != nil {
			continue // config has told so
		}
		rules = append(rules, record.Rule{Pattern: pattern, Level: record.Level(rule.Level)})
	}
	return rules
}

// levels are the config's, mildest first. An alarm has none of them.
func (s *session) levels() []record.Level {
	var levels []record.Level
	for _, name := range s.config.Levels {
		if !strings.EqualFold(name, string(record.LevelAlarm)) {
			levels = append(levels, record.Level(name))
		}
	}
	return levels
}

// ownLevels are those of the config that are not built in.
func (s *session) ownLevels() []record.Level {
	return slices.DeleteFunc(s.levels(), func(level record.Level) bool { return slices.Contains(record.Levels, level) })
}
