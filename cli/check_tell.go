package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/notify"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
	"github.com/mvrun/mvrun/viewer"
)

// checkFolder is where checks keep what the next one has to know, and checkLocks
// where their locks are: the name of a direction begins with no dot.
const (
	checkFolder = "check"
	checkLocks  = ".check"
)

// toldProblem is a problem that checks have raised alarms of. Somebody is to be told
// when one is over that he was told of. Days are those of [record.Day], "" for none.
type toldProblem struct {
	Direction string          `json:"direction"`
	Item      string          `json:"item"`
	State     heartbeat.State `json:"state"`
	Since     time.Time       `json:"since"`
	Day       string          `json:"day"`              // on which somebody was told last
	Before    string          `json:"before,omitempty"` // on which he was told last of an earlier one, of the same cause
	Silent    string          `json:"silent,omitempty"` // on which its alarm was held back for good last
	Over      bool            `json:"over,omitempty"`   // it has ended, and is known for the rest of that day
}

func (t toldProblem) key() toldKey {
	return toldKey{record.Item{Direction: t.Direction, Name: t.Item}, familyOf(t.State)}
}

// toldKey is what is told of once a day: an item and a cause.
type toldKey struct {
	item   record.Item
	family string
}

// familyOf makes one cause of being late and having stopped.
func familyOf(state heartbeat.State) string {
	if state.Silent() {
		return "silent"
	}
	return string(state)
}

// placeWait bounds how long a check waits for its alarms to be on a disk.
const placeWait = 30 * time.Second

func toldElem() []string { return []string{record.MetaFolder, checkFolder, "told.json"} }

// tell raises the alarms and notices of a check. Of several checks at once one
// does it: the others find the lock taken. Should two get through, on a file
// system without locks, the frequency of the alarms lets one of each out.
func (c *check) tell() {
	unlock, err := c.store.Lock(checkLocks, "tell")
	if errors.Is(err, record.ErrLocked) {
		return // another check is telling the same
	}
	if err != nil {
		c.note(err)
	} else {
		defer unlock()
	}
	told, err := c.readTold()
	if err != nil {
		c.note(err)
	}
	before := maps.Clone(told)
	c.tellProblems(told)
	c.tellBack(told)
	if maps.Equal(before, told) {
		return
	}
	// Killed before this, the next check tells again, and the frequency of the
	// alarms holds back what was sent.
	if !c.desk.placed(placeWait) {
		c.note(errors.New("the alarms could not be put on a disk in time; the next check tells again"))
		return
	}
	c.note(c.keepTold(told))
}

// readTold reads the problems that somebody was told of: from the database, and
// what this host had to keep for itself while that could not be written. What cannot
// be understood is nothing: then somebody is told again.
func (c *check) readTold() (map[toldKey]toldProblem, error) {
	told := map[toldKey]toldProblem{}
	data, err := readNote(c.store, toldElem())
	addTold(told, data)
	if private, ok := c.privateNotes(); ok {
		own, _ := private.ReadFile(c.privateTold())
		addTold(told, own)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return told, err
}

// addTold adds what a note says; of two for one problem, the later day counts.
func addTold(told map[toldKey]toldProblem, data []byte) {
	var list []toldProblem
	if json.Unmarshal(data, &list) != nil {
		return
	}
	for _, one := range list {
		if known, ok := told[one.key()]; !ok || known.Day < one.Day {
			told[one.key()] = one
		}
	}
}

// keepTold keeps what was told. Where the database cannot be written, it is this
// host that remembers: nobody is to be told again with every check.
func (c *check) keepTold(told map[toldKey]toldProblem) error {
	list := slices.SortedFunc(maps.Values(told), func(a, b toldProblem) int {
		return slices.Compare([]string{a.Direction, a.Item, string(a.State)}, []string{b.Direction, b.Item, string(b.State)})
	})
	data, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return fmt.Errorf("keep what the check has told: %w", err)
	}
	data = append(data, '\n')
	err = writeNote(c.store, data, toldElem())
	private, ok := c.privateNotes()
	switch {
	case !ok:
	case err != nil:
		_ = private.WriteFile(data, 0o600, c.privateTold())
	default:
		_ = private.Remove(c.privateTold())
	}
	return err
}

// privateNotes is what the checks of this user on this host share.
func (c *check) privateNotes() (*record.Tree, bool) {
	tree, err := record.OpenPrivate(hostFolders())
	return tree, err == nil
}

func (c *check) privateTold() string {
	return "told-" + record.MD5("told", c.store.Path())[:16] + ".json"
}

// tellProblems raises an alarm of each problem that nobody was told of today. An
// alarm that is held back for good tells nobody: as soon as the like may go out, the
// next check tells.
func (c *check) tellProblems(told map[toldKey]toldProblem) {
	for i := range c.found {
		found := &c.found[i]
		if !wrong(found) {
			continue
		}
		for _, problem := range found.Problems {
			if !problem.Early {
				c.tellProblem(told, found, problem)
			}
		}
	}
}

func (c *check) tellProblem(told map[toldKey]toldProblem, found *viewer.Checked, problem heartbeat.Problem) {
	key := toldKey{found.Item, familyOf(problem.State)}
	known, open := told[key]
	if !open || known.Over {
		known = toldProblem{Direction: found.Item.Direction, Item: found.Item.Name, Since: problem.Since, Before: known.Day}
	}
	if c.isToday(known.Day) {
		return
	}
	message := c.message(found, problem, key)
	silent := c.isToday(known.Before) || c.desk.drops(found.Item, message, notify.KindCheck)
	if !c.isNew(silent, &known.Day, &known.Silent) {
		return
	}
	known.State = problem.State
	told[key] = known
	c.desk.raiseAbout(found.Item, message, notify.KindCheck)
}

// isNew notes the day of an alarm that tells somebody, or nobody, since it is held back
// for good. It reports false where that it is held back is recorded today already.
func (c *check) isNew(silent bool, toldDay, silentDay *string) bool {
	switch {
	case !silent:
		*toldDay = record.Day(c.now)
	case c.isToday(*silentDay):
		return false
	default:
		*silentDay = record.Day(c.now)
	}
	return true
}

// isToday reports whether a day is today, or tomorrow already, as it may be on the
// host of another check.
func (c *check) isToday(day string) bool {
	return day == record.Day(c.now) || day == record.Day(c.now.AddDate(0, 0, 1))
}

// message is the alarm of a problem. The reasons that were found go along.
func (c *check) message(found *viewer.Checked, problem heartbeat.Problem, key toldKey) record.Message {
	text := c.language.Message(&found.Verdict, problem, c.now)
	for _, reason := range found.Reasons {
		text += "\n" + reason
	}
	return record.Message{
		Level: record.LevelAlarm, Title: c.language.Title(problem), Text: text, Time: c.now,
		Receivers: c.adminOfItem(found), Frequency: "max 1 times", Key: "check " + key.item.String() + " " + key.family,
	}
}

// adminOfItem is who answers for an item's direction.
func (c *check) adminOfItem(found *viewer.Checked) string {
	return orElse(c.adminOf(found.Item.Direction), orElse(found.Admin, c.adminOf(checkItem.Direction)))
}

// tellBack raises a notice of each problem that is over. One of an item that is
// muted waits for the mute's end, and one of an item that could not be read until
// it can; one that is retired, or gone, is forgotten.
func (c *check) tellBack(told map[toldKey]toldProblem) {
	found := map[record.Item]*viewer.Checked{}
	for i := range c.found {
		found[c.found[i].Item] = &c.found[i]
	}
	for key, one := range told {
		item, known := found[key.item]
		switch {
		case one.Over:
			if !c.isToday(one.Day) {
				delete(told, key)
			}
		case c.unread[key.item] || !known && c.partial:
		case !known && (!wanted(c.options.directions, key.item.Direction) || !wanted(c.options.items, key.item.Name)):
		case !known && key.item == checkItem:
			c.over(told, &viewer.Checked{Verdict: heartbeat.Verdict{Item: checkItem}}, one)
		case !known:
			delete(told, key)
		case item.State == heartbeat.Muted || hasProblem(item, key.family):
		case item.State == heartbeat.Retired:
			delete(told, key)
		default:
			c.over(told, item, one)
		}
	}
}

// over tells of the end of a problem whoever was told of it, and leaves a note for the
// day on which that was: of the next one nobody is told on that day.
func (c *check) over(told map[toldKey]toldProblem, found *viewer.Checked, one toldProblem) {
	if one.Day != "" {
		c.back(found, one)
	}
	one.Over, one.Day = true, max(one.Day, one.Before)
	if c.isToday(one.Day) {
		told[one.key()] = one
		return
	}
	delete(told, one.key())
}

func hasProblem(found *viewer.Checked, family string) bool {
	return slices.ContainsFunc(found.Problems, func(p heartbeat.Problem) bool { return familyOf(p.State) == family })
}

func (c *check) back(found *viewer.Checked, one toldProblem) {
	c.desk.raiseAbout(found.Item, record.Message{
		Level: record.LevelInfo, Title: c.language.BackTitle(one.State), Time: c.now,
		Text:      c.language.Back(&found.Verdict, one.State, one.Since, c.now),
		Receivers: c.adminOfItem(found), Frequency: "max 1 times per week",
		Key: "back " + found.Item.String() + " " + familyOf(one.State) + " " + one.Since.UTC().Format(time.RFC3339),
	}, notify.KindRecovery)
}

// recordStart records the check's own heartbeat, and its settings, so that
// monitorViewer shows them.
func (c *check) recordStart() {
	before, err := c.store.ReadItem(checkItem)
	if err == nil {
		c.session.options.frequency = orElse(before[record.KeyExecuteFrequency], "once a day")
		err = c.store.WriteItem(checkItem, before, c.settings(before))
	}
	c.note(err)
	c.heartbeat(time.Now())
}

// recordEnd records that the check has ended. One that found something wrong has done
// its work: what has failed is the other item. It is a failed run where something could
// not be looked at or told.
func (c *check) recordEnd() {
	now := time.Now()
	code := 0
	if len(c.problems) > 0 {
		code = 1
	}
	c.runRecord(runEnd{
		result: &runner.Result{ExitCode: code, Start: c.now, End: now, PID: c.origin.pid},
		cause:  "exited", attempts: 1, start: c.now, end: now, duration: now.Sub(c.now), argv: []string{"mvrun", "check"},
	})
}
