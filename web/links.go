package web

import (
	"net/url"

	"github.com/mvrun/mvrun/record"
)

// Names of items and of runs are anybody's: of each part of an address, what could
// end it is escaped.

// itemAddress is the page of an item.
func itemAddress(item record.Item) string {
	return "/items/" + url.PathEscape(item.Direction) + "/" + url.PathEscape(item.Name)
}

// runAddress is the page of a run.
func runAddress(id string) string { return "/runs/" + url.PathEscape(id) }

// itemListing is the listing of an item's records of a kind. A name is no pattern,
// whatever is in it.
func itemListing(kind record.Kind, item record.Item, values url.Values) string {
	values.Set("direction", record.LiteralPattern(item.Direction))
	values.Set("item", record.LiteralPattern(item.Name))
	return "/records/" + string(kind) + "?" + values.Encode()
}

// linkToItem writes the name of an item that leads to its page.
func (m *markup) linkToItem(item record.Item) { m.link(itemAddress(item), item.String(), false) }

// linkToRun writes the id of a run that leads to its page; nothing for no run.
func (m *markup) linkToRun(id string) {
	if id != "" {
		m.link(runAddress(id), id, false)
	}
}
