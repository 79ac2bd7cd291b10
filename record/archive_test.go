package record

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestDamagedArchive: what can be had of it is given, the rest is a problem, and
// it is never replaced.
func TestDamagedArchive(t *testing.T) {
	db := t.TempDir()
	store := pruneStore(t, db, LayoutDirect)
	lines := testLines("w", 0, 20000)
	appendLine(t, store, strings.Join(lines, ""))
	mustPrune(t, store, terms(0, 10))
	path := archivePath(db, Log, testDay)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)*3/4] ^= 0x10
	for name, content := range map[string][]byte{"cut": whole[:len(whole)*3/4], "flipped": flipped, "no archive": []byte("hello"), "one byte": whole[:1]} {
		t.Run(name, func(t *testing.T) {
			writeTestFile(t, path, string(content))
			appendLine(t, store, testLine("late", 0))
			got := storeLines(t, store)
			if long := len(content) > 100; long && len(got) < 1000 || got[len(got)-1] != testLine("late", 0) {
				t.Errorf("%d lines", len(got))
			}
			rows := store.Select(Query{Kind: Log, Limit: 5})
			for range rows.All() {
			}
			stats := rows.Stats()
			if stats.Failures != 1 || !strings.Contains(stats.Problems[0].Error(), "damaged") {
				t.Errorf("%+v", stats)
			}
			report, err := store.Prune(t.Context(), terms(0, 10))
			if err != nil || report.Failures != 1 || report.Archived.Files > 0 {
				t.Errorf("%+v, %v", report, err)
			}
			now, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(now, content) || !exists(dayPath(db)) {
				t.Errorf("something was replaced: %v", err)
			}
		})
	}
}

// TestAnArchiveThatIsABomb takes time, yet no memory.
func TestAnArchiveThatIsABomb(t *testing.T) {
	var packed bytes.Buffer
	encoder, err := zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	size := unlessRace(512, 128) << 20
	for range size / len(zeros) {
		if _, err := encoder.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := 0
	if err := eachLineIn(unpacked(t, packed.Bytes()), func([]byte) { n++ }); err != nil || n > 0 {
		t.Errorf("%d lines, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
		t.Errorf("%d bytes of %d took %d bytes of memory", packed.Len(), size, took)
	}
	// A window of 128 MiB, which a frame may ask for.
	frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00}
	if _, err := io.ReadAll(unpacked(t, frame)); !isDamaged(err) {
		t.Errorf("a large window: %v", err)
	}
}

// unpacked reads bytes as an archive.
func unpacked(t testing.TB, content []byte) io.Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.zst")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	reader := newArchiveReader(file)
	t.Cleanup(func() { _ = reader.Close() })
	return reader
}

// FuzzArchive: any bytes in the place of an archive are read without a panic and
// within bounds, and never end a listing.
func FuzzArchive(f *testing.F) {
	var packed bytes.Buffer
	encoder, err := zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	_, _ = io.WriteString(encoder, strings.Join(testLines("w", 0, 50), ""))
	if err := encoder.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(packed.Bytes())
	f.Add(packed.Bytes()[:packed.Len()/2])
	f.Add([]byte{})
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00})
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 2<<10 { // each four bytes can become 128 KiB
			return
		}
		db := t.TempDir()
		writeTestFile(t, archivePath(db, Log, testDay), string(content))
		writeTestFile(t, dayPath(db), testLine("plain", 1))
		store, err := OpenStore(db, StoreOptions{Layout: LayoutDirect, Host: "n1", Now: pruneClock})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		rows := store.Select(Query{Kind: Log, Limit: 100})
		for range rows.All() {
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
		found := false
		err = store.EachLine(testItem, Log, testDay, func(line []byte) { found = found || string(line)+"\n" == testLine("plain", 1) })
		if err != nil || !found {
			t.Fatalf("the day file's line: %v, %v", found, err)
		}
	})
}
