package notify

import (
	"github.com/mvrun/mvrun/ratelimit"
	"github.com/mvrun/mvrun/record"
)

// AlarmKey says which alarms of an item are the same one, where the alarm brings
// no key of its own; the receivers belong to it in any case.
type AlarmKey string

// The values of alarm_key. The zero value means KeyMessage.
const (
	KeyMessage AlarmKey = "message" // to the byte, as monitorViewer has it
	KeyText    AlarmKey = "text"    // but for numbers, times, addresses; see plainText
	KeyTitle   AlarmKey = "title"
	KeyItem    AlarmKey = "item" // all alarms of the item
)

// identity says which alarms count together with one. Both are the first 16
// digits of an MD5, as they stand in records and in the names of entries.
type identity struct {
	// same is what makes alarms the same. That of a message to the byte is the
	// beginning of the md5 that each record has.
	same string
	// series, with "on change", is what the alarm is the next one of; else "".
	series string
}

// identityOf tells what an alarm is the same as, under a policy. An alarm's own
// key comes before alarm_key. With "on change" it names the series, while the
// text says whether that has changed.
func identityOf(a *Alarm, policy ratelimit.Policy) identity {
	if policy.OnChange() {
		series := a.Key
		if series == "" {
			series = "title " + a.Title
		}
		return identity{same: a.digest(contentKey(a)), series: a.digest("\x00series " + series)}
	}
	if a.Key != "" {
		return identity{same: a.digest("\x00key " + a.Key)}
	}
	switch a.Sameness {
	case KeyTitle:
		return identity{same: a.digest("\x00title " + a.Title)}
	case KeyItem:
		return identity{same: a.digest("\x00item")}
	}
	return identity{same: a.digest(contentKey(a))}
}

// contentKey is what of an alarm's message counts. No message can be taken for
// another kind of key, since none begins with NUL followed by such a word.
func contentKey(a *Alarm) string {
	if a.Sameness == KeyText {
		return "\x00text " + plainText(a.Message)
	}
	return a.Message
}

// digest is the beginning of an MD5 of the receivers and a text.
func (a *Alarm) digest(text string) string {
	return record.MD5(a.receivers(), text)[:sameDigits]
}

// counter is the name under which entries of the outbox count together: for a
// limit per run, those of other runs do not.
func (id identity) counter(a *Alarm, policy ratelimit.Policy) string {
	switch {
	case policy.OnChange():
		return id.series
	case policy.PerRun():
		return a.digest("\x00run " + a.Run + " " + id.same)
	}
	return id.same
}
