package record

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// Causes of runs that another run had to close, of those that never began, and of those
// that somebody stopped.
const (
	CauseSkipped       = "skipped by overlap"
	CauseStopped       = "stopped by " // and the name of the signal
	CauseWrapperLost   = "wrapper lost"
	CauseNeverFinished = "never finished"
)

// CloseLost records the end of the item's runs on this host whose mvrun is gone,
// each once: as "wrapper lost", or as "never finished" where the host was
// started anew since. A run that has left something in one of the spool folders
// is passed over, since its own record may be there; see MergeSpools. It may be
// called by many processes at once and killed at any point. The run that asks,
// "" for none, is not looked at. It returns the runs that it closed.
func (s *Store) CloseLost(item Item, self Process, run string, spoolFolders ...string) ([]Mark, error) {
	marks, err := s.runningBeside(item, self, run)
	if err != nil {
		return nil, err
	}
	var closed []Mark
	for state, cause := range lostCauses {
		for _, mark := range marks[State(state)] {
			if cause == "" || isSpooled(spoolFolders, mark.Run) {
				continue
			}
			done, err := s.closeLost(item, mark, cause)
			if err != nil {
				return closed, err
			}
			if done {
				closed = append(closed, mark)
			}
		}
	}
	return closed, nil
}

var lostCauses = [...]string{StateDead: CauseWrapperLost, StateRebooted: CauseNeverFinished}

// CauseIfLost says whether the mvrun of a run of this host is gone, and as what the
// next run or check will record that: as nothing where the run has left something in
// a spool folder, since its own record may be there.
func (s *Store) CauseIfLost(mark Mark, self Process) (cause string, lost bool) {
	state := mark.State(self)
	if int(state) >= len(lostCauses) || lostCauses[state] == "" {
		return "", false
	}
	if isSpooled(s.options.SpoolFolders, mark.Run) {
		return "", true
	}
	return lostCauses[state], true
}

func (s *Store) closeLost(item Item, mark Mark, cause string) (bool, error) {
	unlock, err := s.Lock(item.Direction, item.Name)
	if err != nil {
		return false, err
	}
	defer unlock()
	if _, err := s.readMark(item, mark.Run); err != nil {
		return false, nil // another has closed it meanwhile
	}
	recorded, err := s.hasRun(item, mark)
	if err != nil {
		return false, err
	}
	if !recorded {
		now := s.options.Now()
		if err := s.Append(item, Run, Day(now), mark.lostRecord(now, s.options.Host, cause)); err != nil {
			return false, err
		}
		s.Release()
	}
	err = s.Unmark(item, mark.Run)
	if errors.Is(err, fs.ErrPermission) {
		err = nil // another user's mark, which that user's next run removes
	}
	return !recorded, err
}

// lostRecord has no duration and no status of success: nobody knows them.
func (m Mark) lostRecord(now time.Time, hostname, cause string) []byte {
	var e Encoder
	e.Time("time", now, TimeLayout).String("run", m.Run).Int("exit_code", -1).String("cause", cause).
		Time("ts", now, StampLayout).String("start", m.Start).Optional("parent", m.Parent).
		Optional("user", m.User).String("hostname", hostname).Optional("startup", m.Startup).
		Optional("script", m.Script).Int("pid", int64(m.PID))
	return e.Line()
}

// hasRun looks for the run's record in the files from its start to now.
func (s *Store) hasRun(item Item, mark Mark) (bool, error) {
	start, err := time.Parse(time.RFC3339Nano, mark.Start)
	if err != nil {
		start = s.options.Now()
	}
	now := s.options.Now()
	found := false
	sought := fmt.Appendf(nil, `"run": "%s"`, mark.Run)
	for _, day := range daysBetween(start.In(now.Location()), now) {
		err := s.eachLine(dayFile{item, Run, day}, func(line []byte) {
			found = found || bytes.Contains(line, sought)
		})
		if err != nil {
			return false, err
		}
	}
	return found, nil
}

// maxLostDays bounds the search for the record of a run that is to be closed.
const maxLostDays = 400

func daysBetween(begin, end time.Time) []string {
	var days []string
	last := Day(end)
	for t := begin; len(days) < maxLostDays; t = t.AddDate(0, 0, 1) {
		day := Day(t)
		if day > last {
			break
		}
		days = append(days, day)
	}
	return days
}
