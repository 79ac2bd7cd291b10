package record

import (
	"errors"
	"slices"
	"strings"
)

// Keys of others may hold whatever YAML can: mvrun keeps the lines, and does not
// look into them.

// parseItem reads the settings of an item.
func parseItem(data []byte) (map[string]string, error) {
	p := flatParser{foreign: func(key string) bool { return !slices.Contains(itemKeys[:], key) }}
	settings, err := p.parse(data)
	if err == nil && p.verbatim.Len() > 0 {
		settings[keyVerbatim] = p.verbatim.String()
	}
	return settings, err
}

// isForeign reports whether what was read of an entry is to be kept as it stands:
// the key is somebody else's, and the value no text, or none that would be written
// back in the same way.
func (p *flatParser) isForeign(start int, key, value string, err error) bool {
	switch {
	case p.foreign == nil || !p.foreign(key):
		return false
	case err != nil:
		return key != "" && (errors.Is(err, errNoText) || errors.Is(err, errColon) || errors.Is(err, errBehind))
	case key == "":
		return true
	}
	_, rest, _ := cutKey(p.lines[start])
	rest = strings.TrimLeft(rest, " \t")
	quoted := rest != "" && (rest[0] == '\'' || rest[0] == '"')
	return !quoted && (value == "" || looksTyped(value))
}

// keep takes an entry over, from its first line to the last that belongs to it.
func (p *flatParser) keep(start int) error {
	_, rest, err := cutKey(p.lines[start])
	if err != nil {
		return err
	}
	rest = withoutProperties(rest)
	p.next = start + 1
	if rest != "" && (rest[0] == '[' || rest[0] == '{') && !p.closeBrackets(rest) {
		return errNoText
	}
	list := rest == "" || isComment(rest)
	for at := p.next; at < len(p.lines) && p.belongs(at, list); at++ {
		if !isEmptyLine(p.lines[at]) {
			p.next = at + 1
		}
	}
	if rest != "" && strings.ContainsRune("|>", rune(rest[0])) && strings.Contains(strings.Fields(rest)[0], "+") {
		p.keepEmpty()
	}
	for _, line := range p.lines[start:p.next] {
		p.verbatim.WriteString(line + "\n")
	}
	return nil
}

// belongs reports whether a line may belong to the entry before it. An empty one
// does if a later one does; a list may stand as far left as its key.
func (p *flatParser) belongs(at int, list bool) bool {
	line := p.lines[at]
	return isEmptyLine(line) || line[0] == ' ' || line[0] == '\t' || list && line[0] == '-' && isIndicator(line)
}

// isEmptyLine counts comments that begin a line, within which nothing is indented.
func isEmptyLine(line string) bool { return strings.Trim(line, " \t") == "" || line[0] == '#' }

// keepEmpty takes the empty lines that end a block text, where its header says that
// they count.
func (p *flatParser) keepEmpty() {
	for p.next < len(p.lines)-1 && p.lines[p.next] == "" {
		p.next++
	}
}

// withoutProperties takes anchors and tags off a value.
func withoutProperties(value string) string {
	for value = strings.Trim(value, " \t"); value != "" && (value[0] == '&' || value[0] == '!'); {
		_, value, _ = strings.Cut(value, " ")
		value = strings.TrimLeft(value, " \t")
	}
	return value
}

// closeBrackets goes on to the line in which the bracket that begins a text is
// closed; PyYAML does not ask for these to be indented.
func (p *flatParser) closeBrackets(text string) bool {
	var b brackets
	for !b.scan(text) {
		if p.next == len(p.lines) {
			return false
		}
		text = p.lines[p.next]
		p.next++
	}
	return true
}

// brackets is how deep a text is in brackets, and in which quotes.
type brackets struct {
	depth int
	quote byte // 0 outside of quotes
}

// scan takes a line, and reports whether all brackets are closed in it.
func (b *brackets) scan(line string) bool {
	before := byte(',') // what stands before a character, blanks left out: a quote is one only at the start of a text
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case b.quote != 0:
			switch {
			case c == '\\' && b.quote == '"', c == '\'' && b.quote == c && i+1 < len(line) && line[i+1] == c:
				i++ // an escape
			case c == b.quote:
				b.quote = 0
			}
		case (c == '\'' || c == '"') && strings.IndexByte("[{,:?", before) >= 0:
			b.quote = c
		case c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return false
		case c == '[' || c == '{':
			b.depth++
		case c == ']' || c == '}':
			if b.depth--; b.depth == 0 {
				return true
			}
		}
		if c != ' ' && c != '\t' {
			before = c
		}
	}
	return false
}
