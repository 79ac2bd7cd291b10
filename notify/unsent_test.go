package notify

import (
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

func TestUnsentDays(t *testing.T) {
	store, err := record.OpenStore(t.TempDir(), record.StoreOptions{Layout: record.LayoutDirect, Host: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	raised := time.Date(2024, 11, 10, 12, 0, 0, 0, time.Local)
	put := func(item string, id string, s state) {
		t.Helper()
		name := entryName{item: itemHash(record.Item{Direction: "LSF", Name: item}), same: "0123456789abcdef", id: id}
		if err := store.Meta().WriteFile(nil, 0o600, outboxElem(name.as(s, raised, owner{}))...); err != nil {
			t.Fatal(err)
		}
	}
	put("a", NewID(raised), stateWait)
	put("a", NewID(raised.AddDate(0, 0, -2)), stateRest)
	put("b", "handmade", stateBad)
	unsent, err := Unsent(store)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		item, day string
		waits     bool
	}{
		{"a", "20241106", false}, {"a", "20241107", true}, {"a", "20241108", true}, {"a", "20241201", true},
		{"b", "20200101", true}, {"c", "20241108", false},
	} {
		if got := unsent(record.Item{Direction: "LSF", Name: test.item}, test.day); got != test.waits {
			t.Errorf("%s of %s: %v", test.day, test.item, got)
		}
	}
}
