package screen

import (
	"time"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// mode is what keys are about.
type mode int

const (
	browsing   mode = iota // the rows
	reading                // the details, over the whole screen
	filtering              // the fields of the filter
	searching              // the text that is searched for
	exporting              // the name of the file
	confirming             // whether a file may be overwritten
	helping
)

// model is all that the screen shows, and what became of the keys so far. It reads
// nothing by itself and knows no terminal: update takes events, and leaves in
// effects what has to be done.
type model struct {
	width, height int
	now           func() time.Time
	levels        []string
	language      heartbeat.Language
	database      string
	symbols       symbols

	listings [5]*listing
	tab      int
	filter   filter
	applied  [5]filter // with which each listing was asked for
	names    known
	named    bool // the names were asked for

	mode       mode
	details    bool // the pane is open
	detailsTop int  // its first line that is seen
	form       *form
	prompt     line // what is searched for, or the name of a file
	searched   string
	message    string // of the last key
	bad        bool   // the message is about a failure
	saving     exportOrder
	helpTop    int

	generation int
	ticks      int // seconds that something has been read for

	effects []effect
}

// effect is something that has to be done outside of the model.
type effect any

type (
	// load asks for a listing; its answers bear the generation.
	load struct {
		tab, generation int
		query           record.Query
	}
	// learnNames asks for names to complete with.
	learnNames struct{}
	// exportOrder asks for a file of entries.
	exportOrder struct {
		path      string
		format    viewer.Format
		kind      record.Kind
		entries   []viewer.Entry
		overwrite bool
	}
	quit    struct{}
	suspend struct{}
	repaint struct{}
)

// Events that are answers to effects, and the clock's.
type (
	answer struct {
		tab, generation int
		batch           viewer.Batch
	}
	failed struct {
		tab, generation int
		err             error
	}
	learned  struct{ names known }
	exported struct {
		order  exportOrder
		exists bool
		err    error
	}
	tick struct{}
)

func newModel(o Options) *model {
	m := &model{
		width: 80, height: 24, now: o.Now, levels: o.Levels, language: o.Language, database: o.Database,
		filter: filterOf(o.Filter), symbols: o.symbols(),
	}
	if m.now == nil {
		m.now = time.Now
	}
	for i, kind := range viewer.Kinds {
		m.listings[i] = newListing(kind)
	}
	if m.names.levels = o.Levels; m.names.levels == nil {
		for _, level := range record.Levels {
			m.names.levels = append(m.names.levels, string(level))
		}
	}
	m.open(m.filter.firstTab())
	return m
}

// list is the listing of the tab that is open.
func (m *model) list() *listing { return m.listings[m.tab] }

func (m *model) do(e effect) { m.effects = append(m.effects, e) }

// say shows a message until the next key.
func (m *model) say(text string) { m.message, m.bad = text, false }

func (m *model) complain(text string) { m.message, m.bad = text, true }

// update takes an event.
func (m *model) update(e event) {
	switch e := e.(type) {
	case key:
		m.message = ""
		m.press(e)
	case paste:
		m.message = ""
		m.pasted(string(e))
	case click:
		m.clicked(e)
	case resize:
		m.width, m.height = e.width, e.height
	case answer:
		m.answered(e)
	case failed:
		if l := m.listings[e.tab]; l.generation == e.generation {
			l.failure, l.reading, l.live = e.err, false, false
		}
	case learned:
		m.names.directions, m.names.items, m.names.receivers = e.names.directions, e.names.items, e.names.receivers
	case exported:
		m.exportDone(e)
	case tick:
		m.ticks++
	}
	m.list().reveal(m.rowsHeight())
	m.loadOlder()
}

// answered takes a batch, unless nobody waits for it any more.
func (m *model) answered(a answer) {
	l := m.listings[a.tab]
	if l.generation != a.generation {
		return
	}
	l.take(a.batch)
	if l.listed && l.want == lookingFurther {
		l.want, m.message = nothing, ""
		m.search(m.searched, 1)
	}
}

// open shows a tab, and reads it anew: only the tab that is seen is kept up to date.
func (m *model) open(tab int) {
	m.tab = (tab + len(m.listings)) % len(m.listings)
	m.detailsTop = 0
	m.load()
}

// load asks for the listing of the tab.
func (m *model) load() {
	l := m.list()
	same := l.began && m.applied[m.tab] == m.filter
	if !same {
		l.level, l.want = 0, nothing
		if l.ordered.column >= 0 {
			l.level = len(limits) - 1 // the more are sorted, the better
		}
	}
	q, err := m.filter.query(l.kind, m.now(), m.levels)
	m.generation++
	l.begin(m.generation, same)
	m.applied[m.tab] = m.filter
	m.ticks = 0
	if err != nil {
		l.failure, l.reading = err, false
		return
	}
	q.Limit = l.limit()
	m.do(load{m.tab, m.generation, q})
}

// loadOlder asks for more records once the reader comes near the last one.
func (m *model) loadOlder() {
	if l := m.list(); l.nearEnd(m.rowsHeight()) {
		m.deepen(l.level + 1)
	}
}

// deepen asks for more records, and reports whether it does.
func (m *model) deepen(level int) bool {
	l := m.list()
	if !l.more || l.full() {
		return false
	}
	l.level = min(level, len(limits)-1)
	m.load()
	return true
}

// setFilter asks for other records.
func (m *model) setFilter(f filter) {
	m.filter = f
	if m.applied[m.tab] != f {
		m.load()
	}
}
