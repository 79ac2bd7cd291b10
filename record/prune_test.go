package record

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// pruneClock is six weeks after testDay.
func pruneClock() time.Time { return time.Date(2024, 12, 15, 12, 0, 0, 0, time.Local) }

func pruneStore(t *testing.T, db string, layout Layout) *Store {
	t.Helper()
	return testStore(t, db, StoreOptions{Layout: layout, Now: pruneClock})
}

// terms are the same for all.
func terms(keep, archive int) PruneOptions {
	return PruneOptions{Terms: func(Item, Kind) Terms { return Terms{keep, archive} }}
}

// mustPrune prunes without a problem.
func mustPrune(t *testing.T, store *Store, o PruneOptions) PruneReport {
	t.Helper()
	report, err := store.Prune(t.Context(), o)
	if err != nil || report.Failures > 0 {
		t.Fatalf("prune: %v, %v", err, report.Problems)
	}
	return report
}

func archivePath(db string, kind Kind, day string) string {
	return filepath.Join(db, metaFolder, archiveFolder, testItem.Direction, testItem.Name, string(kind), day+archiveEnding)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// snapshot lists a folder with the sizes and times of its files.
func snapshot(t *testing.T, root string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			info, err := entry.Info()
			all = append(all, fmt.Sprint(path, info.Size(), info.ModTime()))
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// everyReader gives what all ways of reading say of testItem.
func everyReader(t *testing.T, store *Store) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for name, q := range map[string]Query{
		"all":      {},
		"60 days":  {Begin: pruneClock().AddDate(0, 0, -60), End: pruneClock()},
		"reverse":  {Reverse: true},
		"newest":   {Limit: 7},
		"keyword":  {Keywords: []string{"é 3"}},
		"one item": {Directions: []string{testItem.Direction}, Items: []string{testItem.Name}},
	} {
		for _, kind := range Kinds {
			q.Kind = kind
			rows := store.Select(q)
			for row := range rows.All() {
				all[name+" "+string(kind)] = append(all[name+" "+string(kind)], string(row.Line))
			}
			if rows.Err() != nil || rows.Stats().Failures > 0 {
				t.Fatalf("%s: %v, %v", name, rows.Err(), rows.Stats().Problems)
			}
			all[name+" skipped"] = append(all[name+" skipped"], fmt.Sprint(kind, rows.Stats().Skipped))
		}
	}
	for _, day := range []string{"20241101", "20241102", "20241213", "20241214", "20241215"} {
		all["each "+day] = eachOf(t, store, Log, day)
		reader, err := store.ReadDay(testItem, Log, day, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Next(func(line DayLine) { all["day "+day] = append(all["day "+day], string(line.Text)) }); err != nil {
			t.Fatal(err)
		}
	}
	failures, err := store.FailuresInARow(testItem, 100)
	found, err2 := store.hasRun(testItem, Mark{Run: "r20241101", Start: "2024-11-01T10:00:00+00:00"})
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	all["failures"] = []string{fmt.Sprint(failures, found)}
	return all
}

func eachOf(t *testing.T, store *Store, kind Kind, day string) []string {
	t.Helper()
	var lines []string
	if err := store.EachLine(testItem, kind, day, func(line []byte) { lines = append(lines, string(line)) }); err != nil {
		t.Fatal(err)
	}
	return lines
}

func sameReading(t *testing.T, what string, got, want map[string][]string) {
	t.Helper()
	for name := range want {
		if !slices.Equal(got[name], want[name]) {
			t.Errorf("%s: %s: %d lines, want %d\ngot  %.300q\nwant %.300q", what, name, len(got[name]), len(want[name]), got[name], want[name])
		}
	}
}

// dayText is a day of records, with some that are the same, as monitorViewer may
// write them, and some that are none. Only some days have a line that is too long,
// for each of these is read many times over.
func dayText(day string) string {
	date := day[:4] + "-" + day[4:6] + "-" + day[6:]
	var b strings.Builder
	for i := range 20 {
		fmt.Fprintf(&b, `{"time": "%s 10:00:%02d", "message_level": "Info", "message": "é %d"}`+"\n", date, i/3, i/2)
	}
	b.WriteString("no record\n\n")
	if day == "20241101" || day == "20241214" {
		b.WriteString(strings.Repeat("x", maxLine+5) + "\n")
	}
	return b.String()
}

// fillOldDays writes two months of all kinds.
func fillOldDays(t *testing.T, db string) {
	t.Helper()
	folder := filepath.Join(db, testItem.Direction, testItem.Name)
	for at := time.Date(2024, 10, 1, 0, 0, 0, 0, time.Local); Day(at) <= "20241216"; at = at.AddDate(0, 0, 1) {
		day := Day(at)
		writeTestFile(t, filepath.Join(folder, "log", day), dayText(day))
		writeTestFile(t, filepath.Join(folder, "run", day),
			fmt.Sprintf(`{"time": "%s 10:00:00", "run": "r%s", "exit_code": 1}`+"\n", at.Format("2006-01-02"), day))
	}
	writeTestFile(t, filepath.Join(folder, "alarm", "20241101"), `{"time": "2024-11-01 10:00:00", "md5": "x"}`) // without its end
	writeTestFile(t, filepath.Join(folder, "heartbeat", "20241102"), "")
	writeTestFile(t, filepath.Join(folder, itemFile), "script_path: /x\n")
}

func TestArchivedDaysReadAsBefore(t *testing.T) {
	for _, layout := range []Layout{LayoutDirect, LayoutPerHost} {
		t.Run(string(layout), func(t *testing.T) {
			db := t.TempDir()
			fillOldDays(t, db)
			store := pruneStore(t, db, layout)
			before := everyReader(t, store)
			report := mustPrune(t, store, terms(0, 10))
			if report.Archived.Files != 2*65+2 || report.Packed <= 0 || report.Packed*10 > report.Archived.Bytes {
				t.Errorf("report %+v", report)
			}
			for day, archived := range map[string]bool{"20241001": true, "20241204": true, "20241205": false, "20241214": false, "20241216": false} {
				plain := filepath.Join(db, testItem.Direction, testItem.Name, "log", day)
				if exists(plain) == archived || exists(archivePath(db, Log, day)) != archived {
					t.Errorf("%s: day file %v, archive %v", day, exists(plain), exists(archivePath(db, Log, day)))
				}
			}
			sameReading(t, "archived", everyReader(t, store), before)
			if again := mustPrune(t, store, terms(0, 10)); again.Archived.Files+again.Removed.Files > 0 {
				t.Errorf("the second time: %+v", again)
			}
			// A day file and its archive that have the same lines, as after a kill.
			for _, day := range []string{"20241001", "20241101"} {
				writeTestFile(t, filepath.Join(db, testItem.Direction, testItem.Name, "log", day), dayText(day))
			}
			both := everyReader(t, store)
			for name := range both {
				if strings.HasSuffix(name, " skipped") {
					both[name] = before[name] // what is no record counts in both
				}
			}
			sameReading(t, "both", both, before)
			mustPrune(t, store, terms(0, 10))
			sameReading(t, "both, pruned", everyReader(t, store), before)
			if exists(dayPath(db)) {
				t.Error("the day file is still there")
			}
		})
	}
}

func TestLateLinesJoinTheArchive(t *testing.T) {
	for _, layout := range []Layout{LayoutDirect, LayoutPerHost} {
		db := t.TempDir()
		store := pruneStore(t, db, layout)
		var want []string
		for round := range 4 {
			lines := testLines(fmt.Sprint("w", round), 0, 5)
			appendLine(t, store, strings.Join(lines, ""))
			want = append(want, lines...)
			sameLines(t, "before", storeLines(t, store), want)
			mustPrune(t, store, terms(0, 10))
			sameLines(t, "after", storeLines(t, store), want)
			sameLines(t, "selected", selected(t, store), want)
			if exists(dayPath(db)) || exists(hostPath(db, "n1")) {
				t.Errorf("%s, round %d: a day file is left", layout, round)
			}
		}
	}
}

// selected are the logs of testDay by Select, which must meet with no trouble.
func selected(t *testing.T, store *Store) []string {
	t.Helper()
	lines, stats := selectedBeside(t, store)
	if stats.Skipped > 0 {
		t.Errorf("%+v", stats)
	}
	return lines
}

// selectedBeside is selected beside writers that are killed: what these have left
// torn is skipped until the next one heals it.
func selectedBeside(t *testing.T, store *Store) ([]string, Stats) {
	t.Helper()
	var lines []string
	rows := store.Select(Query{Kind: Log, Begin: testClock().AddDate(0, 0, -2), End: testClock().AddDate(0, 0, 2)})
	for row := range rows.All() {
		lines = append(lines, string(row.Line)+"\n")
	}
	stats := rows.Stats()
	if rows.Err() != nil || stats.Failures > 0 {
		t.Errorf("%v, %+v", rows.Err(), stats)
	}
	return lines, stats
}

// readOn gives the texts that were added, and where the reader began anew.
func readOn(t *testing.T, reader *DayReader) []string {
	t.Helper()
	var lines []string
	err := reader.Next(func(line DayLine) {
		text := " " + string(line.Text)
		if line.Restart {
			text += " restart"
		}
		lines = append(lines, text)
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestADayReaderFollowsIntoTheArchive: what was read stays read, and what came
// late is met.
func TestADayReaderFollowsIntoTheArchive(t *testing.T) {
	db := t.TempDir()
	store := pruneStore(t, db, LayoutDirect)
	appendLine(t, store, `{"a": 1}`+"\n"+`{"a": 1}`+"\n")
	reader, err := store.ReadDay(testItem, Log, testDay, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := func(lines ...string) {
		t.Helper()
		if got := readOn(t, reader); !slices.Equal(got, lines) {
			t.Errorf("got %q, want %q", got, lines)
		}
	}
	want(` {"a": 1}`, ` {"a": 1}`)
	mustPrune(t, store, terms(0, 10))
	want(` {"a": 1} restart`, ` {"a": 1}`)
	want()
	appendLine(t, store, `{"a": 2}`+"\n")
	want(` {"a": 1} restart`, ` {"a": 1}`, ` {"a": 2}`)
	mustPrune(t, store, terms(0, 10))
	want(` {"a": 1} restart`, ` {"a": 1}`, ` {"a": 2}`)
	want()
}

func TestPruneCarriesOverFirst(t *testing.T) {
	db := t.TempDir()
	n1 := pruneStore(t, db, LayoutPerHost)
	n2 := testStore(t, db, StoreOptions{Layout: LayoutPerHost, Host: "n2", Now: pruneClock})
	appendLine(t, n1, testLine("n1", 1))
	appendLine(t, n2, testLine("n2", 1))
	want := []string{testLine("n1", 1), testLine("n2", 1)}
	if dry := mustPrune(t, n2, PruneOptions{DryRun: true, Terms: terms(0, 10).Terms}); dry.Waiting != 1 {
		t.Errorf("dry run: %+v", dry)
	}
	if report := mustPrune(t, n2, terms(0, 10)); report.Copies.Files != 2 || report.Archived.Files != 1 {
		t.Errorf("report %+v", report)
	}
	sameLines(t, "archived", selected(t, n1), want)
	// A file that begins anew is not taken for the one that was carried over.
	for i := range 3 {
		appendLine(t, n1, testLine("n1", 2+i))
		want = append(want, testLine("n1", 2+i))
		sameLines(t, "late", selected(t, n2), want)
	}
	mustPrune(t, n1, terms(0, 10))
	sameLines(t, "archived again", selected(t, n2), want)
	// What cannot be carried over yet keeps its day.
	writeTestFile(t, hostPath(db, "n3"), "\x00\x00\n")
	if report := mustPrune(t, n1, terms(3, 0)); report.Waiting != 1 || report.Removed.Files > 0 || !exists(hostPath(db, "n3")) {
		t.Errorf("report %+v", report)
	}
	sameLines(t, "still archived", storeLines(t, n2)[1:], want)
}

// TestPruneLeavesHalfDoneWork: what a kill between two steps leaves is right, and
// the next prune goes on from there.
func TestPruneLeavesHalfDoneWork(t *testing.T) {
	db := t.TempDir()
	store := pruneStore(t, db, LayoutPerHost)
	want := testLines("w", 0, 50)
	appendLine(t, store, strings.Join(want, ""))
	if _, err := store.Merge(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := dayFile{testItem, Log, testDay}
	prefix := store.hostPrefix()
	check := func(what string) {
		t.Helper()
		sameLines(t, what, storeLines(t, store), want)
		sameLines(t, what+" by Select", selected(t, store), want)
	}
	packed, err := store.pack(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	check("packed")
	if err := store.giveName(packed); err != nil {
		t.Fatal(err)
	}
	check("named")
	if packed, err = store.pack(t.Context(), file); err != nil || packed.temporary != "" {
		t.Fatalf("packed again: %+v, %v", packed, err)
	}
	if err := store.commit(packed); err != nil || exists(dayPath(db)) {
		t.Fatal(err)
	}
	check("day file removed")
	if err := store.forgetOffset(prefix, file); err != nil {
		t.Fatal(err)
	}
	check("note removed")
	if stats, err := store.Merge(t.Context()); err != nil || exists(dayPath(db)) || stats.Lines != len(want) {
		t.Fatalf("%+v, %v", stats, err)
	}
	check("carried over once more")
	mustPrune(t, store, terms(0, 10))
	check("copy removed")
	if exists(hostPath(db, "n1")) {
		t.Error("the copy is still there")
	}
}

func TestPruneGivesUpWhereSomethingChanges(t *testing.T) {
	db := t.TempDir()
	store := pruneStore(t, db, LayoutDirect)
	appendLine(t, store, testLine("w", 0))
	packed, err := store.pack(t.Context(), dayFile{testItem, Log, testDay})
	if err != nil {
		t.Fatal(err)
	}
	appendLine(t, store, testLine("w", 1))
	if err := store.commit(packed); err == nil {
		t.Error("a line was lost")
	}
	store.discard(packed)
	sameLines(t, "left", storeLines(t, store), testLines("w", 0, 2))
	if left := snapshot(t, filepath.Join(db, metaFolder, archiveFolder)); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if report, err := store.Prune(ctx, terms(0, 10)); err == nil || report.Archived.Files > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}
