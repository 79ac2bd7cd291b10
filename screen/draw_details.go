package screen

import (
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/mvrun/mvrun/viewer"
)

// drawnLine is a line of the details or the help.
type drawnLine struct {
	label string
	text  string
	style style
}

// drawDetails shows all that is known of the selected row.
func (m *model) drawDetails(a area, beside bool) {
	if a.height == 0 || a.width == 0 {
		return
	}
	inner := a.part(1, 1, a.width-2, a.height-1)
	if beside {
		for y := range a.height {
			a.put(0, y, m.symbols.bar, style{faint: true})
		}
		inner = a.part(2, 1, a.width-3, a.height-1)
	}
	lines := m.detailLines(inner.width)
	m.detailsTop = max(0, min(m.detailsTop, len(lines)-inner.height))
	m.drawDetailsTitle(a, beside, len(lines), inner.height)
	labels := 0
	for _, line := range lines {
		labels = max(labels, displaywidth.String(line.label))
	}
	for y := range inner.height {
		if i := m.detailsTop + y; i < len(lines) {
			inner.put(0, y, lines[i].label, style{color: cyan})
			inner.put(labels+columnGap, y, lines[i].text, lines[i].style)
		}
	}
}

func (m *model) drawDetailsTitle(a area, beside bool, lines, height int) {
	x := 0
	if beside {
		x = 1
	} else {
		a.put(0, 0, strings.Repeat(m.symbols.line, a.width), style{faint: true})
	}
	title := " " + m.word("Details") + " "
	if lines > height {
		title += viewer.Grouped(m.detailsTop+1) + "-" + viewer.Grouped(min(m.detailsTop+height, lines)) + "/" + viewer.Grouped(lines) + " "
	}
	a.put(x+1, 0, fit(title, a.width-x-1), style{bold: true})
}

// detailLines lays out the details in a width.
func (m *model) detailLines(width int) []drawnLine {
	e, ok := m.list().current()
	if !ok {
		return nil
	}
	details := e.Details(m.language, m.now())
	labels := 0
	for _, d := range details {
		labels = max(labels, displaywidth.String(fit(d.Name, maxLabel)))
	}
	var lines []drawnLine
	for _, d := range details {
		label := fit(d.Name, maxLabel)
		for part := range strings.SplitSeq(d.Text, "\n") {
			for _, piece := range wrap(part, max(width-labels-columnGap, 8)) {
				lines = append(lines, drawnLine{label, piece, toneStyle(d.Tone)})
				label = ""
			}
		}
	}
	return lines
}

// maxLabel is how wide the name of a field may be.
const maxLabel = 24

// wrap breaks a line into those of a width, between words where it can.
func wrap(text string, width int) []string {
	var lines []string
	for displaywidth.String(text) > width {
		head := displaywidth.TruncateString(text, width, "")
		if head == "" {
			break // not even one character fits
		}
		if blank := strings.LastIndexByte(head, ' '); blank > len(head)/3 && text[len(head)] != ' ' {
			head = head[:blank+1]
		}
		lines = append(lines, strings.TrimRight(head, " "))
		text = strings.TrimLeft(text[len(head):], " ")
	}
	return append(lines, text)
}
