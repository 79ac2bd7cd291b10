package viewer

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// screen is where a listing that goes on is shown.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func await(t *testing.T, shown *screen, text string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(shown.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%q does not appear; there is %q", text, shown.String())
		}
	}
}

func write(t *testing.T, store *record.Store, item, message string) {
	t.Helper()
	now := time.Now()
	line := `{"time": "` + now.Format(record.TimeLayout) + `", "message_level": "Error", "message": "` + message + `"}` + "\n"
	if err := store.Append(record.Item{Direction: "d", Name: item}, record.Log, record.Day(now), []byte(line)); err != nil {
		t.Fatal(err)
	}
}

func TestFollow(t *testing.T) {
	store := database(t, nil)
	write(t, store, "a", "first")
	ctx, cancel := context.WithCancel(context.Background())
	shown, ended := &screen{}, make(chan error)
	go func() {
		ended <- Follow(ctx, shown, open(t, store.Path()), record.Query{Kind: record.Log}, Options{Format: JSON})
	}()
	await(t, shown, "first")
	for _, message := range []string{"second", "third"} {
		write(t, store, "a", message)
		await(t, shown, message)
	}
	// An item that was away and is there again.
	item := filepath.Join(store.Path(), "d", "a")
	if err := os.Rename(item, item+"-away"); err != nil {
		t.Fatal(err)
	}
	store.Release()
	write(t, store, "a", "fourth")
	await(t, shown, "fourth")
	write(t, store, "a", "fifth")
	await(t, shown, "fifth")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestFollowWhereNothingIsHeard closes the system's ear, as it is where it can
// watch no more folders.
func TestFollowWhereNothingIsHeard(t *testing.T) {
	store := database(t, nil)
	write(t, store, "a", "first")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	follower := store.Follow(record.Query{Kind: record.Log})
	w := newWatcher(ctx, store, follower.Folders)
	for range follower.Rows().All() {
	}
	follower.Settle()
	if w.system != nil {
		_ = w.system.Close()
	}
	write(t, store, "a", "second")
	for next := range w.heard {
		rows, _ := follower.Next(changes(w, follower, next), next.recent)
		if len(rows) == 1 && rows[0].Get("message") == "second" {
			return
		}
		if len(rows) > 0 {
			t.Fatal(rows)
		}
	}
}
