package notify

import (
	"github.com/mvrun/mvrun/record"
)

// Unsent tells of which days alarms wait to be sent: those of an item from the
// day before the oldest alarm of the item that is in the outbox. What was raised
// by then may be told of by it, as in a digest, and what became of the attempts
// is recorded on later days. Entries that cannot be read count as well.
func Unsent(store *record.Store) (func(item record.Item, day string) bool, error) {
	names, err := listOutbox(store.Meta())
	if err != nil {
		return nil, err
	}
	oldest := map[string]string{} // day by item
	for _, name := range names {
		day := ""
		if raised, ok := raisedAt(name.id); ok { // else all days are kept
			day = record.Day(raised.In(store.Now().Location()).AddDate(0, 0, -1))
		}
		if known, found := oldest[name.item]; !found || day < known {
			oldest[name.item] = day
		}
	}
	return func(item record.Item, day string) bool {
		from, waits := oldest[itemHash(item)]
		return waits && day >= from
	}, nil
}
