package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// mergedFolder holds, in the database of a host, how far each of its files has
// been carried over: one small file an item, of lines "<kind>/<day> <offset>".
const mergedFolder = ".merged"

// MergeStats counts what a merge did.
type MergeStats struct {
	Lines   int     // carried over
	Skipped int     // unreadable, left where they are
	Refused []error // items that this user may not write to, or that are locked
}

// Merge carries the records of all hosts' own databases over into the files
// that monitorViewer reads. It may run on many hosts at once and be killed at
// any point; nothing is lost or doubled:
//
// A host's file is only ever appended to, by that host, and never cut, and
// removed only once all of it was carried over (see Store.Prune), so that until
// the offset moves each line is there. The merger holds the item's side
// lock, so there is one at a time; it gives it back now and then, see itemMerge,
// and goes on from the offset. It appends those lines behind the offset
// that the main file does not have yet, byte for byte (mvrun's lines are
// unique, they carry run and time to the nanosecond), closes the file, looks
// whether they are all there (monitorViewer, which takes no lock, may have
// overwritten some), and only then moves the offset, by a rename. Killed before
// that, the next merger finds the lines in the main file and adds none twice.
//
// A reader takes the offset first, then the host's lines behind it, then the
// main file, and drops what it has seen: an old offset shows a line twice,
// which is dropped; a new offset is only there once the main file has the
// lines. NFS shows a file that is opened after another host closed it as that
// host left it (close-to-open consistency), which is all that this needs.
func (s *Store) Merge(ctx context.Context) (MergeStats, error) {
	var stats MergeStats
	prefixes, err := s.hostPrefixes()
	if err != nil {
		return stats, err
	}
	for _, prefix := range prefixes {
		items, err := s.itemsBelow(prefix)
		if err != nil {
			stats.Refused = append(stats.Refused, err)
			continue
		}
		for _, item := range items {
			if ctx.Err() != nil {
				return stats, ctx.Err()
			}
			if err := s.mergeItem(ctx, prefix, item, &stats); err != nil && ctx.Err() == nil {
				stats.Refused = append(stats.Refused, err)
			}
		}
	}
	return stats, ctx.Err()
}

// itemsBelow lists the items of one database.
func (s *Store) itemsBelow(prefix []string) ([]Item, error) {
	directions, err := s.tree.List(prefix...)
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, direction := range directions {
		if !direction.IsDir() || CheckName(direction.Name()) != nil {
			continue
		}
		names, err := s.tree.List(append(prefix[:len(prefix):len(prefix)], direction.Name())...)
		if err != nil {
			return items, err
		}
		for _, name := range names {
			if name.IsDir() && CheckName(name.Name()) == nil {
				items = append(items, Item{direction.Name(), name.Name()})
			}
		}
	}
	return items, nil
}

// pending is a host's file that has lines behind the offset.
type pending struct {
	file   dayFile
	offset int64
}

func (s *Store) pendingFiles(prefix []string, item Item) ([]pending, error) {
	offsets, err := s.readOffsets(prefix, item)
	if err != nil {
		return nil, err
	}
	var todo []pending
	for _, kind := range Kinds {
		days, err := s.tree.List(append(prefix[:len(prefix):len(prefix)], item.Direction, item.Name, string(kind))...)
		if err != nil {
			return nil, err
		}
		for _, day := range days {
			info, err := day.Info()
			if err != nil || !isDay(day.Name()) {
				continue
			}
			offset := offsets[mergedKey(dayFile{item, kind, day.Name()})]
			if offset > info.Size() {
				offset = 0 // another file than the one that was merged
			}
			if offset < info.Size() {
				todo = append(todo, pending{dayFile{item, kind, day.Name()}, offset})
			}
		}
	}
	slices.SortFunc(todo, func(a, b pending) int { return strings.Compare(a.file.day, b.file.day) })
	return todo, nil
}

func mergedElem(prefix []string, item Item) []string {
	return append(prefix[:len(prefix):len(prefix)], mergedFolder, item.Direction, item.Name)
}

// readOffsets gives the bytes of each file, "<kind>/<day>", that have been
// carried over.
func (s *Store) readOffsets(prefix []string, item Item) (map[string]int64, error) {
	offsets := map[string]int64{}
	data, err := s.tree.ReadFile(mergedElem(prefix, item)...)
	if errors.Is(err, fs.ErrNotExist) {
		return offsets, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		name, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		if offset, err := strconv.ParseInt(number, 10, 64); err == nil && offset >= 0 {
			offsets[name] = offset
		}
	}
	return offsets, nil
}

// mergedKey names a file in the notes.
func mergedKey(file dayFile) string { return string(file.kind) + "/" + file.day }

func (s *Store) writeOffset(prefix []string, file dayFile, offset int64) error {
	return s.changeOffsets(prefix, file.item, func(offsets map[string]int64) { offsets[mergedKey(file)] = offset })
}

// forgetOffset takes a file for one of which nothing was carried over.
func (s *Store) forgetOffset(prefix []string, file dayFile) error {
	return s.changeOffsets(prefix, file.item, func(offsets map[string]int64) { delete(offsets, mergedKey(file)) })
}

func (s *Store) changeOffsets(prefix []string, item Item, change func(map[string]int64)) error {
	offsets, err := s.readOffsets(prefix, item)
	if err != nil {
		return err
	}
	change(offsets)
	var buf bytes.Buffer
	for name, offset := range offsets {
		fmt.Fprintf(&buf, "%s %d\n", name, offset)
	}
	return s.tree.WriteFile(buf.Bytes(), 0o644, mergedElem(prefix, item)...)
}

var errOverwritten = errors.New("another program overwrites the lines that are appended")

// appendMain opens, writes and closes, so that NFS shows the lines to others
// before the side lock is given back. In the direct layout, where the lines of
// another user are carried over, everybody else locks the day file itself.
func (s *Store) appendMain(file dayFile, lines []byte) error {
	layout, err := s.Layout()
	if err != nil {
		return err
	}
	a, err := s.tree.openDay(s.options.Now, false, file.elem(nil)...)
	if err != nil {
		return err
	}
	if layout == LayoutDirect {
		err = a.appendLocked(lines, s.setAside(file))
	} else {
		err = a.appendHealed(lines, s.setAside(file))
	}
	if closeErr := a.close(); err == nil {
		err = closeErr
	}
	if err == nil || errors.Is(err, errReplaced) {
		return nil // carryOver looks what is there
	}
	return pathError("append", s.tree.Path(file.elem(nil)...), err)
}
