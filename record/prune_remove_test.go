package record

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestPruneRemovesWhatIsPast(t *testing.T) {
	db := t.TempDir()
	fillOldDays(t, db)
	folder := filepath.Join(db, testItem.Direction, testItem.Name)
	foreign := []string{"log/notes.txt", "log/99999999", "log/20240101.zst", "log/00000000", "log/.hidden"}
	for _, name := range foreign {
		writeTestFile(t, filepath.Join(folder, name), "kept\n")
	}
	outbox := filepath.Join(db, metaFolder, "outbox", "x")
	writeTestFile(t, outbox, "kept\n")
	store := pruneStore(t, db, LayoutDirect)
	mustPrune(t, store, terms(0, 20))
	o := PruneOptions{Terms: func(item Item, kind Kind) Terms {
		return Terms{Keep: map[Kind]int{Log: 1, Alarm: 30}[kind]}
	}, Unsent: func(item Item, day string) bool { return item == testItem && day >= "20241101" }}
	report := mustPrune(t, store, o)
	logs, _ := os.ReadDir(filepath.Join(folder, "log"))
	var names []string
	for _, entry := range logs {
		names = append(names, entry.Name())
	}
	want := []string{".hidden", "00000000", "20240101.zst", "20241213", "20241214", "20241215", "20241216", "99999999", "notes.txt"}
	if !slices.Equal(names, want) {
		t.Errorf("left %q, want %q", names, want)
	}
	if report.Unsent != 1 || !exists(archivePath(db, Alarm, "20241101")) || report.Removed.Files != 73 {
		t.Errorf("report %+v", report)
	}
	if !exists(outbox) || !exists(filepath.Join(folder, itemFile)) || !exists(archivePath(db, Run, "20241001")) {
		t.Error("something else was removed")
	}
	if got := len(eachOf(t, store, Log, "20241001")); got > 0 {
		t.Errorf("%d lines are left", got)
	}
}

func TestPruneDryRun(t *testing.T) {
	for _, o := range []PruneOptions{terms(0, 10), terms(20, 10), terms(10, 0)} {
		db := t.TempDir()
		fillOldDays(t, db)
		for _, name := range []string{"20241001T000000Z-0011223344", "20241214T000000Z-0011223344", "notes"} {
			writeTestFile(t, filepath.Join(db, metaFolder, outputFolder, testItem.Direction, testItem.Name, name), "output\n")
		}
		writeTestFile(t, filepath.Join(db, metaFolder, tornFolder, testItem.Direction, testItem.Name+"-log-20241001-0123abcd"), "{")
		store := pruneStore(t, db, LayoutDirect)
		before := snapshot(t, db)
		o.DryRun = true
		dry := mustPrune(t, store, o)
		if after := snapshot(t, db); !slices.Equal(after, before) {
			t.Errorf("a dry run changed something: %q, want %q", after, before)
		}
		o.DryRun = false
		real := mustPrune(t, store, o)
		real.Packed = 0
		if fmt.Sprint(dry) != fmt.Sprint(real) {
			t.Errorf("dry %+v\nreal %+v", dry, real)
		}
		if keep := o.Terms(testItem, Log).Keep; keep > 0 && real.Outputs.Files != 2 || keep == 0 && real.Outputs.Files != 0 {
			t.Errorf("outputs: %+v", real.Outputs)
		}
	}
}
