package record

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// KeptOutput stands for the kept outputs of runs where kinds are asked about.
const KeptOutput Kind = "output"

// Terms says for how many days records stay; 0 is for ever. The day of the
// records, and at least the two days before today, do not count.
type Terms struct {
	Keep    int // then they are removed
	Archive int // then they are archived
}

// MinTerm is the shortest term, in days.
const MinTerm = 2

// PruneOptions are the settings of Prune. All functions but Terms may be nil.
type PruneOptions struct {
	Terms    func(Item, Kind) Terms
	Unsent   func(item Item, day string) bool // alarms of this day wait to be sent
	DryRun   bool                             // count only
	Progress func(PruneProgress)
}

// PruneProgress is given before each item, and at the end without one.
type PruneProgress struct {
	Item        Item
	Done, Items int
	Report      PruneReport // so far
}

// Amount counts files and their bytes on disk.
type Amount struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

func (a *Amount) add(size int64) {
	a.Files++
	a.Bytes += size
}

// PruneReport counts what Prune did, or would do.
type PruneReport struct {
	Removed  Amount // day files and archives that were past their date
	Archived Amount // day files that went into archives
	Packed   int64  // bytes that the archives have grown by for that; 0 in a dry run
	Copies   Amount // copies in hosts' databases of what was removed or archived
	Outputs  Amount // kept outputs of runs, and torn lines that were set aside

	Unsent  int // days that stay since their alarms wait to be sent
	Waiting int // days that stay until their lines have been carried over, or are written to
	Others  int // files that stay since they belong to other users

	Problems []error // at most maxNamed
	Failures int     // how many there were
}

func (r *PruneReport) problem(err error) {
	r.Failures++
	r.Problems = appendNamed(r.Problems, err)
}

// judge sorts an error into what somebody has to see to and what is as it is.
func (r *PruneReport) judge(err error) {
	switch {
	case err == nil, errors.Is(err, context.Canceled):
	case errors.Is(err, fs.ErrNotExist): // another prune was faster
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EPERM):
		r.Others++
	case errors.Is(err, errReplaced), errors.Is(err, ErrLocked):
		r.Waiting++ // somebody else is at it
	default:
		r.problem(err)
	}
}

// Prune removes what is past its date, and archives old days. It may run on
// many hosts at once, beside writers and readers, and be killed at any point:
//
// Nothing of today, of yesterday or of the future is touched, and nothing whose
// name is no date. A day is archived by writing the whole archive beside the
// one that is there, reading it back, and then, under the item's side lock,
// renaming it and removing the day file, if neither has changed meanwhile. Lines
// that come later make a new day file, which the next Prune adds to the archive.
//
// A host's copy of a day goes last, also under the side lock, and only once all
// of it has been carried over: first the note how far that was, then the file.
// Killed in between, the next merger finds the lines in the archive and adds
// none twice. Any host may do that for any other: who appends to a host's file
// of an old day, as a spool does that comes late, holds the side lock, too (see
// Store.appendToHost), and the appends of today and yesterday need none.
func (s *Store) Prune(ctx context.Context, o PruneOptions) (PruneReport, error) {
	p := &pruner{Store: s, ctx: ctx, options: o, now: s.options.Now()}
	items, err := p.items()
	if err != nil {
		return p.report, err
	}
	for i, item := range items {
		if ctx.Err() != nil {
			break
		}
		p.tell(PruneProgress{Item: item, Done: i, Items: len(items)})
		p.item(item)
	}
	p.rest()
	p.tell(PruneProgress{Done: len(items), Items: len(items)})
	return p.report, ctx.Err()
}

// pruner is one Prune under way.
type pruner struct {
	*Store
	ctx      context.Context
	options  PruneOptions
	now      time.Time
	prefixes [][]string // of the hosts' databases
	report   PruneReport
}

func (p *pruner) tell(progress PruneProgress) {
	if p.options.Progress != nil {
		progress.Report = p.report
		p.options.Progress(progress)
	}
}

// items lists what has records anywhere, also where only archives are left.
func (p *pruner) items() ([]Item, error) {
	if _, err := p.tree.rootFD(false); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	var err error
	if p.prefixes, err = p.hostPrefixes(); err != nil {
		return nil, err
	}
	var stats Stats
	var items []Item
	for _, src := range p.sources(nil, nil, &stats) {
		items = append(items, src.item)
	}
	items = append(items, p.itemFolders([]string{metaFolder, archiveFolder}, nil, nil, &stats)...)
	for _, err := range stats.Problems {
		p.report.judge(err)
	}
	slices.SortFunc(items, compareItems)
	return slices.Compact(items), nil
}

// before gives the day before which something is past a term; nothing is before
// "", as where the term is for ever.
func (p *pruner) before(term int) string {
	if term <= 0 {
		return ""
	}
	return Day(p.now.AddDate(0, 0, -max(term, MinTerm)))
}

// storedDay is all that the database has of a day.
type storedDay struct {
	file    dayFile
	plain   int64 // bytes; -1 where there is none
	archive int64
	hosts   []hostCopy
}

type hostCopy struct {
	prefix []string
	size   int64
}

// days lists what the database has of a kind of an item, oldest first.
func (p *pruner) days(item Item, kind Kind) ([]*storedDay, error) {
	found := map[string]*storedDay{}
	of := func(day string) *storedDay {
		if found[day] == nil {
			found[day] = &storedDay{file: dayFile{item, kind, day}, plain: -1, archive: -1}
		}
		return found[day]
	}
	err := p.eachSize(archiveKindElem(item, kind), func(name string, size int64) {
		if day, ok := archiveDay(name); ok {
			of(day).archive = size
		}
	})
	err = errors.Join(err, p.eachSize([]string{item.Direction, item.Name, string(kind)}, func(name string, size int64) {
		if isDate(name) {
			of(name).plain = size
		}
	}))
	for _, prefix := range p.prefixes {
		folder := append(prefix[:len(prefix):len(prefix)], item.Direction, item.Name, string(kind))
		err = errors.Join(err, p.eachSize(folder, func(name string, size int64) {
			if isDate(name) {
				day := of(name)
				day.hosts = append(day.hosts, hostCopy{prefix, size})
			}
		}))
	}
	days := make([]*storedDay, 0, len(found))
	for _, day := range found {
		days = append(days, day)
	}
	slices.SortFunc(days, func(a, b *storedDay) int { return compareText(a.file.day, b.file.day) })
	return days, err
}

// eachSize gives the regular files of a folder.
func (p *pruner) eachSize(folder []string, use func(name string, size int64)) error {
	entries, err := p.tree.List(folder...)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			use(entry.Name(), info.Size())
		}
	}
	return err
}
