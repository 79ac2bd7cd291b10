package screen

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// event is something that happens to the model.
type event any

type (
	// key is a key by its name ("up", "ctrl+l"), or what it types.
	key string
	// paste is a text that was put in at once.
	paste string
	// click is a press of a mouse button at a cell, or a turn of its wheel.
	click struct {
		x, y   int
		button int // see the constants
	}
	// resize is a new size of the window.
	resize struct{ width, height int }
)

// Buttons of a mouse as terminals number them.
const (
	leftButton = 0
	wheelUp    = 64
	wheelDown  = 65
)

// maxPaste bounds what is held of a text that is put in at once.
const maxPaste = 128 << 10

// decode takes the first event off the bytes that a terminal has sent. It gives nil
// and 0 where more bytes are needed, and nil with what to skip where they mean
// nothing here. At final, no more bytes have come for a while.
func decode(in []byte, final bool) (event, int) {
	switch c := in[0]; {
	case c == 0x1b:
		return decodeEscape(in, final)
	case c < 0x20 || c == 0x7f:
		return controlKey(c), 1
	}
	if !utf8.FullRune(in) && !final {
		return nil, 0
	}
	r, size := utf8.DecodeRune(in)
	if r == utf8.RuneError || unicode.IsControl(r) {
		return nil, size
	}
	return key(in[:size]), size
}

func controlKey(c byte) key {
	switch c {
	case '\r', '\n':
		return "enter"
	case '\t':
		return "tab"
	case 0x7f, 0x08:
		return "backspace"
	case 0:
		return "ctrl+space"
	}
	if c > 26 {
		return key("ctrl+" + string(rune(c|0x40)))
	}
	return key("ctrl+" + string(rune(c|0x60)))
}

func decodeEscape(in []byte, final bool) (event, int) {
	if len(in) == 1 {
		if final {
			return key("esc"), 1
		}
		return nil, 0
	}
	switch in[1] {
	case '[':
		return decodeSequence(in, final)
	case 'O':
		if len(in) > 2 {
			return named(letterKey(in[2], "")), 3
		}
		if final {
			return nil, 2
		}
		return nil, 0
	}
	// Esc and another key right behind it; keys with Alt are the same, and nobody
	// needs them here.
	return key("esc"), 1
}

// named is a key, or nil for the empty name.
func named(name key) event {
	if name == "" {
		return nil
	}
	return name
}

const pasteBegin, pasteEnd = "\x1b[200~", "\x1b[201~"

// decodeSequence reads what begins with CSI (ECMA-48, 5.4).
func decodeSequence(in []byte, final bool) (event, int) {
	end := 2
	for end < len(in) && in[end] >= 0x20 && in[end] < 0x40 {
		end++
	}
	switch {
	case end == len(in) && (final || end > maxSequence):
		return nil, len(in)
	case end == len(in):
		return nil, 0
	case in[end] < 0x40 || in[end] > 0x7e:
		return nil, end // broken off by something else
	}
	parameters := string(in[2:end])
	switch last := in[end]; {
	case strings.HasPrefix(string(in), pasteBegin):
		return decodePaste(in, final)
	case strings.HasPrefix(parameters, "<"):
		return decodeMouse(parameters[1:], last), end + 1
	case last == '[' && end == 2: // the function keys of Linux' console
		return nil, min(len(in), 4)
	case last == '~':
		return named(numberKey(parameters)), end + 1
	default:
		return named(letterKey(last, parameters)), end + 1
	}
}

// maxSequence is more than any sequence of a key has.
const maxSequence = 64

func decodePaste(in []byte, final bool) (event, int) {
	text := string(in[len(pasteBegin):])
	end := strings.Index(text, pasteEnd)
	if end >= 0 {
		return paste(text[:end]), len(pasteBegin) + end + len(pasteEnd)
	}
	if final && strings.HasSuffix(text, "\x03") {
		return nil, len(in) - 1 // the end was lost, and ^C has to work
	}
	return nil, 0
}

func letterKey(last byte, parameters string) key {
	switch last {
	case 'A':
		return "up"
	case 'B':
		return "down"
	case 'C':
		return "right"
	case 'D':
		return "left"
	case 'H':
		return "home"
	case 'F':
		return "end"
	case 'Z':
		return "shift+tab"
	case 'P':
		return "f1"
	case 'M':
		if parameters == "" {
			return "enter" // of a keypad
		}
	}
	return ""
}

func numberKey(parameters string) key {
	number, _, _ := strings.Cut(parameters, ";")
	switch number {
	case "1", "7":
		return "home"
	case "4", "8":
		return "end"
	case "3":
		return "delete"
	case "5":
		return "pgup"
	case "6":
		return "pgdown"
	case "11":
		return "f1"
	}
	return ""
}

// decodeMouse reads "button;column;row" of a press; a release means nothing.
func decodeMouse(parameters string, last byte) event {
	parts := strings.Split(parameters, ";")
	if last != 'M' || len(parts) != 3 {
		return nil
	}
	var numbers [3]int
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		numbers[i] = n
	}
	const modifiers = 4 | 8 | 16
	return click{x: numbers[1] - 1, y: numbers[2] - 1, button: numbers[0] &^ modifiers}
}
