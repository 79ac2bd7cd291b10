package record

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Folders of a database that hold no records. monitorViewer does not look into
// names that begin with a dot.
const (
	metaFolder  = ".mvrun"
	hostsFolder = "hosts"
	lockFolder  = "lock"
	tornFolder  = "torn"
)

// Layout says how records reach the day files.
type Layout string

// The layouts. Auto takes Direct on a local file system and PerHost on a
// network one, as statfs(2) tells.
const (
	LayoutAuto    Layout = "auto"
	LayoutDirect  Layout = "direct"
	LayoutPerHost Layout = "per-host"
)

// StoreOptions are the settings of a Store.
type StoreOptions struct {
	Layout Layout           // "" means LayoutAuto
	Host   string           // names this host's own database; required
	Now    func() time.Time // nil means time.Now

	// SpoolFolders are where the end of a run of this host may wait.
	SpoolFolders []string

	// Lock takes the side lock of this path in another way than in this
	// process. It is used on network file systems, where a lock request can
	// hang for ever. nil means in this process.
	Lock func(path string, wait time.Duration) (unlock func(), err error)
}

// Store is the database on disk:
//
//	<db>/<direction>/<item>/monitor_item.yaml
//	<db>/<direction>/<item>/<kind>/<YYYYMMDD>     one JSON object a line
//	<db>/.mvrun/                                  everything that is no record
//
// The name of a day file is the date of its writer; see zoneFolder for those of others.
//
// In the direct layout lines are appended there, under an
// open-file-description lock on the day file, one write a batch.
//
// In the per-host layout each host appends to a database of its own, of the
// same form, below <db>/.mvrun/hosts/<host>/. O_APPEND is atomic between the
// processes of one host on every file system, since its kernel serialises them
// on the inode; between hosts it is not on NFS, and no lock repairs that. So no
// file there ever has writers on two hosts, nothing has to be locked, and a
// reader that merges all databases has every record at every moment. See
// [Store.Merge] for how they get to the files above without a loss or a double.
//
// A user who may not write to the file of another (see [Tree]) appends to a
// database of the same kind, <host>.uid<N>.
//
// A Store may be used concurrently.
type Store struct {
	tree    *Tree
	options StoreOptions

	mu      sync.Mutex          // is held by nobody who waits for a day file
	layout  Layout              // resolved at the first use
	open    map[string]*openDay // by path
	foreign map[Item]bool       // this user may not write to the first choice
	remote  bool                // on a network file system
	zoned   bool                // this process's time zone was left, see noteZone
	before  int                 // of the tree: what is above is of the folder after so many
}

// dayFile names one file of records, relative to a database of any kind.
type dayFile struct {
	item Item
	kind Kind
	day  string
}

func (f dayFile) elem(prefix []string) []string {
	return append(prefix[:len(prefix):len(prefix)], f.item.Direction, f.item.Name, string(f.kind), f.day)
}

// OpenStore names a database. Nothing is read, and nothing made, before the
// first use: opening never waits for a file system.
func OpenStore(path string, o StoreOptions) (*Store, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("database %q: is not an absolute path", path)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Layout == "" {
		o.Layout = LayoutAuto
	}
	o.Host = hostElem(o.Host)
	return &Store{
		tree: NewTree(path), options: o, open: map[string]*openDay{}, foreign: map[Item]bool{},
	}, nil
}

// hostElem is a host's name as a path element.
func hostElem(host string) string {
	if name := SanitizeName(host); name != "" {
		return name
	}
	return "localhost"
}

// Path is the folder of the database.
func (s *Store) Path() string { return s.tree.path }

// Host names this host's own database.
func (s *Store) Host() string { return s.options.Host }

// Now is the store's clock.
func (s *Store) Now() time.Time { return s.options.Now() }

// Meta is the tree in which mvrun keeps what is no record; the path elements of
// its methods begin with MetaFolder.
func (s *Store) Meta() *Tree { return s.tree }

// MetaFolder is where below the database everything is that is no record.
const MetaFolder = metaFolder

// Close closes the files; no other method may be under way. The Store may be
// used again afterwards.
func (s *Store) Close() {
	s.Release()
	s.tree.Close()
}

// Layout tells which layout is in force; it is found out at its first use.
func (s *Store) Layout() (Layout, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.layoutLocked()
}

func (s *Store) layoutLocked() (Layout, error) {
	if s.layout != "" {
		return s.layout, nil
	}
	root, err := s.tree.rootFD(true)
	if err != nil {
		return "", err
	}
	s.remote = onNetwork(root)
	switch {
	case s.options.Layout != LayoutAuto:
		s.layout = s.options.Layout
	case s.remote:
		s.layout = LayoutPerHost
	default:
		s.layout = LayoutDirect
	}
	return s.layout, nil
}

// Append adds whole lines to the day file of an item by one write. Without an
// error all of them are on file; with one, which says why, most often none is,
// but the first of them may be, where a disk became full.
func (s *Store) Append(item Item, kind Kind, day string, lines []byte) error {
	file := dayFile{item, kind, day}
	if err := item.Validate(); err != nil {
		return err
	}
	if !validDayFile(file) {
		return fmt.Errorf("no file of records: %s/%s", kind, day)
	}
	err := s.append(file, lines, false)
	if err != errOldDay {
		return err
	}
	// Others may append meanwhile; the lock can take its time.
	unlock, err := s.Lock(item.Direction, item.Name)
	if err != nil {
		return err
	}
	defer unlock()
	return s.append(file, lines, true)
}

// append is Append for a valid file; locked says that the caller holds the
// item's side lock.
func (s *Store) append(file dayFile, lines []byte, locked bool) error {
	layout, foreign, err := s.placeOf(file.item)
	switch {
	case err != nil:
		return err
	case foreign:
		return s.appendToHost(file, s.foreignPrefix(), locked, lines)
	case layout == LayoutDirect:
		err = s.appendTo(file, nil, true, lines)
	default:
		err = s.appendToHost(file, s.hostPrefix(), locked, lines)
	}
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	// Somebody else's file. A database of one's own below the same root serves
	// as well; where not even that can be made, the first error tells more.
	switch s.appendToHost(file, s.foreignPrefix(), locked, lines) {
	case nil:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.foreign[file.item] = true
		return nil
	case errOldDay:
		return errOldDay
	}
	return err
}

// placeOf tells where the records of an item go, before any is appended.
func (s *Store) placeOf(item Item) (layout Layout, foreign bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if layout, err = s.layoutLocked(); err == nil {
		s.noteZone()
	}
	return layout, s.foreign[item], err
}

// hostPrefix is this host's own database, relative to the root.
func (s *Store) hostPrefix() []string {
	return []string{metaFolder, hostsFolder, s.options.Host}
}

// foreignPrefix is the database of this user on this host, for items that are
// another user's.
func (s *Store) foreignPrefix() []string {
	return []string{metaFolder, hostsFolder, fmt.Sprintf("%s.uid%d", s.options.Host, unix.Getuid())}
}

// errOldDay is given where the item's side lock is needed.
var errOldDay = errors.New("is a file of an old day")

// appendToHost appends to the database of a host. A file of an old day may be
// removed there, once all of it has been carried over (see Store.Prune); so for
// those, which are rare, the item's side lock is held, within which the file is
// opened and closed.
func (s *Store) appendToHost(file dayFile, prefix []string, locked bool, lines []byte) error {
	if file.day >= Day(s.options.Now().AddDate(0, 0, -1)) {
		return s.appendTo(file, prefix, false, lines)
	}
	if !locked {
		return errOldDay
	}
	path := s.tree.Path(file.elem(prefix)...)
	s.release(path)
	defer s.release(path)
	return s.appendTo(file, prefix, false, lines)
}

// randomHex gives n hexadecimal digits for names that must not collide.
func randomHex(n int) string {
	buf := make([]byte, 0, n)
	for len(buf) < n {
		for r, i := random(), 0; i < 16 && len(buf) < n; i++ {
			buf = append(buf, hexDigits[r&15])
			r >>= 4
		}
	}
	return string(buf)
}
