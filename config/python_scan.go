package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of what is read of a Python file. Python itself takes 200 brackets.
const (
	maxPythonDepth  = 100
	maxPythonTokens = 1 << 16 // of one statement
)

type pythonKind int

const (
	pythonName pythonKind = iota
	pythonNumber
	pythonText
	pythonBytes
	pythonSign // brackets and operators
)

// pythonToken is one word of a statement.
type pythonToken struct {
	kind  pythonKind
	text  string // of a text: its value
	line  int
	depth int   // how many brackets are open around it
	fault error // why a text cannot be taken
}

// pythonStatement is one logical line, which may go over several lines within
// brackets.
type pythonStatement struct {
	line     int
	indented bool
	tokens   []pythonToken
	fault    error // why it cannot be read to its end
}

// pythonScanner takes a Python file apart by section 2 of its language
// reference. Each byte is looked at a fixed number of times, whatever the file
// holds: after a fault it goes on at the next line.
type pythonScanner struct {
	src     string // with \n as its only line end
	at      int
	line    int
	closers []byte // of the brackets that are open
}

// next returns the next statement, false at the end of the file.
func (s *pythonScanner) next() (pythonStatement, bool) {
	indented, ok := s.indentation()
	if !ok {
		return pythonStatement{}, false
	}
	statement := pythonStatement{line: s.line, indented: indented}
	s.closers = s.closers[:0]
	for {
		token, more, err := s.token()
		if err == nil && len(statement.tokens) >= maxPythonTokens {
			err = errors.New("it is too long")
		}
		if err != nil {
			statement.fault = err
			s.skipLine()
			return statement, true
		}
		if !more {
			return statement, true
		}
		statement.tokens = append(statement.tokens, token)
	}
}

// indentation goes to the first line that holds more than a comment.
func (s *pythonScanner) indentation() (indented, ok bool) {
	for s.at < len(s.src) {
		start := s.at
		for s.at < len(s.src) && strings.IndexByte(" \t\f", s.src[s.at]) >= 0 {
			s.at++
		}
		if s.at == len(s.src) {
			break
		}
		if c := s.src[s.at]; c != '#' && c != '\n' {
			return s.at > start, true
		}
		s.skipLine()
	}
	return false, false
}

func (s *pythonScanner) skipLine() {
	end := strings.IndexByte(s.src[s.at:], '\n')
	if end < 0 {
		s.at = len(s.src)
		return
	}
	s.at += end + 1
	s.line++
}

// token returns the next word of a statement, false at the statement's end.
func (s *pythonScanner) token() (token pythonToken, more bool, err error) {
	for s.at < len(s.src) {
		switch c := s.src[s.at]; {
		case c == ' ' || c == '\t' || c == '\f':
			s.at++
		case c == '#':
			if end := strings.IndexByte(s.src[s.at:], '\n'); end >= 0 {
				s.at += end
			} else {
				s.at = len(s.src)
			}
		case c == '\\':
			if !strings.HasPrefix(s.src[s.at:], "\\\n") {
				return token, false, errors.New("a backslash stands there that does not end the line")
			}
			s.skipLine()
		case c == '\n':
			s.skipLine()
			if len(s.closers) == 0 {
				return token, false, nil
			}
		default:
			token, err = s.word(c)
			return token, err == nil, err
		}
	}
	if len(s.closers) > 0 {
		return token, false, errors.New("a bracket is never closed, so that nothing below it can be read")
	}
	return token, false, nil
}

// word reads a name, a number, a text or a sign.
func (s *pythonScanner) word(c byte) (pythonToken, error) {
	token := pythonToken{line: s.line, depth: len(s.closers)}
	if prefix := textPrefix(s.src[s.at:]); prefix >= 0 {
		return s.text(token, prefix)
	}
	rest := s.src[s.at:]
	switch {
	case c >= '0' && c <= '9', c == '.' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
		token.kind, token.text = pythonNumber, rest[:numberLength(rest)]
	case isNameByte(c):
		r, _ := utf8.DecodeRuneInString(rest)
		if c >= utf8.RuneSelf && !unicode.IsLetter(r) {
			return token, fmt.Errorf("the sign %q means nothing in Python", r)
		}
		end := 0
		for end < len(rest) && isNameByte(rest[end]) {
			end++
		}
		token.text = rest[:end]
	default:
		return s.sign(token, c)
	}
	s.at += len(token.text)
	return token, nil
}

// isNameByte takes all that is not ASCII for letters, of which names may be made.
func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

// numberLength takes in what could belong to a number; whether it is one is seen
// later. A sign belongs to it behind the e of an exponent.
func numberLength(text string) int {
	hexadecimal := len(text) > 1 && (text[1] == 'x' || text[1] == 'X')
	end := 0
	for end < len(text) {
		c := text[end]
		exponent := end > 0 && (text[end-1] == 'e' || text[end-1] == 'E') && !hexadecimal
		if !isNameByte(c) && c != '.' && !(exponent && (c == '+' || c == '-')) {
			break
		}
		end++
	}
	return end
}

// sign reads a bracket or an operator. Of the operators only those that change
// what an assignment is are kept together.
func (s *pythonScanner) sign(token pythonToken, c byte) (pythonToken, error) {
	token.kind, token.text = pythonSign, s.src[s.at:s.at+1]
	switch c {
	case '(', '[', '{':
		if len(s.closers) == maxPythonDepth {
			return token, fmt.Errorf("more than %d brackets stand within one another", maxPythonDepth)
		}
		s.closers = append(s.closers, map[byte]byte{'(': ')', '[': ']', '{': '}'}[c])
	case ')', ']', '}':
		last := len(s.closers) - 1
		if last < 0 || s.closers[last] != c {
			return token, fmt.Errorf("a %c closes nothing", c)
		}
		s.closers = s.closers[:last]
		token.depth = last
	default:
		if c < ' ' || c == 0x7f || strings.IndexByte("$?`", c) >= 0 {
			return token, fmt.Errorf("the sign %q means nothing in Python", c)
		}
		if strings.IndexByte("=!<>+-*/%&|^@:", c) >= 0 && strings.HasPrefix(s.src[s.at+1:], "=") {
			token.text = s.src[s.at : s.at+2]
		}
	}
	s.at += len(token.text)
	return token, nil
}
