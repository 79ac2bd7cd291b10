package record

import (
	"bytes"
	"unicode/utf8"
)

const escape = 0x1b

var (
	carriageReturn = []byte("\r")
	colon          = []byte(":")
	wideColon      = []byte("：")
	byteOrderMark  = []byte("\xef\xbb\xbf") // programs from Windows begin their output with it
	closingBracket = []byte("]")
	heredocSign    = []byte("<<")
	viewerSign     = []byte("*:")
)

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

func beginsBlank(line []byte) bool { return len(line) > 0 && isBlank(line[0]) }

func trimBlanks(text []byte) []byte {
	for beginsBlank(text) {
		text = text[1:]
	}
	return text
}

// visible frees a line of colour codes, and of a carriage return that stood
// before the last of them. The result lives until the next call.
func (p *Parser) visible(line []byte) []byte {
	if bytes.IndexByte(line, escape) < 0 {
		return line
	}
	p.scratch = stripCodes(p.scratch[:0], line)
	return bytes.TrimSuffix(p.scratch, carriageReturn)
}

// stripCodes appends a line without its terminal control sequences.
func stripCodes(dst, line []byte) []byte {
	for {
		at := bytes.IndexByte(line, escape)
		if at < 0 {
			return append(dst, line...)
		}
		dst = append(dst, line[:at]...)
		line = line[at:]
		if n := codeLength(line); n > 0 {
			line = line[n:]
			continue
		}
		dst = append(dst, escape)
		line = line[1:]
	}
}

// maxCode is the longest control sequence that is taken for one.
const maxCode = 64

// codeLength measures the control sequence with which b begins: "ESC [" with
// its parameters, or the choice of a character set, which `tput sgr0` prints
// beside it (ECMA-48 5.4 and ECMA-35 13.2). 0 means that it is none, or none
// that is complete.
func codeLength(b []byte) int {
	b = b[:min(len(b), maxCode)]
	n, final := 1, byte(0x30)
	if len(b) > 1 && b[1] == '[' {
		n, final = 2, 0x40
		for n < len(b) && 0x30 <= b[n] && b[n] <= 0x3f {
			n++
		}
	}
	begin := n
	for n < len(b) && 0x20 <= b[n] && b[n] <= 0x2f {
		n++
	}
	if n == len(b) || b[n] < final || b[n] > 0x7e || final == 0x30 && n == begin {
		return 0
	}
	return n + 1
}

// appendValid appends as much of src as keeps dst within limit bytes, with
// U+FFFD for each byte that is not UTF-8, and tells how much of src that was.
func appendValid(dst, src []byte, limit int) ([]byte, int) {
	if len(src) <= limit-len(dst) && utf8.Valid(src) {
		return append(dst, src...), len(src)
	}
	n := 0
	for n < len(src) {
		r, size := utf8.DecodeRune(src[n:])
		if utf8.RuneLen(r) > limit-len(dst) {
			break
		}
		dst = utf8.AppendRune(dst, r)
		n += size
	}
	return dst, n
}

// validString is appendValid for a short text.
func validString(src []byte) string {
	text, _ := appendValid(nil, src, len(src)*utf8.UTFMax)
	return string(text)
}

// trimPartialRune leaves out the bytes of a last rune that is not complete.
func trimPartialRune(b []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		tail := b[len(b)-n:]
		if !utf8.RuneStart(tail[0]) {
			continue
		}
		if !utf8.FullRune(tail) {
			return b[:len(b)-n]
		}
		break
	}
	return b
}
