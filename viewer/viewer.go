// Package viewer shows what the database holds: it makes queries of what a
// person typed, and renders their results as tables for people and as JSON
// lines, CSV and TSV for other programs.
package viewer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
)

// Monitor is the kind of a listing of items with their settings, beside the
// kinds of records.
const Monitor record.Kind = "monitor"

// Kinds lists what can be shown, in the order of monitorViewer's tabs.
var Kinds = []record.Kind{Monitor, record.Heartbeat, record.Log, record.Alarm, record.Run}

// Format is how a listing is printed.
type Format string

// The formats. JSON is one object a line.
const (
	Table Format = "table"
	JSON  Format = "json"
	CSV   Format = "csv"
	TSV   Format = "tsv"
)

// Formats lists the formats in the order of the help.
var Formats = []Format{Table, JSON, CSV, TSV}

// Options say how a listing is printed.
type Options struct {
	Format  Format
	Columns []string        // of tables, CSV and TSV, as ParseColumns gives them; nil for all
	Width   int             // of the terminal, in cells; 0 where there is none: then nothing is cut
	Why     bool            // say of each alarm why it was sent or not
	Color   bool            // mark levels and results in tables
	Now     time.Time       // by which items are judged; zero for the store's clock
	Rules   heartbeat.Rules // by which items are judged
	Notes   io.Writer       // is told what could not be read; nil for nobody

	// Waiting finds the alarms in the outbox that were raised from begin on and before
	// end, which may be zero, oldest first; nil where there is no outbox to look into.
	// Of those without a record the notes are told.
	Waiting func(begin, end time.Time) ([]WaitingAlarm, error)
}

// Print writes what a query finds. An error is one of out, or means that the
// database cannot be read at all; what is wrong with parts of it goes to the
// notes.
func Print(out io.Writer, store *record.Store, q record.Query, o Options) error {
	buffered := bufio.NewWriterSize(out, 64<<10)
	printer := newPrinter(buffered, q.Kind, o)
	waiting := unrecorded(store, q, o)
	var err error
	if q.Kind == Monitor {
		err = printItems(printer, store, q, o)
	} else {
		err = printRecords(printer, store, q, o.Notes)
	}
	err = errors.Join(err, printer.close(), buffered.Flush())
	noteWaiting(waiting, q, o)
	return err
}

// printer writes entries in one format.
type printer interface {
	print(e *entry) error
	close() error
}

func newPrinter(out *bufio.Writer, kind record.Kind, o Options) printer {
	switch o.Format {
	case JSON:
		return jsonLines{out}
	case CSV:
		return newSeparated(out, chosenColumns(kind, o), csvLine)
	case TSV:
		return newSeparated(out, chosenColumns(kind, o), tsvLine)
	}
	t := newTable(out, chosenColumns(kind, o), o)
	t.spared = sparedColumns(kind, o)
	return t
}

func printRecords(p printer, store *record.Store, q record.Query, notes io.Writer) error {
	return printRows(p, store.Select(q), notes)
}

func printRows(p printer, rows *record.Rows, notes io.Writer) error {
	for row := range rows.All() {
		if err := p.print(recordEntry(row)); err != nil {
			return err
		}
	}
	stats := rows.Stats()
	noteSkipped(notes, stats.Skipped)
	noteProblems(notes, stats.Problems, stats.Failures)
	return rows.Err()
}

func noteSkipped(notes io.Writer, lines int) {
	if lines > 0 {
		note(notes, skippedLines(lines))
	}
}

// maxNotes bounds how many problems are told one by one.
const maxNotes = 10

func noteProblems(notes io.Writer, problems []error, total int) {
	shown := problems[:min(len(problems), maxNotes)]
	for _, problem := range shown {
		note(notes, "Not read: "+problem.Error())
	}
	switch more := total - len(shown); {
	case more == 1:
		note(notes, "Not read: 1 more file or folder")
	case more > 1:
		note(notes, fmt.Sprintf("Not read: %d more files or folders", more))
	}
}

// note writes one line. It may go to a terminal, and names of files come from
// anybody.
func note(notes io.Writer, text string) {
	if notes != nil {
		fmt.Fprintln(notes, strings.ReplaceAll(visible(text), "\n", `\n`))
	}
}
