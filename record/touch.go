package record

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// What may be touched beside the kinds of records: the settings of an item, and
// what is muted or retired, which is of no single item.
const (
	TouchedSettings Kind = "monitor"
	TouchedMutes    Kind = "mute"
)

// Touched says that something may have changed.
type Touched struct {
	Item Item // zero for mutes
	Kind Kind
}

// Touches finds out what of the database has changed, by the sizes and times of
// files and without reading any: for a page that is to be made anew. It looks at
// the days of yesterday, today and tomorrow, where clocks differ. It is not safe
// for concurrent use.
type Touches struct {
	store *Store
	days  []string
	known map[string]fileIdentity // by the name of the file, of those that are there
}

// Touches prepares to look for changes.
func (s *Store) Touches() *Touches { return &Touches{store: s} }

// Look gives what has changed since the last look, each once; the first one only
// sees how things are, and gives nothing.
func (t *Touches) Look() []Touched {
	now := t.store.options.Now()
	t.days = t.days[:0]
	for ahead := -1; ahead <= 1; ahead++ {
		t.days = append(t.days, Day(now.AddDate(0, 0, ahead)))
	}
	look := &touchLook{Touches: t, now: make(map[string]fileIdentity, len(t.known))}
	for _, folder := range [...]string{muteFolder, retireFolder} {
		look.at(Touched{Kind: TouchedMutes}, metaFolder, folder)
	}
	var stats Stats
	for _, src := range t.store.sources(nil, nil, &stats) {
		look.item(src)
	}
	first := t.known == nil
	t.known = look.now
	if first {
		return nil
	}
	return look.found
}

// touchLook is one look. Files of which nothing is seen any more are forgotten.
type touchLook struct {
	*Touches
	now   map[string]fileIdentity
	found []Touched
}

func (l *touchLook) item(src *source) {
	l.at(Touched{src.item, TouchedSettings}, src.item.Direction, src.item.Name, itemFile)
	for _, kind := range Kinds {
		for _, day := range l.days {
			file := dayFile{src.item, kind, day}
			l.at(Touched{src.item, kind}, file.elem(nil)...)
			for _, host := range src.hosts {
				l.at(Touched{src.item, kind}, file.elem(host.prefix)...)
			}
		}
	}
}

// at looks at one file or folder.
func (l *touchLook) at(touched Touched, elem ...string) {
	if l.changed(l.now, elem) && !slices.Contains(l.found[max(0, len(l.found)-1):], touched) {
		l.found = append(l.found, touched)
	}
}

// changed compares a file with what is known of it, and notes how it is now.
func (t *Touches) changed(noted map[string]fileIdentity, elem []string) bool {
	fd, err := t.open(elem)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	name, id := nameOf(elem), identityOf(fd)
	before := t.known[name]
	noted[name] = id
	return before != id
}

func (t *Touches) open(elem []string) (int, error) {
	if elem[0] == metaFolder && elem[1] != hostsFolder {
		return t.store.tree.folder(false, elem...) // that of mutes: they are replaced as a whole
	}
	return t.store.tree.openFast(elem)
}

// Touch tells what a path is of, as a watcher of folders is given it; ok is false
// where only a look can tell. What it tells of is not found by the next look again.
func (t *Touches) Touch(path string) (touched Touched, ok bool) {
	rel, below := strings.CutPrefix(path, t.store.tree.path+"/")
	elem := strings.Split(rel, "/")
	if !below || t.known == nil {
		return Touched{}, false
	}
	item := elem
	if len(elem) > 3 && elem[0] == metaFolder && elem[1] == hostsFolder {
		item = elem[3:]
	}
	switch {
	case len(elem) == 3 && elem[0] == metaFolder && (elem[1] == muteFolder || elem[1] == retireFolder):
		touched = Touched{Kind: TouchedMutes}
		elem = elem[:2]
	case len(item) == 4 && slices.Contains(Kinds, Kind(item[2])) && isDay(item[3]):
		touched = Touched{Item{item[0], item[1]}, Kind(item[2])}
	default:
		return Touched{}, false
	}
	t.changed(t.known, elem)
	return touched, true
}

// maxTouchedFolders bounds the folders that are watched: each costs the kernel
// about a kilobyte.
const maxTouchedFolders = 50_000

// Folders are those in which something appears when anything changes, or a folder
// that will be one of them; nil where there are too many.
func (t *Touches) Folders() []string {
	tree := t.store.tree
	folders := []string{
		tree.path, tree.Path(metaFolder), tree.Path(metaFolder, hostsFolder),
		tree.Path(metaFolder, muteFolder), tree.Path(metaFolder, retireFolder),
	}
	prefixes, _ := t.store.hostPrefixes()
	for _, prefix := range append(prefixes, nil) {
		if prefix != nil {
			folders = append(folders, tree.Path(prefix...))
		}
		folders = append(folders, t.foldersBelow(prefix)...)
		if len(folders) > maxTouchedFolders {
			return nil
		}
	}
	return folders
}

func (t *Touches) foldersBelow(prefix []string) (folders []string) {
	var stats Stats
	tree := t.store.tree
	below := func(elem ...string) string { return tree.Path(append(prefix[:len(prefix):len(prefix)], elem...)...) }
	for _, direction := range t.store.folders(prefix, nil, &stats) {
		folders = append(folders, below(direction))
	}
	for _, item := range t.store.itemFolders(prefix, nil, nil, &stats) {
		folders = append(folders, below(item.Direction, item.Name))
		for _, kind := range Kinds {
			folders = append(folders, below(item.Direction, item.Name, string(kind)))
		}
	}
	return folders
}
