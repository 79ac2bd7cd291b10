package screen

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// decodeAll gives the events of bytes that come at once, and then no more.
func decodeAll(in string) (events []event) {
	rest := giveAll([]byte(in), false, func(e event) { events = append(events, e) })
	giveAll(rest, true, func(e event) { events = append(events, e) })
	return events
}

func TestKeys(t *testing.T) {
	for in, want := range map[string]string{
		"j":                            "j",
		"项目":                           "项 目",
		"\x1b":                         "esc",
		"\x1b\x1b":                     "esc esc",
		"\x1b[A\x1bOB\x1b[1;5C":        "up down right",
		"\x1b[5~\x1b[6~\x1b[3~":        "pgup pgdown delete",
		"\x1b[H\x1b[F\x1b[1~\x1bOF":    "home end home end",
		"\t\x1b[Z\r\x7f":               "tab shift+tab enter backspace",
		"\x03\x1a\x0c":                 "ctrl+c ctrl+z ctrl+l",
		"\x1bOP\x1b[11~":               "f1 f1",
		"\x1b[<0;10;5M\x1b[<0;10;5m":   "{9 4 0}",
		"\x1b[<65;1;1M":                "{0 0 65}",
		"\x1b[200~q\x1b[A\n\x1b[201~j": "q\x1b[A\n j",
		"\x1b[200~no end\x03":          "ctrl+c",
		"\x1b[?1;2c\x1b[99~x":          "x", // answers and keys that are not known
		"\x1bxj":                       "esc x j",
		"\xff\xe9j":                    "j", // no UTF-8
		"\x1b[<1;2M\x1b[<1;2;3;4Mj":    "j",
		"\x1b[12\x1b[A":                "up", // broken off
	} {
		var got []string
		for _, e := range decodeAll(in) {
			got = append(got, fmt.Sprint(e))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%q is %q, want %q", in, text, want)
		}
	}
}

// A slow line sends the bytes of a key one by one.
func TestKeysInPieces(t *testing.T) {
	const in = "\x1b[A项\x1b[<0;10;5M\x1b[200~a\x1b[201~\x1b[5~"
	var got []event
	var pending []byte
	for i := range len(in) {
		pending = giveAll(append(pending, in[i]), false, func(e event) { got = append(got, e) })
	}
	if want := decodeAll(in); !slices.Equal(got, want) || len(got) != 5 {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x1b[<0;10;5M\x1b[200~"))
	f.Fuzz(func(t *testing.T, in []byte) {
		for len(in) > 0 {
			e, size := decode(in, true)
			if size < 0 || size > len(in) || size == 0 && e != nil {
				t.Fatalf("%q gives %v of %d bytes", in, e, size)
			}
			if size == 0 {
				return
			}
			in = in[size:]
		}
	})
}
