package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Mute says that nobody is told of some items for a while.
type Mute struct {
	Pattern string    `json:"pattern"` // DIRECTION/ITEM; each part may be a glob (path.Match)
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"` // zero: for good
	By      string    `json:"by"`
	Reason  string    `json:"reason,omitempty"`
	// Hold keeps the alarms until the end, and sends them then; without it they
	// are only recorded.
	Hold bool `json:"hold,omitempty"`
}

const muteFolder = "mute"

// ParsePattern checks the pattern of a mute, and gives it in the form in which
// it is kept: LSF stands for LSF/*.
func ParsePattern(text string) (string, error) {
	direction, item, found := strings.Cut(text, "/")
	if !found {
		item = "*"
	}
	for _, part := range [...]string{direction, item} {
		if _, err := path.Match(part, ""); err != nil || part == "" || strings.Contains(part, "/") {
			return "", fmt.Errorf("%q names no items; write DIRECTION/ITEM, with * and ? for what may be anything", text)
		}
	}
	return direction + "/" + item, nil
}

// Covers reports whether a mute is about an item.
func (m *Mute) Covers(item Item) bool {
	direction, name, _ := strings.Cut(m.Pattern, "/")
	inDirection, _ := path.Match(direction, item.Direction)
	inItem, _ := path.Match(name, item.Name)
	return inDirection && inItem
}

// String says who has muted what, until when, and why.
func (m Mute) String() string {
	text := fmt.Sprintf("%s is muted by %s", m.Pattern, m.By)
	if !m.Until.IsZero() {
		text += " until " + m.Until.Local().Format(TimeLayout)
	}
	if m.Reason != "" {
		text += ": " + m.Reason
	}
	return text
}

// muteName is the file of a pattern; muting it again replaces the mute before.
func muteName(pattern string) []string {
	return []string{metaFolder, muteFolder, MD5("mute", pattern)[:16] + ".json"}
}

// PutMute keeps a mute, in the place of one for the same pattern.
func (s *Store) PutMute(m Mute) error {
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("keep a mute: %w", err)
	}
	return s.tree.WriteSafely(append(data, '\n'), 0o644, muteName(m.Pattern)...)
}

// RemoveMute ends a mute, and reports whether there was one.
func (s *Store) RemoveMute(pattern string) (bool, error) {
	err := s.tree.Remove(muteName(pattern)...)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Mutes gives the mutes that have not ended, by their patterns. A file that is
// none is passed over.
func (s *Store) Mutes(now time.Time) ([]Mute, error) {
	entries, err := s.tree.List(metaFolder, muteFolder)
	if err != nil {
		return nil, err
	}
	var list []Mute
	for _, entry := range entries {
		data, err := s.tree.ReadFile(metaFolder, muteFolder, entry.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return list, err
		}
		var m Mute
		if json.Unmarshal(data, &m) != nil {
			continue
		}
		if _, err := ParsePattern(m.Pattern); err == nil && (m.Until.IsZero() || now.Before(m.Until)) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b Mute) int { return strings.Compare(a.Pattern, b.Pattern) })
	return list, nil
}
