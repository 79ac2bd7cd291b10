package record_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mvrun/mvrun/record"
)

// followed reads on and gives the texts, with marks for what is said of them.
func followed(t *testing.T, reader *record.DayReader) []string {
	t.Helper()
	var lines []string
	if err := reader.Next(func(line record.DayLine) {
		text := line.Source + " " + string(line.Text)
		if line.Restart {
			text += " restart"
		}
		if line.Torn {
			text += " torn"
		}
		lines = append(lines, text)
	}); err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestADayReaderGivesWhatWasAdded(t *testing.T) {
	root := t.TempDir()
	store, err := record.OpenStore(root, record.StoreOptions{Layout: record.LayoutDirect, Host: "h1"})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	reader, err := store.ReadDay(record.Item{Direction: "LSF", Name: "nodes"}, record.Alarm, "20261126", 0)
	if err != nil {
		t.Fatal(err)
	}
	main := filepath.Join(root, "LSF", "nodes", "alarm", "20261126")
	host := filepath.Join(root, ".mvrun", "hosts", "h2", "LSF", "nodes", "alarm", "20261126")
	write := func(path, text string, flags int) {
		t.Helper()
		file, err := os.OpenFile(path, flags|os.O_WRONLY|os.O_CREATE, 0o644)
		if err == nil {
			_, err = file.WriteString(text)
			err = errors.Join(err, file.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(lines ...string) {
		t.Helper()
		if got := followed(t, reader); !slices.Equal(got, lines) {
			t.Errorf("got %q, want %q", got, lines)
		}
	}
	want()
	if err := errors.Join(os.MkdirAll(filepath.Dir(main), 0o755), os.MkdirAll(filepath.Dir(host), 0o755)); err != nil {
		t.Fatal(err)
	}
	write(main, `{"a": 1}`+"\n"+`{"a": 2}`+"\n"+`{"a"`, os.O_APPEND)
	want(` {"a": 1}`, ` {"a": 2}`)
	want()
	write(main, `: 3}`, os.O_APPEND)
	want(` {"a": 3} torn`)
	write(host, `{"b": 1}`+"\n", os.O_APPEND)
	want(`h2 {"b": 1}`, ` {"a": 3} torn`)
	write(main, "\n", os.O_APPEND)
	want(` {"a": 3}`)
	write(main, `{"c": 1}`+"\n", os.O_TRUNC)
	want(` {"c": 1} restart`)
	write(main, "", os.O_TRUNC)
	want("  restart")
}

func TestADayReaderMayBeginNearTheEnd(t *testing.T) {
	root := t.TempDir()
	store, err := record.OpenStore(root, record.StoreOptions{Layout: record.LayoutDirect, Host: "h1"})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	day := filepath.Join(root, "LSF", "nodes", "alarm", "20261126")
	if err := os.MkdirAll(filepath.Dir(day), 0o755); err != nil {
		t.Fatal(err)
	}
	content := ""
	for _, want := range [][]string{{` {"a": 1}`}, {` {"a": 2}`}, nil, {` {"a": 3}`}} {
		if want != nil {
			content += want[0][1:] + "\n"
		}
		if err := os.WriteFile(day, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		reader, err := store.ReadDay(record.Item{Direction: "LSF", Name: "nodes"}, record.Alarm, "20261126", 12)
		if err != nil {
			t.Fatal(err)
		}
		last := content[max(len(content)-9, 0) : len(content)-1]
		if got := followed(t, reader); len(got) != 1 || got[0] != " "+last {
			t.Errorf("of %q: %q", content, got)
		}
	}
}
