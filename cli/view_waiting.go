package cli

import (
	"strings"
	"time"

	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// waitingAlarms looks into the outbox for a listing of alarms.
func waitingAlarms(store *record.Store) func(begin, end time.Time) ([]viewer.WaitingAlarm, error) {
	return func(begin, end time.Time) ([]viewer.WaitingAlarm, error) {
		waiting, err := notify.WaitingSince(store, begin, end, time.Local)
		var alarms []viewer.WaitingAlarm
		for _, w := range waiting {
			alarms = append(alarms, viewer.WaitingAlarm{
				Item: w.Of(), ID: w.ID, Level: string(w.Level), Title: w.Title, Receivers: strings.Join(w.Receivers, " "),
				Message: w.Message, Run: w.Run, Raised: w.Time, Why: w.Why,
			})
		}
		return alarms, err
	}
}
