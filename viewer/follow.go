package viewer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"

	"github.com/mvrun/mvrun/record"
)

// Follow writes what a query finds, and goes on with the records that are written
// from then on, until the context ends, which is no error. Of the query's end is
// nothing left.
func Follow(ctx context.Context, out io.Writer, store *record.Store, q record.Query, o Options) error {
	q.End = time.Time{}
	buffered := bufio.NewWriterSize(out, 64<<10)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := &following{
		follower: store.Follow(q), printer: newPrinter(buffered, q.Kind, o),
		out: buffered, notes: o.Notes, told: map[string]bool{},
	}
	// Watched before the listing is read, so that nothing is missed in between.
	watcher := newWatcher(ctx, store, f.follower.Folders)
	waiting := unrecorded(store, q, o)
	rows := f.follower.Rows()
	err := printRows(f.printer, rows, o.Notes)
	f.note(f.follower.Settle())
	if err == nil {
		err = f.flush()
		noteWaiting(waiting, q, o)
	}
	if err == nil {
		err = goOn(ctx, watcher, f.follower, f.print)
	}
	return errors.Join(err, f.printer.close(), buffered.Flush())
}

// following is a listing that goes on.
type following struct {
	follower *record.Follower
	printer  printer
	out      *bufio.Writer
	notes    io.Writer
	told     map[string]bool // problems that were noted
}

func (f *following) print(rows []record.Row, stats record.Stats) error {
	f.note(stats)
	for _, row := range rows {
		if err := f.printer.print(recordEntry(row)); err != nil {
			return err
		}
	}
	return f.flush()
}

// goOn gives the records that are written from now on, until the context ends,
// which is no error.
func goOn(ctx context.Context, w *watcher, f *record.Follower, give func([]record.Row, record.Stats) error) error {
	for {
		next, ok := <-w.heard
		if !ok || ctx.Err() != nil {
			return nil
		}
		start := time.Now()
		files := changes(w, f, next)
		if err := give(f.Next(files, next.recent)); err != nil {
			return err
		}
		if files == nil {
			w.took(time.Since(start))
		}
	}
}

// changes are the files that a hint is about, or nil for all.
func changes(w *watcher, f *record.Follower, h hint) []record.Change {
	var files []record.Change
	all := w.each(h, func(path string) bool {
		file, ok := f.Place(path)
		files = append(files, file)
		return ok
	})
	if all {
		return nil
	}
	return record.SortChanges(files)
}

// maxTold bounds how many different problems are noted.
const maxTold = 100

// note tells of each problem once: it is met again with every look.
func (f *following) note(stats record.Stats) {
	noteSkipped(f.notes, stats.Skipped)
	for _, problem := range stats.Problems {
		if text := problem.Error(); !f.told[text] && len(f.told) < maxTold {
			f.told[text] = true
			note(f.notes, "Not read: "+text)
		}
	}
}

// flush shows what there is by now.
func (f *following) flush() error {
	if flusher, ok := f.printer.(interface{ flush() }); ok {
		flusher.flush()
	}
	return f.out.Flush()
}
