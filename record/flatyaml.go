package record

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// monitor_item.yaml is a flat map of texts. It is written to the byte as
// PyYAML's yaml.dump(…, allow_unicode=True) writes such a map, and read in the
// forms that people give it; a YAML library costs every job at its start more
// than this file does.

// yamlWidth is the column behind which PyYAML breaks a text at the next blank.
const yamlWidth = 80

func appendFlatYAML(buf *bytes.Buffer, settings map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		w := scalarWriter{buf: buf}
		w.scalar(key)
		w.text(":")
		w.fold = true
		w.text(" ")
		w.scalar(settings[key])
		buf.WriteByte('\n')
	}
}

// scalarWriter writes the texts of one entry.
type scalarWriter struct {
	buf    *bytes.Buffer
	column int  // in characters
	fold   bool // a text may go on in the next line, which begins with two blanks
}

func (w *scalarWriter) text(s string) {
	w.buf.WriteString(s)
	w.column += utf8.RuneCountInString(s)
}

func (w *scalarWriter) newLine() {
	w.buf.WriteString("\n  ")
	w.column = 2
}

// full reports whether the line is long enough to be broken, with so many more
// characters in it.
func (w *scalarWriter) full(more int) bool { return w.fold && w.column+more > yamlWidth }

func (w *scalarWriter) scalar(text string) {
	text = strings.ToValidUTF8(text, "\uFFFD")
	switch styleOf(text, w.fold) {
	case stylePlain:
		w.words(text)
	case styleSingle:
		w.singleQuoted(text)
	case styleDouble:
		w.doubleQuoted(text)
	}
}

// words writes a text that may be broken at any blank that stands alone.
func (w *scalarWriter) words(text string) {
	for i, word := range splitSingleBlanks(text) {
		switch {
		case i > 0 && w.full(0):
			w.newLine()
		case i > 0:
			w.text(" ")
		}
		w.text(word)
	}
}

// splitSingleBlanks splits at blanks that stand alone within a text; only there
// a break can be read back as one blank.
func splitSingleBlanks(text string) []string {
	var words []string
	start := 0
	for i := 1; i < len(text)-1; i++ {
		if text[i] == ' ' && text[i-1] != ' ' && text[i+1] != ' ' {
			words = append(words, text[start:i])
			start = i + 1
		}
	}
	return append(words, text[start:])
}

// singleQuoted writes a text in which only quotes are special. Line breaks are
// written as one more than there are, since the first is read as a blank.
func (w *scalarWriter) singleQuoted(text string) {
	w.text("'")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if i > 0 {
			if i == 1 || lines[i-1] != "" {
				w.buf.WriteByte('\n')
			}
			if line == "" && i < len(lines)-1 {
				w.buf.WriteByte('\n')
				continue
			}
			w.newLine()
		}
		w.words(strings.ReplaceAll(line, "'", "''"))
	}
	w.text("'")
}

// doubleEscapes are the characters that have an escape of one letter.
var doubleEscapes = [...]struct {
	char   rune
	letter byte
}{
	{0, '0'}, {'\a', 'a'}, {'\b', 'b'}, {'\t', 't'}, {'\n', 'n'}, {'\v', 'v'}, {'\f', 'f'}, {'\r', 'r'}, {0x1b, 'e'},
	{'"', '"'}, {'\\', '\\'}, {0x85, 'N'}, {0xa0, '_'}, {0x2028, 'L'}, {0x2029, 'P'},
}

// doubleQuoted writes a text with escapes. PyYAML breaks it behind column 80, at
// a blank or right behind an escape, by a backslash; a blank that would then
// begin a line gets one as well.
func (w *scalarWriter) doubleQuoted(text string) {
	w.text(`"`)
	runes := []rune(text)
	start := 0 // of what is not written yet
	for end := 0; end <= len(runes); end++ {
		special := end == len(runes) || needsEscape(runes[end])
		if special {
			w.text(string(runes[start:end]))
			start = end
		}
		if special && end < len(runes) {
			w.text(escaped(runes[end]))
			start = end + 1
		}
		breakable := end > 0 && end < len(runes)-1 && (runes[end] == ' ' || start >= end)
		if !breakable || !w.full(end-start) {
			continue
		}
		if start < end {
			w.text(string(runes[start:end]))
			start = end
		}
		w.text(`\`)
		w.newLine()
		if runes[start] == ' ' {
			w.text(`\`)
		}
	}
	w.text(`"`)
}

func needsEscape(r rune) bool {
	switch {
	case r == '"' || r == '\\' || r == 0x2028 || r == 0x2029 || r == 0xfeff:
		return true
	case r >= ' ' && r <= '~', r >= 0xa0 && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd:
		return false
	}
	return true
}

func escaped(r rune) string {
	for _, escape := range doubleEscapes {
		if escape.char == r {
			return `\` + string(escape.letter)
		}
	}
	switch {
	case r < 0x100:
		return fmt.Sprintf(`\x%02X`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04X`, r)
	}
	return fmt.Sprintf(`\U%08X`, r)
}
