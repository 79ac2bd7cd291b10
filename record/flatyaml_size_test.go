package record

import (
	"strings"
	"testing"
	"time"
)

// Reading a file of the largest size takes milliseconds, whatever is in it; where
// each line took as long as all before it, it was minutes.
func TestLargeItemFilesAreReadAtOnce(t *testing.T) {
	fill := func(part string) string { return strings.Repeat(part, maxItemFile/len(part)) }
	for name, text := range map[string]string{
		"quotes that are not closed": "a: \"\n" + fill(" b\n"),
		"escaped line ends":          "a: \"\n" + fill(" b\\\n"),
		"a plain text":               "a: b\n" + fill(" c\n"),
		"empty lines":                "a: b\n" + fill("\n") + " c\n",
		"entries":                    fill("a: [b]\n"),
		"brackets":                   "a: [\n" + fill(" b\n"),
	} {
		started := time.Now()
		settings, err := parseItem([]byte(text))
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("%s: read in %v: %d settings, %v", name, took, len(settings), err)
		}
	}
}
