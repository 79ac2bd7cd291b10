package cli

import (
	"sync"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// Every record begins with monitorViewer's keys, in its order; mvrun's own
// follow.

func (s *session) entry(kind record.Kind, at time.Time, line []byte) record.Entry {
	return record.Entry{Item: s.item, Kind: kind, Day: record.Day(at), Line: string(line)}
}

// heartbeat is put by one Put with what belongs to it and goes before it.
func (s *session) heartbeat(at time.Time, before ...record.Entry) {
	at = s.stamp(at)
	from := s.origin
	var e record.Encoder
	e.Time("time", at, record.TimeLayout).String("user", from.user).String("host", from.address).String("script", from.script)
	e.Time("ts", at, record.StampLayout).String("run", s.run).Int("pid", int64(from.pid)).
		String("startup", from.startup).String("hostname", from.hostname).Optional("parent", s.parent).
		Optional("build_url", from.buildURL).Optional("job_name", from.jobName).Optional("build_number", from.number)
	s.writer.Put(append(before, s.entry(record.Heartbeat, at, e.Line()))...)
}

func (s *session) log(level record.Level, message string, at time.Time) {
	s.writer.Put(s.logEntry(level, message, at))
}

// logEncoders are at hand for a job that prints records by the thousands.
var logEncoders = sync.Pool{New: func() any { return new(record.Encoder) }}

func (s *session) logEntry(level record.Level, message string, at time.Time) record.Entry {
	at, message = s.stamp(at), record.CutMessage(message, 0)
	e := logEncoders.Get().(*record.Encoder)
	defer logEncoders.Put(e)
	e.Reset()
	e.Time("time", at, record.TimeLayout).String("message_level", string(level)).String("message", message)
	e.Time("ts", at, record.StampLayout).Optional("run", s.run).String("host", s.origin.address).
		Optional("build_url", s.origin.buildURL)
	return s.entry(record.Log, at, e.Line())
}

// runEnd is what the run record says beside what the process did.
type runEnd struct {
	result   *runner.Result
	cause    string
	attempts int
	start    time.Time
	end      time.Time
	duration time.Duration
	counts   *counts
	output   string // where the kept output is, below the database
	argv     []string
	notes    []string

	fingerprint *fingerprint // nil where nothing ran
}

// runRecord is put by one Put with what belongs to it and goes behind it.
func (s *session) runRecord(end runEnd, after ...record.Entry) {
	at := s.stamp(end.end)
	from, r := s.origin, end.result
	var e record.Encoder
	e.Time("time", at, record.TimeLayout).String("run", s.run).Int("exit_code", int64(r.ExitCode))
	if r.Signal != 0 {
		e.String("signal", signalName(r.Signal))
	}
	e.String("cause", end.cause).Int("attempts", int64(end.attempts)).Time("ts", at, record.StampLayout).
		String("start", end.start.Format(record.StampLayout)).String("end", end.end.Format(record.StampLayout)).
		Seconds("duration", end.duration).Seconds("user_cpu", r.UserTime).Seconds("system_cpu", r.SystemTime).
		Int(record.KeyMaxRSS, r.MaxRSS).Int("block_in", r.BlockIn).Int("block_out", r.BlockOut)
	if r.RSSBound {
		e.Bool(record.KeyMaxRSSBound, true)
	}
	if limit := s.options.maxDuration; limit > 0 {
		e.Seconds("max_duration", limit)
	}
	if end.counts != nil {
		end.counts.encode(&e)
	}
	if r.StartError != nil {
		e.String("error", record.CutTo(r.StartError.Error(), maxPath))
	}
	if lost := lostBytes(r.Lost); lost > 0 {
		e.Int("lost_bytes", lost)
	}
	if len(r.Escaped) > 0 {
		e.Strings("escaped", record.CutList(r.Escaped, maxPath))
	}
	if notes := append(end.notes, r.Notes...); len(notes) > 0 {
		e.Strings("notes", record.CutList(notes, maxArgv))
	}
	if len(s.options.labels) > 0 {
		e.Pairs("labels", s.options.labels)
	}
	e.Optional("parent", s.parent).Optional("output", end.output).String("user", from.user).String("host", from.address).
		String("hostname", from.hostname).String("startup", from.startup).String("script", from.script).
		Strings("argv", record.CutList(s.masker.MaskArgs(end.argv), maxArgv)).Int("pid", int64(r.PID)).Optional("build_url", from.buildURL).
		Optional("job_name", from.jobName).Optional("build_number", from.number)
	if end.fingerprint != nil {
		end.fingerprint.encode(&e)
	}
	s.writer.Put(append([]record.Entry{s.entry(record.Run, at, e.Line())}, after...)...)
}

func lostBytes(lost []runner.Loss) (sum int64) {
	for _, loss := range lost {
		sum += loss.Bytes
	}
	return sum
}
