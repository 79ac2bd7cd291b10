package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/words"
)

// noteUnknown tells of directions and items that were asked for by their names and are
// not there: a misspelt one must not look as if there were only nothing to list. For a
// name that is there, that costs the reading of a folder or two.
func (o *viewOptions) noteUnknown(store *record.Store, notes io.Writer) {
	exact := func(name string) bool { return !strings.ContainsAny(name, `*?[\`) }
	for _, name := range o.filter.Directions {
		if !exact(name) {
			continue
		}
		if found, err := store.Candidates([]string{name}, nil); err == nil && len(found) == 0 {
			fmt.Fprintf(notes, "no item matches --direction %s%s", name, o.meant(store, nil, name, func(i record.Item) string { return i.Direction }))
		}
	}
	asked := ""
	for _, name := range o.filter.Directions {
		asked += " --direction " + name
	}
	for _, name := range o.filter.Items {
		if !exact(name) {
			continue
		}
		if found, err := store.Items(o.filter.Directions, []string{name}); err == nil && len(found) == 0 {
			fmt.Fprintf(notes, "no item matches%s --item %s%s", asked, name, o.meant(store, o.filter.Directions, name, func(i record.Item) string { return i.Name }))
		}
	}
}

// meant suggests the name of an item of these directions that is like one that is not
// there.
func (o *viewOptions) meant(store *record.Store, directions []string, name string, nameOf func(record.Item) string) string {
	var known []string
	items, _ := store.Candidates(directions, nil)
	for _, item := range items {
		known = append(known, nameOf(item))
	}
	if near := words.Nearest(name, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}
