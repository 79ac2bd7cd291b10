package heartbeat

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

// runs looks for the runs that are under way on the host of the last heartbeat,
// and for the end of the last one.
func (s *Surveyor) runs(f *Facts, item record.Item, last Beat) error {
	marks, err := s.store.Marks(item, last.Hostname)
	if err != nil {
		return err
	}
	if len(marks) > 0 && s.options.Close != nil && last.Hostname == s.options.ThisHost && s.options.Close(item) {
		if marks, err = s.store.Marks(item, last.Hostname); err != nil {
			return err
		}
	}
	marks, lost := s.living(marks, last)
	if len(marks) > 0 { // the oldest is the one that may hang
		f.Unfinished = &StartedRun{
			ID: marks[0].Run, Host: last.Hostname, Start: startOf(marks[0], last), Limit: secondsLong(marks[0].MaxDuration),
			Longest: func() (time.Duration, int) { return s.longest(item) },
		}
	}
	if f.LastRun, err = s.lastRun(item, last.Run); lost.ID > f.LastRun.ID { // an id sorts by time
		f.LastRun = lost
	}
	f.Failures = func() (time.Time, int) { return s.failures(item) }
	return err
}

// living leaves out the runs of this host whose mvrun is gone, and gives the newest
// of them as the next run or check will record it.
func (s *Surveyor) living(marks []record.Mark, last Beat) (alive []record.Mark, lost EndedRun) {
	if len(marks) == 0 || record.SanitizeName(last.Hostname) != s.store.Host() {
		return marks, EndedRun{}
	}
	for _, mark := range marks {
		switch cause, gone := s.store.CauseIfLost(mark, s.self()); {
		case !gone:
			alive = append(alive, mark)
		case cause != "":
			lost = EndedRun{ID: mark.Run, Cause: cause, Host: last.Hostname, Start: startOf(mark, last), Limit: secondsLong(mark.MaxDuration)}
		}
	}
	return alive, lost
}

func startOf(mark record.Mark, last Beat) time.Time {
	start, err := time.Parse(time.RFC3339Nano, mark.Start)
	if err != nil {
		return last.Time
	}
	return start
}

func secondsLong(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// lastRun gives the end of a run, or, where it has none, of the newest run of the
// item that has one.
func (s *Surveyor) lastRun(item record.Item, id string) (EndedRun, error) {
	newest, err := s.newestRun(item, id, runBytes)
	if err == nil && newest.ID != id {
		newest, err = s.newestRun(item, id, learnBytes) // others have ended since
	}
	return newest, err
}

func (s *Surveyor) newestRun(item record.Item, id string, most int) (EndedRun, error) {
	for _, day := range s.recent {
		newest := ""
		err := s.files.Tail(item, record.Run, day, most, func(line []byte) {
			run := textOf(line, `"run": "`)
			if newest == id || run != id && run <= newest || textOf(line, `"cause": "`) == record.CauseSkipped {
				return // an id sorts by time
			}
			newest = run
			s.line = append(s.line[:0], line...)
		})
		if err != nil {
			return EndedRun{}, err
		}
		if newest != "" {
			return parseRun(s.line), nil
		}
	}
	return EndedRun{}, nil
}

func parseRun(line []byte) EndedRun {
	run := EndedRun{ID: textOf(line, `"run": "`), Cause: textOf(line, `"cause": "`), Host: textOf(line, `"hostname": "`)}
	run.Start, _ = time.Parse(time.RFC3339Nano, textOf(line, `"start": "`))
	if status := valueOf(line, `"exit_code": `); status != "" && status != "0" {
		run.Failed = endedItself(run.Cause)
	}
	run.Duration, run.Limit = secondsOf(line, `"duration": `), secondsOf(line, `"max_duration": `)
	return run
}

// endedItself reports whether a run was neither skipped, nor stopped, nor lost.
func endedItself(cause string) bool {
	switch cause {
	case record.CauseSkipped, record.CauseWrapperLost, record.CauseNeverFinished:
		return false
	}
	return !strings.HasPrefix(cause, record.CauseStopped)
}

// valueOf gives the number behind a key; "" where there is none.
func valueOf(line []byte, key string) string {
	_, text, _ := bytes.Cut(line, []byte(key))
	if end := bytes.IndexAny(text, ",}"); end >= 0 {
		text = text[:end]
	}
	return string(bytes.TrimSpace(text))
}

// secondsOf reads a number of seconds behind a key; 0 where there is none.
func secondsOf(line []byte, key string) time.Duration {
	seconds, err := strconv.ParseFloat(valueOf(line, key), 64)
	if err != nil || seconds < 0 || seconds > 1e9 {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}

// longestDays is how far back a longer run is looked for.
const longestDays = 36

// longest gives the longest run that has ended by itself, and how many there were.
func (s *Surveyor) longest(item record.Item) (longest time.Duration, runs int) {
	for back := range longestDays {
		_ = s.files.Tail(item, record.Run, record.Day(s.options.Now.AddDate(0, 0, -back)), learnBytes, func(line []byte) {
			if run := parseRun(line); run.Duration > 0 && run.Cause != record.CauseSkipped {
				longest = max(longest, run.Duration)
				runs++
			}
		})
	}
	return longest, runs
}
