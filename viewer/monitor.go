package viewer

import (
	"io"
	"slices"
	"strings"

	"github.com/mvrun/mvrun/record"
)

// printItems lists items with their settings.
func printItems(p printer, store *record.Store, q record.Query, notes io.Writer) error {
	items, err := store.Items(q.Directions, q.Items)
	if items == nil && err != nil {
		return err
	}
	problems := splitErrors(err)
	if q.Reverse {
		slices.Reverse(items)
	}
	printed := 0
	for _, item := range items {
		if q.Limit > 0 && printed == q.Limit {
			break
		}
		settings, err := store.ReadItem(item)
		if err != nil {
			problems = append(problems, err)
		}
		if !wantsItem(q, settings) {
			continue
		}
		printed++
		if err := p.print(itemEntry(item, settings)); err != nil {
			return err
		}
	}
	noteProblems(notes, problems, len(problems))
	return nil
}

func splitErrors(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.Clone(joined.Unwrap())
	}
	if err != nil {
		return []error{err}
	}
	return nil
}

// wantsItem applies what of a query concerns settings: each keyword must be in
// one of them, and one of the receivers among those of the item's alarms.
func wantsItem(q record.Query, settings record.ItemSettings) bool {
	for _, keyword := range q.Keywords {
		found := false
		for _, value := range settings {
			found = found || strings.Contains(value, keyword)
		}
		if !found {
			return false
		}
	}
	names := splitNames(settings[record.KeyAlarmReceivers])
	return len(q.Receivers) == 0 || slices.ContainsFunc(q.Receivers, func(wanted string) bool {
		return slices.Contains(names, wanted)
	})
}
