package viewer

import (
	"errors"
	"slices"
	"strings"

	"github.com/mvrun/mvrun/record"
)

// itemsByName reads the items of a page and one more.
func (r *reading) itemsByName() ([]*entry, *Page, error) {
	page := &Page{Total: -1}
	var entries []*entry
	err := r.items(func(e *entry) bool {
		if len(entries) == r.Size {
			page.Next = r.place()
			page.Next.Item = entries[r.Size-1].item.String()
			return false
		}
		entries = append(entries, e)
		return true
	})
	return entries, page, err
}

// items gives the items behind the listing's place, in the order of their names, or
// all of them the other way round.
func (r *reading) items(use func(e *entry) bool) error {
	items, err := r.store.Items(r.Query.Directions, r.Query.Items)
	if items == nil && err != nil {
		return err
	}
	problems := splitErrors(err)
	m, err := newMonitor(r.store, r.Query, r.Now, r.Rules, len(items))
	if err != nil {
		problems = append(problems, err)
	}
	if r.From != nil && r.From.Item != "" {
		items = itemsBehind(items, r.From.Item)
	}
	if r.Query.Reverse {
		slices.Reverse(items)
	}
	for _, item := range items {
		if r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		e, err := r.item(m, item)
		if err != nil {
			problems = append(problems, err)
		}
		if e != nil && !use(e) {
			break
		}
	}
	noteProblems(&r.notes, problems, len(problems))
	return nil
}

// item is one item, nil where it is not wanted. How often it ran is found out last.
func (r *reading) item(m *monitor, item record.Item) (*entry, error) {
	e, err := m.entry(item)
	if e == nil {
		return nil, err
	}
	early := slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.column.title == runsTitle })
	if early {
		err = errors.Join(err, m.addRuns(e))
	}
	if !holdAll(r.Conditions, e) {
		return nil, err
	}
	if !early {
		err = errors.Join(err, m.addRuns(e))
	}
	return e, err
}

// itemsBehind are those behind one that may be gone.
func itemsBehind(items []record.Item, name string) []record.Item {
	direction, item, _ := strings.Cut(name, "/")
	i := slices.IndexFunc(items, func(i record.Item) bool {
		return i.Direction > direction || i.Direction == direction && i.Name > item
	})
	if i < 0 {
		return nil
	}
	return items[i:]
}
