package cli

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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
	err = c.awaitPlace(t.Context(), 2*placeEvery)
	if err == nil || !strings.Contains(err.Error(), "it may hang") {
		t.Errorf("one more that has waited says %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := c.awaitPlace(stopped, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("one more that is stopped says %v", err)
	}
}

// Of many checks that are started at once, each has its turn.
func TestCheckWaitsForAPlace(t *testing.T) {
	store, err := record.OpenStore(t.TempDir(), record.StoreOptions{Host: "h1"})
	if err != nil {
		t.Fatal(err)
	}
	c := &check{session: &session{store: store}}
	other, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(other, &unix.SockaddrUnix{Name: c.placeName(0)}); err != nil {
		t.Fatal(err)
	}
	for range maxChecks - 1 {
		if !c.takePlace() {
			t.Fatal("there is no room for as many checks as there may be")
		}
	}
	ended := time.AfterFunc(4*placeEvery, func() { unix.Close(other) })
	defer ended.Stop()
	begun := time.Now()
	if err := c.awaitPlace(t.Context(), placePatience); err != nil {
		t.Error(err)
	}
	if c.now.Before(begun) {
		t.Error("it looks at the time before it waited")
	}
}

func TestWanted(t *testing.T) {
	for _, test := range []struct {
		patterns []string
		name     string
		want     bool
	}{
		{nil, "LSF", true}, {[]string{"LSF"}, "LSF", true}, {[]string{"L*"}, "LSF", true}, {[]string{"host", "LSF"}, "LSF", true}, {[]string{"host"}, "LSF", false}, {[]string{"[!L]*"}, "LSF", false}, {[]string{"[!L]*"}, "host", true},
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
