package notify

import (
	"strings"
	"testing"

	"github.com/mvrun/mvrun/record"
)

func TestEntryNames(t *testing.T) {
	a := alarm("m")
	a.normalise(noon, "")
	by := owner{"0123abcd", 4194304, 1<<40 + 5}
	for _, s := range []state{stateNew, stateHeld, stateSend, stateWait, stateRest, "muted", stateSent, stateBad} {
		name := nameUnder(&a).as(s, noon, by)
		if s == "muted" {
			name = name.as(stateRest, noon, by)
			name.mute = muteTag(&record.Mute{Pattern: "LSF/*"})
		}
		got, ok := parseEntryName(name.String())
		if !ok || got != name {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
		if err := record.CheckName(name.String()); err != nil {
			t.Errorf("%s %v", name, err)
		}
	}
	whole := nameUnder(&a).as(stateSend, noon, by).String()
	for _, bad := range []string{
		"", ".", "x", ".tmp", "." + whole, whole + "~1", whole[:len(whole)-20], strings.Replace(whole, "send", "sind", 1),
		strings.Replace(whole, "~", "~x", 1), nameUnder(&a).as(stateNew, noon, by).String() + "~1",
		nameUnder(&a).as(stateRest, noon, by).String() + "~01/34567", nameUnder(&a).as(stateRest, noon, by).String() + "~0123456",
		nameUnder(&a).as(stateWait, noon, by).String() + "~01234567",
		whole[:30] + "../../x.new", "0123456789ab-0123456789abcdef-.new",
	} {
		if name, ok := parseEntryName(bad); ok {
			t.Errorf("%q is taken for %+v", bad, name)
		}
	}
}
