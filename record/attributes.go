package record

import (
	"bytes"
	"strings"

	"github.com/mvrun/mvrun/words"
)

// maxAttribute is the longest value of an attribute, in bytes.
const maxAttribute = 4 << 10

// parseAttributes reads `[title="LSF node down", to=alice]`, with which line
// begins, and returns what follows it. Values are bare words or stand in double
// or single quotes, where the quote and \ after a backslash mean themselves.
func parseAttributes(line []byte) (found map[string]string, rest []byte, ok bool) {
	rest = trimBlanks(line[1:])
	if len(rest) > 0 && rest[0] == ']' {
		return nil, rest[1:], true
	}
	found = make(map[string]string, 4)
	for {
		var name, value string
		if name, rest, ok = attributeName(rest); !ok {
			return nil, nil, false
		}
		if _, doubled := found[name]; doubled {
			return nil, nil, false
		}
		if value, rest, ok = attributeValue(rest); !ok || len(rest) == 0 {
			return nil, nil, false
		}
		found[name] = value
		switch rest[0] {
		case ']':
			return found, rest[1:], true
		case ',':
			rest = rest[1:]
		default:
			return nil, nil, false
		}
	}
}

// attributeName reads a known name and the "=" after it.
func attributeName(b []byte) (name string, rest []byte, ok bool) {
	b = trimBlanks(b)
	n := 0
	for n < len(b) && isWordByte(b[n]) {
		n++
	}
	switch string(b[:n]) {
	case "title", "to", "frequency", "key":
	default:
		return "", nil, false
	}
	rest = trimBlanks(b[n:])
	if len(rest) == 0 || rest[0] != '=' {
		return "", nil, false
	}
	return string(b[:n]), rest[1:], true
}

// attributeValue reads a value and the blanks after it.
func attributeValue(b []byte) (value string, rest []byte, ok bool) {
	b = trimBlanks(b)
	if len(b) > 0 && (b[0] == '"' || b[0] == '\'') {
		return quotedValue(b[1:], b[0])
	}
	n := bytes.IndexAny(b, ",\"[] \t\r\n\v\f")
	if n < 0 {
		n = len(b)
	}
	return validString(b[:n]), trimBlanks(b[n:]), 0 < n && n <= maxAttribute
}

func quotedValue(b []byte, quote byte) (value string, rest []byte, ok bool) {
	var text []byte
	for i := 0; i < len(b) && len(text) <= maxAttribute; i++ {
		switch {
		case b[i] == quote:
			return validString(text), trimBlanks(b[i+1:]), true
		case b[i] == '\\' && i+1 < len(b) && (b[i+1] == quote || b[i+1] == '\\'):
			i++
		}
		text = append(text, b[i])
	}
	return "", nil, false
}

// joinReceivers puts one blank between the receivers of a list, which is how
// monitorViewer writes them.
func joinReceivers(list string) string { return strings.Join(words.Split(list), " ") }
