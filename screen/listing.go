package screen

import (
	"hash/maphash"
	"slices"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// How many records are asked for: first, so that the newest are there at once, then
// as one goes down, and at last as many as are held. The sizes of their lines are
// bounded, too.
var limits = [...]int{500, 4000, maxHeld}

const (
	maxHeld      = 20_000
	maxHeldBytes = 24 << 20
)

// listing is one tab's table: what was read, in which order it is shown, and where
// its reader is.
type listing struct {
	kind   record.Kind
	titles []string
	seed   maphash.Seed // of the entries' keys

	entries []viewer.Entry // as they came: records the newest first, items by their names
	shown   []int          // indexes of entries in the order in which they are shown
	widths  []int          // of the columns, of all entries so far
	bytes   int
	level   int // of limits
	ordered order
	keys    []sortKey // of the entries, in the order keyed; a sort may come with every batch
	keyed   order

	// What is being read that will take the place of the entries.
	next       []viewer.Entry
	nextWidths []int
	replacing  bool

	selected int // index of shown
	top      int // index of the first row of shown that is on the screen
	shift    int // columns that are scrolled away to the left
	fresh    int // entries that came above the selected one and were not looked at

	listed, more, live bool
	reading            bool
	began              bool // something was asked for
	generation         int  // of the request whose answers are wanted
	notes              []string
	failure            error
	want               pending // waits for older records
}

func newListing(kind record.Kind) *listing {
	return &listing{kind: kind, titles: viewer.Titles(kind), seed: maphash.MakeSeed(), ordered: order{column: -1}}
}

// limit is how many records are asked for.
func (l *listing) limit() int {
	if l.kind == viewer.Monitor {
		return maxHeld
	}
	return limits[l.level]
}

// full reports whether no more will be read, though there is more.
func (l *listing) full() bool { return l.level == len(limits)-1 || l.bytes >= maxHeldBytes }

// begin prepares for the answers of a request. Where the entries are of the same
// query, they stay until the answer is whole.
func (l *listing) begin(generation int, same bool) {
	l.generation, l.reading, l.began, l.failure, l.notes = generation, true, true, nil, nil
	l.listed, l.live = false, false
	l.next, l.nextWidths, l.replacing = nil, nil, same && len(l.entries) > 0
	if !l.replacing {
		l.clear()
	}
}

func (l *listing) clear() {
	l.entries, l.keys, l.shown, l.widths, l.bytes = nil, nil, nil, nil, 0
	l.selected, l.top, l.fresh, l.more = 0, 0, 0, false
}

// take adds a batch of an answer.
func (l *listing) take(b viewer.Batch) {
	for _, note := range b.Notes {
		if !slices.Contains(l.notes, note) && len(l.notes) < maxNotes {
			l.notes = append(l.notes, note)
		}
	}
	switch {
	case b.Replace:
		l.replace(b.Entries, b.Widths)
	case l.replacing:
		l.next, l.nextWidths = append(l.next, b.Entries...), widest(l.nextWidths, b.Widths)
		if b.Listed {
			l.replace(l.next, l.nextWidths)
			l.next, l.nextWidths, l.replacing = nil, nil, false
		}
	case l.listed:
		l.widths = widest(l.widths, b.Widths)
		l.addNews(b.Entries)
	default:
		l.widths = widest(l.widths, b.Widths)
		l.append(b.Entries)
	}
	if b.Listed {
		l.listed, l.reading, l.more, l.live = true, false, l.more || b.More, b.Live
	}
}

// maxNotes bounds how many problems are held.
const maxNotes = 50

// append adds older records below.
func (l *listing) append(entries []viewer.Entry) {
	l.hold(entries)
	l.reorder(l.selectedKey())
}

// hold takes as many entries as there is room for.
func (l *listing) hold(entries []viewer.Entry) {
	for _, e := range entries {
		if l.bytes >= maxHeldBytes {
			l.more = true
			break
		}
		l.bytes += e.Size()
		l.entries = append(l.entries, e)
	}
}

// addNews puts new records above the others. The oldest are let go where they are
// too many.
func (l *listing) addNews(entries []viewer.Entry) {
	if len(entries) == 0 {
		return
	}
	key := l.selectedKey()
	for _, e := range entries {
		l.bytes += e.Size()
	}
	if len(l.keys) == len(l.entries) && l.keyed == l.ordered {
		l.keys = append(l.ordered.keys(l.kind, entries), l.keys...)
	}
	l.entries = append(slices.Clone(entries), l.entries...)
	for keep := len(l.entries) - 1; keep > 0 && (len(l.entries) > maxHeld+maxHeld/4 || l.bytes > maxHeldBytes); keep-- {
		l.bytes -= l.entries[keep].Size()
		l.entries[keep] = viewer.Entry{}
		l.entries, l.more = l.entries[:keep], true
		l.keys = l.keys[:min(keep, len(l.keys))]
	}
	before := l.selected
	l.reorder(key)
	if l.selected > before {
		l.fresh += l.selected - before
		if l.top > 0 {
			l.top += l.selected - before // what is on the screen stays where it is
		}
	}
}

// replace takes other entries in the place of all.
func (l *listing) replace(entries []viewer.Entry, widths []int) {
	key := l.selectedKey()
	if l.selected == 0 && l.ordered.column >= 0 && l.kind != viewer.Monitor {
		key = nil // who looks at the first of what is sorted wants to see the first
	}
	offset := l.selected - l.top
	l.entries, l.keys, l.widths, l.bytes, l.more = nil, nil, widths, 0, false
	l.hold(entries)
	l.reorder(key)
	l.top = max(0, l.selected-offset)
}

// identity tells an entry from the others: an item by its name, a record by all.
func (l *listing) identity(e viewer.Entry) any {
	if l.kind == viewer.Monitor {
		return e.Item()
	}
	return e.Key(l.seed)
}

// selectedKey is the identity of the selected entry; nil where there is none.
func (l *listing) selectedKey() any {
	if e, ok := l.current(); ok {
		return l.identity(e)
	}
	return nil
}

// current is the selected entry.
func (l *listing) current() (viewer.Entry, bool) {
	if l.selected < 0 || l.selected >= len(l.shown) {
		return viewer.Entry{}, false
	}
	return l.entries[l.shown[l.selected]], true
}

// reorder sorts the entries, and selects the one with this identity again.
func (l *listing) reorder(selected any) {
	if len(l.keys) != len(l.entries) || l.keyed != l.ordered {
		l.keys, l.keyed = l.ordered.keys(l.kind, l.entries), l.ordered
	}
	l.shown = l.ordered.sort(l.keys, len(l.entries))
	if selected != nil && selected != l.selectedKey() {
		if i := slices.IndexFunc(l.shown, func(i int) bool { return l.identity(l.entries[i]) == selected }); i >= 0 {
			l.selected = i
			return
		}
	}
	l.selected = max(0, min(l.selected, len(l.shown)-1))
}

// widest joins the widths of columns.
func widest(a, b []int) []int {
	if len(a) < len(b) {
		a, b = b, a
	}
	a = slices.Clone(a)
	for i := range b {
		a[i] = max(a[i], b[i])
	}
	return a
}

// move selects another row.
func (l *listing) move(to, height int) {
	l.selected = max(0, min(to, len(l.shown)-1))
	if l.selected == 0 {
		l.fresh = 0
	}
	l.reveal(height)
}

// reveal scrolls so that the selected row is one of those on the screen.
func (l *listing) reveal(height int) {
	height = max(height, 1)
	l.top = min(l.top, l.selected)
	l.top = max(l.top, l.selected-height+1)
	l.top = max(0, min(l.top, len(l.shown)-height))
	l.fresh = min(l.fresh, l.selected)
}

// scroll turns the wheel: the rows move, and the selection only where it would
// leave the screen.
func (l *listing) scroll(by, height int) {
	l.top = max(0, min(l.top+by, len(l.shown)-height))
	l.selected = max(l.top, min(l.selected, l.top+height-1))
	l.selected = max(0, min(l.selected, len(l.shown)-1))
	l.fresh = min(l.fresh, l.selected)
}

// nearEnd reports whether older records should be there soon.
func (l *listing) nearEnd(height int) bool {
	return l.more && l.listed && !l.reading && !l.full() && l.top+2*height >= len(l.shown)
}

// pending is what waits until older records are there.
type pending int

const (
	nothing        pending = iota
	lookingFurther         // the search goes on in them
)
