package screen

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

var update = flag.Bool("update", false, "write the golden files")

// testNow is when all tests take place: the day after the fixture ends.
var testNow = time.Date(2024, 11, 1, 9, 30, 0, 0, time.UTC)

// desk is a model whose effects are carried out at once.
type desk struct {
	t      *testing.T
	model  *model
	source source
	done   []effect // those that are no reading
}

// openDesk shows the fixture, of which monitorViewer has counted the records.
func openDesk(t *testing.T, o Options) *desk {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "tests", "testdata", "monitorviewer", "db"))
	if err != nil {
		t.Fatal(err)
	}
	return openDeskAt(t, path, o)
}

func openDeskAt(t *testing.T, path string, o Options) *desk {
	t.Helper()
	store, err := record.OpenStore(path, record.StoreOptions{Layout: record.LayoutDirect, Host: "h1", Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	o.Database, o.Now = "/ic/db", func() time.Time { return testNow }
	o.Getenv = func(string) string { return "" }
	d := &desk{t: t, model: newModel(o), source: storeSource{store: store}}
	d.settle()
	return d
}

// settle carries out what the model asks for.
func (d *desk) settle() {
	for len(d.model.effects) > 0 {
		e := d.model.effects[0]
		d.model.effects = d.model.effects[1:]
		switch e := e.(type) {
		case load:
			d.load(e)
		case learnNames:
			d.model.update(learned{d.source.names()})
		case exportOrder:
			exists, err := e.write()
			d.model.update(exported{e, exists, err})
		default:
			d.done = append(d.done, e)
		}
	}
}

// load reads a listing to its end.
func (d *desk) load(l load) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err := d.source.stream(ctx, l.query, func(b viewer.Batch) {
		d.model.update(answer{l.tab, l.generation, b})
		if b.Listed {
			cancel()
		}
	})
	if err != nil {
		d.model.update(failed{l.tab, l.generation, err})
	}
}

// press types keys, which are separated by blanks; "space" is one itself.
func (d *desk) press(keys string) {
	d.t.Helper()
	for name := range strings.FieldsSeq(keys) {
		if name == "space" {
			name = " "
		}
		d.model.update(key(name))
		d.settle()
	}
}

// typeIn types a text into what is being edited.
func (d *desk) typeIn(text string) {
	for _, r := range text {
		d.model.update(key(string(r)))
	}
	d.settle()
}

func (d *desk) text() string {
	picture, _ := d.model.draw()
	return picture.text()
}

// shows fails unless the picture has a text.
func (d *desk) shows(text string) {
	d.t.Helper()
	if picture := d.text(); !strings.Contains(picture, text) {
		d.t.Errorf("%q is not on the screen:\n%s", text, picture)
	}
}

func (d *desk) hides(text string) {
	d.t.Helper()
	if picture := d.text(); strings.Contains(picture, text) {
		d.t.Errorf("%q is on the screen:\n%s", text, picture)
	}
}

// golden compares the picture with a file.
func (d *desk) golden(name string) {
	d.t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got := d.text()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			d.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			d.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	if got != string(want) {
		d.t.Errorf("the screen differs from %s; go test ./screen -update writes it anew:\n%s", path, got)
	}
}

// fixtureDays is the range that monitorViewer has counted.
var fixtureDays = viewer.Filter{Begin: "2024-10-25", End: "2024-10-31"}

// listingOf makes a listing of records with these messages, the newest first.
func listingOf(messages ...string) *listing {
	l := newListing(record.Log)
	l.begin(1, false)
	l.take(viewer.Batch{Entries: entriesOf(messages...), Listed: true, Live: true})
	return l
}

// entriesOf are records with these messages; each is a minute older than the one
// before.
func entriesOf(messages ...string) []viewer.Entry {
	var entries []viewer.Entry
	for i, message := range messages {
		at := testNow.Add(-time.Duration(i) * time.Minute)
		line := `{"time": "` + at.Format(record.TimeLayout) + `", "message_level": "Info", "message": "` + message + `"}`
		entries = append(entries, viewer.NewEntry(record.Row{Item: record.Item{Direction: "LSF", Name: "nodes"}, Kind: record.Log, Time: at, Line: []byte(line)}))
	}
	return entries
}

// messages are those of a listing as it is shown.
func (l *listing) messages() string {
	var texts []string
	for _, i := range l.shown {
		texts = append(texts, l.entries[i].Value(4))
	}
	return strings.Join(texts, " ")
}
