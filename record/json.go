package record

import (
	"encoding/binary"
	"math/bits"
)

// maxNesting is how deep objects and lists may lie within each other, as in
// encoding/json.
const maxNesting = 10_000

// scanObject reports whether a text is one JSON object and nothing else, as
// encoding/json has it, and gives the keys and values of that object as they are
// written. What it gives of a text that is no object is worth nothing. It is many
// times faster than json.Valid, and most of what a listing takes.
func scanObject(text []byte, use func(key, value []byte)) bool {
	end, ok := scanMembers(text, 0, 1, use)
	return ok && end == len(text)
}

// scanMembers reads the object that begins at a position.
func scanMembers(text []byte, at, depth int, use func(key, value []byte)) (end int, ok bool) {
	if at >= len(text) || text[at] != '{' || depth > maxNesting {
		return at, false
	}
	at = skipBlanks(text, at+1)
	if at < len(text) && text[at] == '}' {
		return at + 1, true
	}
	for {
		key := at
		keyEnd, ok := scanString(text, key)
		if !ok {
			return keyEnd, false
		}
		at = skipBlanks(text, keyEnd)
		if at >= len(text) || text[at] != ':' {
			return at, false
		}
		value := skipBlanks(text, at+1)
		if at, ok = scanValue(text, value, depth); !ok {
			return at, false
		}
		if use != nil {
			use(text[key:keyEnd], text[value:at])
		}
		at = skipBlanks(text, at)
		if at >= len(text) || text[at] != ',' {
			return at + 1, at < len(text) && text[at] == '}'
		}
		at = skipBlanks(text, at+1)
	}
}

func scanElements(text []byte, at, depth int) (end int, ok bool) {
	if depth > maxNesting {
		return at, false
	}
	at = skipBlanks(text, at+1)
	if at < len(text) && text[at] == ']' {
		return at + 1, true
	}
	for {
		if at, ok = scanValue(text, at, depth); !ok {
			return at, false
		}
		at = skipBlanks(text, at)
		if at >= len(text) || text[at] != ',' {
			return at + 1, at < len(text) && text[at] == ']'
		}
		at = skipBlanks(text, at+1)
	}
}

func scanValue(text []byte, at, depth int) (end int, ok bool) {
	if at >= len(text) {
		return at, false
	}
	switch text[at] {
	case '"':
		return scanString(text, at)
	case '{':
		return scanMembers(text, at, depth+1, nil)
	case '[':
		return scanElements(text, at, depth+1)
	case 't':
		return scanWord(text, at, "true")
	case 'f':
		return scanWord(text, at, "false")
	case 'n':
		return scanWord(text, at, "null")
	}
	return scanNumber(text, at)
}

func scanWord(text []byte, at int, word string) (end int, ok bool) {
	end = at + len(word)
	return end, end <= len(text) && string(text[at:end]) == word
}

// Eight bytes at a time: what subtracting these does to a byte's highest bit
// tells whether it is small; see "Bit Twiddling Hacks", "Determine if a word has a
// byte less than n". Only the lowest byte found is sure, which is the one taken.
const (
	eachByte   = 0x0101010101010101
	highBits   = 0x80 * eachByte
	quotes     = '"' * eachByte
	backslashs = '\\' * eachByte
	blanks     = ' ' * eachByte
)

// scanString reads the string that begins at a position.
func scanString(text []byte, at int) (end int, ok bool) {
	if at >= len(text) || text[at] != '"' {
		return at, false
	}
	at++
	for {
		for at+8 <= len(text) {
			word := binary.LittleEndian.Uint64(text[at:])
			quote, backslash := word^quotes, word^backslashs
			found := ((quote-eachByte)&^quote | (backslash-eachByte)&^backslash | (word-blanks)&^word) & highBits
			if found != 0 {
				at += bits.TrailingZeros64(found) / 8
				break
			}
			at += 8
		}
		if at >= len(text) {
			return at, false
		}
		switch c := text[at]; {
		case c == '"':
			return at + 1, true
		case c < ' ':
			return at, false
		case c == '\\':
			if at, ok = scanEscape(text, at); !ok {
				return at, false
			}
		default:
			at++
		}
	}
}

func scanEscape(text []byte, at int) (end int, ok bool) {
	if at+1 >= len(text) {
		return at, false
	}
	switch text[at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 2, true
	case 'u':
		if at+6 > len(text) {
			return at, false
		}
		for _, digit := range text[at+2 : at+6] {
			if !isDigit(digit) && (digit|0x20 < 'a' || digit|0x20 > 'f') {
				return at, false
			}
		}
		return at + 6, true
	}
	return at, false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func scanNumber(text []byte, at int) (end int, ok bool) {
	if at < len(text) && text[at] == '-' {
		at++
	}
	whole := at
	if at = skipDigits(text, at); at == whole || text[whole] == '0' && at > whole+1 {
		return at, false
	}
	if at < len(text) && text[at] == '.' {
		fraction := at + 1
		if at = skipDigits(text, fraction); at == fraction {
			return at, false
		}
	}
	if at < len(text) && text[at]|0x20 == 'e' {
		at++
		if at < len(text) && (text[at] == '+' || text[at] == '-') {
			at++
		}
		exponent := at
		if at = skipDigits(text, at); at == exponent {
			return at, false
		}
	}
	return at, true
}

func skipDigits(text []byte, at int) int {
	for at < len(text) && isDigit(text[at]) {
		at++
	}
	return at
}
