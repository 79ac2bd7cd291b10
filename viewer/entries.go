package viewer

import (
	"bufio"
	"errors"
	"hash/maphash"
	"io"
	"strings"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// Entry is one line of a listing, for a program that shows listings by itself: a
// record, or an item with its settings. Its texts are read from the record's line
// whenever they are asked for, so that many entries need little memory.
type Entry struct {
	row     record.Row
	item    *entry             // of a listing of items
	verdict *heartbeat.Verdict // of an item; nil where it could not be judged
}

// Tone is what a value is to its reader; see [Cell].
type Tone int

// The tones. Quiet is what need not be looked at.
const (
	Neutral Tone = iota
	Quiet
	Good
	Caution
	Bad
	Worst
)

// Cell is a value in a column of a listing, as people read it: one line, with
// what a terminal would obey made visible.
type Cell struct {
	Text string
	Tone Tone
}

// Titles are the titles of the columns in which [Entry.Cells] are.
func Titles(kind record.Kind) []string {
	var titles []string
	for _, c := range columnsOf(kind) {
		titles = append(titles, c.title)
	}
	return titles
}

// Cells gives the values of the columns of the entry's kind.
func (e Entry) Cells() []Cell {
	full := e.full()
	columns := columnsOf(full.kind)
	cells := make([]Cell, len(columns))
	for i, c := range columns {
		text := c.value(full)
		if c.style != nil {
			cells[i].Tone = toneOf(c.style(text))
		}
		if c.shown != nil {
			text = c.shown(text)
		}
		cells[i].Text = tableText(strings.TrimRight(text, "\r\n"), false)
	}
	return cells
}

// Value is what is recorded in a column, as sorting and exports need it.
func (e Entry) Value(column int) string {
	full := e.full()
	return columnsOf(full.kind)[column].value(full)
}

// Item is the item that the entry is of.
func (e Entry) Item() record.Item {
	if e.item != nil {
		return e.item.item
	}
	return e.row.Item
}

// Time is when a record was written; zero for an item.
func (e Entry) Time() time.Time { return e.row.Time }

// Size is how many bytes of memory the entry holds, about.
func (e Entry) Size() int {
	const itself = 160
	return itself + len(e.row.Line)
}

// Key is the same for an entry that comes again with another listing.
func (e Entry) Key(seed maphash.Seed) uint64 {
	item := e.Item()
	return maphash.String(seed, item.Direction+"/"+item.Name+"\n"+string(e.row.Line))
}

func (e Entry) full() *entry {
	if e.item != nil {
		return e.item
	}
	return recordEntry(e.row)
}

// toneOf tells a tone by the style that a printed table has for it.
func toneOf(s style) Tone {
	switch s {
	case faint:
		return Quiet
	case green:
		return Good
	case yellow:
		return Caution
	case red:
		return Bad
	case boldRed:
		return Worst
	}
	return Neutral
}

// Export writes entries of a kind in a format other than a table, as Print does.
func Export(out io.Writer, kind record.Kind, format Format, entries []Entry) error {
	buffered := bufio.NewWriterSize(out, 64<<10)
	p := newPrinter(buffered, kind, Options{Format: format})
	var err error
	for _, e := range entries {
		if err = p.print(e.full()); err != nil {
			break
		}
	}
	return errors.Join(err, p.close(), buffered.Flush())
}

// Detail is one thing that is known of an entry. Its text may have several lines;
// what a terminal would obey is made visible.
type Detail struct {
	Name string
	Text string
	Tone Tone
}

// Details are all that is known of an entry: how an item fares and why, why an
// alarm was sent or not, and all fields.
func (e Entry) Details(language heartbeat.Language, now time.Time) []Detail {
	full := e.full()
	list := []Detail{detail("direction", full.item.Direction), detail("item", full.item.Name)}
	if e.verdict != nil {
		list = append(list, judged(e.verdict, language, now)...)
	}
	if text := why(full); full.kind == record.Alarm && text != "" {
		because := detail("why", text)
		because.Tone = toneOf(resultStyle(full.get("send_alarm_result")))
		list = append(list, because)
	}
	for _, field := range full.fields {
		if full.kind == Monitor && saidAbove(field.Key, e.verdict != nil) {
			continue
		}
		d := detail(field.Key, field.Text())
		d.Tone = toneOf(fieldStyle(field.Key, d.Text))
		list = append(list, d)
	}
	return list
}

// saidAbove reports whether a field of an item is among what its details begin with.
func saidAbove(key string, judged bool) bool {
	return isOwnKey(key) || key == "monitor_item" || judged && (key == "status" || key == "last")
}

// judged is what heartbeat says of an item.
func judged(v *heartbeat.Verdict, language heartbeat.Language, now time.Time) []Detail {
	checked := &Checked{Verdict: *v}
	state := detail("state", string(v.State))
	state.Tone = toneOf(stateStyle(state.Text))
	list := []Detail{state}
	found := checkEntry(checked, language, now)
	for _, pair := range [][2]string{{"cause", "cause"}, {"schedule", "schedule"}, {"last", "last heartbeat"}, {"last_due", "was due"}} {
		if text := found.get(pair[0]); text != "" {
			list = append(list, detail(pair[1], text))
		}
	}
	return list
}

func detail(name, text string) Detail {
	text = strings.TrimRight(visible(unixLines(text)), "\n")
	return Detail{Name: strings.ReplaceAll(visible(name), "\n", `\n`), Text: strings.ReplaceAll(text, "\t", "    ")}
}

// fieldStyle marks the fields that a table marks in their columns.
func fieldStyle(key, text string) style {
	switch key {
	case "message_level", "level":
		return levelStyle(text)
	case "send_alarm_result":
		return resultStyle(text)
	case "exit_code":
		return statusStyle(text)
	}
	return plain
}

// Printable is a text as one line in which nothing is left that a terminal would
// obey.
func Printable(text string) string { return strings.ReplaceAll(visible(text), "\n", `\n`) }

// NewEntry makes an entry of a record.
func NewEntry(row record.Row) Entry { return Entry{row: row} }
