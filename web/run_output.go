package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
)

// outputView is a piece of what was kept of a run's output, or where a text is in it.
type outputView struct {
	Kept    *viewer.KeptOutput
	Run     string
	Ended   bool
	Lines   []string
	First   int  // of the piece, counted from 0
	FromEnd bool // no piece is named: the last is shown, and of it the end first
	Search  string
	Matches []viewer.OutputMatch
}

// Bounds of an answer: the lines of a piece, the places that are shown of a text with
// the lines around each, and the length of what is searched for and of a line.
const (
	pieceLines   = 500
	maxMatches   = 200
	contextLines = 2
	maxSearch    = 1 << 10
	maxShownLine = 8 << 10
)

// newOutputView reads what an address asks for: the piece that begins with the line
// from, counted from 1, or else the last one; or with search the places of a text.
func newOutputView(report *viewer.RunReport, values url.Values) (outputView, error) {
	kept := &report.Output
	v := outputView{Kept: kept, Run: report.ID, Ended: report.Ended(), Lines: kept.Lines(), Search: values.Get("search")}
	v.First, v.FromEnd = max(0, len(v.Lines)-pieceLines), values.Get("from") == ""
	if len(v.Search) > maxSearch {
		return v, errors.New("the text to search for is too long")
	}
	if text := values.Get("from"); text != "" {
		from, err := strconv.Atoi(text)
		if err != nil || from < 1 {
			return v, errors.New("from is the number of a line, from 1 on")
		}
		v.First = min(from, max(1, len(v.Lines))) - 1
	}
	v.Matches = kept.Search(v.Search, maxMatches+1)
	return v, nil
}

// runOutput sends the kept output as it is, but for secrets.
func (s *Server) runOutput(w http.ResponseWriter, r *http.Request, _ *identity) {
	report := s.readRun(w, r)
	if report == nil {
		return
	}
	if report.Output.Path == "" || report.Output.Problem != "" {
		s.fail(w, r, http.StatusNotFound, "no output of this run is kept")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="mvrun-`+record.SanitizeName(report.ID)+`.txt"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(report.Output.Text)))
	_, _ = w.Write([]byte(report.Output.Text))
}

func (v *outputView) write(m *markup) {
	m.title("Output")
	switch {
	case v.Kept.Path == "":
		m.raw(`<p class="empty">`)
		if v.Ended {
			m.say("No output was kept; see --keep-output.")
		} else {
			m.say("What is kept of it is here once the run has ended.")
		}
		m.raw("</p>\n")
		return
	case v.Kept.Problem != "":
		m.note(m.T("The output could not be read:") + " " + v.Kept.Problem)
		return
	}
	v.writeHead(m)
	if v.Search != "" {
		v.writeMatches(m)
		return
	}
	v.writePiece(m)
}

func (v *outputView) address(values url.Values) string {
	if len(values) == 0 {
		return runAddress(v.Run) + "#output"
	}
	return runAddress(v.Run) + "?" + values.Encode() + "#output"
}

func (v *outputView) from(line int) string {
	return v.address(url.Values{"from": {strconv.Itoa(line)}})
}

// writeHead says how much there is, and takes what is to be searched for.
func (v *outputView) writeHead(m *markup) {
	m.raw(`<form class="filter" method="get"`)
	m.attribute("action", v.address(nil))
	m.raw(">\n")
	m.field("Search in the output", "search", v.Search, "", ` type="search"`)
	m.button("Search", "")
	if v.Search != "" {
		m.link(v.address(nil), m.T("All of it"), false)
	}
	m.link(runAddress(v.Run)+"/output", m.T("Download"), false)
	m.raw(`<span class="beside">`)
	m.text(m.counted(len(v.Lines), "line", "lines"))
	if v.Kept.Cut() {
		m.text(", " + m.T("the last of") + " " + m.counted(int(v.Kept.Printed), "byte", "bytes"))
	}
	m.raw("</span></form>\n")
}

func (v *outputView) writePiece(m *markup) {
	if len(v.Lines) == 0 {
		m.nothing()
		return
	}
	end := min(len(v.Lines), v.First+pieceLines)
	v.writePages(m, end)
	v.beginLines(m)
	for i := v.First; i < end; i++ {
		v.writeLine(m, i)
	}
	m.raw("</div></div>\n")
	v.writePages(m, end)
}

// beginLines begins the lines, within what scrolls.
func (v *outputView) beginLines(m *markup) {
	m.raw(`<div class="output`)
	if v.FromEnd && v.Search == "" {
		m.raw(" from-end")
	}
	m.raw(`" tabindex="0" role="region"`)
	m.attribute("aria-label", m.T("Output"))
	m.raw("><div>\n")
}

// writePages leads to the other pieces.
func (v *outputView) writePages(m *markup, end int) {
	if v.First == 0 && end == len(v.Lines) {
		return
	}
	m.raw(`<p class="pages">`)
	if v.First > 0 {
		m.link(v.from(1), m.T("Top"), false)
		m.raw(" ")
		m.link(v.from(max(1, v.First+1-pieceLines)), m.T("Before"), false)
		m.raw(" ")
	}
	m.text(strconv.Itoa(v.First+1) + "–" + strconv.Itoa(end) + " / " + strconv.Itoa(len(v.Lines)))
	if end < len(v.Lines) {
		m.raw(" ")
		m.link(v.from(end+1), m.T("Behind"), false)
		m.raw(" ")
		m.link(v.address(nil), m.T("Bottom"), false)
	}
	m.raw("</p>\n")
}

// writeLine writes a line with its number, which leads to itself; of one that is very
// long the beginning.
func (v *outputView) writeLine(m *markup, i int) {
	number := strconv.Itoa(i + 1)
	m.raw("<div")
	m.attribute("id", "L"+number)
	m.raw(">")
	m.raw("<a")
	m.attribute("href", runAddress(v.Run)+"?from="+number+"#L"+number)
	m.raw(">")
	m.text(number)
	m.raw("</a><code>")
	v.writeText(m, v.Lines[i])
	m.raw("</code></div>\n")
}

// writeText marks what is searched for.
func (v *outputView) writeText(m *markup, line string) {
	line, cut := cutLine(line)
	one := viewer.KeptOutput{Text: line}
	at := 0
	for _, match := range one.Search(v.Search, maxMatches) {
		m.text(viewer.Visible(line[at:match.Begin]))
		m.raw("<mark>")
		m.text(viewer.Visible(line[match.Begin:match.End]))
		m.raw("</mark>")
		at = match.End
	}
	m.text(viewer.Visible(line[at:]))
	if cut {
		m.raw(" …")
	}
}

// cutLine bounds a line, at the beginning of a character.
func cutLine(line string) (string, bool) {
	if len(line) <= maxShownLine {
		return line, false
	}
	return strings.ToValidUTF8(line[:maxShownLine], ""), true
}

// writeMatches shows the lines in which the text is, with those around.
func (v *outputView) writeMatches(m *markup) {
	if len(v.Matches) == 0 {
		m.nothing()
		return
	}
	m.raw(`<p>`)
	if len(v.Matches) > maxMatches {
		m.text(m.T("more than") + " ")
	}
	m.text(m.counted(min(len(v.Matches), maxMatches), "place", "places"))
	m.raw("</p>\n")
	v.beginLines(m)
	next := 0
	for _, match := range v.Matches[:min(len(v.Matches), maxMatches)] {
		first, last := max(match.Line-1-contextLines, next), min(match.Line-1+contextLines, len(v.Lines)-1)
		if first > next && next > 0 {
			m.raw("<hr>\n")
		}
		for ; first <= last; first++ {
			v.writeLine(m, first)
		}
		next = max(next, last+1)
	}
	m.raw("</div></div>\n")
}
