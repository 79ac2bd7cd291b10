package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mvrun/mvrun/viewer"
)

// listingRanges are the ranges that a listing offers, by the words of an address.
var listingRanges = [...]struct{ begin, end, label string }{
	{"today", "", "Today"}, {"yesterday", "yesterday", "Yesterday"}, {"24h", "", "24 hours"}, {"7d", "", "7 days"}, {"30d", "", "30 days"}, {"90d", "", "90 days"},
}

func (v recordsView) writeQuick(m *markup) {
	m.raw(`<nav class="quick"`, boost)
	m.attribute("aria-label", m.T("Range"))
	m.raw(">")
	begin, end := v.Values.Get("begin"), v.Values.Get("end")
	for _, quick := range listingRanges {
		values := url.Values{}
		for key, list := range v.Values {
			if key != "cursor" && key != "begin" && key != "end" {
				values[key] = list
			}
		}
		if quick.end != "" {
			values.Set("end", quick.end)
		}
		isShown := begin == quick.begin && end == quick.end || begin == "" && end == "" && quick.begin == "7d"
		m.link(address("/records/"+v.Kind, values, "begin", quick.begin), m.T(quick.label), isShown)
	}
	m.raw("</nav>\n")
}

func (v recordsView) writeForm(m *markup) {
	m.raw(`<details class="filters" open><summary>`)
	m.say("Filter")
	m.raw("</summary>\n", `<form class="bar filter" id="filter" method="get" role="search"`, boost)
	m.attribute("action", "/records/"+v.Kind)
	m.attribute("aria-label", m.T("Filter"))
	m.raw(">\n")
	m.field("From", "begin", v.Values.Get("begin"), "7d", ` id="begin" list="moments" size="16" autocomplete="off"`)
	m.field("To", "end", v.Values.Get("end"), m.T("now"), ` id="end" list="moments" size="16" autocomplete="off"`)
	v.writeTexts(m, "Direction", "direction", "LSF*", ` list="directions" size="12"`)
	v.writeTexts(m, "Item", "item", "check_*", ` list="items" size="18"`)
	switch v.Kind {
	case "log":
		v.writeLevels(m)
	case "alarm", "monitor":
		v.writeTexts(m, "Receivers", "receivers", "alice", ` size="12"`)
	}
	v.writeTexts(m, "Keyword", "keyword", "", ` type="search" size="18"`)
	v.writeTexts(m, "Not", "not", "", ` type="search" size="12"`)
	if run := v.Values.Get("run"); run != "" {
		m.field("Run", "run", run, "", ` id="run" size="18"`)
	}
	v.writeSort(m)
	v.writeSize(m)
	m.button("Show", "")
	m.link("/records/"+v.Kind, m.T("Reset"), false)
	m.raw("</form></details>\n")
	v.writeSuggestions(m)
}

// writeTexts writes a field for each of several texts, and one for a further one.
func (v recordsView) writeTexts(m *markup, label string, name constant, placeholder string, more constant) {
	texts := given(v.Values[string(name)])
	if len(texts) == 0 || name == "keyword" || name == "not" {
		texts = append(texts, "")
	}
	for i, text := range texts {
		hint := placeholder
		if i > 0 {
			hint = m.T("and")
		}
		m.raw("<label>")
		m.say(label)
		m.raw(` <input name="`, name, `"`)
		m.attribute("id", string(name)+strconv.Itoa(i))
		m.attribute("value", text)
		m.attribute("placeholder", hint)
		m.raw(more, ` autocomplete="off"></label>`, "\n")
	}
}

// writeLevels writes a box for each level.
func (v recordsView) writeLevels(m *markup) {
	m.raw(`<fieldset class="levels"><legend>`)
	m.say("Level")
	m.raw("</legend>")
	for i, level := range v.Levels {
		m.raw(`<label class="check"><input type="checkbox" name="level"`)
		m.attribute("id", "level"+strconv.Itoa(i))
		m.attribute("value", level)
		if slices.ContainsFunc(v.Values["level"], func(chosen string) bool { return strings.EqualFold(chosen, level) }) {
			m.raw(" checked")
		}
		m.raw("> ")
		m.chip(chipOfLevel(level), level)
		m.raw("</label>")
	}
	m.raw("</fieldset>\n")
}

// writeSort writes the order as a list, for who sees no headings.
func (v recordsView) writeSort(m *markup) {
	chosen := v.Values.Get("sort")
	m.raw("<label>")
	m.say("Sort by")
	m.raw(` <select name="sort" id="sort">`)
	m.option("", m.T(v.usualOrder()), chosen == "")
	for _, title := range v.Columns {
		name := strings.ToLower(title)
		m.option(name, title+" ↑", strings.EqualFold(chosen, name))
		m.option("-"+name, title+" ↓", strings.EqualFold(chosen, "-"+name))
	}
	m.raw("</select></label>\n")
}

func (v recordsView) usualOrder() string {
	if v.Kind == string(viewer.Monitor) {
		return "Name"
	}
	return "Newest first"
}

func (v recordsView) writeSize(m *markup) {
	chosen := v.Values.Get("limit")
	if chosen == "" {
		chosen = strconv.Itoa(defaultLimit)
	}
	sizes := []string{"20", "50", "100", "200", "500", "1000"}
	if !slices.Contains(sizes, chosen) {
		sizes = append(sizes, chosen)
	}
	m.raw("<label>")
	m.say("Per page")
	m.raw(` <select name="limit" id="limit">`)
	for _, size := range sizes {
		m.option(size, size, size == chosen)
	}
	m.raw("</select></label>\n")
}

func (v recordsView) writeSuggestions(m *markup) {
	m.raw(`<datalist id="moments">`)
	for _, moment := range [...]string{"now", "today", "yesterday", "1h", "12h", "24h", "7d", "30d"} {
		m.option(moment, "", false)
	}
	m.raw("</datalist>", `<datalist id="directions">`)
	for _, name := range v.Names.directions {
		m.option(name, "", false)
	}
	m.raw("</datalist>", `<datalist id="items">`)
	for _, name := range v.Names.items {
		m.option(name, "", false)
	}
	m.raw("</datalist>\n")
}
