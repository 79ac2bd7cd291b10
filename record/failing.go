package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// Failing is the mark of an item whose last run failed, .mvrun/failing/<direction>/<item>.
type Failing struct {
	Since time.Time `json:"since"` // the start of the first run that failed
	Runs  int       `json:"runs"`  // that failed since then
	// Alarmed says that alarms were raised for it; Told is when the last one was.
	Alarmed bool      `json:"alarmed,omitempty"`
	Told    time.Time `json:"told,omitzero"`
}

const failingFolder = "failing"

func failingElem(item Item) []string {
	return []string{metaFolder, failingFolder, item.Direction, item.Name}
}

// Failing reads the mark of an item; nil where its last run did not fail. A mark
// that cannot be understood is none.
func (s *Store) Failing(item Item) (*Failing, error) {
	data, err := s.readOf(item, failingElem(item))
	if data == nil {
		return nil, err
	}
	var mark Failing
	if json.Unmarshal(data, &mark) != nil || mark.Since.IsZero() {
		return nil, nil
	}
	return &mark, nil
}

// MarkFailing keeps the mark of an item.
func (s *Store) MarkFailing(item Item, mark Failing) error {
	if err := item.Validate(); err != nil {
		return err
	}
	data, err := json.Marshal(mark)
	if err != nil {
		return fmt.Errorf("mark %s as failing: %w", item, err)
	}
	return s.tree.WriteFile(append(data, '\n'), 0o644, failingElem(item)...)
}

// UnmarkFailing removes the mark of an item, if there is one.
func (s *Store) UnmarkFailing(item Item) error {
	if err := s.tree.Remove(failingElem(item)...); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// AllFailing gives the marks of all items whose last run failed.
func (s *Store) AllFailing() (map[Item]Failing, error) {
	directions, err := s.tree.List(metaFolder, failingFolder)
	if err != nil {
		return nil, err
	}
	marks := map[Item]Failing{}
	for _, direction := range directions {
		names, err := s.tree.List(metaFolder, failingFolder, direction.Name())
		if err != nil {
			return marks, err
		}
		for _, name := range names {
			item := Item{direction.Name(), name.Name()}
			if mark, err := s.Failing(item); err == nil && mark != nil {
				marks[item] = *mark
			}
		}
	}
	return marks, nil
}
