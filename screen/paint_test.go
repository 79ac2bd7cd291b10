package screen

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
)

// screenOf is a terminal as far as the painter needs one.
type screenOf struct {
	width, height int
	cells         []string
	x, y          int
}

var sequence = regexp.MustCompile(`^\x1b\[(\??[0-9;]*)([A-Za-z])`)

// write obeys what the painter sends.
func (s *screenOf) write(t *testing.T, text string) {
	t.Helper()
	for text != "" {
		if match := sequence.FindStringSubmatch(text); match != nil {
			s.obey(t, match[1], match[2])
			text = text[len(match[0]):]
			continue
		}
		graphemes := displaywidth.StringGraphemes(text)
		graphemes.Next()
		value, width := graphemes.Value(), graphemes.Width()
		if s.x+width > s.width || s.y >= s.height {
			t.Fatalf("%q is written at %d, %d", value, s.x, s.y)
		}
		s.cells[s.y*s.width+s.x] = value
		for i := 1; i < width; i++ {
			s.cells[s.y*s.width+s.x+i] = ""
		}
		s.x += width
		text = text[len(value):]
	}
}

func (s *screenOf) obey(t *testing.T, parameters, function string) {
	switch function {
	case "H":
		if n, _ := fmt.Sscanf(parameters, "%d;%d", &s.y, &s.x); n != 2 {
			t.Fatalf("moved to %q", parameters)
		}
		s.x, s.y = s.x-1, s.y-1
	case "J":
		for i := range s.cells {
			s.cells[i] = " "
		}
	case "m", "l", "h":
	default:
		t.Fatalf("sent %q %q", parameters, function)
	}
}

// Whatever is shown after whatever: the terminal has the picture.
func TestPaintedPicturesAreThePictures(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	texts := []string{"a", "b", " ", "项", "目", "🎉", "👩‍👩‍👧", "é", "·", "⚠️", "x"}
	p := &painter{colors: true}
	terminal := &screenOf{width: 14, height: 4, cells: make([]string, 14*4)}
	for range 3000 {
		picture := newCanvas(14, 4)
		for y := range 4 {
			if random.IntN(3) == 0 && p.shown != nil { // a row that stays
				copy(picture.cells[y*14:(y+1)*14], p.shown.cells[y*14:(y+1)*14])
				continue
			}
			for x := 0; x < 14; {
				x = max(x+1, picture.whole().put(x, y, texts[random.IntN(len(texts))], style{color: uint8(random.IntN(3))}))
			}
		}
		terminal.write(t, string(p.paint(picture, nil)))
		for i, cell := range picture.cells {
			if cell.text != terminal.cells[i] {
				t.Fatalf("cell %d is %q, want %q\n%s", i, terminal.cells[i], cell.text, picture.text())
			}
		}
	}
}

func TestPaintingSendsOnlyWhatIsDifferent(t *testing.T) {
	p := &painter{colors: true}
	first := newCanvas(80, 24)
	first.whole().put(0, 3, "message 项目", style{})
	p.paint(first, nil)
	second := newCanvas(80, 24)
	second.whole().put(0, 3, "message 项目", style{})
	second.whole().put(0, 9, "new", style{color: red, bold: true})
	if got, want := string(p.paint(second, nil)), "\x1b[?25l\x1b[m\x1b[10;1H\x1b[0;1;31mnew\x1b[0m"; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestWithoutColorsOrSymbols(t *testing.T) {
	for _, c := range []struct {
		environment   string
		colors, ascii bool
	}{
		{"TERM=xterm-256color", true, false},
		{"TERM=xterm NO_COLOR=1", false, false},
		{"TERM=vt100", false, true},
		{"TERM=vt220-8bit LANG=zh_CN.UTF-8", false, true},
		{"TERM=xterm-mono", false, true},
		{"TERM=linux LANG=C", true, true},
		{"TERM=xterm LANG=en_US.utf8 LC_ALL=POSIX", true, true},
		{"TERM=xterm LANG=zh_CN.UTF-8", true, false},
		{"TERM=xterm LANG=zh_CN.GBK", true, true},
		{"TERM=screen LANG=C.UTF-8", true, false},
	} {
		getenv := func(name string) string {
			for pair := range strings.FieldsSeq(c.environment) {
				if value, ok := strings.CutPrefix(pair, name+"="); ok {
					return value
				}
			}
			return ""
		}
		if hasColors(getenv) != c.colors || needsASCII(getenv) != c.ascii {
			t.Errorf("%s: colours %v, ASCII %v", c.environment, hasColors(getenv), needsASCII(getenv))
		}
	}
	d := openDesk(t, Options{Filter: fixtureDays})
	d.model.symbols = symbolsFor(true)
	d.press("3 s enter ?")
	picture, _ := d.model.draw()
	for _, b := range (&painter{ascii: true}).paint(picture, nil) {
		if b >= 0x80 {
			t.Fatalf("byte %s is sent to a terminal of ASCII", strconv.QuoteRune(rune(b)))
		}
	}
}
