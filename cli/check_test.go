package cli

import (
	"os"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// A database that hangs must not gather checks.
func TestChecksOfAHostAreBounded(t *testing.T) {
	store, err := record.OpenStore(t.TempDir(), record.StoreOptions{Host: "h1"})
	if err != nil {
		t.Fatal(err)
	}
	c := &check{session: &session{store: store}}
	for i := range maxChecks {
		if !c.takePlace() {
			t.Fatalf("there is no room for check %d", i)
		}
	}
	if c.takePlace() {
		t.Error("there is room for one more")
	}
}

func TestWanted(t *testing.T) {
	for _, test := range []struct {
		patterns []string
		name     string
		want     bool
	}{
		{nil, "LSF", true}, {[]string{"LSF"}, "LSF", true}, {[]string{"L*"}, "LSF", true}, {[]string{"host", "LSF"}, "LSF", true}, {[]string{"host"}, "LSF", false},
	} {
		if got := wanted(test.patterns, test.name); got != test.want {
			t.Errorf("%v, %s: %v", test.patterns, test.name, got)
		}
	}
}

// A clock that was years ahead for a moment must not keep checks from being started.
func TestCheckMissed(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		age  time.Duration
		want bool
	}{{time.Hour, false}, {25 * time.Hour, true}, {-time.Hour, false}, {-365 * 24 * time.Hour, true}} {
		store, err := record.OpenStore(t.TempDir(), record.StoreOptions{Host: "h1"})
		if err != nil {
			t.Fatal(err)
		}
		if err := touchCheck(store, stampElem(), now); err != nil {
			t.Fatal(err)
		}
		at := now.Add(-test.age)
		if err := os.Chtimes(store.Meta().Path(stampElem()...), at, at); err != nil {
			t.Fatal(err)
		}
		if got := checkMissed(store, record.Item{}, now); got != test.want {
			t.Errorf("a stamp %v old: %v", test.age, got)
		}
		c := &check{session: &session{store: store}, now: now}
		if got := c.claimBackground(); got != test.want {
			t.Errorf("a stamp %v old, in the background: %v", test.age, got)
		}
	}
}

// A check of some items says nothing about the others.
func TestCheckOfSomeItemsLeavesTheStamp(t *testing.T) {
	store, err := record.OpenStore(t.TempDir(), record.StoreOptions{Host: "h1"})
	if err != nil {
		t.Fatal(err)
	}
	c := &check{session: &session{store: store}, now: time.Now(), options: &checkOptions{directions: []string{"LSF"}}}
	c.keepStamp()
	if _, err := checkAge(store, stampElem(), c.now, checkEvery); err == nil {
		t.Error("there is a stamp")
	}
	c.options.directions = nil
	c.keepStamp()
	if _, err := checkAge(store, stampElem(), c.now, checkEvery); err != nil {
		t.Error(err)
	}
}
