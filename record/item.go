package record

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
)

// itemFile is the name that monitorViewer gives to an item's settings.
const itemFile = "monitor_item.yaml"

// maxItemFile bounds the settings of an item, in bytes: a check reads those of all
// items, and in a shared database anybody may write them.
const maxItemFile = 256 << 10

// The keys of monitor_item.yaml: monitorViewer's, in its spelling, and
// mvrun's own.
const (
	KeyAlarmFrequency   = "alarm_frequency"
	KeyAlarmReceivers   = "alarm_receivers"
	KeyDirection        = "direction"
	KeyDirectionAdmin   = "direction_admin"
	KeyItem             = "monitor_item"
	KeyAuthor           = "script_auther"
	KeyExecuteFrequency = "script_execute_frequency"
	KeyScript           = "script_path"
	KeyStartupHost      = "script_startup_host"
	KeyStartup          = "script_startup_method"
	KeySchedule         = "schedule"
	KeyLabels           = "labels"
	KeyFilledIn         = "filled_in" // which of the others nobody has told, and the values they were given
)

// keyVerbatim is where the lines of others stand that are no plain texts. No entry
// of a file has the empty key: one that would is kept there, too.
const keyVerbatim = ""

// IsSetting reports whether a key's value is for users to see, rather than mvrun's
// own notes in the file.
func IsSetting(key string) bool { return key != KeyFilledIn && key != keyVerbatim }

// itemKeys are those whose values mvrun has to understand.
var itemKeys = [...]string{
	KeyAlarmFrequency, KeyAlarmReceivers, KeyDirection, KeyDirectionAdmin, KeyItem, KeyAuthor, KeyExecuteFrequency,
	KeyScript, KeyStartupHost, KeyStartup, KeySchedule, KeyLabels, KeyFilledIn,
}

// ItemSettings are the remembered settings of an item, by key. Keys that mvrun
// does not know are kept.
type ItemSettings map[string]string

// ReadItem reads the settings of an item; one that is new has none. A file of more
// than 256 KiB is refused.
func (s *Store) ReadItem(item Item) (ItemSettings, error) {
	if err := item.Validate(); err != nil {
		return nil, err
	}
	data, err := s.tree.readFile(maxItemFile, []string{item.Direction, item.Name, itemFile})
	if errors.Is(err, fs.ErrNotExist) {
		return ItemSettings{}, nil
	}
	if err != nil {
		return nil, err
	}
	settings, err := parseItem(data)
	if err != nil {
		return nil, pathError("read", s.tree.Path(item.Direction, item.Name, itemFile), err)
	}
	return settings, nil
}

// WriteItem rewrites the settings of an item, by a rename, if they differ from
// what was read before.
func (s *Store) WriteItem(item Item, before, settings ItemSettings) error {
	if err := item.Validate(); err != nil {
		return err
	}
	if maps.Equal(before, settings) {
		return nil
	}
	text := itemText(settings)
	if len(text) > maxItemFile { // nobody could read it again
		return pathError("write", s.tree.Path(item.Direction, item.Name, itemFile), fmt.Errorf("would be larger than %d bytes", maxItemFile))
	}
	return s.tree.WriteFile([]byte(text), 0o644, item.Direction, item.Name, itemFile)
}

// itemText is the file of these settings.
func itemText(settings ItemSettings) string {
	var buf bytes.Buffer
	texts := maps.Clone(settings)
	delete(texts, keyVerbatim)
	appendFlatYAML(&buf, texts)
	buf.WriteString(settings[keyVerbatim])
	return buf.String()
}
