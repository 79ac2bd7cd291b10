package record

import (
	"cmp"
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

func compareText(a, b string) int { return strings.Compare(a, b) }

func compareItems(a, b Item) int {
	return cmp.Or(cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Name, b.Name))
}

// lockedRemovals bounds how many days are removed under one side lock, for which
// others wait at most two seconds.
const lockedRemovals = 32

// item prunes an item.
func (p *pruner) item(item Item) {
	if !p.options.DryRun {
		for _, prefix := range p.prefixes {
			p.report.judge(p.mergeItem(p.ctx, prefix, item, &MergeStats{}))
		}
	}
	var past []*storedDay
	for _, kind := range Kinds {
		terms := p.options.Terms(item, kind)
		removed, archived := p.before(terms.Keep), p.before(terms.Archive)
		if removed == "" && archived == "" {
			continue
		}
		days, err := p.days(item, kind)
		if err != nil {
			p.report.judge(err)
		}
		for _, day := range days {
			switch wanted := day.plain >= 0 || len(day.hosts) > 0; {
			case day.file.day >= removed && (day.file.day >= archived || !wanted):
			case kind == Alarm && p.options.Unsent != nil && p.options.Unsent(item, day.file.day):
				p.report.Unsent++
			case day.file.day < removed:
				past = append(past, day)
			default:
				p.archiveDay(day)
			}
		}
		p.tidyArchives(item, kind)
	}
	for len(past) > 0 {
		n := min(len(past), lockedRemovals)
		p.removeDays(item, past[:n])
		past = past[n:]
	}
	p.outputs(item)
}

// tidyArchives removes what killed packers have left.
func (p *pruner) tidyArchives(item Item, kind Kind) {
	if !p.options.DryRun {
		p.report.judge(p.tree.Tidy(p.now, archiveKindElem(item, kind)...))
	}
}

// removeDays removes days that are past their date.
func (p *pruner) removeDays(item Item, days []*storedDay) {
	if p.ctx.Err() != nil {
		return
	}
	if !p.options.DryRun {
		unlock, err := p.Lock(item.Direction, item.Name)
		if err != nil {
			p.report.judge(err)
			return
		}
		defer unlock()
	}
	for _, day := range days {
		if !p.carriedOver(day) {
			p.report.Waiting++
			continue
		}
		p.removeCopies(day)
		if day.archive >= 0 && p.remove(day.file.archiveElem()) {
			p.report.Removed.add(day.archive)
		}
		if day.plain >= 0 && p.removePlain(day.file) {
			p.report.Removed.add(day.plain)
		}
	}
}

// archiveDay brings a day into its archive, or what came late for it.
func (p *pruner) archiveDay(day *storedDay) {
	if p.ctx.Err() != nil {
		return
	}
	if !p.carriedOver(day) {
		p.report.Waiting++
		return
	}
	if p.options.DryRun {
		if day.plain >= 0 {
			p.report.Archived.add(day.plain)
		}
		p.removeCopies(day)
		return
	}
	if day.plain < 0 {
		if day.archive >= 0 { // one that was killed has left the copies
			p.underLock(day, func() error { p.removeCopies(day); return nil })
		}
		return
	}
	if err := p.mayRemove(day.file); err != nil {
		p.report.judge(err)
		return
	}
	packed, err := p.pack(p.ctx, day.file)
	if err != nil {
		p.report.judge(err)
		return
	}
	defer p.discard(packed)
	size := packed.size
	p.underLock(day, func() error {
		if err := p.commit(packed); err != nil {
			return err
		}
		p.report.Archived.add(packed.plain.size)
		if size > 0 {
			p.report.Packed += size - packed.archive.size
		}
		p.removeCopies(day)
		return nil
	})
}

// underLock does something about a day of which, under the item's side lock, all
// is still carried over.
func (p *pruner) underLock(day *storedDay, do func() error) {
	unlock, err := p.Lock(day.file.item.Direction, day.file.item.Name)
	if err == nil {
		defer unlock()
		if p.carriedOver(day) {
			err = do()
		} else {
			err = errReplaced
		}
	}
	p.report.judge(err)
}

// carriedOver reports whether the main database has all of a day. Only under the
// item's side lock it stays so.
func (p *pruner) carriedOver(day *storedDay) bool {
	for i, host := range day.hosts {
		offsets, err := p.readOffsets(host.prefix, day.file.item)
		if err != nil {
			return false
		}
		size, err := p.sizeOf(day.file.elem(host.prefix))
		if errors.Is(err, fs.ErrNotExist) {
			size, err = 0, nil // another prune was faster
		}
		if err != nil || size != offsets[mergedKey(day.file)] && size > 0 {
			return false
		}
		day.hosts[i].size = size
	}
	return true
}

func (p *pruner) sizeOf(elem []string) (int64, error) {
	fd, err := p.tree.open(unix.O_RDONLY, 0, elem...)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	return identityOf(fd).size, nil
}

// removeCopies removes the copies in the hosts' databases of a day that is
// carried over: the note of that first. A file without its note is carried over
// once more; a note without its file would hide what the host writes later.
func (p *pruner) removeCopies(day *storedDay) {
	for _, host := range day.hosts {
		if p.options.DryRun {
			p.report.Copies.add(host.size)
			continue
		}
		if err := p.mayRemoveElem(day.file.elem(host.prefix)); err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				p.report.judge(err)
			}
			continue
		}
		if err := p.forgetOffset(host.prefix, day.file); err != nil {
			p.report.judge(err)
			continue
		}
		if p.remove(day.file.elem(host.prefix)) {
			p.report.Copies.add(host.size)
		}
	}
}

// remove removes a file, or says that it would.
func (p *pruner) remove(elem []string) bool {
	if p.options.DryRun {
		return true
	}
	err := p.tree.Remove(elem...)
	if errors.Is(err, fs.ErrNotExist) {
		return false // another prune was faster
	}
	p.report.judge(err)
	return err == nil
}

func (p *pruner) removePlain(file dayFile) bool {
	if p.options.DryRun {
		return true
	}
	err := p.withDayFile(file, func(dir int, _ fileIdentity) error { return unix.Unlinkat(dir, file.day, 0) })
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	p.report.judge(err)
	return err == nil
}

// mayRemove tells before the work is done whether the day file can be removed.
func (p *pruner) mayRemove(file dayFile) error { return p.mayRemoveElem(file.elem(nil)) }

func (p *pruner) mayRemoveElem(elem []string) error {
	dir, name, err := p.tree.parent(false, elem)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	fd, err := openRegular(dir, name, unix.O_RDWR, 0)
	if err == nil {
		owner := identityOf(fd).owner
		unix.Close(fd)
		err = mayUnlink(dir, owner)
	}
	if err != nil {
		return pathError("remove", p.tree.Path(elem...), err)
	}
	return nil
}

// mayUnlink tells whether this user may remove a file of that owner from a
// folder: unlink(2), EACCES and EPERM.
func mayUnlink(dir, owner int) error {
	if err := unix.Faccessat(dir, ".", unix.W_OK, unix.AT_EACCESS); err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(dir, &st); err != nil {
		return err
	}
	me := unix.Geteuid()
	if uint32(st.Mode)&unix.S_ISVTX != 0 && me != 0 && me != owner && me != int(st.Uid) {
		return unix.EPERM
	}
	return nil
}
