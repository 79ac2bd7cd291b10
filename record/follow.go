package record

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// DayReader reads the lines of an item's day, and later those that were added
// since. It is for counting what a file of 100,000 lines says again and again.
// Each read opens the files anew, so that NFS shows what other hosts have
// written. A DayReader is not safe for concurrent use.
type DayReader struct {
	store *Store
	file  dayFile
	most  int64                // bytes of each file that are read at first; 0 for all
	files map[string]*followed // by the prefix of the database

	plain, archive fileIdentity // what was read last of a day that is archived
}

// followed is a file of lines and how far it was read.
type followed struct {
	inode, device uint64
	offset        int64
	within        bool // the offset may be within a line
}

// DayLine is a line of a day, with where it stands. A record that is being
// carried over from a host's database stands in two places.
type DayLine struct {
	Text []byte // valid until the call returns
	// Source names the file; Restart says that what came from there before is
	// void, since the file is another one now.
	Source  string
	Restart bool
	// Torn says that the line has no end yet; it comes again with the next read.
	Torn bool
}

// ReadDay prepares to read the lines of a day, or with most above 0 only as many
// of those that are there already as fit into so many bytes. Nothing is opened
// yet.
func (s *Store) ReadDay(item Item, kind Kind, day string, most int64) (*DayReader, error) {
	if err := item.Validate(); err != nil {
		return nil, err
	}
	return &DayReader{store: s, file: dayFile{item, kind, day}, most: most, files: map[string]*followed{}}, nil
}

// Next gives the lines that were added since the last call; at the first call
// all. It reads the main database last, for the reason that eachLine gives.
func (r *DayReader) Next(use func(DayLine)) error {
	prefixes, err := r.store.hostPrefixes()
	if err != nil {
		return err
	}
	for _, prefix := range prefixes {
		if err := r.follow(prefix, use); err != nil {
			return err
		}
	}
	return r.followMain(use)
}

// followMain reads on in the main database. A day with an archive is read anew
// when something of it has changed, which is rare.
func (r *DayReader) followMain(use func(DayLine)) error {
	if !r.store.mayBeArchived(r.file.day) {
		return r.follow(nil, use)
	}
	plain, archive, err := r.store.openMain(r.file, true)
	if err != nil {
		return err
	}
	var now fileIdentity
	if plain != nil {
		now = identityOf(int(plain.Fd()))
		_ = plain.Close()
	}
	packed := archive.identity()
	if archive == nil {
		return r.follow(nil, use)
	}
	_ = archive.Close()
	if now == r.plain && packed == r.archive {
		return nil
	}
	restart := r.archive != fileIdentity{} || r.files[""] != nil
	err = r.store.eachMainLine(r.file, func(line []byte) {
		use(DayLine{Text: line, Restart: restart})
		restart = false
	})
	if restart {
		use(DayLine{Restart: true})
	}
	delete(r.files, "")
	r.plain, r.archive = now, packed
	return err
}

// follow reads on in one file.
func (r *DayReader) follow(prefix []string, use func(DayLine)) error {
	source := ""
	if len(prefix) > 0 {
		source = prefix[len(prefix)-1]
	}
	elem := r.file.elem(prefix)
	fd, err := r.store.tree.open(unix.O_RDONLY, 0, elem...)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), r.store.tree.Path(elem...))
	defer file.Close()
	at, restart, err := r.position(source, fd)
	if err != nil {
		return err
	}
	reader := newLineReader(io.NewSectionReader(file, at.offset, 1<<62))
	for {
		line, err := reader.next()
		switch {
		case err == io.EOF:
			at.offset += reader.read
			if isObject(reader.rest) {
				use(DayLine{Text: reader.rest, Source: source, Restart: restart, Torn: true})
			} else if restart {
				use(DayLine{Source: source, Restart: true})
			}
			return nil
		case err != nil:
			return err
		}
		if at.within {
			at.within = false
			continue
		}
		use(DayLine{Text: line, Source: source, Restart: restart})
		restart = false
	}
}

// position tells where to go on in a file. One that was replaced, as by a
// merger that cuts it off or a person who edits it, is begun again.
func (r *DayReader) position(source string, fd int) (at *followed, restart bool, err error) {
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return nil, false, err
	}
	at = r.files[source]
	if at != nil && at.inode == info.Ino && at.device == uint64(info.Dev) && at.offset <= info.Size {
		return at, false, nil
	}
	restart = at != nil
	at = &followed{inode: info.Ino, device: uint64(info.Dev)}
	if r.most > 0 && info.Size > r.most {
		at.offset, at.within = info.Size-r.most, true
	}
	r.files[source] = at
	return at, restart, nil
}
