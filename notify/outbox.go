package notify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
)

const outboxFolder = "outbox"

// outbox is the folder .mvrun/outbox of a database: one file an alarm, until it
// was sent. Its methods may hang as the file system does.
type outbox struct {
	tree *record.Tree
	self record.Process
	mine owner
	now  func() time.Time
}

func newOutbox(store *record.Store, self record.Process, now func() time.Time) *outbox {
	return &outbox{tree: store.Meta(), self: self, mine: ownerOf(self, store.Host()), now: now}
}

func outboxElem(name entryName) []string {
	return []string{record.MetaFolder, outboxFolder, name.String()}
}

// write puts an entry on the disk, so that it outlives a loss of power.
func (b *outbox) write(name entryName, e *entry) error {
	data, err := e.encode()
	if err != nil {
		return err
	}
	return b.tree.WriteSafely(data, 0o600, outboxElem(name)...)
}

// outboxFile is an entry that is to be written.
type outboxFile struct {
	name  entryName
	entry entry
}

// writeAll is write for several entries, which share what the folder costs. It
// returns what came of each.
func (b *outbox) writeAll(files []outboxFile) []error {
	contents := make([]record.NewFile, len(files))
	problems := make([]error, len(files))
	for i := range files {
		contents[i].Name = files[i].name.String()
		contents[i].Data, problems[i] = files[i].entry.encode()
	}
	if err := errors.Join(problems...); err != nil {
		return sameErrors(err, len(files)) // an alarm always can be encoded
	}
	return b.tree.WriteAllSafely(contents, 0o600, record.MetaFolder, outboxFolder)
}

// errUnreadable is given for an entry that is no alarm of its name.
var errUnreadable = errors.New("is no alarm")

func (b *outbox) read(name entryName) (entry, error) {
	data, err := b.tree.ReadFile(outboxElem(name)...)
	if err != nil {
		return entry{}, err
	}
	e, ok := decodeEntry(data)
	if !ok || e.Alarm.ID != name.id {
		return entry{}, fmt.Errorf("outbox entry %s: %w", name, errUnreadable)
	}
	return e, nil
}

// move changes the state of an entry. It fails with fs.ErrNotExist where another
// process has done so meanwhile, which makes it the way to claim one.
func (b *outbox) move(from, to entryName) error {
	return b.tree.Rename([]string{record.MetaFolder, outboxFolder}, from.String(), to.String())
}

func (b *outbox) remove(name entryName) error { return b.tree.Remove(outboxElem(name)...) }

// listOutbox gives all entries of a database, oldest alarm first.
func listOutbox(tree *record.Tree) ([]entryName, error) {
	files, err := tree.List(record.MetaFolder, outboxFolder)
	if err != nil {
		return nil, err
	}
	names := make([]entryName, 0, len(files))
	for _, file := range files {
		if name, ok := parseEntryName(file.Name()); ok {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b entryName) int { return strings.Compare(a.id, b.id) })
	return names, nil
}

// Tidy removes from the outbox of a database what killed writers have left: an
// alarm without a name was never taken over.
func Tidy(store *record.Store, now time.Time) error {
	return store.Meta().Tidy(now, record.MetaFolder, outboxFolder)
}

// open reports whether an entry may be taken by this process. With force, one
// that failed is taken before it is due.
func (b *outbox) open(name entryName, force bool) bool {
	switch name.state {
	case stateNew, stateSent:
		return true
	case stateWait:
		return force || b.now().Unix() >= name.until
	case stateRest:
		// Further ahead than any rest is what a clock has written that was wrong.
		left := time.Duration(name.until-b.now().Unix()) * time.Second
		return left <= 0 || left > restMax+leaseMargin
	case stateHeld, stateSend:
		return name.void(b.now(), b.mine, b.self)
	}
	return false
}

// flight is the entries of an item that are being sent, or were sent without a
// record in the database so far, by their ids.
type flight struct {
	alike map[fingerprint]entryName // that count together with the one in question
	older map[fingerprint]bool      // raised before it, alike or not
}

// inFlight finds what is under way of an entry's item beside itself.
func (b *outbox) inFlight(name entryName) (flight, error) {
	found := flight{alike: map[fingerprint]entryName{}, older: map[fingerprint]bool{}}
	names, err := listOutbox(b.tree)
	for _, other := range names {
		sending := other.state == stateSend && !other.void(b.now(), b.mine, b.self)
		if other.item != name.item || other.id == name.id || !sending && other.state != stateSent {
			continue
		}
		id := fingerprintOf(other.id)
		if other.alike(name) {
			found.alike[id] = other
		}
		if other.id < name.id {
			found.older[id] = true
		}
	}
	return found, err
}
