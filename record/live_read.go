package record

import (
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readOn gives the records of an item's day that are new: first those in the
// databases of hosts, from where they are carried over, see Store.Merge.
func (f *Follower) readOn(src *source, day string) []Row {
	file := dayFile{src.item, f.query.Kind, day}
	var rows []Row
	for _, host := range src.hosts {
		rows = append(rows, f.readPart(file, host.prefix)...)
	}
	return append(rows, f.readPart(file, nil)...)
}

// readPart reads on in one file. Where that fails, it is tried again with the next
// call, from the same place.
func (f *Follower) readPart(file dayFile, prefix []string) []Row {
	elem := file.elem(prefix)
	fd, err := f.store.tree.open(unix.O_RDONLY, 0, elem...)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.reader.problem(err)
		}
		return nil
	}
	data := os.NewFile(uintptr(fd), f.store.tree.Path(elem...))
	defer data.Close()
	at, since, changed := f.position(file, elem, fd)
	if !changed {
		return nil
	}
	if _, err := data.Seek(at.whole, io.SeekStart); err != nil {
		f.reader.problem(err)
		return nil
	}
	began, _ := time.ParseInLocation(DayLayout, file.day, f.reader.matcher.location)
	p := &part{file: file, day: began, wholeOnly: true, seen: lineSet{}, follow: f.seenOf(file), host: prefix != nil, shown: at.shown, since: since}
	f.reader.stats.Files++
	whole, err := f.reader.scan(data, p)
	if err != nil {
		f.reader.problem(err)
	}
	at.whole += whole
	if whole > 0 {
		at.shown = 0
	}
	at.looked = f.store.options.Now()
	return p.rows
}

// position tells where to go on in a file. Of one that was put in the place of
// another, as by an editor, the records since the last look are new; but where the
// other was archived, all are.
func (f *Follower) position(file dayFile, elem []string, fd int) (at *place, since time.Time, changed bool) {
	id := identityOf(fd)
	name := nameOf(elem)
	at = f.places[name]
	same := at != nil && at.inode == id.inode && at.device == id.device && at.whole <= id.size
	if same {
		return at, since, at.whole < id.size
	}
	if at != nil && !f.isArchived(file) {
		since = at.looked.Truncate(time.Second) // some write no more of a time than that
	}
	at = &place{file: file, inode: id.inode, device: id.device}
	f.places[name] = at
	return at, since, true
}

func (f *Follower) isArchived(file dayFile) bool {
	if !f.store.mayBeArchived(file.day) {
		return false
	}
	archive, err := f.store.openArchive(file)
	if archive != nil {
		_ = archive.Close()
	}
	return err == nil && archive != nil
}

// isNews reports whether a line that is followed was not given before, and notes
// it. A line may be in the main file twice, and meant so; in the databases of
// hosts none is.
func (p *part) isNews(line []byte, at time.Time) bool {
	hash := maphash.Bytes(lineSeed(), line)
	_, ofHosts := p.follow.ofHosts[hash]
	_, ofMain := p.follow.ofMain[hash]
	shown := p.shown
	p.shown = 0
	if p.host {
		p.follow.ofHosts[hash] = struct{}{}
	} else {
		p.follow.ofMain[hash] = struct{}{}
	}
	replaced := !p.since.IsZero()
	return !ofHosts && !((p.host || replaced) && ofMain) && hash != shown && !at.Before(p.since)
}
