package notify

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/mvrun/mvrun/record"
)

// ledger reads from the alarm records what was sent. Nothing is cached: another
// host's records are seen once their file is opened anew.
type ledger struct{ store *record.Store }

// sent is what was sent of one alarm on one day: the ids of mvrun's records and
// the number of those without an id, which are monitorViewer's. A record that is
// being carried over from a host's database stands in two files, with one id.
type sent struct {
	ids       map[string]bool
	anonymous int
}

func (s sent) count() int { return len(s.ids) + s.anonymous }

// passedLine is what matters here of an alarm record.
type passedLine struct {
	MD5    string `json:"md5"`
	Result string `json:"send_alarm_result"`
	Alarm  string `json:"alarm"`
}

// passed finds what was sent of an alarm on a day.
func (l ledger) passed(item record.Item, day, md5 string) (sent, error) {
	found := sent{ids: map[string]bool{}}
	err := l.eachWith(item, day, md5, func(line passedLine) {
		switch {
		case line.MD5 != md5:
		case line.Alarm == "":
			found.anonymous++
		default:
			found.ids[line.Alarm] = true
		}
	})
	return found, err
}

// maxDaysBack bounds the search for the record of an alarm that waited long.
const maxDaysBack = 8

// hasPassed reports whether the record says that this very alarm was sent.
func (l ledger) hasPassed(a *Alarm, now time.Time) (bool, error) {
	found := false
	day := a.Time.In(now.Location())
	for range maxDaysBack {
		err := l.eachWith(a.Of(), record.Day(day), a.ID, func(line passedLine) { found = found || line.Alarm == a.ID })
		if found || err != nil || record.Day(day) >= record.Day(now) {
			return found, err
		}
		day = day.AddDate(0, 0, 1)
	}
	return false, nil
}

// eachWith gives the records of alarms that were sent whose lines contain a
// text, from the main database and from those of all hosts.
func (l ledger) eachWith(item record.Item, day, text string, use func(passedLine)) error {
	sought, passed := []byte(text), []byte(passedResult)
	return l.store.EachLine(item, record.Alarm, day, func(line []byte) {
		var found passedLine
		if bytes.Contains(line, sought) && bytes.Contains(line, passed) &&
			json.Unmarshal(line, &found) == nil && found.Result == passedResult {
			use(found)
		}
	})
}
