package record

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func TestZoneNames(t *testing.T) {
	for name, want := range map[string]string{
		"UTC": "+0000", "Asia/Shanghai": "+0800", "Europe/London": "+0000+0100", "America/New_York": "-0500-0400",
		"Australia/Sydney": "+1000+1100", "America/St_Johns": "-0330-0230", "Pacific/Kiritimati": "+1400",
	} {
		for _, month := range []time.Month{time.January, time.July} {
			offsets := zoneOffsets(time.Date(2024, month, 20, 0, 0, 0, 0, zone(t, name)))
			if got := zoneName(offsets); got != want || !slices.Equal(parseZone(got), offsets) {
				t.Errorf("%s: %s, %v, want %s", name, got, offsets, want)
			}
		}
	}
	for _, name := range []string{"", "x", "+08", "+0800x", "Z", "0800 ", ".+0800.1.ab", "+08:00"} {
		if offsets := parseZone(name); offsets != nil {
			t.Errorf("%q is a zone: %v", name, offsets)
		}
	}
}

// FuzzZoneName: what is a zone to a reader has a name that means the same.
func FuzzZoneName(f *testing.F) {
	f.Add("+0000+0100")
	f.Add("-0330")
	f.Fuzz(func(t *testing.T, name string) {
		offsets := parseZone(name)
		if len(offsets) > 0 && !slices.Equal(parseZone(zoneName(offsets)), offsets) {
			t.Errorf("%q: %v, then %q", name, offsets, zoneName(offsets))
		}
	})
}

// zonesLeft are the names in the folder of zones.
func zonesLeft(t *testing.T, db string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(db, metaFolder, zoneFolder))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestWritersLeaveTheirZones(t *testing.T) {
	db := t.TempDir()
	for _, layout := range []Layout{LayoutDirect, LayoutPerHost} {
		for _, name := range []string{"Asia/Shanghai", "Europe/London"} {
			at := testClock().In(zone(t, name))
			store := testStore(t, db, StoreOptions{Layout: layout, Now: func() time.Time { return at }})
			appendLine(t, store, testLine(name, 0))
		}
	}
	if got := zonesLeft(t, db); !slices.Equal(got, []string{"+0000+0100", "+0800"}) {
		t.Errorf("the zones are %q", got)
	}
}

// A zone that cannot be left does not keep a record from its file.
func TestZonesThatCannotBeLeft(t *testing.T) {
	db := t.TempDir()
	writeTestFile(t, filepath.Join(db, metaFolder, zoneFolder), "a file")
	store := testStore(t, db, StoreOptions{})
	appendLine(t, store, testLine("w", 0))
	equalLines(t, "recorded", fileLines(t, dayPath(db)), []string{testLine("w", 0)})
}

// What waited in a spool may have been written elsewhere.
func TestSpoolsLeaveTheZonesOfTheirLines(t *testing.T) {
	base := t.TempDir()
	db, folder := filepath.Join(base, "db"), filepath.Join(base, "spool")
	at := testClock()
	var entries []Entry
	for i, name := range []string{"UTC", "Asia/Shanghai", "Asia/Shanghai", "America/New_York"} {
		entries = append(entries, Entry{Item: testItem, Kind: Log, Day: testDay, Line: liveLine(at.Add(time.Duration(i)).In(zone(t, name)), name) + "\n"})
	}
	entries = append(entries, Entry{Item: testItem, Kind: Log, Day: testDay, Line: `{"ts": "+0300"}` + "\n"})
	leaveSpool(t, folder, "1", entries)
	mergeSpools(t, testStore(t, db, StoreOptions{Now: testClock}), folder, 1)
	if got := zonesLeft(t, db); !slices.Equal(got, []string{"+0000", "+0800", "-0400"}) {
		t.Errorf("the zones are %q", got)
	}
}
