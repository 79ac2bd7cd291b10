package viewer_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// FuzzPrint prints any content of a day file in each format: nothing that a terminal
// obeys comes out, and other programs get what their format promises.
func FuzzPrint(f *testing.F) {
	for _, seed := range []string{
		`{"time": "2024-10-25 08:00:00", "message_level": "Error", "message": "失联 \u001b[31m\n=cmd()\t\"x\""}` + "\n",
		`{"message": "\ud800\u0000\u009b\u202e😀", "message": 1, "item": "x", "kind": {"a": []}}` + "\n{\"ts\": \"9999-12-31T23:59:59-23:00\"}\n",
		"{\"time\": \"x\", \"message\": \"\x9b\xff,\"}\r\n\x00", "{}\n[]\n{\"a\":",
	} {
		f.Add([]byte(seed))
	}
	root := f.TempDir()
	file := filepath.Join(root, "d", "i", "log", "20241025")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		f.Fatal(err)
	}
	store, err := record.OpenStore(root, record.StoreOptions{Host: "reader"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		query := record.Query{Kind: record.Log, Location: time.UTC}
		for _, format := range viewer.Formats {
			var out, notes bytes.Buffer
			if err := viewer.Print(&out, store, query, viewer.Options{Format: format, Notes: &notes, Width: len(content) % 200}); err != nil {
				t.Fatal(err)
			}
			for _, r := range out.String() + notes.String() {
				if r < ' ' && !strings.ContainsRune("\n\r\t", r) || r == 0x7f || 0x80 <= r && r < 0xa0 {
					t.Fatalf("%s: %q", format, out.String())
				}
			}
			checkFormat(t, format, out.Bytes())
		}
	})
}

func checkFormat(t *testing.T, format viewer.Format, out []byte) {
	t.Helper()
	switch format {
	case viewer.JSON:
		for line := range bytes.Lines(out) {
			if !json.Valid(line) {
				t.Fatalf("%q", line)
			}
		}
	case viewer.CSV:
		if _, err := csv.NewReader(bytes.NewReader(out)).ReadAll(); err != nil {
			t.Fatalf("%v: %q", err, out)
		}
	case viewer.TSV:
		columns := -1
		for line := range bytes.Lines(out) {
			if n := bytes.Count(line, []byte{'\t'}); columns < 0 {
				columns = n
			} else if n != columns {
				t.Fatalf("%d columns: %q", n, out)
			}
		}
	}
}

// FuzzFilter reads what a person or an address asks for. What is refused is refused
// with a reason; what is taken can be asked of a store.
func FuzzFilter(f *testing.F) {
	f.Add("log", "7d", "2024-10-25 08:00", "[a", "Error,Fatal", "失联", "-Time", ">=2")
	f.Add("monitor", "-1d", "99999999999999d", "**", "", "\xff\x00", "Runs", "<1e309")
	f.Add("alarm", "yesterday", "20241025", `\`, "Loud", "", "Receivers", "!~x")
	store, err := record.OpenStore(f.TempDir(), record.StoreOptions{Host: "reader"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind, begin, end, pattern, level, keyword, column, text string) {
		filter := viewer.Filter{Kind: kind, Begin: begin, End: end, Items: []string{pattern}, Levels: []string{level}, Keywords: []string{keyword}}
		now := time.Date(2024, 11, 1, 8, 0, 0, 0, time.UTC)
		query, err := filter.Query(now, nil)
		if err != nil {
			if err.Error() == "" {
				t.Error("no reason")
			}
			return
		}
		l := viewer.Listing{Query: query, Size: 1, Now: now}
		if l.Order, err = viewer.ParseOrder(query.Kind, column); err != nil {
			return
		}
		if c, err := viewer.ParseCondition(query.Kind, strings.TrimPrefix(column, "-"), text); err == nil {
			l.Conditions = append(l.Conditions, c)
		}
		if _, err := l.Read(t.Context(), store); err != nil {
			t.Error(err)
		}
	})
}
