package viewer

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// watched is a database that is watched, and what is told of it.
type watched struct {
	*record.Store
	t    *testing.T
	told chan record.Touched
	stop context.CancelFunc
	done chan struct{}
}

func watchStore(t *testing.T) *watched {
	t.Helper()
	store, err := record.OpenStore(t.TempDir(), record.StoreOptions{Host: "h1", Layout: record.LayoutDirect})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	w := &watched{Store: store, t: t, told: make(chan record.Touched, 1000), done: make(chan struct{})}
	w.append(record.Item{Direction: "LSF", Name: "nodes"}, record.Log)
	var ctx context.Context
	ctx, w.stop = context.WithCancel(t.Context())
	run := Watch(ctx, store)
	go func() {
		defer close(w.done)
		run(func(touched []record.Touched) {
			for _, one := range touched {
				w.told <- one
			}
		})
	}()
	return w
}

func (w *watched) append(item record.Item, kind record.Kind) {
	w.t.Helper()
	now := time.Now()
	if err := w.Append(item, kind, record.Day(now), []byte(`{"time": "`+now.Format(record.TimeLayout)+`"}`+"\n")); err != nil {
		w.t.Fatal(err)
	}
}

// await waits until something is told of, whatever else is.
func (w *watched) await(want record.Touched) {
	w.t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case got := <-w.told:
			if got == want {
				return
			}
		case <-late:
			w.t.Fatalf("%v was not told of", want)
		}
	}
}

func TestWatch(t *testing.T) {
	w := watchStore(t)
	old, young := record.Item{Direction: "LSF", Name: "nodes"}, record.Item{Direction: "主机", Name: "磁盘50%"}
	w.append(old, record.Log)
	w.await(record.Touched{Item: old, Kind: record.Log})
	w.append(old, record.Run) // in a folder that is new
	w.await(record.Touched{Item: old, Kind: record.Run})
	w.append(young, record.Alarm)
	w.await(record.Touched{Item: young, Kind: record.Alarm})
	w.append(young, record.Alarm)
	w.await(record.Touched{Item: young, Kind: record.Alarm})
	if err := w.WriteItem(old, nil, record.ItemSettings{record.KeySchedule: "every hour"}); err != nil {
		t.Fatal(err)
	}
	w.await(record.Touched{Item: old, Kind: record.TouchedSettings})
	if err := w.PutMute(record.Mute{Pattern: "LSF/*", By: "alice"}); err != nil {
		t.Fatal(err)
	}
	w.await(record.Touched{Kind: record.TouchedMutes})
	w.stop()
	<-w.done
}

// Looking finds what the system does not tell of, once.
func TestTouches(t *testing.T) {
	store, err := record.OpenStore(t.TempDir(), record.StoreOptions{Host: "h1", Layout: record.LayoutDirect})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	w := &watched{Store: store, t: t}
	item := record.Item{Direction: "LSF", Name: "nodes"}
	w.append(item, record.Log)
	touches := store.Touches()
	if first := touches.Look(); first != nil {
		t.Errorf("the first look gives %v", first)
	}
	w.append(item, record.Log)
	if second := touches.Look(); len(second) != 1 || second[0] != (record.Touched{Item: item, Kind: record.Log}) {
		t.Errorf("the second look gives %v", second)
	}
	w.append(item, record.Log)
	path := filepath.Join(store.Path(), "LSF", "nodes", "log", record.Day(time.Now()))
	if one, ok := touches.Touch(path); !ok || one != (record.Touched{Item: item, Kind: record.Log}) {
		t.Errorf("the path is of %v", one)
	}
	if third := touches.Look(); third != nil {
		t.Errorf("the third look gives %v", third)
	}
	for _, foreign := range []string{path + ".swp", filepath.Dir(path), "/etc/passwd", store.Path()} {
		if one, ok := touches.Touch(foreign); ok {
			t.Errorf("%s is of %v", foreign, one)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if gone := touches.Look(); gone != nil {
		t.Errorf("a file that is gone: %v", gone)
	}
}
