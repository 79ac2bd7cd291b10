package screen

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// style is how a cell looks. Colours are those of ECMA-48, 1 (red, as SGR 31) to 7;
// 0 is the terminal's own.
type style struct {
	color                            uint8
	bold, faint, reverse, underlined bool
}

const (
	red    = 1
	green  = 2
	yellow = 3
	cyan   = 6
)

// cell is one place of the screen. The second half of a wide character has an
// empty text and a width of 0.
type cell struct {
	text  string
	style style
}

// canvas is a picture of the screen.
type canvas struct {
	width, height int
	cells         []cell
}

func newCanvas(width, height int) *canvas {
	c := &canvas{width: max(width, 0), height: max(height, 0)}
	c.cells = make([]cell, c.width*c.height)
	for i := range c.cells {
		c.cells[i].text = " "
	}
	return c
}

// area is a part of a canvas; nothing is drawn beyond it.
type area struct {
	canvas              *canvas
	x, y, width, height int
}

func (c *canvas) whole() area { return area{c, 0, 0, c.width, c.height} }

// part gives an area within an area; what is beyond is left out.
func (a area) part(x, y, width, height int) area {
	x, y = max(x, 0), max(y, 0)
	return area{a.canvas, a.x + x, a.y + y, max(min(width, a.width-x), 0), max(min(height, a.height-y), 0)}
}

// contains reports whether a cell of the canvas is in the area.
func (a area) contains(x, y int) bool {
	return x >= a.x && x < a.x+a.width && y >= a.y && y < a.y+a.height
}

// put draws a text, which holds nothing that a terminal would obey, and returns the
// column behind it. What does not fit is left out; a wide character never by half.
func (a area) put(x, y int, text string, s style) int {
	if y < 0 || y >= a.height {
		return x
	}
	for graphemes := displaywidth.StringGraphemes(text); graphemes.Next(); {
		width := graphemes.Width()
		if width == 0 {
			continue // has no place of its own
		}
		if x+width > a.width {
			return x
		}
		if x >= 0 {
			a.set(x, y, cell{graphemes.Value(), s})
			for i := 1; i < width; i++ {
				a.set(x+i, y, cell{"", s})
			}
		}
		x += width
	}
	return x
}

func (a area) set(x, y int, c cell) { a.canvas.cells[(a.y+y)*a.canvas.width+a.x+x] = c }

// fill gives a row of the area a style, and blanks from a column on.
func (a area) fill(x, y int, s style) {
	if y < 0 || y >= a.height {
		return
	}
	for ; x < a.width; x++ {
		a.set(max(x, 0), y, cell{" ", s})
	}
}

// fit cuts a text to a width, with a mark where something is missing.
func fit(text string, width int) string {
	if width <= 0 {
		return ""
	}
	return displaywidth.TruncateString(text, width, "…")
}

// text is the picture without styles, a line for each row.
func (c *canvas) text() string {
	var b strings.Builder
	for y := range c.height {
		var line strings.Builder
		for _, cell := range c.cells[y*c.width : (y+1)*c.width] {
			line.WriteString(cell.text)
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	return b.String()
}
