package screen

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// painter makes of two pictures what a terminal is sent to show the second where it
// shows the first.
type painter struct {
	colors bool
	ascii  bool    // the terminal has no mark for what was cut off
	shown  *canvas // nil where nobody knows what the terminal shows

	out   []byte
	x, y  int // where the terminal's cursor is; x is -1 where that is not known
	style style
}

// paint gives the bytes. They move the cursor to where it is seen, if anywhere.
func (p *painter) paint(next *canvas, cursor *point) []byte {
	p.out = append(p.out[:0], "\x1b[?25l\x1b[m"...)
	p.x, p.y, p.style = -1, -1, style{}
	if p.shown == nil || p.shown.width != next.width || p.shown.height != next.height {
		p.out = append(p.out, "\x1b[2J"...)
		p.shown = newCanvas(next.width, next.height)
	}
	for y := range next.height {
		p.row(next, y)
	}
	p.shown = next
	p.wear(style{})
	if cursor != nil {
		p.move(cursor.x, cursor.y)
		p.out = append(p.out, "\x1b[?25h"...)
	}
	return slices.Clone(p.out)
}

// point is a place on the screen.
type point struct{ x, y int }

// row sends what is different in a row. Terminals do not agree about the widths of
// all characters: where there is one of which they may not, the row is sent from
// there on, and the cursor is placed anew behind it.
func (p *painter) row(next *canvas, y int) {
	line := next.cells[y*next.width : (y+1)*next.width]
	shown := p.shown.cells[y*next.width : (y+1)*next.width]
	doubtful := false
	for x := range line {
		doubtful = doubtful || line[x] != shown[x] && (isDoubtful(line[x].text) || isDoubtful(shown[x].text))
		if line[x].text == "" || line[x] == shown[x] && !doubtful && !halfChanged(line, shown, x) {
			continue
		}
		if !p.bridge(line, x, y) {
			p.move(x, y)
		}
		p.wear(line[x].style)
		if isDoubtful(line[x].text) {
			p.doubtful(line, x, y)
			continue
		}
		p.out = append(p.out, p.character(line[x].text)...)
		p.x = x + cellsOf(line, x)
	}
}

// doubtful sends a character of which nobody knows how far it moves the cursor, and
// whether it covers all of its cells: they are blank before.
func (p *painter) doubtful(line []cell, x, y int) {
	for range cellsOf(line, x) {
		p.out = append(p.out, ' ')
	}
	p.x = -1
	p.move(x, y)
	p.out = append(p.out, line[x].text...)
	p.x = -1
}

func (p *painter) character(text string) string {
	if p.ascii && text == "…" {
		return "~"
	}
	return text
}

// halfChanged reports whether the second half of a wide character was shown as
// something else.
func halfChanged(line, shown []cell, x int) bool {
	for i := x + 1; i < len(line) && line[i].text == ""; i++ {
		if line[i] != shown[i] {
			return true
		}
	}
	return false
}

// cellsOf is the width of the character at a place.
func cellsOf(line []cell, x int) int {
	n := 1
	for x+n < len(line) && line[x+n].text == "" {
		n++
	}
	return n
}

// isDoubtful reports whether terminals may not agree about a character's width:
// those that consist of several, and those beyond the first plane, as emoji.
func isDoubtful(text string) bool {
	if len(text) < utf8.UTFMax {
		r, size := utf8.DecodeRuneInString(text)
		return size < len(text) || r >= 0x2600 && r < 0x2800
	}
	return true
}

// bridge goes to a place in the row by sending once more what stands before it, where
// that is shorter than a move, and reports whether it did.
func (p *painter) bridge(line []cell, x, y int) bool {
	const shortest = 6 // bytes of a move
	if p.y != y || p.x < 0 || p.x >= x || x-p.x > shortest {
		return false
	}
	for _, c := range line[p.x:x] {
		if len(c.text) != 1 || c.style != p.style {
			return false
		}
	}
	for _, c := range line[p.x:x] {
		p.out = append(p.out, c.text...)
	}
	p.x = x
	return true
}

func (p *painter) move(x, y int) {
	if p.x == x && p.y == y {
		return
	}
	p.out = fmt.Appendf(p.out, "\x1b[%d;%dH", y+1, x+1)
	p.x, p.y = x, y
}

// wear switches to a style.
func (p *painter) wear(s style) {
	if !p.colors { // what is bad still strikes the eye
		s.bold = s.bold || s.color == red
		s.color = 0
	}
	if s == p.style {
		return
	}
	p.style = s
	p.out = append(p.out, "\x1b["...)
	p.out = append(p.out, '0')
	for _, attribute := range [...]struct {
		on   bool
		code string
	}{{s.bold, ";1"}, {s.faint, ";2"}, {s.underlined, ";4"}, {s.reverse, ";7"}} {
		if attribute.on {
			p.out = append(p.out, attribute.code...)
		}
	}
	if s.color > 0 {
		p.out = append(p.out, ';')
		p.out = strconv.AppendInt(p.out, 30+int64(s.color), 10)
	}
	p.out = append(p.out, 'm')
}
