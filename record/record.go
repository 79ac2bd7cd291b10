// Package record is the domain of mvrun: the records a job leaves behind, the
// line protocol that turns a job's output into records, and the database of
// plain files that holds them.
//
// The database is monitorViewer's, file for file; see [Store] for its layout.
//
// # Why no record is lost or doubled between hosts
//
// Measured on NFS 3 and 4.2, O_APPEND loses half of the records of two hosts
// that append to one file, since each host appends at the end that it knows; a
// lock on the data file loses some on NFS 3, and a lock request can hang for
// ever. So on a network file system no file has writers on two hosts: each host
// appends to a database of its own, where its kernel serialises its processes
// on the inode. Readers merge the databases, and one merger at a time, under a
// side lock that is asked for in a child process, carries lines over into the
// files that monitorViewer reads. All that is asked of the file system is that
// a rename replaces a file as a whole, and that who opens a file after another
// host closed it sees what that host wrote (close-to-open consistency, which
// NFS promises). [Store.Merge] says why a merger may be killed at any point and
// a reader is right at every moment, and [Store.Append] why one host's
// processes do not tear one another's lines.
//
// Limits of alarms hold between hosts since the decision is taken under the
// item's side lock, and counts what all hosts have recorded as sent and what
// stands in the outbox as being sent; see package notify.
package record

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind is one of the four files that an item has for each day.
type Kind string

// The kinds, which are also the names of their folders. Heartbeat, Log and
// Alarm are monitorViewer's; Run is mvrun's own.
const (
	Heartbeat Kind = "heartbeat"
	Log       Kind = "log"
	Alarm     Kind = "alarm"
	Run       Kind = "run"
)

// Kinds lists all kinds in the order in which a run writes them.
var Kinds = []Kind{Heartbeat, Log, Alarm, Run}

// Keys of a run record for the memory that the run's largest process has held at most
// at one time, in bytes, and for whether that is a bound only: of one that was no
// larger than mvrun itself and could not be told from it.
const (
	KeyMaxRSS      = "max_rss"
	KeyMaxRSSBound = "max_rss_is_bound"
)

// Level is the severity of a message.
type Level string

// The levels of monitorViewer's valid_message_level_list, and LevelAlarm,
// which the line protocol gives to a message that is to be sent.
const (
	LevelDebug   Level = "Debug"
	LevelInfo    Level = "Info"
	LevelWarning Level = "Warning"
	LevelError   Level = "Error"
	LevelFatal   Level = "Fatal"
	LevelAlarm   Level = "Alarm"
)

// Levels lists the levels of log records, mildest first.
var Levels = []Level{LevelDebug, LevelInfo, LevelWarning, LevelError, LevelFatal}

// Message is one record found in a job's output.
type Message struct {
	Level Level
	Text  string // valid UTF-8, lines separated by "\n", secrets masked

	// The attributes of the brackets; empty where there were none.
	Title     string
	Receivers string
	Frequency string
	Key       string

	Time time.Time // when its first line was read
	Cut  int64     // bytes that MaxMessageBytes left out
}

// IsAlarm reports whether the message is to be sent to somebody: an ALARM line
// is, and so is a line of any level that names receivers.
func (m Message) IsAlarm() bool {
	return m.Level == LevelAlarm || m.Receivers != ""
}

// MaxMessageBytes is the largest text of one record. What is longer is cut on a
// rune border and marked.
const MaxMessageBytes = 64 << 10

// MaxNameBytes is the longest direction or item.
const MaxNameBytes = 128

// Item names one monitored job.
type Item struct {
	Direction string
	Name      string
}

// String gives the form in which an item is written on a command line.
func (i Item) String() string { return i.Direction + "/" + i.Name }

// Validate reports why the item cannot become a path of the database.
func (i Item) Validate() error {
	if err := CheckName(i.Direction); err != nil {
		return fmt.Errorf("direction %q: %w", i.Direction, err)
	}
	if err := CheckName(i.Name); err != nil {
		return fmt.Errorf("item %q: %w", i.Name, err)
	}
	return nil
}

// CheckName reports why a name cannot be a direction or an item: it becomes a
// folder of the database, and monitorViewer splits on white space.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("is empty")
	case len(name) > MaxNameBytes:
		return fmt.Errorf("is %d bytes long, at most %d are allowed", len(name), MaxNameBytes)
	case name[0] == '.':
		return errors.New("begins with a dot")
	case !utf8.ValidString(name):
		return errors.New("is not valid UTF-8")
	}
	for _, r := range name {
		switch {
		case r == '/':
			return errors.New("contains a slash")
		case unicode.IsSpace(r):
			return errors.New("contains white space")
		case unicode.IsControl(r):
			return errors.New("contains a control character")
		}
	}
	return nil
}

// SanitizeName makes the nearest valid name of any text, or "" where nothing of
// it can be kept.
func SanitizeName(text string) string {
	var b strings.Builder
	for _, r := range strings.TrimLeft(text, ".") {
		if r == utf8.RuneError || r == '/' || unicode.IsSpace(r) || unicode.IsControl(r) {
			r = '_'
		}
		if b.Len()+utf8.RuneLen(r) > MaxNameBytes {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
