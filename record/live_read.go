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
	at, changed := f.position(file, elem, fd, prefix != nil)
	if !changed {
		return nil
	}
	if _, err := data.Seek(at.whole, io.SeekStart); err != nil {
		f.reader.problem(err)
		return nil
	}
	began, _ := time.ParseInLocation(DayLayout, file.day, f.reader.matcher.location)
	p := &part{file: file, day: began, wholeOnly: true, seen: lineSet{}, follow: f.seenOf(file), host: prefix != nil, shown: at.shown, replaced: at.replaced}
	if !p.host {
		p.given = &at.given
	}
	f.reader.stats.Files++
	whole, err := f.reader.scan(data, p)
	if err != nil {
		f.reader.problem(err)
	}
	at.whole += whole
	if whole > 0 {
		at.shown, at.mark = 0, markOf(fd, at.whole)
	}
	if len(p.rows) > 0 || p.replaced != nil && p.replaced.past {
		at.replaced = nil
	}
	at.looked = f.store.options.Now()
	return p.rows
}

// position tells where to go on in a file. Of one that was put in the place of
// another, what is behind that is new, see replacedFile; but where the other was
// archived, all is. What a host has is known by its lines, see isNews: its file is
// replaced whenever it was carried over.
func (f *Follower) position(file dayFile, elem []string, fd int, host bool) (at *place, changed bool) {
	id := identityOf(fd)
	name := nameOf(elem)
	before := f.places[name]
	if before != nil && before.isSame(fd, id) {
		return before, before.whole < id.size
	}
	at = &place{file: file, inode: id.inode, device: id.device}
	if before != nil && !host && !f.isArchived(file) {
		at.given, at.replaced = before.given, replacedFile(before)
	}
	f.places[name] = at
	return at, true
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
	if p.replaced != nil && p.replaced.isOld(hash, at) {
		return false
	}
	if p.given != nil && hash != shown {
		p.given.add(hash, at)
	}
	return !ofHosts && !(p.host && ofMain) && hash != shown
}
