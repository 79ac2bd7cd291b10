package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/words"
)

// Mute says that nobody is told of some items for a while.
type Mute struct {
	Pattern string    `json:"pattern"` // DIRECTION/ITEM; each part may be a glob (words.Match)
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"` // zero: for good
	By      string    `json:"by"`
	Reason  string    `json:"reason,omitempty"`
	// Hold keeps the alarms until the end, and sends them then; without it they
	// are only recorded.
	Hold bool `json:"hold,omitempty"`
	// Retired says that the items are not to run any more: they leave the lists of
	// what there is, with their history kept.
	Retired bool `json:"retired,omitempty"`
}

const (
	muteFolder   = "mute"
	retireFolder = "retired"
)

// ParsePattern checks the pattern of a mute, and gives it in the form in which
// it is kept: LSF stands for LSF/*.
func ParsePattern(text string) (string, error) {
	direction, item, found := strings.Cut(text, "/")
	if !found {
		item = "*"
	}
	for _, part := range [...]string{direction, item} {
		if _, err := words.Match(part, ""); err != nil || part == "" || strings.Contains(part, "/") {
			return "", fmt.Errorf("%q names no items; write DIRECTION/ITEM, with * and ? for what may be anything", text)
		}
	}
	return direction + "/" + item, nil
}

// Pattern is the pattern of a mute that is about this item alone.
func (i Item) Pattern() string { return LiteralPattern(i.Direction) + "/" + LiteralPattern(i.Name) }

// Covers reports whether a mute is about an item.
func (m *Mute) Covers(item Item) bool {
	direction, name, _ := strings.Cut(m.Pattern, "/")
	return matchesName(direction, item.Direction) && matchesName(name, item.Name)
}

// String says who has muted what, until when, and why.
func (m Mute) String() string {
	text := fmt.Sprintf("%s is muted by %s", m.Pattern, m.By)
	if m.Retired {
		text = fmt.Sprintf("%s was retired by %s on %s", m.Pattern, m.By, m.Since.Local().Format(TimeLayout))
	}
	if !m.Until.IsZero() {
		text += " until " + m.Until.Local().Format(TimeLayout)
	}
	if m.Reason != "" {
		text += ": " + m.Reason
	}
	return text
}

// muteName is the file of a pattern; muting it again replaces the mute before.
func muteName(folder, pattern string) []string {
	return []string{metaFolder, folder, MD5("mute", pattern)[:16] + ".json"}
}

// folder is where a mute of its kind is kept.
func (m *Mute) folder() string {
	if m.Retired {
		return retireFolder
	}
	return muteFolder
}

// PutMute keeps a mute, in the place of one for the same pattern.
func (s *Store) PutMute(m Mute) error {
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("keep a mute: %w", err)
	}
	return s.tree.WriteSafely(append(data, '\n'), 0o644, muteName(m.folder(), m.Pattern)...)
}

// RemoveMute ends a mute, and reports whether there was one.
func (s *Store) RemoveMute(pattern string) (bool, error) { return s.removeMute(muteFolder, pattern) }

// Unretire takes back that items were retired, and reports whether they were.
func (s *Store) Unretire(pattern string) (bool, error) { return s.removeMute(retireFolder, pattern) }

func (s *Store) removeMute(folder, pattern string) (bool, error) {
	err := s.tree.Remove(muteName(folder, pattern)...)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Mutes gives the mutes that have not ended, by their patterns. A file that is
// none is passed over.
func (s *Store) Mutes(now time.Time) ([]Mute, error) { return s.mutes(muteFolder, now) }

// CheckItem is the item under which a check records, and all that concerns many
// items; monitorViewer has it as well.
var CheckItem = Item{Direction: "default", Name: "check_script_heartbeat"}

// ItemOfMute is the item whose log says what was done by a mute: the one that it is
// about, or else CheckItem.
func (s *Store) ItemOfMute(pattern string) Item {
	direction, name, _ := strings.Cut(pattern, "/")
	item := Item{Direction: namedBy(direction), Name: namedBy(name)}
	if settings, err := s.ReadItem(item); err != nil || len(settings) == 0 {
		return CheckItem
	}
	return item
}

// Silenced gives the mutes that have not ended, and what was retired.
func (s *Store) Silenced(now time.Time) ([]Mute, error) {
	retired, err := s.Retired()
	if err != nil {
		return nil, err
	}
	mutes, err := s.Mutes(now)
	return append(retired, mutes...), err
}

// Retired gives what was retired, as mutes without an end.
func (s *Store) Retired() ([]Mute, error) { return s.mutes(retireFolder, s.options.Now()) }

func (s *Store) mutes(folder string, now time.Time) ([]Mute, error) {
	entries, err := s.tree.List(metaFolder, folder)
	if err != nil {
		return nil, err
	}
	var list []Mute
	for _, entry := range entries {
		data, err := s.tree.ReadFile(metaFolder, folder, entry.Name())
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
