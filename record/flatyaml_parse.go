package record

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// flatParser reads a flat map of texts: what PyYAML writes, and what people make
// of it by hand: comments, quotes of both kinds, texts over several lines. Lists,
// maps within the map, and block texts are refused, or kept as they are where the
// key is foreign.
type flatParser struct {
	lines    []string // without their ends
	next     int
	foreign  func(key string) bool // nil where no key is
	verbatim strings.Builder       // the entries of foreign keys that are no texts
}

func (p *flatParser) parse(data []byte) (map[string]string, error) {
	text := strings.TrimPrefix(string(data), "\uFEFF")
	if !utf8.ValidString(text) {
		return nil, errors.New("is not valid UTF-8")
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	p.lines = strings.Split(text, "\n")
	settings := map[string]string{}
	for p.skipBlank() {
		start := p.next
		key, value, err := p.entry()
		if p.isForeign(start, key, value, err) {
			if err = p.keep(start); err == nil {
				continue
			}
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", start+1, err)
		}
		settings[key] = value // of two, the last one counts, as in PyYAML
	}
	return settings, nil
}

// skipBlank goes to the next entry and reports whether there is one.
func (p *flatParser) skipBlank() bool {
	for ; p.next < len(p.lines); p.next++ {
		line := strings.TrimRight(p.lines[p.next], " \t")
		switch {
		case line == "...":
			p.next = len(p.lines)
			return false
		case line != "" && line != "---" && strings.TrimLeft(line, " \t")[0] != '#':
			return true
		}
	}
	return false
}

var (
	errNoEntry = errors.New(`is not of the form "key: value"`)
	errNoText  = errors.New("is not a plain text")
	errNoQuote = errors.New("has no closing quote")
	errColon   = errors.New("has a colon: put the text into quotes")
	errBehind  = errors.New("has something behind the closing quote")
)

func (p *flatParser) entry() (key, value string, err error) {
	line := p.lines[p.next]
	if line[0] == ' ' || line[0] == '\t' {
		return "", "", errNoEntry
	}
	key, rest, err := cutKey(line)
	if err != nil {
		return "", "", err
	}
	p.next++
	value, err = p.value(strings.Trim(rest, " \t"))
	if err != nil {
		return key, "", fmt.Errorf("%s: %w", key, err)
	}
	return key, value, nil
}

// cutKey takes the key, quoted or not, and its colon off a line.
func cutKey(line string) (key, rest string, err error) {
	if line[0] == '\'' || line[0] == '"' {
		raw, behind, closed := cutQuoted(line)
		if !closed {
			return "", "", errNoQuote
		}
		if key, err = unquote(raw, line[0]); err != nil {
			return "", "", err
		}
		rest, found := strings.CutPrefix(strings.TrimLeft(behind, " \t"), ":")
		if !found || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			return "", "", errNoEntry
		}
		return key, rest, nil
	}
	if strings.IndexByte(",[]{}#&*!|>%@`", line[0]) >= 0 || isIndicator(line) {
		return "", "", errNoEntry
	}
	for i := range len(line) {
		if line[i] == ':' && (i+1 == len(line) || line[i+1] == ' ' || line[i+1] == '\t') {
			return strings.TrimRight(line[:i], " \t"), line[i+1:], nil
		}
	}
	return "", "", errNoEntry
}

// value reads the text that begins with what is left of the key's line.
func (p *flatParser) value(first string) (string, error) {
	if isComment(first) {
		first = ""
	}
	if first == "" {
		// It may begin in the next line.
		if p.next == len(p.lines) || !p.continues() {
			return "", nil
		}
		for first == "" {
			first = strings.Trim(p.lines[p.next], " \t")
			p.next++
		}
	}
	switch {
	case first[0] == '\'' || first[0] == '"':
		return p.quoted(first)
	case strings.IndexByte("[]{}|>&*!%@`,", first[0]) >= 0:
		return "", errNoText
	case isIndicator(first):
		return "", errNoText
	}
	return p.plain(first)
}

// isIndicator reports whether a text begins a list or a map.
func isIndicator(text string) bool {
	return strings.IndexByte("-?:", text[0]) >= 0 && (len(text) == 1 || text[1] == ' ' || text[1] == '\t')
}

func isComment(text string) bool { return text != "" && text[0] == '#' }

// continues reports whether the next line that is not empty belongs to the text
// before it.
func (p *flatParser) continues() bool {
	for at := p.next; at < len(p.lines); at++ {
		line := p.lines[at]
		if trimmed := strings.Trim(line, " \t"); trimmed != "" {
			return (line[0] == ' ' || line[0] == '\t') && trimmed[0] != '#'
		}
	}
	return false
}

func (p *flatParser) plain(first string) (string, error) {
	first, commented := cutComment(first)
	var b strings.Builder
	b.WriteString(first)
	for !commented && p.continues() {
		breaks := p.skipEmpty()
		line, more := cutComment(strings.Trim(p.lines[p.next], " \t"))
		p.next++
		commented = more
		b.WriteString(lineBreak(breaks))
		b.WriteString(line)
	}
	text := b.String()
	if strings.Contains(text, ": ") || strings.HasSuffix(text, ":") {
		return "", errColon
	}
	if text == "null" || text == "Null" || text == "NULL" || text == "~" {
		return "", nil
	}
	return text, nil
}

// skipEmpty goes on to the next line that is not empty, and says how many were.
func (p *flatParser) skipEmpty() int {
	start := p.next
	for p.next < len(p.lines) && strings.Trim(p.lines[p.next], " \t") == "" {
		p.next++
	}
	return p.next - start
}

func cutComment(text string) (string, bool) {
	for i := 1; i < len(text); i++ {
		if text[i] == '#' && (text[i-1] == ' ' || text[i-1] == '\t') {
			return strings.TrimRight(text[:i], " \t"), true
		}
	}
	return text, false
}

// lineBreak is what a break means with so many empty lines behind it.
func lineBreak(empty int) string {
	if empty == 0 {
		return " "
	}
	return strings.Repeat("\n", empty)
}

// quoted reads a text to its closing quote, some lines on perhaps.
func (p *flatParser) quoted(first string) (string, error) {
	quote, line := first[0], first[1:]
	var raw strings.Builder
	for {
		if end := closingQuote(line, quote); end >= 0 {
			if behind := strings.Trim(line[end+1:], " \t"); behind != "" && behind[0] != '#' {
				return "", errBehind
			}
			raw.WriteString(line[:end])
			return unquote(raw.String(), quote)
		}
		breaks := p.skipEmpty()
		if p.next == len(p.lines) {
			return "", errNoQuote
		}
		before, joined := joinQuoted(line, quote)
		raw.WriteString(before)
		if joined {
			raw.WriteString(strings.Repeat("\n", breaks))
		} else {
			raw.WriteString(lineBreak(breaks))
		}
		line = strings.TrimLeft(p.lines[p.next], " \t")
		p.next++
	}
}

// joinQuoted prepares a line of a quoted text for the next one: blanks at its end
// do not count, and a backslash there means that no blank is between the two.
func joinQuoted(text string, quote byte) (before string, joined bool) {
	if quote == '"' {
		slashes := len(text) - len(strings.TrimRight(text, `\`))
		if slashes%2 == 1 {
			return text[:len(text)-1], true
		}
	}
	trimmed := strings.TrimRight(text, " \t")
	if quote == '"' && len(trimmed) < len(text) {
		// "\ " is a blank that was meant.
		if slashes := len(trimmed) - len(strings.TrimRight(trimmed, `\`)); slashes%2 == 1 {
			return text[:len(trimmed)+1], false
		}
	}
	return trimmed, false
}

// cutQuoted takes a quoted text, without its quotes, off a longer one.
func cutQuoted(text string) (raw, behind string, closed bool) {
	end := closingQuote(text[1:], text[0])
	if end < 0 {
		return "", "", false
	}
	return text[1 : 1+end], text[1+end+1:], true
}

// closingQuote tells where in a line within quotes these are closed, or -1. An
// escape never goes on in the next line.
func closingQuote(line string, quote byte) int {
	for i := 0; i < len(line); i++ {
		switch {
		case quote == '"' && line[i] == '\\':
			i++
		case line[i] != quote:
		case quote == '\'' && i+1 < len(line) && line[i+1] == quote:
			i++
		default:
			return i
		}
	}
	return -1
}

func unquote(raw string, quote byte) (string, error) {
	if quote == '\'' {
		return strings.ReplaceAll(raw, "''", "'"), nil
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			b.WriteByte(raw[i])
			continue
		}
		size, r, err := unescape(raw[i+1:])
		if err != nil {
			return "", err
		}
		b.WriteRune(r)
		i += size
	}
	return b.String(), nil
}

// unescape gives the character of an escape, behind its backslash, and the
// length of the escape.
func unescape(text string) (size int, r rune, err error) {
	digits := 0
	switch text[0] {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	case ' ', '/', '\t':
		return 1, rune(text[0]), nil
	}
	if digits > 0 && len(text) > digits {
		if code, err := strconv.ParseUint(text[1:1+digits], 16, 32); err == nil && code <= utf8.MaxRune {
			return 1 + digits, rune(code), nil
		}
	}
	for _, escape := range doubleEscapes {
		if escape.letter == text[0] {
			return 1, escape.char, nil
		}
	}
	return 0, 0, fmt.Errorf(`has an unknown escape \%c`, text[0])
}
