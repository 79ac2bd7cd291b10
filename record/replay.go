package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// MergeSpools carries over into the store what earlier runs of this host left
// in the spool folders, oldest first, each line once. Files of runs that still
// live, and entries for other databases, stay; so do the entries of an item that
// the database refuses, in their order, and all that follows where it refuses
// everything. It may be called by many processes at once and killed at any
// point. It returns the number of files that are done.
func MergeSpools(store *Store, folders []string) (int, error) {
	done := 0
	var refused []error
	for _, folder := range folders {
		tree, err := openSpoolFolder(folder, false)
		if err != nil {
			continue // most often there is none
		}
		n, err := mergeFolder(store, tree)
		tree.Close()
		done += n
		if err != nil {
			refused = append(refused, err)
			if !refusesItem(err) {
				break
			}
		}
	}
	return done, errors.Join(refused...)
}

// spoolFiles lists the files of runs in a spool folder, oldest first.
func spoolFiles(tree *Tree) ([]string, error) {
	list, err := tree.List()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, file := range list {
		if name := file.Name(); strings.HasSuffix(name, spoolSuffix) && name[0] != '.' {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func mergeFolder(store *Store, tree *Tree) (int, error) {
	names, err := spoolFiles(tree)
	if err != nil {
		return 0, err
	}
	done := 0
	var refused []error
	for _, name := range names {
		if isForOther(name, store.Path()) {
			continue
		}
		merged, err := mergeFile(store, tree, name)
		if err != nil {
			refused = append(refused, err)
			if !refusesItem(err) {
				break
			}
		}
		if merged {
			done++
		}
	}
	return done, errors.Join(refused...)
}

func mergeFile(store *Store, tree *Tree, name string) (bool, error) {
	fd, err := tree.open(unix.O_RDWR, 0, name)
	if err != nil {
		return false, nil // another run has just finished it
	}
	defer unix.Close(fd)
	if tryLock(fd) != nil {
		return false, nil // its run lives, or another merges it
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Nlink == 0 {
		return false, nil
	}
	_, err = replay(tree, name, 0, store)
	if errors.Is(err, errOtherDatabase) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, tree.Remove(name)
}

// errOtherDatabase is given for a spool file that has entries for another
// database.
var errOtherDatabase = errors.New("has entries for another database")

// refusal is an item that the database does not take.
type refusal struct {
	item Item
	err  error
}

func (r *refusal) Error() string { return fmt.Sprintf("%s: %v", r.item, r.err) }
func (r *refusal) Unwrap() error { return r.err }

// refusesItem reports whether an error is about single items: something else
// stands in the place of a file or folder, or belongs to somebody else. Anything
// else, such as a full disk, concerns the whole database.
func refusesItem(err error) bool {
	var r *refusal
	return errors.As(err, &r)
}

var itemErrors = [...]error{
	fs.ErrPermission, errNotRegular, unix.ENOTDIR, unix.ELOOP, unix.EISDIR, unix.ENAMETOOLONG, unix.ENXIO,
}

func isItemError(err error) bool {
	return slices.ContainsFunc(itemErrors[:], func(known error) bool { return errors.Is(err, known) })
}

// replay brings the entries of a spool file, from an offset on, into the
// database, leaving out those that are there already, and gives the offset
// behind them; a last line without an end may still be being written. Its error
// is errOtherDatabase or a refusal where everything else was carried over.
func replay(tree *Tree, name string, from int64, store *Store) (end int64, err error) {
	fd, err := tree.open(unix.O_RDONLY, 0, name)
	if err != nil {
		return from, err
	}
	file := os.NewFile(uintptr(fd), tree.Path(name))
	defer file.Close()
	defer store.Release()
	seen := &presence{store: store, files: map[dayFile]lineSet{}, refused: map[Item]bool{}}
	reader := newLineReader(io.NewSectionReader(file, from, 1<<62))
	reader.limit = maxSpoolEntry
	for first := true; ; {
		line, err := reader.next()
		if err == io.EOF {
			if err := seen.flush(); err != nil {
				return from, err
			}
			return from + reader.read, seen.left
		}
		if err != nil {
			return from, pathError("read", tree.Path(name), err)
		}
		var entry Entry
		if json.Unmarshal(line, &entry) != nil {
			continue // torn by a crash: it was never reported as written
		}
		if first && seen.isOther(entry) {
			return from, errOtherDatabase // a run has one database, and may have left much
		}
		first = false
		if err := seen.put(entry); err != nil {
			return from, err
		}
	}
}

// presence brings entries into a database and knows which lines the day files
// have already.
type presence struct {
	store   *Store
	files   map[dayFile]lineSet
	refused map[Item]bool
	left    error // why entries had to be left

	// Neighbours of one day file go there by one write: one for each line would
	// fall behind a job that prints them.
	file  dayFile
	lines []byte
}

// presenceWrite is how long a write gets.
const presenceWrite = 128 << 10

// isOther reports whether an entry is for another database.
func (p *presence) isOther(entry Entry) bool {
	return entry.DB != "" && entry.DB != spoolPath(p.store.Path())
}

// put fails where the database as a whole does not take entries.
func (p *presence) put(entry Entry) error {
	if p.isOther(entry) {
		if p.left == nil {
			p.left = errOtherDatabase
		}
		return nil
	}
	if p.refused[entry.Item] {
		return nil
	}
	if len(entry.File) == 0 {
		return p.putLine(entry)
	}
	if err := p.flush(); err != nil {
		return err
	}
	return p.judge(entry.Item, p.putFile(entry))
}

// flush writes the lines at hand.
func (p *presence) flush() error {
	if len(p.lines) == 0 {
		return nil
	}
	p.store.noteZonesOf(p.lines)
	err := p.store.Append(p.file.item, p.file.kind, p.file.day, p.lines)
	p.lines = p.lines[:0]
	return p.judge(p.file.item, err)
}

// judge leaves the entries of an item that the database refuses.
func (p *presence) judge(item Item, err error) error {
	if err == nil || !isItemError(err) || p.rootRefuses() {
		return err
	}
	p.refused[item] = true
	p.left = &refusal{item, err}
	return nil
}

// rootRefuses reports whether the database cannot be opened at all.
func (p *presence) rootRefuses() bool {
	_, err := p.store.tree.rootFD(true)
	return err != nil
}

func (p *presence) putLine(entry Entry) error {
	file := dayFile{entry.Item, entry.Kind, entry.Day}
	line := strings.TrimSuffix(entry.Line, "\n")
	if !validDayFile(file) || strings.Contains(line, "\n") {
		return nil // not of our making; there is no place for it
	}
	if file != p.file || len(p.lines) > presenceWrite {
		if err := p.flush(); err != nil {
			return err
		}
		p.file = file
	}
	present, err := p.present(file)
	if err != nil {
		return p.judge(file.item, err)
	}
	if !present.has([]byte(line)) {
		present.add([]byte(line))
		p.lines = append(append(p.lines, line...), '\n')
	}
	return nil
}

func (p *presence) present(file dayFile) (lineSet, error) {
	if lines, ok := p.files[file]; ok {
		return lines, nil
	}
	lines := lineSet{}
	if err := p.store.eachLine(file, lines.add); err != nil {
		return nil, err
	}
	p.files[file] = lines
	return lines, nil
}

// putFile makes a file of mvrun's own folder, unless an alarm record tells that
// it has served its purpose.
func (p *presence) putFile(entry Entry) error {
	for _, name := range entry.File {
		if checkElem(name) != nil {
			return nil
		}
	}
	if entry.ID != "" && entry.Day != "" {
		file := dayFile{entry.Item, Alarm, entry.Day}
		if !validDayFile(file) {
			return nil
		}
		found := false
		mark := []byte(`"` + entry.ID + `"`)
		err := p.store.eachLine(file, func(line []byte) { found = found || bytes.Contains(line, mark) })
		if err != nil || found {
			return err
		}
	}
	return p.store.putFile(entry)
}

func validDayFile(f dayFile) bool {
	return f.item.Validate() == nil && slices.Contains(Kinds, f.kind) && isDay(f.day)
}

// isDay reports whether a name is a date, as the names of day files are.
func isDay(name string) bool {
	if len(name) != len(DayLayout) {
		return false
	}
	for _, c := range []byte(name) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// isDate reports whether a name is that of a day file of some real day.
func isDate(name string) bool {
	_, err := time.Parse(DayLayout, name)
	return err == nil && isDay(name)
}

// isSpooled reports whether a run has left a file in the spool folders. They are
// named after their runs, see NewSpool.
func isSpooled(folders []string, run string) bool {
	for _, folder := range folders {
		tree, err := openSpoolFolder(folder, false)
		if err != nil {
			continue
		}
		names, _ := spoolFiles(tree)
		tree.Close()
		if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, run) }) {
			return true
		}
	}
	return false
}
