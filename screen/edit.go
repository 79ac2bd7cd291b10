package screen

import (
	"strings"
	"unicode"

	"github.com/clipperhouse/displaywidth"
)

// line is a text that is being typed. Its cursor is between characters as people
// count them, which may be of several code points.
type line struct {
	before, after []string
}

func newLine(text string) line { return line{before: characters(text)} }

func characters(text string) []string {
	var list []string
	for graphemes := displaywidth.StringGraphemes(typeable(text)); graphemes.Next(); {
		list = append(list, graphemes.Value())
	}
	return list
}

// typeable leaves out of a text what a line cannot hold; line ends become blanks.
func typeable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Cf, r) && r != 0x200d:
			return -1
		}
		return r
	}, strings.TrimRight(text, "\r\n"))
}

func (l *line) text() string { return strings.Join(l.before, "") + strings.Join(l.after, "") }

// insert types a text at the cursor.
func (l *line) insert(text string) {
	l.before = characters(strings.Join(l.before, "") + text)
	if len(l.before) > maxTyped {
		l.before = l.before[:maxTyped]
	}
}

// maxTyped bounds the characters of a line.
const maxTyped = 4096

// edit obeys a key; false is that the key is about something else.
func (l *line) edit(k key) bool {
	switch k {
	case "left", "ctrl+b":
		l.moveLeft()
	case "right", "ctrl+f":
		l.moveRight()
	case "home", "ctrl+a":
		l.before, l.after = nil, append(l.before, l.after...)
	case "end", "ctrl+e":
		l.before, l.after = append(l.before, l.after...), nil
	case "backspace":
		if len(l.before) > 0 {
			l.before = l.before[:len(l.before)-1]
		}
	case "delete", "ctrl+d":
		if len(l.after) > 0 {
			l.after = l.after[1:]
		}
	case "ctrl+u":
		l.before = nil
	case "ctrl+k":
		l.after = nil
	case "ctrl+w":
		l.removeWord()
	default:
		if isNamed(k) {
			return false
		}
		l.insert(string(k))
	}
	return true
}

// isNamed reports whether a key types nothing.
func isNamed(k key) bool {
	switch k {
	case "up", "down", "left", "right", "home", "end", "pgup", "pgdown", "tab", "shift+tab", "enter", "esc", "backspace", "delete", "f1":
		return true
	}
	return strings.HasPrefix(string(k), "ctrl+") && len(k) > len("ctrl+")
}

func (l *line) moveLeft() {
	if last := len(l.before) - 1; last >= 0 {
		l.after = append([]string{l.before[last]}, l.after...)
		l.before = l.before[:last]
	}
}

func (l *line) moveRight() {
	if len(l.after) > 0 {
		l.before = append(l.before, l.after[0])
		l.after = l.after[1:]
	}
}

func (l *line) removeWord() {
	for len(l.before) > 0 && l.before[len(l.before)-1] == " " {
		l.before = l.before[:len(l.before)-1]
	}
	for len(l.before) > 0 && l.before[len(l.before)-1] != " " {
		l.before = l.before[:len(l.before)-1]
	}
}

// view gives what is seen of the line in so many cells, and the cell of the cursor.
func (l *line) view(width int) (text string, cursor int) {
	start := 0
	for start < len(l.before) && displaywidth.String(strings.Join(l.before[start:], "")) >= width {
		start++
	}
	text = strings.Join(l.before[start:], "")
	return displaywidth.TruncateString(text+strings.Join(l.after, ""), max(width, 0), ""), displaywidth.String(text)
}
