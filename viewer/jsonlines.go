package viewer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// jsonLines prints one object a line: direction, item and kind, then what the
// record has, in its order and with its values.
type jsonLines struct{ out *bufio.Writer }

func (j jsonLines) close() error { return nil }

func (j jsonLines) print(e *entry) error {
	line := []byte{'{'}
	line = appendPair(line, "direction", textValue(e.item.Direction))
	line = appendPair(line, "item", textValue(e.item.Name))
	line = appendPair(line, "kind", textValue(string(e.kind)))
	for _, field := range e.fields {
		// A key that is there twice is read in as many ways as there are readers.
		if !isOwnKey(field.Key) {
			line = appendPair(line, field.Key, field.Value)
		}
	}
	line = append(line, '}', '\n')
	_, err := j.out.Write(line)
	return err
}

func isOwnKey(key string) bool { return slices.Contains([]string{"direction", "item", "kind"}, key) }

func appendPair(line []byte, key string, value []byte) []byte {
	if len(line) > 1 {
		line = append(line, ", "...)
	}
	line = append(line, safeJSON(textValue(key))...)
	line = append(line, ": "...)
	return append(line, safeJSON(value)...)
}

func textValue(text string) []byte { return encodeValue(text) }

// encodeValue writes a text, or what was decoded from JSON, which always can be.
func encodeValue(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// safeJSON writes the same value without the characters that a terminal obeys;
// those that JSON admits are all within strings.
func safeJSON(value []byte) []byte {
	if isPlain(string(value)) {
		return value
	}
	var b []byte
	for _, r := range string(value) {
		if isObeyed(r) && r != '\t' {
			b = fmt.Appendf(b, `\u%04x`, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}
