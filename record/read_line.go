package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"unicode/utf8"
)

var errNoRecord = errors.New("is no JSON object")

// ParseLine takes one line of a day file apart. The values point into line.
func ParseLine(line []byte) ([]Field, error) {
	line = trimBlankEnds(line)
	fields := []Field{}
	if !scanObject(line, func(key, value []byte) { fields = append(fields, Field{valueText(key), value}) }) {
		return nil, errNoRecord
	}
	return fields, nil
}

// trimBlankEnds takes off the blanks that JSON allows around an object.
func trimBlankEnds(line []byte) []byte { return bytes.Trim(line, " \t\r\n") }

// looksLikeRecord is what can be said of a line without reading all of it.
func looksLikeRecord(line []byte) bool {
	return len(line) >= 2 && line[0] == '{' && line[len(line)-1] == '}'
}

func fieldsOf(line []byte) []Field {
	var fields []Field
	for key, value := range eachField(line) {
		fields = append(fields, Field{valueText(key), value})
	}
	return fields
}

// eachField gives the keys and values of an object, as they are written. The
// text must be valid JSON, which is why nothing has to be checked here; what is
// not gives some fields or none.
func eachField(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		at := skipBlanks(object, 0) + 1
		for {
			start := skipBlanks(object, at)
			if start >= len(object) || object[start] != '"' {
				return
			}
			end := valueEnd(object, start)
			from := skipBlanks(object, skipBlanks(object, end)+1)
			to := valueEnd(object, from)
			if from >= len(object) || !yield(object[start:end], object[from:to]) {
				return
			}
			at = skipBlanks(object, to) + 1
		}
	}
}

func skipBlanks(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n') {
		at++
	}
	return at
}

// valueEnd gives the position behind the JSON value that begins at a position.
func valueEnd(text []byte, at int) int {
	depth := 0
	for at < len(text) {
		switch text[at] {
		case '"':
			at = stringEnd(text, at)
			if depth == 0 {
				return at
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return at
			}
			if depth--; depth == 0 {
				return at + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return at
			}
		}
		at++
	}
	return len(text)
}

// stringEnd gives the position behind the string that begins at a position.
func stringEnd(text []byte, at int) int {
	for at++; at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(text)
}

// valueText is a JSON value as a text.
func valueText(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return string(value)
	}
	if bytes.IndexByte(value, '\\') < 0 && utf8.Valid(value) {
		return string(value[1 : len(value)-1])
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return string(value)
	}
	return text
}

// eachText calls use with every text within a JSON value, however deep, until
// it returns false.
func eachText(value []byte, use func(text string) bool) bool {
	switch {
	case len(value) == 0:
		return true
	case value[0] == '"':
		return use(valueText(value))
	case value[0] == '{':
		for _, inner := range eachField(value) {
			if !eachText(inner, use) {
				return false
			}
		}
	case value[0] == '[':
		return eachElement(value, func(inner []byte) bool { return eachText(inner, use) })
	}
	return true
}

func eachElement(array []byte, use func(value []byte) bool) bool {
	for at := 1; ; at++ {
		at = skipBlanks(array, at)
		if at >= len(array) || array[at] == ']' {
			return true
		}
		end := valueEnd(array, at)
		if !use(array[at:end]) {
			return false
		}
		at = skipBlanks(array, end)
	}
}
