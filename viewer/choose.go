package viewer

import (
	"fmt"
	"strings"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/words"
)

// ColumnNames are the titles of the columns that a listing of a kind can have.
func ColumnNames(kind record.Kind) []string {
	var names []string
	for _, c := range columnsToChoose(kind) {
		names = append(names, c.title)
	}
	return names
}

// columnsToChoose are those of a listing, and Why, which is asked for.
func columnsToChoose(kind record.Kind) []column {
	return shownColumns(kind, Options{Why: true})
}

// ParseColumns reads the names of columns in the order in which they are wanted,
// in any case, each text one name or several separated by commas. The error is
// an *InputError.
func ParseColumns(kind record.Kind, texts []string) ([]string, error) {
	var names []string
	for _, text := range texts {
		for _, name := range words.Split(text) {
			c, ok := columnNamed(kind, name)
			if !ok {
				return nil, &InputError{"columns", name, fmt.Sprintf("is no column of %s", kind), "one of " + list(ColumnNames(kind))}
			}
			names = append(names, c.title)
		}
	}
	if len(texts) > 0 && len(names) == 0 {
		return nil, &InputError{"columns", strings.Join(texts, ","), "names no column", "one of " + list(ColumnNames(kind))}
	}
	return names, nil
}

func columnNamed(kind record.Kind, name string) (column, bool) {
	for _, c := range columnsToChoose(kind) {
		if strings.EqualFold(c.title, name) {
			return c, true
		}
	}
	return column{}, false
}

// chosenColumns are those that the options name, or all of the kind.
func chosenColumns(kind record.Kind, o Options) []column {
	if len(o.Columns) == 0 {
		return shownColumns(kind, o)
	}
	var chosen []column
	for _, name := range o.Columns {
		if c, ok := columnNamed(kind, name); ok {
			chosen = append(chosen, c)
		}
	}
	return chosen
}
