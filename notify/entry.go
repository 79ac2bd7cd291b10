package notify

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// entry is the content of a file of the outbox.
type entry struct {
	Alarm      Alarm             `json:"alarm"`
	Deliveries []PlannedDelivery `json:"deliveries,omitempty"`
	Done       []string          `json:"done,omitempty"` // channels that have delivered it
	Refused    []Refusal         `json:"refused,omitempty"`
	Absorbed   []string          `json:"absorbed,omitempty"` // digests that this one speaks for as well
	Attempts   int               `json:"attempts"`           // that failed
	Error      string            `json:"error,omitempty"`    // of the last one
	Final      bool              `json:"final,omitempty"`    // that one was refused for good
	Released   time.Time         `json:"released,omitzero"`  // when it was let go that was held back at first
}

// since is from when on an alarm may be sent, and its age counts.
func (e *entry) since() time.Time { return later(e.Alarm.Time, e.Released) }

func (e *entry) encode() ([]byte, error) {
	e.Deliveries, e.Done, e.Refused = e.Alarm.Deliveries, e.Alarm.Done, e.Alarm.Refused
	data, err := json.Marshal(e)
	return append(data, '\n'), err
}

func decodeEntry(data []byte) (e entry, ok bool) {
	ok = json.Unmarshal(data, &e) == nil && e.Alarm.Of().Validate() == nil
	e.Alarm.Deliveries, e.Alarm.Done, e.Alarm.Refused = e.Deliveries, e.Done, e.Refused
	return e, ok
}

// state says where an entry of the outbox is on its way.
type state string

const (
	stateNew  state = "new"  // nobody's, not decided yet
	stateHeld state = "held" // its owner will decide
	stateSend state = "send" // decided and being sent by its owner; counted
	stateWait state = "wait" // it failed, and is due at a time
	stateRest state = "rest" // held back until a time, and not to be hurried
	stateSent state = "sent" // sent, but the record of that is still in a spool; counted
	stateBad  state = "bad"  // cannot be read, kept for people
)

// entryName is the name of an entry. Everything that the processes have to agree
// on stands in it, so that one rename changes it for all of them at once, and
// so that nobody has to read a file to pass over it:
//
//	<item>-<same>-<id>.new | .held~<until>~<owner> | .send~<until>~<owner> | .wait~<due> | .rest~<due>[~<mute>] | .sent | .bad
//
// Item and same are hashes: of the direction and item, and of what makes alarms
// count together. Mute is one of the mute that holds the alarm back: when that is
// gone, the alarm is due. Times are Unix seconds.
type entryName struct {
	item, same, id string
	state          state
	until          int64 // end of the owner's lease, or the time when it is due
	owner          owner
	mute           string // that it rests for, if it is one
}

const (
	itemDigits = 12
	sameDigits = 16
	muteDigits = 8
)

// nameOf gives the name of an alarm's entry, but for its state.
func nameOf(a *Alarm, policy ratelimit.Policy) entryName {
	return entryName{item: itemHash(a.Of()), same: identityOf(a, policy).counter(a, policy), id: a.ID}
}

func itemHash(item record.Item) string { return record.MD5(item.Direction, item.Name)[:itemDigits] }

// as gives the name of the same entry in another state.
func (n entryName) as(s state, until time.Time, by owner) entryName {
	n.state, n.until, n.owner, n.mute = s, 0, owner{}, ""
	switch s {
	case stateHeld, stateSend:
		n.until, n.owner = until.Unix(), by
	case stateWait, stateRest:
		n.until = until.Unix()
	}
	return n
}

// alike reports whether two entries are of the same alarm of the same item.
func (n entryName) alike(other entryName) bool { return n.item == other.item && n.same == other.same }

func (n entryName) String() string {
	text := fmt.Sprintf("%s-%s-%s.%s", n.item, n.same, n.id, n.state)
	switch n.state {
	case stateHeld, stateSend:
		return fmt.Sprintf("%s~%d~%s", text, n.until, n.owner)
	case stateWait, stateRest:
		text = fmt.Sprintf("%s~%d", text, n.until)
		if n.mute != "" {
			text += "~" + n.mute
		}
	}
	return text
}

// parseEntryName reports false for a file that is no entry, such as one that is
// being written.
func parseEntryName(text string) (entryName, bool) {
	base, rest, found := strings.Cut(text, ".")
	if !found || len(base) < itemDigits+sameDigits+3 || base[itemDigits] != '-' || base[itemDigits+1+sameDigits] != '-' {
		return entryName{}, false
	}
	n := entryName{item: base[:itemDigits], same: base[itemDigits+1:][:sameDigits], id: base[itemDigits+sameDigits+2:]}
	fields := strings.Split(rest, "~")
	n.state = state(fields[0])
	ok := validID(n.id)
	switch n.state {
	case stateNew, stateSent, stateBad:
		return n, ok && len(fields) == 1
	case stateRest:
		if len(fields) == 3 {
			n.mute = fields[2]
			return n, ok && n.readUntil(fields[1]) && len(n.mute) == muteDigits && strings.Trim(n.mute, wordBytes) == ""
		}
		return n, ok && len(fields) == 2 && n.readUntil(fields[1])
	case stateWait:
		return n, ok && len(fields) == 2 && n.readUntil(fields[1])
	case stateHeld, stateSend:
		return n, ok && len(fields) == 5 && n.readUntil(fields[1]) && n.owner.read(fields[2:])
	}
	return n, false
}

func (n *entryName) readUntil(text string) bool {
	seconds, err := strconv.ParseInt(text, 10, 64)
	n.until = seconds
	return err == nil
}

// owner is the process that has claimed an entry, and where it runs.
type owner struct {
	place string // a hash of host, boot and PID namespace
	pid   int
	ticks uint64 // see record.Process
}

const placeDigits = 8

func ownerOf(p record.Process, host string) owner {
	return owner{place: record.MD5(host, p.Boot+" "+p.Space)[:placeDigits], pid: p.PID, ticks: p.Ticks}
}

func (o owner) String() string { return fmt.Sprintf("%s~%d~%d", o.place, o.pid, o.ticks) }

func (o *owner) read(fields []string) bool {
	pid, err := strconv.Atoi(fields[1])
	ticks, err2 := strconv.ParseUint(fields[2], 10, 64)
	*o = owner{fields[0], pid, ticks}
	return err == nil && err2 == nil && pid > 0
}

// void reports whether a claim has lapsed: at once where its process can be seen
// to be gone, and with the end of its lease where it cannot be seen from here
// (another host, another boot, another container).
func (n entryName) void(now time.Time, mine owner, self record.Process) bool {
	if n.owner.place != mine.place {
		return now.Unix() > n.until
	}
	p := record.Process{PID: n.owner.pid, Ticks: n.owner.ticks, Boot: self.Boot, Space: self.Space}
	return p.State(self) == record.StateDead
}
