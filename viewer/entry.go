package viewer

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/mvrun/mvrun/record"
)

// entry is one line of a listing: a record, or an item with its settings.
type entry struct {
	item   record.Item
	kind   record.Kind
	at     time.Time
	fields []record.Field
	line   []byte // in the place of the fields; see lineEntry
}

func recordEntry(row record.Row) *entry {
	return &entry{item: row.Item, kind: row.Kind, at: row.Time, fields: row.Fields()}
}

// lineEntry is a record of which only some values are looked at: it is not taken
// apart, and cannot be printed.
func lineEntry(row record.Row) *entry {
	return &entry{item: row.Item, kind: row.Kind, at: row.Time, line: row.Line}
}

// itemEntry puts the settings in the order of their names, which is that of
// monitor_item.yaml.
func itemEntry(item record.Item, settings record.ItemSettings) *entry {
	e := &entry{item: item, kind: Monitor}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if !record.IsSetting(key) {
			continue
		}
		value, _ := json.Marshal(settings[key]) // a string always can be
		e.fields = append(e.fields, record.Field{Key: key, Value: value})
	}
	return e
}

// add gives the entry a key that is in no file; nothing where the text is empty.
func (e *entry) add(key, text string) {
	if text == "" {
		return
	}
	value, _ := json.Marshal(text) // a string always can be
	e.fields = append(e.fields, record.Field{Key: key, Value: value})
}

// addTime adds a time as monitorViewer writes it, in the zone of now; nothing for
// the zero time.
func (e *entry) addTime(key string, t, now time.Time) {
	if !t.IsZero() {
		e.add(key, t.In(now.Location()).Format(record.TimeLayout))
	}
}

// get is the value of a key as a text, or "". Of a key that is there twice the
// last one counts.
func (e *entry) get(key string) string {
	if e.line != nil {
		return record.Row{Line: e.line}.Get(key)
	}
	for _, field := range slices.Backward(e.fields) {
		if field.Key == key {
			return field.Text()
		}
	}
	return ""
}
