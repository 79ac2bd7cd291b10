package record_test

import (
	"testing"

	"github.com/mvrun/mvrun/record"
)

// A listing that nobody wants any more is not read to its end.
func TestStopEndsAListing(t *testing.T) {
	store := database(t, map[string]string{
		"LSF/nodes/log/20241025": logLine("08:00:00", "a") + "\n" + logLine("09:00:00", "b") + "\n",
		"LSF/nodes/log/20241026": logLine("08:00:00", "c") + "\n",
	})
	for _, q := range []record.Query{{Kind: record.Log}, {Kind: record.Log, Reverse: true}, {Kind: record.Log, Reverse: true, Limit: 9}} {
		rows := store.Select(q)
		count := 0
		for range rows.All() {
			count++
			rows.Stop()
		}
		if count != 1 || rows.Stats().Files != 1 || rows.Err() != nil {
			t.Errorf("%+v: %d rows of %d files, %v", q, count, rows.Stats().Files, rows.Err())
		}
	}
	rows := store.Select(record.Query{Kind: record.Log, Limit: 9})
	rows.Stop()
	for range rows.All() {
		t.Error("a listing that was stopped gives a row")
	}
}
