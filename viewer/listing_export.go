package viewer

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/mvrun/mvrun/record"
)

// Export writes the whole listing in its order, whatever its size and place. In an
// order that is not natural the records are read once for each part that fits into
// memory.
func (l Listing) Export(ctx context.Context, out io.Writer, store *record.Store, o Options) error {
	l.From = nil
	r := &reading{Listing: l, ctx: ctx, store: store}
	r.narrow()
	buffered := bufio.NewWriterSize(out, 64<<10)
	p := newPrinter(buffered, l.Query.Kind, o)
	err := r.export(p)
	if r.notes.Len() > 0 && o.Notes != nil {
		_, _ = o.Notes.Write(r.notes.Bytes())
	}
	return errors.Join(err, ctx.Err(), p.close(), buffered.Flush())
}

func (r *reading) export(p printer) (err error) {
	switch {
	case !r.isNatural():
		return r.exportRanked(p)
	case r.Query.Kind == Monitor:
		readErr := r.items(func(e *entry) bool {
			err = p.print(e)
			return err == nil
		})
		return errors.Join(err, readErr)
	}
	r.Query.Reverse = r.Order.newestFirst()
	rows := r.store.Select(r.Query)
	defer context.AfterFunc(r.ctx, rows.Stop)()
	for row := range rows.All() {
		if err = p.print(recordEntry(row)); err != nil {
			break
		}
	}
	return errors.Join(err, r.noteRows(rows))
}

// exportedAtOnce is how many entries of an export are sorted at once.
const exportedAtOnce = 50_000

func (r *reading) exportRanked(p printer) error {
	for {
		r.notes.Reset()
		found, page, err := r.ranked(exportedAtOnce)
		for i := range found {
			if err == nil {
				err = p.print(found[i].whole())
			}
		}
		if err != nil || page.Next == nil || r.ctx.Err() != nil {
			return err
		}
		r.From = page.Next
	}
}
