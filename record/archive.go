package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/mvrun/mvrun/zstd"
	"golang.org/x/sys/unix"
)

// Old days may be kept as .mvrun/archive/<direction>/<item>/<kind>/<day>.zst:
// the lines of the day file, compressed, where monitorViewer does not look.
//
// A day file goes into its archive whole, and is removed only then (see
// [Store.Prune]); so a reader that opens the day file first, and its archive
// after that, has each line at every moment. It may meet a line in both: then
// the line counts as often as in that of the two which has it more often, since
// monitorViewer may write the same line twice and mean it. A day file beside an
// archive holds, for a moment, what was just archived, and for long, lines that
// came late: from a spool, or from the database of a host.
const (
	archiveFolder = "archive"
	archiveEnding = ".zst"
)

func (f dayFile) archiveElem() []string {
	return append(archiveKindElem(f.item, f.kind), f.day+archiveEnding)
}

func archiveKindElem(item Item, kind Kind) []string {
	return []string{metaFolder, archiveFolder, item.Direction, item.Name, string(kind)}
}

// archiveDay is the day of an archive's name.
func archiveDay(name string) (day string, ok bool) {
	day, ok = strings.CutSuffix(name, archiveEnding)
	return day, ok && isDate(day)
}

// mayBeArchived reports whether a day may have an archive: today and yesterday
// never do. Readers ask for those most often, and need not look.
func (s *Store) mayBeArchived(day string) bool {
	now := s.options.Now()
	return day != Day(now) && day != Day(now.AddDate(0, 0, -1))
}

// hasArchives looks whether anything was ever archived.
func (s *Store) hasArchives() bool {
	fd, err := s.tree.folder(false, metaFolder, archiveFolder)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// Bounds of what reading an archive takes of memory, whatever the archive says.
// archiveWindow is how far back the packer looks for what is alike; maxWindow
// admits what zstd(1) makes by itself.
const (
	archiveWindow = 2 << 20
	maxWindow     = 8 << 20
)

// damagedError is an archive that cannot be unpacked to its end.
type damagedError struct {
	path string
	err  error
}

func (e *damagedError) Error() string { return fmt.Sprintf("archive %s is damaged: %v", e.path, e.err) }
func (e *damagedError) Unwrap() error { return e.err }

func isDamaged(err error) bool {
	var damaged *damagedError
	return errors.As(err, &damaged)
}

// archiveReader unpacks an archive. It starts no goroutines.
type archiveReader struct {
	file    *os.File
	failure error // of reading the file itself
	decoder *zstd.Reader
}

// decoders keep the memory of a window.
var decoders = sync.Pool{New: func() any { return zstd.NewReader(nil, maxWindow) }}

// openArchive opens the archive of a day; where there is none it gives nil.
func (s *Store) openArchive(file dayFile) (*archiveReader, error) {
	fd, err := s.tree.open(unix.O_RDONLY, 0, file.archiveElem()...)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return newArchiveReader(os.NewFile(uintptr(fd), s.tree.Path(file.archiveElem()...))), nil
}

func newArchiveReader(file *os.File) *archiveReader {
	return &archiveReader{file: file}
}

func (a *archiveReader) Read(p []byte) (int, error) {
	if a.decoder == nil {
		a.decoder = decoders.Get().(*zstd.Reader)
		a.decoder.Reset(readerFunc(a.readPacked))
	}
	n, err := a.decoder.Read(p)
	if err != nil && err != io.EOF {
		err = a.explain(err)
	}
	return n, err
}

// readPacked keeps apart what is wrong with the file from what is wrong in it.
func (a *archiveReader) readPacked(p []byte) (int, error) {
	n, err := a.file.Read(p)
	if err != nil && err != io.EOF {
		a.failure = err
	}
	return n, err
}

func (a *archiveReader) explain(err error) error {
	if a.failure != nil {
		return a.failure
	}
	return &damagedError{a.file.Name(), err}
}

func (a *archiveReader) Close() error {
	if a.decoder != nil {
		a.decoder.Reset(nil)
		decoders.Put(a.decoder)
		a.decoder = nil
	}
	return a.file.Close()
}

// identity tells one state of a file from another.
func (a *archiveReader) identity() fileIdentity {
	if a == nil {
		return fileIdentity{}
	}
	return identityOf(int(a.file.Fd()))
}

// fileIdentity tells whether a file is the one that it was, and holds what it
// held; the zero value stands for none.
type fileIdentity struct {
	inode, device uint64
	size          int64
	owner         int
	changed       unix.Timespec
}

func identityOf(fd int) fileIdentity {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return fileIdentity{}
	}
	return identityFrom(&st)
}

func identityFrom(st *unix.Stat_t) fileIdentity {
	return fileIdentity{uint64(st.Ino), uint64(st.Dev), st.Size, int(st.Uid), unix.Timespec(st.Mtim)}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// openMain opens what the main database has of a day, each nil where it is not
// there: the day file first, then its archive, where it may be archived.
func (s *Store) openMain(file dayFile, archived bool) (*os.File, *archiveReader, error) {
	var plain *os.File
	fd, err := s.tree.open(unix.O_RDONLY, 0, file.elem(nil)...)
	switch {
	case err == nil:
		plain = os.NewFile(uintptr(fd), s.tree.Path(file.elem(nil)...))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, nil, err
	}
	if !archived {
		return plain, nil, nil
	}
	archive, err := s.openArchive(file)
	if err != nil && plain != nil {
		_ = plain.Close()
		plain = nil
	}
	return plain, archive, err
}

// eachMainLine gives the lines that the main database has of a day. Of a damaged
// archive it gives those that can be had.
func (s *Store) eachMainLine(file dayFile, use func(line []byte)) error {
	plain, archive, err := s.openMain(file, s.mayBeArchived(file.day))
	if err != nil {
		return err
	}
	archived := lineCounts{}
	if archive != nil {
		err = eachLineIn(archive, func(line []byte) {
			if plain != nil {
				archived.add(line)
			}
			use(line)
		})
		if isDamaged(err) {
			err = nil
		}
		_ = archive.Close()
	}
	if plain == nil {
		return err
	}
	defer plain.Close()
	if err != nil {
		return err
	}
	return eachLineIn(plain, func(line []byte) {
		if !archived.take(line) {
			use(line)
		}
	})
}
