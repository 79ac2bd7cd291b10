package screen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exportTo asks for a file of what is shown.
func (d *desk) exportTo(path string) {
	d.press("e ctrl+u")
	d.typeIn(path)
	d.press("enter")
}

func TestExport(t *testing.T) {
	folder := t.TempDir()
	d := openDesk(t, Options{Filter: fixtureDays})
	d.press("3 s s s s s f down down down down")
	d.typeIn("Fatal")
	d.press("enter")
	for _, c := range []struct{ name, begin string }{
		{"a.csv", "Direction,Item,Time,Message_Level,Message\n"},
		{"a.tsv", "Direction\tItem\tTime\tMessage_Level\tMessage\n"},
		{"a.JSON", `{"direction": "`},
	} {
		path := filepath.Join(folder, c.name)
		d.exportTo(path)
		d.shows("23 rows are in " + folder[:10])
		data, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(data), c.begin) {
			t.Errorf("%s is %.100q, %v", c.name, data, err)
		}
		if strings.HasSuffix(c.name, ".tsv") && strings.Count(string(data), "\n") != 24 {
			t.Errorf("%s has %d lines", c.name, strings.Count(string(data), "\n"))
		}
	}
}

func TestExportOverwritesNothingUnasked(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "log.csv")
	if err := os.WriteFile(path, []byte("precious"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil { // whatever the umask
		t.Fatal(err)
	}
	content := func() string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	d := openDesk(t, Options{Filter: fixtureDays})
	d.press("3")
	d.exportTo(path)
	d.shows("overwrite it? y/n")
	d.press("enter")
	d.shows("not exported")
	if content() != "precious" {
		t.Error("the file was overwritten")
	}
	d.exportTo(path)
	d.press("y")
	d.shows("157 rows are in")
	info, err := os.Stat(path)
	if err != nil || !strings.HasPrefix(content(), "Direction,") || info.Mode().Perm() != 0o640 {
		t.Errorf("the file has %q, %v, %v", content()[:20], info.Mode(), err)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 1 {
		t.Errorf("there are left over %v", entries)
	}
}

func TestExportThatCannotBe(t *testing.T) {
	folder := t.TempDir()
	d := openDesk(t, Options{Filter: fixtureDays})
	d.exportTo(filepath.Join(folder, "log.txt"))
	d.shows("has to end in .csv, .json or .tsv")
	d.press("esc")
	d.exportTo(filepath.Join(folder, "no", "log.csv"))
	d.shows("not exported: ")
	d.exportTo("/dev/full.csv/x.csv")
	d.shows("not exported: ")
	if err := os.Mkdir(filepath.Join(folder, "x.csv"), 0o755); err != nil {
		t.Fatal(err)
	}
	d.model.update(resize{200, 24})
	d.exportTo(filepath.Join(folder, "x.csv"))
	d.shows("is a folder")
	d.press("5 e")
	d.shows("there is nothing to export")
}

// A full disk is told of, and no half of a file is left.
func TestExportToAFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full")
	}
	d := openDesk(t, Options{Filter: fixtureDays})
	order := exportOrder{format: "csv", kind: d.model.list().kind, entries: d.model.list().entries}
	file, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := order.fill(file); err == nil {
		t.Error("a full disk is not told of")
	}
}
