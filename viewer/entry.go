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
}

func recordEntry(row record.Row) *entry {
	return &entry{row.Item, row.Kind, row.Time, row.Fields()}
}

// itemEntry puts the settings in the order of their names, which is that of
// monitor_item.yaml.
func itemEntry(item record.Item, settings record.ItemSettings) *entry {
	e := &entry{item: item, kind: Monitor}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		value, _ := json.Marshal(settings[key]) // a string always can be
		e.fields = append(e.fields, record.Field{Key: key, Value: value})
	}
	return e
}

// get is the value of a key as a text, or "". Of a key that is there twice the
// last one counts.
func (e *entry) get(key string) string {
	for _, field := range slices.Backward(e.fields) {
		if field.Key == key {
			return field.Text()
		}
	}
	return ""
}
