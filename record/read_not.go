package record

import (
	"bytes"
	"slices"
	"strings"
)

// notText is a text that must not be in a record.
type notText struct {
	text   string
	needle []byte // as appendNeedle gives it; nil where it cannot be searched for
}

func newNotText(text string) notText {
	text = strings.ToValidUTF8(text, "\uFFFD")
	n := notText{text: text}
	if needles := appendNeedle(nil, text); needles != nil {
		n.needle = needles[0]
	}
	return n
}

// contradicts reports whether a record holds a text that it must not hold. The
// empty text, which is in all of them, asks for nothing.
func (m *matcher) contradicts(line []byte) bool {
	return slices.ContainsFunc(m.not, func(n notText) bool { return n.isIn(line) })
}

func (n notText) isIn(line []byte) bool {
	if n.text == "" || n.needle != nil && !bytes.Contains(line, n.needle) && !hasRareEscape(line) {
		return false
	}
	return !eachText(line, func(text string) bool { return !strings.Contains(text, n.text) })
}
