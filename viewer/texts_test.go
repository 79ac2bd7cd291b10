package viewer

import "testing"

func TestGrouped(t *testing.T) {
	for number, want := range map[int]string{0: "0", 7: "7", 999: "999", 1234: "1,234", 1234567: "1,234,567", -100: "-100", -1234: "-1,234"} {
		if got := Grouped(number); got != want {
			t.Errorf("%d: %s", number, got)
		}
	}
}
