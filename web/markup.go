package web

import (
	"bytes"
	"html"
	"net/url"
)

// The pages are written by functions. html/template would let the linker keep every
// exported method of the program, by which each job would start with some megabytes
// more. What keeps texts from becoming markup is that only markup.raw, which takes
// constants, writes without escaping.

// constant is markup that stands in this program.
type constant string

// markup is a page that is being written.
type markup struct {
	bytes.Buffer
	page
}

// raw writes markup.
func (m *markup) raw(parts ...constant) {
	for _, part := range parts {
		m.WriteString(string(part))
	}
}

// text writes a text of anybody; it is good within quotes as well.
func (m *markup) text(text string) { m.WriteString(html.EscapeString(text)) }

// say writes a text of the page in its language.
func (m *markup) say(english string) { m.text(m.T(english)) }

// attribute writes an attribute with any text.
func (m *markup) attribute(name constant, value string) {
	m.raw(" ", name, `="`)
	m.text(value)
	m.raw(`"`)
}

// link writes a link; an address that does not begin here leads nowhere.
func (m *markup) link(address, label string, current bool) {
	if u, err := url.Parse(address); err != nil || u.Scheme != "" || u.Host != "" {
		address = "#"
	}
	m.raw("<a")
	m.attribute("href", address)
	if current {
		m.raw(` aria-current="page"`)
	}
	m.raw(">")
	m.text(label)
	m.raw("</a>")
}

// head begins a page.
func (m *markup) head() {
	m.raw("<!doctype html>\n<html")
	m.attribute("lang", m.Lang)
	m.attribute("data-theme", m.Theme)
	m.raw(">\n<head>\n", `<meta charset="utf-8">`, "\n", `<meta name="viewport" content="width=device-width, initial-scale=1">`, "\n")
	m.raw(`<meta name="color-scheme" content="light dark">`, "\n", `<meta name="htmx-config" content='{"includeIndicatorCSS": false}'>`, "\n<title>")
	m.text(m.T(m.Title) + " · mvrun · " + m.Host)
	m.raw("</title>\n")
	m.assets()
	m.raw("</head>\n<body>\n", `<a class="skip" href="#content">`)
	m.say("Skip to the content")
	m.raw("</a>\n<header>\n", `<nav aria-label="mvrun">`, "\n", `<a class="name" href="/">mvrun</a>`, "\n")
	m.link("/", m.T("Overview"), m.Path == "/")
	for _, kind := range m.Kinds {
		m.raw("\n")
		m.link("/records/"+kind.Name, m.T(kind.Label), kind.Current)
	}
	m.raw("\n</nav>\n")
	m.who()
	m.raw("</header>\n", `<main id="content">`, "\n<h1>")
	m.say(m.Title)
	m.raw("</h1>\n")
}

// assets names the files that a page needs.
func (m *markup) assets() {
	m.stylesheet("mvrun.css")
	if m.Path == "/" {
		m.stylesheet("uplot.min.css")
		m.script("uplot.min.js")
	}
	m.script("htmx.min.js")
	m.script("mvrun.js")
	m.liveAssets()
	m.raw(`<link rel="icon"`)
	m.attribute("href", assetAddress("mvrun.svg"))
	m.raw(">\n")
}

func (m *markup) stylesheet(name string) {
	m.raw(`<link rel="stylesheet"`)
	m.attribute("href", assetAddress(name))
	m.raw(">\n")
}

func (m *markup) script(name string) {
	m.raw("<script defer")
	m.attribute("src", assetAddress(name))
	m.raw("></script>\n")
}

// who has the switches of language and light, and who is logged in.
func (m *markup) who() {
	m.raw(`<div class="who">`)
	m.liveStatus()
	if m.Lang == langChinese {
		m.raw(`<a href="/display?lang=en" hreflang="en" lang="en">English</a>`)
	} else {
		m.raw(`<a href="/display?lang=zh" hreflang="zh" lang="zh">中文</a>`)
	}
	next := nextTheme(m.Theme)
	m.raw(" <a")
	m.attribute("href", "/display?theme="+next)
	m.attribute("title", m.T("Light")+": "+m.T(m.Theme)+" → "+m.T(next))
	m.raw("><span aria-hidden=\"true\">◐</span> ")
	m.text(m.T(m.Theme))
	m.raw("</a>")
	if m.User != "" {
		m.raw(" <span>")
		m.text(m.User)
		m.raw("</span>\n", `<form method="post" action="/logout">`)
		m.hidden("csrf", m.CSRF)
		m.raw("<button>")
		m.say("Log out")
		m.raw("</button></form>")
	}
	m.raw("</div>\n")
}

// foot ends a page.
func (m *markup) foot() {
	m.raw("</main>\n<footer>mvrun ")
	m.text(m.Version + " · " + m.Host)
	m.raw("</footer>\n</body>\n</html>\n")
}

func (m *markup) hidden(name constant, value string) {
	m.raw(`<input type="hidden" name="`, name, `"`)
	m.attribute("value", value)
	m.raw(">")
}

// field writes a field of a form with its label.
func (m *markup) field(label string, name constant, value, placeholder string, more constant) {
	m.raw("<label>")
	m.say(label)
	m.raw(` <input name="`, name, `"`)
	m.attribute("value", value)
	if placeholder != "" {
		m.attribute("placeholder", placeholder)
	}
	m.raw(more, "></label>\n")
}

// button writes a button of a form that does one of several things; name is "" for
// the only one.
func (m *markup) button(label string, value constant) {
	m.raw("<button")
	if value != "" {
		m.raw(` name="do" value="`, value, `"`)
	}
	m.raw(">")
	m.say(label)
	m.raw("</button>\n")
}

// note says something to the reader at once.
func (m *markup) note(text string) {
	m.raw(`<p class="note" role="alert">`)
	m.text(text)
	m.raw("</p>\n")
}

func (m *markup) state(state string) {
	m.raw("<span")
	m.attribute("class", stateClass(state))
	m.raw(">")
	m.say(state)
	m.raw("</span>")
}

// wide begins a part that may be wider than the page.
func (m *markup) wide(label string) {
	m.raw(`<div class="wide" tabindex="0" role="region"`)
	m.attribute("aria-label", m.T(label))
	m.raw(">")
}

func (m *markup) nothing() {
	m.raw(`<p class="empty">`)
	m.say("Nothing was found.")
	m.raw("</p>\n")
}
