package record

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Entry is something a run wants on disk: a line of a day file, or a file of
// mvrun's own folder.
type Entry struct {
	DB   string `json:"db"` // the database's path; "" where the config could not say
	Item Item   `json:"item"`
	Kind Kind   `json:"kind,omitempty"`
	Day  string `json:"day,omitempty"`
	Line string `json:"line,omitempty"`

	// A file below .mvrun/, with its content in Line; Kind is empty then. ID
	// is a text that stands in the alarm records of the day once the file has
	// served its purpose.
	File []string `json:"file,omitempty"`
	ID   string   `json:"id,omitempty"`

	// Do is done in its turn in the place of writing something. It is about
	// the database alone, and its failure is nobody's. It must be possible to do
	// it twice. While the database is bypassed it waits for its return; where
	// File is given as well, that is spooled in its place.
	Do func(*Store) error `json:"-"`
}

// spoolable reports whether an entry can be kept in the spool.
func (e *Entry) spoolable() bool { return e.Do == nil || len(e.File) > 0 }

// spoolPath is a database's path as entries name it; JSON has no place for bytes
// that are no UTF-8.
func spoolPath(db string) string {
	if utf8.ValidString(db) {
		return db
	}
	return strconv.QuoteToASCII(db)
}

// Bounds of what one run may leave in the spool: in all, and for one entry. The
// largest entry is a kept output or an alarm of 64 KiB, escaped twice.
const (
	maxSpoolBytes = 64 << 20
	maxSpoolEntry = 4 << 20
)

var (
	errSpoolFull  = errors.New("the spool of this run has reached 64 MiB")
	errSpoolEntry = errors.New("a record is larger than 4 MiB")
)

const spoolSuffix = ".spool"

// Spool is a folder of this host, readable by its user alone, that takes what
// a database cannot take. Each run that needs it has a file of its own there,
// which it keeps locked while it lives. Files are named so that their order is
// that of their beginning. A Spool may be used concurrently.
type Spool struct {
	folders []string // the first that can be written to is taken
	name    string

	mu   sync.Mutex
	file *spoolFile // nil while there is none
	size int64      // the end of the last whole line
	done int64      // bytes of the file that are in the database already
}

// spoolFile is the file of a run, which it holds locked.
type spoolFile struct {
	tree  *Tree
	name  string
	lines *dayAppender
}

func (f *spoolFile) path() string { return f.tree.Path(f.name) }

func (f *spoolFile) close() {
	_ = f.lines.close()
	f.tree.Close()
}

// SpoolName is the name of a run's file: its order among others, the run, and a
// tag of the database, so that runs with another one need not open the file.
func SpoolName(now time.Time, run, db string) string {
	begun := strconv.FormatInt(now.UnixNano(), 10)
	name := strings.Repeat("0", max(0, 19-len(begun))) + begun + "-" + run
	if db != "" {
		name += "." + databaseTag(db)
	}
	return name
}

// SpoolWaits counts the files in spool folders of this host that hold something for
// a database, and those for others. The error tells of a folder that is there and
// cannot be read.
func SpoolWaits(folders []string, db string) (own, others int, err error) {
	for _, folder := range folders {
		entries, problem := os.ReadDir(folder)
		if problem != nil && !errors.Is(problem, fs.ErrNotExist) {
			err = problem
		}
		for _, entry := range entries {
			switch name := entry.Name(); {
			case !strings.HasSuffix(name, spoolSuffix):
			case strings.HasSuffix(name, "."+databaseTag(db)+spoolSuffix):
				own++
			default:
				others++
			}
		}
	}
	return own, others, err
}

func databaseTag(db string) string {
	h := fnv.New32a()
	_, _ = io.WriteString(h, db) // never fails
	return hex.EncodeToString(h.Sum(nil))
}

// isForOther reports whether a spool file's name says that it is for another
// database than this one. Only opening it tells of one without a tag.
func isForOther(name, db string) bool {
	tag := strings.TrimPrefix(filepath.Ext(strings.TrimSuffix(name, spoolSuffix)), ".")
	return len(tag) == len(databaseTag("")) && tag != databaseTag(db)
}

// NewSpool names the folders to try and the run's file in them.
func NewSpool(folders []string, name string) *Spool {
	return &Spool{folders: folders, name: name + spoolSuffix}
}

// SpoolFolders are the folders that may hold a spool, best first. None of them lies in
// a default database, where it would be taken for a direction.
func SpoolFolders(stateHome string, uid int) []string {
	var folders []string
	if filepath.IsAbs(stateHome) {
		folders = append(folders, filepath.Join(stateHome, "mvrun", "spool"))
	}
	if uid == 0 {
		folders = append(folders, "/var/spool/mvrun")
	}
	return append(folders, "/tmp/mvrun-"+strconv.Itoa(uid))
}

// Path is the run's file, or "" while it has none.
func (s *Spool) Path() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return ""
	}
	return s.file.path()
}

// Append puts entries into the run's file by one write. What is beyond a bound
// is left out: dropped says how many, and the error why. Entries to do are
// passed over.
func (s *Spool) Append(entries []Entry) (dropped int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, kept, dropped, bound := encodeEntries(entries, maxSpoolBytes-s.size)
	if len(data) == 0 {
		return dropped, bound
	}
	if s.file == nil {
		err = s.begin(data)
	} else {
		err = s.file.lines.appendAlone(data)
	}
	if err == nil {
		s.size, err = unix.Seek(s.file.lines.fd, 0, 1)
	}
	if err != nil {
		return dropped + kept, err
	}
	return dropped, bound
}

// encodeEntries gives the lines of entries within the room that is left.
func encodeEntries(entries []Entry, room int64) (data []byte, kept, dropped int, bound error) {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	for i := range entries {
		if !entries[i].spoolable() {
			continue
		}
		before := buf.Len()
		err := encoder.Encode(&entries[i])
		switch {
		case err != nil:
		case buf.Len()-before > maxSpoolEntry:
			err = errSpoolEntry
		case int64(buf.Len()) > room:
			err = errSpoolFull
		}
		if err != nil {
			buf.Truncate(before)
			dropped++
			bound = err
			continue
		}
		kept++
	}
	return buf.Bytes(), kept, dropped, bound
}

// appendAlone appends to a file that nobody else writes to: a part that a full
// disk let through can be taken back, and what could not is ended.
func (a *dayAppender) appendAlone(lines []byte) error {
	torn, _, err := a.torn()
	if err != nil {
		return err
	}
	if torn {
		lines = append([]byte{'\n'}, lines...)
	}
	n, err := a.write(lines)
	if err != nil && n > 0 {
		a.takeBack(int64(n))
	}
	return err
}

// begin makes the run's file in the first folder that takes it with its first
// entries.
func (s *Spool) begin(data []byte) error {
	var failed []error
	for _, folder := range s.folders {
		file, err := createSpoolFile(folder, s.name)
		if err == nil {
			if _, err = file.lines.write(data); err == nil {
				s.file, s.done = file, 0
				return nil
			}
			_ = file.tree.Remove(file.name)
			file.close()
		}
		failed = append(failed, fmt.Errorf("spool %s: %w", folder, cause(err)))
	}
	return errors.Join(failed...)
}

// createTries is how many names are tried for a file that a merger takes, while
// it is being made, for one that a dead run has left.
const createTries = 20

func createSpoolFile(folder, name string) (*spoolFile, error) {
	tree, err := openSpoolFolder(folder, true)
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(name, spoolSuffix)
	for try := 2; try < createTries; try++ {
		var fd int
		fd, err = tree.open(unix.O_RDWR|unix.O_APPEND|unix.O_CREAT|unix.O_EXCL, 0o600, name)
		if err == nil {
			if lockNew(fd) {
				return &spoolFile{tree, name, &dayAppender{fd: fd, dir: -1}}, nil
			}
			unix.Close(fd) // the merger removes it, empty as it is
			err = ErrLocked
		} else if !errors.Is(err, fs.ErrExist) {
			break
		}
		name = fmt.Sprintf("%s-%d%s", base, try, spoolSuffix)
	}
	tree.Close()
	return nil, err
}

// lockNew locks a file that was just made, and reports whether it is still there.
func lockNew(fd int) bool {
	var st unix.Stat_t
	return tryLock(fd) == nil && unix.Fstat(fd, &st) == nil && st.Nlink > 0
}

// OpenPrivate opens the first of these folders that is this user's alone, or can
// be made so, for what the processes of one user on one host share.
func OpenPrivate(folders []string) (*Tree, error) {
	var problems []error
	for _, folder := range folders {
		tree, err := openSpoolFolder(folder, true)
		if err == nil {
			return tree, nil
		}
		problems = append(problems, pathError("open", folder, err))
	}
	return nil, errors.Join(problems...)
}

// openSpoolFolder refuses a folder that somebody else has made in our place:
// /tmp is everybody's.
func openSpoolFolder(folder string, create bool) (*Tree, error) {
	if create {
		if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
			return nil, err
		}
		if err := unix.Mkdir(folder, 0o700); err != nil && err != unix.EEXIST {
			return nil, err
		}
	}
	fd, err := openRetry(unix.AT_FDCWD, folder, dirFlags|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return nil, err
	}
	if int(st.Uid) != unix.Getuid() || uint32(st.Mode)&0o022 != 0 {
		unix.Close(fd)
		return nil, errors.New("belongs to another user, or others may write to it")
	}
	return &Tree{path: folder, root: fd}, nil
}

// mark is how long the run's file is.
func (s *Spool) mark() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// settle notes that the first bytes of the run's file, up to a mark, are in the
// database already.
func (s *Spool) settle(mark int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = max(s.done, min(mark, s.size))
}

// Replay carries the run's own file over into the database and takes it away.
// Entries may be appended meanwhile; they are carried over as well.
func (s *Spool) Replay(store *Store) error {
	for {
		s.mu.Lock()
		if s.file == nil {
			s.mu.Unlock()
			return nil
		}
		if s.done == s.size {
			err := s.file.tree.Remove(s.file.name)
			s.close()
			s.mu.Unlock()
			return err
		}
		file, from := s.file, s.done
		s.mu.Unlock()

		end, err := replay(file.tree, file.name, from, store)
		if err == nil && end <= from {
			err = pathError("read", file.path(), io.ErrUnexpectedEOF)
		}
		if err != nil {
			return err
		}
		s.settle(end)
	}
}

// Close leaves the run's file to the next run.
func (s *Spool) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil {
		s.close()
	}
}

func (s *Spool) close() {
	s.file.close()
	s.file, s.size, s.done = nil, 0, 0
}
