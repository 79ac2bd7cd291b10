// Package notify sees to it that an alarm arrives: it keeps each on disk until
// it was sent, decides with package ratelimit whether it may be sent, sends it,
// and records what became of it.
//
// A [Dispatcher] does that for one process, beside the job. The outbox, a folder
// of the database, is where the processes of all hosts meet: see [Dispatcher]
// for what each state of an entry means.
package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/words"
)

// Alarm is a message that is to reach somebody. Its JSON form stands in the
// outbox and on the standard input of a send_alarm_command.
type Alarm struct {
	ID        string    `json:"id"` // sorts by time; given by Raise where empty
	Time      time.Time `json:"ts"` // when it was raised; given by Raise where zero
	Direction string    `json:"direction"`
	Item      string    `json:"item"`
	// About is another item that it tells of, as the check does; routes, quiet
	// hours and mutes are looked up for that one as well.
	About *record.Item `json:"about,omitempty"`

	Level     record.Level `json:"level"`
	Title     string       `json:"title"`
	Message   string       `json:"message"`
	Receivers []string     `json:"receivers"` // in the order given, each once
	Frequency string       `json:"frequency,omitempty"`
	Key       string       `json:"key,omitempty"`       // what makes alarms the same, instead of Sameness
	Sameness  AlarmKey     `json:"alarm_key,omitempty"` // given by Raise where empty
	Kind      Kind         `json:"kind,omitempty"`

	Run      string `json:"run,omitempty"`
	Parent   string `json:"parent,omitempty"` // the run around the run
	Host     string `json:"host,omitempty"`   // an address
	Hostname string `json:"hostname,omitempty"`
	Script   string `json:"script,omitempty"`
	Startup  string `json:"startup,omitempty"`
	BuildURL string `json:"build_url,omitempty"`

	// Deliveries is the way that was decided on when the alarm was raised, Done the
	// channels that have delivered it, and Refused those that have refused it for
	// good, which get it once more only where somebody asks for that.
	Deliveries []PlannedDelivery `json:"-"`
	Done       []string          `json:"-"`
	Refused    []Refusal         `json:"-"`
}

// Refusal is why a channel does not take an alarm.
type Refusal struct {
	Channel string `json:"channel"`
	Problem string `json:"problem"`
}

// Kind is what an alarm tells; empty for what a job has to say.
type Kind string

// The kinds of alarms that mvrun raises itself.
const (
	KindFailure  Kind = "failure"  // a run has failed
	KindReminder Kind = "reminder" // it still does
	KindRecovery Kind = "recovery" // it is well again
	KindDigest   Kind = "digest"   // of alarms that a burst guard held back
	KindTest     Kind = "test"     // somebody wants to see whether alarms arrive
	KindCheck    Kind = "check"    // a job does not run as it should
)

// Of is the item that the alarm is about.
func (a *Alarm) Of() record.Item { return record.Item{Direction: a.Direction, Name: a.Item} }

// concerns reports whether a condition on items is true of the item that raised
// the alarm, or of the one that it tells of.
func (a *Alarm) concerns(condition func(record.Item) bool) bool {
	return condition(a.Of()) || a.About != nil && condition(*a.About)
}

// MD5 says which alarms are the same, as monitorViewer has it: those with the
// same receivers and the same message.
func (a *Alarm) MD5() string { return record.MD5(a.receivers(), a.Message) }

// receivers is the list as one text, as monitorViewer writes it.
func (a *Alarm) receivers() string { return strings.Join(a.Receivers, " ") }

// json gives the JSON form, with a line end. Its lists are lists also where they are
// empty.
func (a *Alarm) json() []byte {
	if a.Receivers == nil {
		whole := *a
		whole.Receivers = []string{}
		a = &whole
	}
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(a); err != nil {
		// Only a year beyond 9999 cannot be written.
		late := *a
		late.Time = time.Unix(0, 0)
		return late.json()
	}
	return buf.Bytes()
}

// normalise makes an alarm what will be recorded of it, so that its MD5 is that
// of its record.
func (a *Alarm) normalise(now time.Time, sameness AlarmKey) {
	if a.Time.IsZero() {
		a.Time = now
	}
	if a.ID == "" {
		a.ID = NewID(a.Time)
	}
	if a.Sameness == "" {
		a.Sameness = sameness
	}
	a.Title = validText(a.Title)
	a.Message = validText(a.Message)
	receivers := make([]string, 0, len(a.Receivers))
	for _, r := range a.Receivers {
		if r = validText(r); r != "" && !slices.Contains(receivers, r) {
			receivers = append(receivers, r)
		}
	}
	a.Receivers = receivers
}

// validText puts U+FFFD in the place of each byte that is no UTF-8, as a record
// does.
func validText(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

// SplitReceivers reads a list of receivers, each once; see [words.Split].
func SplitReceivers(text string) []string {
	names := words.Split(text)
	receivers := make([]string, 0, len(names))
	for _, name := range names {
		if !slices.Contains(receivers, name) {
			receivers = append(receivers, name)
		}
	}
	return receivers
}

// NewID makes an id for an alarm that is raised at this time. Ids of one host
// sort by time; they serve as parts of file names.
func NewID(t time.Time) string {
	t = t.UTC()
	return fmt.Sprintf("%s%09d-%012x", t.Format(idLayout), t.Nanosecond(), rand.Uint64()>>16)
}

// idLayout is the time with which an id begins, in UTC.
const idLayout = "20060102T150405"

// raisedAt is when the alarm of an id was raised, to the second, if NewID has made it.
func raisedAt(id string) (time.Time, bool) {
	raised, err := time.Parse(idLayout, id[:min(len(id), len(idLayout))])
	return raised, err == nil
}

// validID keeps an id that comes from a file from becoming another path.
func validID(id string) bool {
	return id != "" && len(id) <= 60 && strings.Trim(id, wordBytes+"-") == ""
}
