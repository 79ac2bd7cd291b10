package screen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// writeDay makes a day of messages, a second apart.
func writeDay(t *testing.T, folder, direction, item, kind, day string, count int, message func(i int) string) {
	t.Helper()
	path := filepath.Join(folder, direction, item, kind, day)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	began, err := time.Parse(record.DayLayout, day)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for i := range count {
		quoted, err := json.Marshal(message(i))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, `{"time": %q, "message_level": "Info", "message": %s}`+"\n", began.Add(time.Duration(i)*time.Second).Format(record.TimeLayout), quoted)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
