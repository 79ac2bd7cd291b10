package record

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Follower gives the records of a query, and later those that were written since,
// each once: over midnight, of new items and hosts, while lines are carried over
// from hosts' databases and archived, and where others write a file anew. It looks at the files of the last
// followedDays days and of tomorrow, where clocks differ. What comes late to a day
// and is archived before it was looked at is not given.
//
// [Follower.Rows] is read first, whole; then [Follower.Next] again and again. A
// Follower is not safe for concurrent use.
type Follower struct {
	store  *Store
	query  Query
	rows   *Rows
	reader *dayReader

	sources []*source
	listed  map[string]bool // days that the listing has read
	seen    map[dayFile]*seenLines

	mu     sync.Mutex // while the listing is read
	places map[string]*place
}

const followedDays = 8

// place is how far a day file was read.
type place struct {
	file          dayFile
	inode, device uint64
	whole         int64  // to the end of its last whole line
	shown         uint64 // hash of the line behind that, where it was given already
	mark          uint64 // of what stands before that, see markOf
	looked        time.Time

	given    givenLines // of the main file, and of those that stood in its place before
	replaced *replaced  // nil once all that is read is new

	day  string // of the listing for which it was read so far first
	read int64  // to there, which is behind whole where a line had no end
}

// seenLines are lines of a day that may be met again, in another database.
type seenLines struct {
	ofHosts, ofMain lineSet
	day             string // of the listing for which they were seen first
}

// Follow prepares to list records and to go on with new ones. The query's limit
// is about the listing alone; its end must be open.
func (s *Store) Follow(q Query) *Follower {
	f := &Follower{
		store: s, query: q, rows: s.Select(q), reader: newDayReader(s, newMatcher(q)),
		listed: map[string]bool{}, seen: map[dayFile]*seenLines{}, places: map[string]*place{},
	}
	f.rows.follower = f
	return f
}

// Rows is the listing.
func (f *Follower) Rows() *Rows { return f.rows }

// window are the days of which new records are looked for.
func (f *Follower) window(days int) []string {
	now := f.store.options.Now().In(f.query.location())
	// Where dates are behind, what is new comes to the file of the day before.
	first := Day(f.query.Begin.In(f.query.location()).AddDate(0, 0, -1))
	var window []string
	for i := 1 - days; i <= 1; i++ {
		day := Day(now.AddDate(0, 0, i))
		if f.query.Begin.IsZero() || day >= first {
			window = append(window, day)
		}
	}
	return window
}

// follows reports whether a day is one of the window; the listing notes how far it
// has read those only.
func (f *Follower) follows(day string) bool { return slices.Contains(f.window(followedDays), day) }

// Change names files that may have changed.
type Change struct {
	Item Item
	Day  string
}

// Next gives the records that were added to the files that are named since they
// were read last, or with nil to any file; recent is then whether days before
// yesterday are passed over. They have the order of a listing.
func (f *Follower) Next(changes []Change, recent bool) ([]Row, Stats) {
	f.reader.stats = Stats{}
	if changes == nil {
		f.sources = f.store.sources(f.query.Directions, f.query.Items, &f.reader.stats)
		f.forget()
		days := followedDays
		if recent {
			days = 2
		}
		for _, day := range f.window(days) {
			for _, src := range f.sources {
				changes = append(changes, Change{src.item, day})
			}
		}
	}
	var rows []Row
	for _, change := range changes {
		if src := f.source(change.Item); src != nil && f.follows(change.Day) {
			rows = append(rows, f.readOn(src, change.Day)...)
		}
	}
	sortRows(rows)
	return rows, f.reader.stats
}

func (f *Follower) source(item Item) *source {
	i, ok := slices.BinarySearchFunc(f.sources, item, func(src *source, item Item) int { return compareItems(src.item, item) })
	if !ok {
		return nil
	}
	return f.sources[i]
}

// forget lets go what was noted of days that are past.
func (f *Follower) forget() {
	window := f.window(followedDays)
	for file := range f.seen {
		if !slices.Contains(window, file.day) {
			delete(f.seen, file)
		}
	}
	for name, place := range f.places {
		if !slices.Contains(window, place.file.day) {
			delete(f.places, name)
		}
	}
}

func (f *Follower) seenOf(file dayFile) *seenLines {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen[file] == nil {
		f.seen[file] = &seenLines{ofHosts: lineSet{}, ofMain: lineSet{}}
	}
	return f.seen[file]
}

// Settle is called once the listing has ended, and notes where the files end that
// it has not read, since it had enough: what is in them is not new.
func (f *Follower) Settle() Stats {
	f.reader.stats = Stats{}
	f.sources = f.store.sources(f.query.Directions, f.query.Items, &f.reader.stats)
	for _, day := range f.window(followedDays) {
		for _, src := range f.sources {
			if !f.listed[day] {
				f.settle(src, day)
			}
		}
	}
	return f.reader.stats
}

// settle reads what hosts have, which may yet come to the main database, and of
// the main file only finds the end.
func (f *Follower) settle(src *source, day string) {
	file := dayFile{src.item, f.query.Kind, day}
	for _, host := range src.hosts {
		f.readPart(file, host.prefix)
	}
	elem := file.elem(nil)
	fd, err := f.store.tree.open(unix.O_RDONLY, 0, elem...)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	size, err := unix.Seek(fd, 0, unix.SEEK_END)
	if err != nil {
		return
	}
	from := max(0, size-maxLine-1)
	tail := make([]byte, size-from)
	n, err := preadFull(fd, tail, from)
	if err != nil {
		return
	}
	f.note(file, elem, fd, from+int64(strings.LastIndexByte(string(tail[:n]), '\n')+1), nil, "", nil)
}

// note keeps how far a file was read for a day of the listing, and what stood behind
// that; given are the lines of it, if they were read.
func (f *Follower) note(file dayFile, elem []string, fd int, whole int64, rest []byte, day string, given *givenLines) {
	id := identityOf(fd)
	p := &place{
		file: file, inode: id.inode, device: id.device, whole: whole, mark: markOf(fd, whole), looked: f.store.options.Now(),
		day: day, read: whole + int64(len(rest)),
	}
	if given != nil {
		p.given = *given
	}
	if rest = trimBlankEnds(rest); looksLikeRecord(rest) {
		p.shown = maphash.Bytes(lineSeed(), rest)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.places[nameOf(elem)] = p
}

func nameOf(elem []string) string { return strings.Join(elem, "/") }

// Place tells which file of records of the query a path names, as a watcher of
// folders is given it.
func (f *Follower) Place(path string) (Change, bool) {
	rel, ok := strings.CutPrefix(path, f.store.tree.path+"/")
	elem := strings.Split(rel, "/")
	if len(elem) > 3 && elem[0] == metaFolder && elem[1] == hostsFolder {
		elem = elem[3:]
	}
	if !ok || len(elem) != 4 || Kind(elem[2]) != f.query.Kind || !isDay(elem[3]) {
		return Change{}, false
	}
	return Change{Item{elem[0], elem[1]}, elem[3]}, f.source(Item{elem[0], elem[1]}) != nil
}

// Folders are those in which something appears when a record is written, or a
// folder that will be one of them.
func (f *Follower) Folders() []string {
	var stats Stats
	tree := f.store.tree
	folders := []string{tree.path, tree.Path(metaFolder), tree.Path(metaFolder, hostsFolder)}
	prefixes, _ := f.store.hostPrefixes()
	for _, prefix := range append(prefixes, nil) {
		if prefix != nil {
			folders = append(folders, tree.Path(prefix...))
		}
		for _, direction := range f.store.folders(prefix, f.query.Directions, &stats) {
			folders = append(folders, tree.Path(append(prefix[:len(prefix):len(prefix)], direction)...))
		}
		for _, item := range f.store.itemFolders(prefix, f.query.Directions, f.query.Items, &stats) {
			below := append(prefix[:len(prefix):len(prefix)], item.Direction, item.Name)
			folders = append(folders, tree.Path(below...), tree.Path(append(below, string(f.query.Kind))...))
		}
	}
	return folders
}

// OnNetwork reports whether other hosts may write to the database, of which the
// system tells nobody here.
func (s *Store) OnNetwork() bool {
	root, err := s.tree.rootFD(false)
	return err == nil && onNetwork(root)
}

// comparePlaces is the order in which lines of different files are given.
func comparePlaces(a, b Change) int {
	return cmp.Or(strings.Compare(a.Day, b.Day), compareItems(a.Item, b.Item))
}

// SortChanges puts changes in the order in which Next reads without any, each once.
func SortChanges(changes []Change) []Change {
	slices.SortFunc(changes, comparePlaces)
	return slices.Compact(changes)
}
