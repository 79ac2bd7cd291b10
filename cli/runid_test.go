package cli

import (
	"testing"
	"time"
)

func TestIsRunID(t *testing.T) {
	id := newRunID(time.Now())
	if !isRunID(id) {
		t.Errorf("%s is an id", id)
	}
	for _, text := range []string{
		"", "x", "../../x", id + "0", id[1:], "20241301T000000Z-0123456789", "20241025T100000Z-01234567/9", "20241025T100000Z-0123456 89",
		"20241025T100000Z-0123456AB9", "20241025t100000z-0123456789",
	} {
		if isRunID(text) {
			t.Errorf("%q is no id", text)
		}
	}
}
