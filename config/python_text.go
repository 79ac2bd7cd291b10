package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// textPrefix is the length of the letters before the quote of a text that
// begins here, -1 where none does.
func textPrefix(src string) int {
	for i := 0; i < len(src) && i < 3; i++ {
		switch c := src[i] | 0x20; {
		case src[i] == '"' || src[i] == '\'':
			return i
		case strings.IndexByte("rbuft", c) < 0 || src[i] < 'A':
			return -1
		}
	}
	return -1
}

// text reads a text and works out its value.
func (s *pythonScanner) text(token pythonToken, prefix int) (pythonToken, error) {
	letters := strings.ToLower(s.src[s.at : s.at+prefix])
	s.at += prefix
	quote := s.src[s.at : s.at+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.src[s.at:], triple) {
		quote = triple
	}
	s.at += len(quote)
	body, err := s.textBody(quote)
	if err != nil {
		return token, err
	}
	raw, isBytes := strings.Contains(letters, "r"), strings.Contains(letters, "b")
	token.kind, token.text = pythonText, body
	if isBytes {
		token.kind = pythonBytes
	}
	switch {
	case !slices.Contains([]string{"", "r", "b", "u", "f", "t", "rb", "br", "rf", "fr", "rt", "tr"}, letters):
		token.fault = fmt.Errorf("no text of Python begins with %s%s", letters, quote[:1])
	case strings.ContainsAny(letters, "ft"):
		token.fault = errors.New("an f-string is worked out when Python runs")
	case !raw:
		token.text, token.fault = unescaped(body, isBytes)
	}
	if isBytes && strings.ContainsFunc(body, func(c rune) bool { return c >= utf8.RuneSelf }) {
		token.fault = errors.New("bytes are written in ASCII")
	}
	if token.fault == nil && !utf8.ValidString(token.text) {
		token.fault = errors.New("its bytes are no UTF-8 text")
	}
	return token, nil
}

// textBody is what stands between the quotes, as it is written.
func (s *pythonScanner) textBody(quote string) (string, error) {
	start := s.at
	for s.at < len(s.src) {
		switch c := s.src[s.at]; {
		case strings.HasPrefix(s.src[s.at:], quote):
			s.at += len(quote)
			return s.src[start : s.at-len(quote)], nil
		case c == '\n' && len(quote) == 1:
			return "", errors.New("a quote is never closed")
		case c == '\n':
			s.line++
			s.at++
		case c == '\\' && s.at+1 < len(s.src):
			if s.src[s.at+1] == '\n' {
				s.line++
			}
			s.at += 2
		default:
			s.at++
		}
	}
	return "", errors.New("a quote is never closed, so that nothing below it can be read")
}

// simpleEscape is what a backslash and this letter stand for, in any text.
func simpleEscape(letter byte) (string, bool) {
	if letter == '\n' {
		return "", true
	}
	const letters, values = `\'"abfnrtv`, "\\'\"\a\b\f\n\r\t\v"
	at := strings.IndexByte(letters, letter)
	if at < 0 {
		return "", false
	}
	return values[at : at+1], true
}

// unescaped carries out the escapes of section 2.4.1 of the language reference.
// One that is unknown stays, as it does there.
func unescaped(body string, isBytes bool) (string, error) {
	if !strings.Contains(body, `\`) {
		return body, nil
	}
	var b strings.Builder
	for i := 0; i < len(body); {
		if body[i] != '\\' || i+1 == len(body) {
			b.WriteByte(body[i])
			i++
			continue
		}
		c := body[i+1]
		if plain, ok := simpleEscape(c); ok {
			b.WriteString(plain)
			i += 2
			continue
		}
		digits, base := numberEscape(body[i+1:], isBytes)
		switch {
		case c == 'N' && !isBytes:
			return "", errors.New("mvrun does not know the characters by their names")
		case base == 0:
			b.WriteByte('\\')
			i++
			continue
		}
		code, err := strconv.ParseUint(digits, base, 32)
		if err != nil || base == 16 && len(digits) < map[byte]int{'x': 2, 'u': 4, 'U': 8}[c] {
			return "", errors.New("it holds an escape that Python does not take")
		}
		if isBytes {
			b.WriteByte(byte(code))
		} else if !utf8.ValidRune(rune(code)) {
			return "", errors.New("it holds an escape that is no character")
		} else {
			b.WriteRune(rune(code))
		}
		if i += 1 + len(digits); base == 16 {
			i++ // the x, u or U
		}
	}
	return b.String(), nil
}

// numberEscape gives the digits of \123, \x12, \u1234 and \U12345678, and their
// base; 0 where the backslash begins none of them.
func numberEscape(after string, isBytes bool) (digits string, base int) {
	length := 0
	switch c := after[0]; {
	case c >= '0' && c <= '7':
		return after[:run(after, 3, "01234567")], 8
	case c == 'x':
		length = 2
	case c == 'u' && !isBytes:
		length = 4
	case c == 'U' && !isBytes:
		length = 8
	default:
		return "", 0
	}
	return after[1 : 1+run(after[1:], length, "0123456789abcdefABCDEF")], 16
}

// run counts the leading bytes of a text that are among these, at most so many.
func run(text string, most int, among string) int {
	n := 0
	for n < len(text) && n < most && strings.IndexByte(among, text[n]) >= 0 {
		n++
	}
	return n
}
