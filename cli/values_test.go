package cli

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"direction", "item", "receivers", "timeout"}
	for word, want := range map[string]string{
		"dirction": "direction", "itme": "item", "timout": "timeout", "reciever": "receivers", "xyz": "", "": "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestJoinReceivers(t *testing.T) {
	for text, want := range map[string]string{
		"a b": "a b", "a,b": "a b", " a ,  b;c\t": "a b c", "": "",
	} {
		if got := joinReceivers(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
