package record

import "bytes"

// prefix is one of the config's further prefixes, without colour codes.
type prefix struct {
	text  []byte
	word  []byte // text without the colon at its end, before which attributes stand
	level Level
}

// header is what a line says that opens a record.
type header struct {
	level     Level
	title     string
	receivers string
	frequency string
	key       string
	text      []byte // what follows the prefix; belongs to the line
	heredoc   string // the terminator, if lines up to it follow
	malformed bool   // text is a bracket that could not be read, and what follows
}

// builtInFirst holds the bytes with which a built-in prefix can begin: those of
// the keywords, of monitorViewer's form, and of a colour code.
const builtInFirst = "ADICEFW*[\x1b"

// header reads a line, freed of colour codes, as the first of a record.
func (p *Parser) header(line []byte) (header, bool) {
	head, prefixed := p.prefixed(line)
	if len(p.rules) == 0 {
		return head, prefixed
	}
	ruled, matched := p.matchRules(line)
	switch {
	case !matched:
		return head, prefixed
	case !prefixed:
		return ruled, true
	}
	return p.raised(head, ruled), true
}

// raised lets a rule make a line that has a prefix more severe, and fill in
// what its brackets left open.
func (p *Parser) raised(h, ruled header) header {
	if p.severer(ruled.level, h.level) {
		h.level = ruled.level
	}
	if h.title == "" {
		h.title = ruled.title
	}
	if h.receivers == "" {
		h.receivers = ruled.receivers
	}
	return h
}

func (p *Parser) prefixed(line []byte) (header, bool) {
	for i := range p.prefixes {
		if head, ok := p.prefixes[i].header(line); ok {
			return head, true
		}
	}
	if len(line) == 0 {
		return header{}, false
	}
	if line[0] == '*' || line[0] == '[' {
		return p.viewerHeader(line)
	}
	level, rest := keyword(line)
	if level == "" || len(rest) == 0 {
		return header{}, false
	}
	switch rest[0] {
	case ':':
		return header{level: level, text: trimBlanks(rest[1:])}, true
	case '[':
		return bracketHeader(level, rest)
	}
	word, ok := heredocWord(rest)
	return header{level: level, heredoc: word}, ok
}

// header reads a line that begins with the prefix: with attributes, with "<<WORD",
// or with the text right after it. Chinese has a colon of its own.
func (f *prefix) header(line []byte) (header, bool) {
	if rest, ok := bytes.CutPrefix(line, f.word); ok && len(f.word) > 0 {
		if head, ok := attributeHeader(f.level, rest, cutAnyColon); ok {
			return head, true
		}
		if word, ok := heredocWord(rest); ok {
			return header{level: f.level, heredoc: word}, true
		}
	}
	rest, ok := bytes.CutPrefix(line, f.text)
	if !ok {
		return header{}, false
	}
	if text, ok := cutAnyColon(rest); ok {
		rest = text
	}
	return header{level: f.level, text: trimBlanks(rest)}, true
}

func cutColon(text []byte) ([]byte, bool) { return bytes.CutPrefix(text, colon) }

func cutAnyColon(text []byte) ([]byte, bool) {
	if rest, ok := cutColon(text); ok {
		return rest, true
	}
	return bytes.CutPrefix(text, wideColon)
}

// keyword reads the upper-case word at the start of a line; its level is empty
// where the word is none of ours.
func keyword(line []byte) (Level, []byte) {
	n := 0
	for n < len(line) && n < len("CRITICAL") && 'A' <= line[n] && line[n] <= 'Z' {
		n++
	}
	return keywordLevel(line[:n]), line[n:]
}

func keywordLevel(word []byte) Level {
	switch string(word) {
	case "DEBUG":
		return LevelDebug
	case "INFO":
		return LevelInfo
	case "WARNING", "WARN":
		return LevelWarning
	case "ERROR":
		return LevelError
	case "FATAL", "CRITICAL":
		return LevelFatal
	case "ALARM":
		return LevelAlarm
	}
	return ""
}

// bracketHeader reads what follows a keyword from its bracket on. A bracket
// that cannot be read is kept in the text. One that nobody meant as attributes,
// as in the "INFO[0000] started" of a well-known logger, makes no record, save
// after ALARM, which is never passed over.
func bracketHeader(level Level, rest []byte) (header, bool) {
	if head, ok := attributeHeader(level, rest, cutColon); ok {
		return head, true
	}
	if level != LevelAlarm && !meantAsAttributes(rest) {
		return header{}, false
	}
	return header{level: level, text: rest, malformed: true}, true
}

// attributeHeader reads attributes in brackets, and what a colon or "<<WORD" says
// of the text.
func attributeHeader(level Level, rest []byte, cutColon func([]byte) ([]byte, bool)) (header, bool) {
	found, after, ok := parseAttributes(rest)
	if !ok || len(after) == 0 {
		return header{}, false
	}
	head := header{
		level: level, title: found["title"], receivers: joinReceivers(found["to"]),
		frequency: found["frequency"], key: found["key"],
	}
	if text, ok := cutColon(after); ok {
		head.text = trimBlanks(text)
		return head, true
	}
	head.heredoc, ok = heredocWord(after)
	return head, ok
}

func meantAsAttributes(rest []byte) bool {
	inside, after, _ := bytes.Cut(rest, closingBracket)
	return bytes.IndexByte(inside, '=') >= 0 || bytes.HasPrefix(after, colon)
}

// heredocWord reads "<<WORD", which must be all that is left of the line.
func heredocWord(rest []byte) (string, bool) {
	word, ok := bytes.CutPrefix(rest, heredocSign)
	if !ok || len(word) == 0 || len(word) > maxHeredocWord {
		return "", false
	}
	for _, c := range word {
		if !isWordByte(c) {
			return "", false
		}
	}
	return string(word), true
}

// maxHeredocWord is the longest terminator.
const maxHeredocWord = 128

// viewerHeader reads the form in which monitorViewer prints its messages,
// "*Error*: text", with or without "[2024-10-25 08:00:00] " before it.
func (p *Parser) viewerHeader(line []byte) (header, bool) {
	if hasStamp(line) {
		line = trimBlanks(line[len(stampShape):])
	}
	if len(line) == 0 || line[0] != '*' {
		return header{}, false
	}
	for _, levels := range [...][]Level{Levels, p.levels} {
		for _, level := range levels {
			rest := line[1:]
			if len(rest) < len(level) || string(rest[:len(level)]) != string(level) {
				continue
			}
			if text, ok := bytes.CutPrefix(rest[len(level):], viewerSign); ok {
				return header{level: level, text: trimBlanks(text)}, true
			}
		}
	}
	return header{}, false
}

// stampShape is monitorViewer's time, with a 0 for any digit.
const stampShape = "[0000-00-00 00:00:00]"

func hasStamp(line []byte) bool {
	if len(line) < len(stampShape) {
		return false
	}
	for i := range len(stampShape) {
		digit := '0' <= line[i] && line[i] <= '9'
		if want := stampShape[i]; want == '0' && !digit || want != '0' && line[i] != want {
			return false
		}
	}
	return true
}
