package notify

import (
	"time"

	"github.com/mvrun/mvrun/record"
)

// Told reports whether anybody was told of an item since a time, or is about to
// be: an alarm was sent, or waits in the outbox.
func Told(store *record.Store, item record.Item, since, now time.Time) (bool, error) {
	names, err := listOutbox(store.Meta())
	if err != nil {
		return false, err
	}
	hash := itemHash(item)
	for _, name := range names {
		if name.item == hash && name.state != stateBad {
			return true, nil
		}
	}
	told := false
	l := newLedger(store)
	for back := 0; back < maxChangeDays && !told; back++ {
		day := now.AddDate(0, 0, -back)
		if record.Day(day) < record.Day(since) {
			break
		}
		err := l.each(dayOfItem{item, record.Day(day), 0}, func(one sentAlarm) { told = told || one.at >= since.UnixNano() })
		if err != nil {
			return false, err
		}
	}
	return told, nil
}
