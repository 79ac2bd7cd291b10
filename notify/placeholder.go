package notify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mvrun/mvrun/words"
)

// The placeholders of monitorViewer's send_alarm_command.
const (
	titlePlaceholder     = "TITLE"
	messagePlaceholder   = "MESSAGE"
	receiversPlaceholder = "RECEIVERS"
)

func placeholders() []string {
	return []string{titlePlaceholder, messagePlaceholder, receiversPlaceholder}
}

// otherValues are what an alarm has besides; they are in the environment alone.
func otherValues() []string {
	return []string{"DIRECTION", "ITEM", "LEVEL", "RUN", "HOST", "TIME", "ID"}
}

func hasPlaceholder(text string) bool {
	return slices.ContainsFunc(placeholders(), func(name string) bool {
		return strings.Contains(text, "<"+name+">")
	})
}

// placeholderAt gives the name of the placeholder with which a text begins.
func placeholderAt(text string) (name string, ok bool) {
	for _, name := range placeholders() {
		if strings.HasPrefix(text, "<"+name+">") {
			return name, true
		}
	}
	return "", false
}

// maxTag is the longest text between < and > that is looked at as a mistake.
const maxTag = 24

// tagAt gives the word between the < with which a text begins and a >.
func tagAt(text string) string {
	end := strings.IndexByte(text, '>')
	if end < 2 || end > maxTag+1 {
		return ""
	}
	name := text[1:end]
	for _, c := range []byte(name) {
		if c != '_' && c != '-' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return ""
		}
	}
	return name
}

// checkTag finds a misspelt placeholder at the beginning of rest, a part of the
// whole template. Between quotes only what is near to a right one is a mistake,
// and nothing is that the template closes like markup; elsewhere
// `<in >out` would be two redirections, which nobody writes in capitals.
func checkTag(whole, rest string, quoted bool) error {
	name := tagAt(rest)
	if name == "" || slices.Contains(placeholders(), name) {
		return nil
	}
	upper := strings.ToUpper(name)
	if slices.Contains(otherValues(), name) && !closed(whole, name) {
		return fmt.Errorf(`<%s> is no placeholder; write "$%s"`, name, variablePrefix+name)
	}
	right := nearestPlaceholder(upper, name == upper)
	switch {
	case quoted && closed(whole, name):
		return nil
	case right != "":
		return fmt.Errorf("<%s> is no placeholder; write <%s>", name, right)
	case !quoted && name == upper:
		return fmt.Errorf("<%s> is no placeholder; there are <TITLE>, <MESSAGE> and <RECEIVERS> (for two redirections, put a blank before the >)", name)
	}
	return nil
}

func closed(whole, name string) bool { return strings.Contains(whole, "</"+name+">") }

// nearestPlaceholder gives the placeholder that was meant, or "". A word in
// small letters has to be the same but for that.
func nearestPlaceholder(upper string, capitals bool) string {
	for _, right := range placeholders() {
		if upper == right || strings.ReplaceAll(upper, "-", "_") == right {
			return right
		}
		if capitals && words.Distance(upper, right) <= len(right)/4 {
			return right
		}
	}
	return ""
}

// firstPlaceholder names the first placeholder of a text that has one.
func firstPlaceholder(text string) string {
	for ; text != ""; text = text[1:] {
		if name, ok := placeholderAt(text); ok {
			return name
		}
	}
	return ""
}
