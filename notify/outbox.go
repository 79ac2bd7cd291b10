package notify

import (
	"encoding/json"
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

func (b *outbox) write(name entryName, e *entry) error {
	data, err := e.encode()
	if err != nil {
		return err
	}
	return b.tree.WriteFile(data, 0o600, outboxElem(name)...)
}

// errUnreadable is given for an entry that is no alarm of its name.
var errUnreadable = errors.New("is no alarm")

func (b *outbox) read(name entryName) (entry, error) {
	data, err := b.tree.ReadFile(outboxElem(name)...)
	if err != nil {
		return entry{}, err
	}
	var e entry
	if json.Unmarshal(data, &e) != nil || e.Alarm.ID != name.id || e.Alarm.Of().Validate() != nil {
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

// open reports whether an entry may be taken by this process. With force, one
// that failed is taken before it is due.
func (b *outbox) open(name entryName, force bool) bool {
	switch name.state {
	case stateNew, stateSent:
		return true
	case stateWait:
		return force || b.now().Unix() >= name.until
	case stateHeld, stateSend:
		return name.void(b.now(), b.mine, b.self)
	}
	return false
}

// inFlight gives the ids of the entries alike that are being sent, or were sent
// without a record in the database so far.
func (b *outbox) inFlight(name entryName) (map[string]bool, error) {
	names, err := listOutbox(b.tree)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, other := range names {
		sending := other.state == stateSend && !other.void(b.now(), b.mine, b.self)
		if other.alike(name) && other.id != name.id && (sending || other.state == stateSent) {
			ids[other.id] = true
		}
	}
	return ids, nil
}
