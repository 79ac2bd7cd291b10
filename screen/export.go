package screen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mvrun/mvrun/viewer"
)

func (m *model) openExport() {
	if len(m.list().shown) == 0 {
		m.complain(m.word("there is nothing to export"))
		return
	}
	m.mode = exporting
	m.prompt = newLine(string(m.list().kind) + ".csv")
}

// startExport asks for a file of the rows as they are shown.
func (m *model) startExport(path string) {
	format, ok := formatOf(path)
	if !ok {
		m.complain(m.word("the name of the file has to end in .csv, .json or .tsv"))
		return
	}
	l := m.list()
	m.saving = exportOrder{path: homePath(path), format: format, kind: l.kind}
	for _, i := range l.shown {
		m.saving.entries = append(m.saving.entries, l.entries[i])
	}
	m.mode = browsing
	m.say(m.word("exporting"))
	m.do(m.saving)
}

// formatOf tells the format by the ending of a file's name.
func formatOf(path string) (viewer.Format, bool) {
	format, err := viewer.ParseFormat(strings.TrimPrefix(filepath.Ext(path), "."))
	return format, err == nil && format != viewer.Table
}

func homePath(path string) string {
	path = strings.TrimSpace(path)
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

// exportDone tells what became of a file, or asks whether one may be overwritten.
func (m *model) exportDone(e exported) {
	switch {
	case e.exists:
		m.mode, m.saving = confirming, e.order
	case e.err != nil:
		m.complain(m.word("not exported: ") + printable(e.err.Error()))
	default:
		text := fmt.Sprintf(m.word("%s rows are in %s"), viewer.Grouped(len(e.order.entries)), printable(e.order.path))
		if m.list().more && m.list().kind == e.order.kind {
			text += m.word("; there are older records that are not shown")
		}
		m.say(text)
	}
}

func (m *model) confirm(k key) {
	m.mode = browsing
	if k != "y" && k != "Y" {
		m.say(m.word("not exported"))
		m.saving = exportOrder{}
		return
	}
	m.saving.overwrite = true
	m.say(m.word("exporting"))
	m.do(m.saving)
	m.saving = exportOrder{}
}

// write makes the file. A file that is there already is left alone, unless it may be
// overwritten; then it has the old content or the new one, whatever happens.
func (o exportOrder) write() (exists bool, err error) {
	if o.overwrite {
		return false, o.overwriteFile()
	}
	file, err := os.OpenFile(o.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		if info, statErr := os.Stat(o.path); statErr == nil && info.IsDir() {
			return false, fmt.Errorf("%s is a folder", o.path)
		}
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if err = o.fill(file); err != nil {
		_ = os.Remove(o.path)
	}
	return false, err
}

func (o exportOrder) fill(file *os.File) error {
	return errors.Join(viewer.Export(file, o.kind, o.format, o.entries), file.Close())
}

// overwriteFile puts a new file in the place of the old one, with its permissions.
// Behind a link it is the file that is meant.
func (o exportOrder) overwriteFile() error {
	path, err := filepath.EvalSymlinks(o.path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", o.path)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(file.Chmod(info.Mode().Perm()), o.fill(file))
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
