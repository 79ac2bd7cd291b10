package record

import (
	"errors"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// Items lists the items of the main database and of those of all hosts that
// match one of the names or patterns of each list, or all, in order. An item is
// a folder with settings or records. Where something cannot be read, the items
// that could be are given beside the error.
func (s *Store) Items(directions, items []string) ([]Item, error) {
	return s.listItems(directions, items, s.isItem)
}

// Candidates lists the folders that may be items: those of Items, without a look
// into each.
func (s *Store) Candidates(directions, items []string) ([]Item, error) {
	return s.listItems(directions, items, func(*source, *Stats) bool { return true })
}

func (s *Store) listItems(directions, items []string, wanted func(*source, *Stats) bool) ([]Item, error) {
	if err := (Query{Directions: directions, Items: items}).check(); err != nil {
		return nil, err
	}
	if _, err := s.tree.rootFD(false); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	var stats Stats
	var found []Item
	for _, src := range s.sources(directions, items, &stats) {
		if wanted(src, &stats) {
			found = append(found, src.item)
		}
	}
	return found, errors.Join(stats.Problems...)
}

// Misnamed gives the folders at the places of directions and items that are not read
// since their names are none that mvrun gives, such as those with blanks that other
// programs make: some of them, as paths below the database, and how many there are.
func (s *Store) Misnamed() (some []string, count int, err error) {
	look := func(at ...string) []string {
		entries, listErr := s.tree.List(at...)
		err = errors.Join(err, listErr)
		var good []string
		for _, entry := range entries {
			switch name := entry.Name(); {
			case !entry.IsDir() || name[0] == '.' || name == lostFound:
			case CheckName(name) == nil:
				good = append(good, name)
			default:
				count++
				some = appendNamed(some, path.Join(append(at, name)...))
			}
		}
		return good
	}
	for _, direction := range look() {
		look(direction)
	}
	slices.Sort(some)
	return some, count, err
}

// isItem looks for what makes a folder an item.
func (s *Store) isItem(src *source, stats *Stats) bool {
	prefixes := [][]string{nil}
	for _, host := range src.hosts {
		prefixes = append(prefixes, host.prefix)
	}
	for _, prefix := range prefixes {
		found, err := s.isItemBelow(prefix, src.item)
		if err != nil {
			stats.problem(err)
		}
		if found {
			return true
		}
	}
	return false
}

func (s *Store) isItemBelow(prefix []string, item Item) (bool, error) {
	entries, err := s.tree.List(append(prefix[:len(prefix):len(prefix)], item.Direction, item.Name)...)
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return false, nil // a file, or a symbolic link, which is no item in a listing of all either
	}
	return slices.ContainsFunc(entries, func(entry fs.DirEntry) bool {
		return entry.Name() == itemFile || entry.IsDir() && slices.Contains(Kinds, Kind(entry.Name()))
	}), err
}

// sources finds the folders that may hold items, in the order of their names.
// The hosts come first, as in listDays.
func (s *Store) sources(directions, items []string, stats *Stats) []*source {
	byItem := map[Item]*source{}
	prefixes, err := s.hostPrefixes()
	if err != nil {
		stats.problem(err)
	}
	for _, prefix := range append(prefixes, nil) {
		for _, item := range s.itemFolders(prefix, directions, items, stats) {
			src := byItem[item]
			if src == nil {
				src = &source{item: item}
				byItem[item] = src
			}
			if prefix != nil {
				src.hosts = append(src.hosts, &hostSource{prefix: prefix})
			}
		}
	}
	sources := make([]*source, 0, len(byItem))
	for _, src := range byItem {
		slices.SortFunc(src.hosts, func(a, b *hostSource) int { return slices.Compare(a.prefix, b.prefix) })
		sources = append(sources, src)
	}
	slices.SortFunc(sources, func(a, b *source) int { return compareItems(a.item, b.item) })
	return sources
}

func (s *Store) itemFolders(prefix, directions, items []string, stats *Stats) []Item {
	var found []Item
	for _, direction := range s.folders(prefix, directions, stats) {
		below := append(prefix[:len(prefix):len(prefix)], direction)
		for _, name := range s.folders(below, items, stats) {
			found = append(found, Item{direction, name})
		}
	}
	return found
}

// folders gives the folders of a folder that match. Where all are named, nothing
// is listed: whether they are there is seen when their files are opened.
func (s *Store) folders(at, patterns []string, stats *Stats) []string {
	if len(patterns) > 0 && !slices.ContainsFunc(patterns, isPattern) {
		names := slices.DeleteFunc(slices.Clone(patterns), func(name string) bool { return CheckName(name) != nil })
		slices.Sort(names)
		return slices.Compact(names)
	}
	entries, err := s.tree.List(at...)
	if err != nil {
		stats.problem(err)
		return nil
	}
	var names []string
	for _, entry := range entries {
		switch name := entry.Name(); {
		case name[0] == '.':
		case !entry.IsDir() || CheckName(name) != nil || name == lostFound:
			if name != itemFile {
				stats.foreign(s.tree.Path(append(at[:len(at):len(at)], name)...))
			}
		case matchName(patterns, name):
			names = append(names, name)
		}
	}
	return names
}

// lostFound is in the root of many file systems and may be read by root only.
const lostFound = "lost+found"
