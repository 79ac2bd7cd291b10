package record

import (
	"maps"
	"testing"
)

// rewritten is a file as it is written back, with the receivers changed.
func rewritten(settings map[string]string) string {
	after := maps.Clone(settings)
	after[KeyAlarmReceivers] = "new"
	return itemText(after)
}

func TestForeignKeysAreKept(t *testing.T) {
	for _, foreign := range []string{
		"custom: {a: [1, 2], b: null}\n",
		"custom: {a: 'it''s ]',\n  b: \"\\\"}\", c: d # }\n}\n",
		"custom: [a,\nb: c]\n",
		"custom:\n- a\n- b: c\n  d: e\n",
		"custom: # of theirs\n  a: b\n\n# note\n  'c d':\n    - e\n",
		"custom: {? 'a\n\n  ]' : b}\n",
		"custom: &x\n  - a\ncustom2: *x\n",
		"custom: !!set {a, b}\n",
		"custom: |\n  text\n\n  : more\n",
		"custom: |2+\n   text\n\n\n",
		"custom: >-\n  text\n",
		"custom:\n  - 'x'\n  -\n    - y\n",
		"custom: 5\ncustom2: null\ncustom3:\ncustom4: 2024-01-01\n",
		"'': x\n",
		"custom: a: b\n",
	} {
		for _, text := range []string{foreign + "alarm_receivers: old\n", "alarm_receivers: old\n" + foreign, "a: b\n" + foreign + "alarm_receivers: old\nz: 'y'"} {
			settings, err := parseItem([]byte(text))
			if err != nil || settings[KeyAlarmReceivers] != "old" {
				t.Errorf("%q is read as %q, %v", text, settings, err)
				continue
			}
			want := "alarm_receivers: new\n" + foreign
			if settings["a"] == "b" {
				want = "a: b\nalarm_receivers: new\nz: y\n" + foreign
			}
			if got := rewritten(settings); got != want {
				t.Errorf("%q is written back as\n%q, want\n%q", text, got, want)
			}
		}
	}
	// What mvrun has to understand, and what is no YAML, is refused as before.
	for _, text := range []string{"alarm_receivers: [a, b]\n", "labels:\n  a: b\n", "custom: [a\n", "custom: {a: 'b}\n", "custom: 'a\n", "x\n"} {
		if settings, err := parseItem([]byte(text)); err == nil {
			t.Errorf("%q is read as %q", text, settings)
		}
	}
}

func FuzzForeignKeys(f *testing.F) {
	f.Add("custom: {a: [1, 2], b: 'c'}\nalarm_receivers: x\n")
	f.Add("custom:\n- a\n# b\n- c\nd: |+\n  e\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		settings, err := parseItem([]byte(text))
		if err != nil {
			return
		}
		again, err := parseItem([]byte(itemText(settings)))
		if err != nil || !maps.Equal(again, settings) {
			t.Errorf("%q is read as %q, and what is written of that as %q, %v", text, settings, again, err)
		}
	})
}
