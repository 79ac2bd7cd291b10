package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// Started says what started an item the last time, for somebody who asks why it
// does not run any more: .mvrun/started/<direction>/<item>. Manual runs leave it
// as it is.
type Started struct {
	Hostname string `json:"hostname"`
	Address  string `json:"host"`
	User     string `json:"user"`
	Startup  string `json:"startup"`
	Zone     string `json:"zone,omitempty"`    // name of the host's time zone
	Command  string `json:"command,omitempty"` // what cron gave to the shell
	Script   string `json:"script,omitempty"`
	Folder   string `json:"folder,omitempty"` // the working directory
}

const startedFolder = "started"

func startedElem(item Item) []string {
	return []string{metaFolder, startedFolder, item.Direction, item.Name}
}

// Started reads what started an item; the zero value where nobody knows.
func (s *Store) Started(item Item) (Started, error) {
	var started Started
	data, err := s.readOf(item, startedElem(item))
	if err == nil && data != nil && json.Unmarshal(data, &started) != nil {
		return Started{}, nil // what cannot be understood is rewritten by the next run
	}
	return started, err
}

// KeepStarted rewrites what started an item, if it differs from what is there.
func (s *Store) KeepStarted(item Item, started Started) error {
	data, err := json.Marshal(started)
	if err != nil {
		return fmt.Errorf("keep what started %s: %w", item, err)
	}
	data = append(data, '\n')
	if before, err := s.readOf(item, startedElem(item)); err != nil || string(before) == string(data) {
		return err
	}
	return s.tree.WriteFile(data, 0o644, startedElem(item)...)
}

// readOf reads a small file about an item; nil where there is none.
func (s *Store) readOf(item Item, elem []string) ([]byte, error) {
	if err := item.Validate(); err != nil {
		return nil, err
	}
	data, err := s.tree.ReadFile(elem...)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}
