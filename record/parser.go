package record

import (
	"bytes"
	"slices"
	"time"
)

// ParserOptions are the settings of a Parser. The zero value understands the
// built-in prefixes.
type ParserOptions struct {
	// Prefixes are further literal prefixes at the start of a line, such as
	// "[ALERT]" or "错误："; the longest that fits wins, before the built-in ones.
	// The message follows; a colon right after the prefix is dropped, and the
	// Chinese one is a colon, too. Attributes and "<<WORD" stand before the colon
	// as with the built-in ones.
	Prefixes map[string]Level
	// Levels are those that the config lists, mildest first, beside the
	// built-in ones.
	Levels []Level
	// Rules are tried in order on every line.
	Rules []Rule
	// Mask hides secrets in texts and attributes; nil stands for the built-in
	// patterns.
	Mask *Masker
	// Now is the clock; nil stands for time.Now.
	Now func() time.Time
	// Header, if set, is called with each line that would open a record,
	// before it does, without its line end and at most as long as the Parser
	// keeps lines. If it returns false the record is passed over, together
	// with the lines that belong to it. The line must not be kept.
	Header func(line []byte) bool
}

// Parser is the line protocol: it reads the output of a job as it comes and
// emits the records found in it.
//
// A record begins with a line that bears a prefix at its start (or that fits a
// rule) and goes on with the lines after it that begin with a blank; or it is
// everything from "ALARM<<END" to a line "END". It ends at the next other
// line, at the end of the output, or when nothing came for 250 ms (10 s between
// "<<END" and "END", or 1 MiB). Colour codes are as if they were not there.
//
// A line counts when its end comes, or the end of the output: a job may print
// one in parts with any time between them, and it opens one record. Only where
// silence closes a record does the part of a line that belongs to it go along.
//
// Memory is bounded whatever comes in. A Parser is not safe for concurrent use,
// and emit must not call it.
type Parser struct {
	emit     func(Message)
	now      func() time.Time
	accept   func(line []byte) bool
	mask     *Masker
	prefixes []prefix
	rules    []rule
	levels   []Level   // of the config
	first    [256]bool // bytes with which a line that has a prefix can begin

	partialLine
	began   bool // the first line is past, before which a byte-order mark may stand
	open    bool
	record  openRecord // valid while open; its buffer is kept for the next one
	scratch []byte     // a line without its colour codes

	read     time.Time // when the bytes at hand were read; zero until asked for
	deadline time.Time
}

// partialLine is a line of which the end has not come yet.
type partialLine struct {
	line   []byte // its beginning, at most maxLineKept bytes
	length int64  // of all of it so far
	skip   bool   // it is ordinary; nothing of it is kept
}

// Bounds on what is kept of a line and of a record's text until the record is
// masked and cut. Both are somewhat larger than a message, so that prefix and
// attributes have room, and a secret at the cut is still seen whole.
const (
	maxTextKept = MaxMessageBytes + 4<<10
	maxLineKept = MaxMessageBytes + 8<<10
)

// NewParser returns a Parser that calls emit with each record as it closes,
// from within Write, Tick and Close.
func NewParser(o ParserOptions, emit func(Message)) *Parser {
	p := &Parser{
		emit: emit, now: o.Now, accept: o.Header, mask: o.Mask,
		prefixes: furtherPrefixes(o.Prefixes), rules: compileRules(o.Rules), levels: o.Levels,
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.mask == nil {
		p.mask = new(Masker)
	}
	for _, c := range []byte(builtInFirst) {
		p.first[c] = true
	}
	for _, further := range p.prefixes {
		p.first[further.text[0]] = true
	}
	return p
}

// Write takes the next piece of output. It never fails and does not keep b.
func (p *Parser) Write(b []byte) (int, error) {
	size := len(b)
	if size == 0 {
		return 0, nil
	}
	p.read = time.Time{}
	for {
		if p.atOrdinaryStart() {
			b = p.passOrdinary(b)
		}
		if len(b) == 0 {
			break
		}
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			p.takePiece(b, false)
			break
		}
		p.takePiece(b[:end], true)
		b = b[end+1:]
	}
	p.setDeadline()
	return size, nil
}

// atOrdinaryStart reports whether a line begins here that matters only if it
// has a prefix.
func (p *Parser) atOrdinaryStart() bool {
	return p.length == 0 && !p.skip && !p.open && p.began && len(p.rules) == 0
}

// passOrdinary leaves out whole lines that can have no prefix. This loop is all
// that most output meets.
func (p *Parser) passOrdinary(b []byte) []byte {
	for len(b) > 0 && !p.first[b[0]] {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			p.skip = true
			return nil
		}
		b = b[end+1:]
	}
	return b
}

// takePiece takes a part of a line, up to its end if ended. A line that comes
// in one piece is not copied.
func (p *Parser) takePiece(piece []byte, ended bool) {
	switch {
	case p.skip:
		p.skip = !ended
	case ended && p.length == 0:
		kept := piece[:min(len(piece), maxLineKept)]
		p.takeLine(kept, int64(len(piece)-len(kept)))
	default:
		p.collect(piece)
		if ended {
			p.endPartial()
		}
	}
}

// collect keeps a part of a line until the rest has come. A line that can only
// be ordinary is not kept, and closes the record before it at once.
func (p *Parser) collect(piece []byte) {
	if p.length == 0 {
		first := piece[0]
		if p.open && p.record.heredoc == "" && !isBlank(first) && first != escape {
			p.closeRecord()
		}
		if !p.open && len(p.rules) == 0 && !p.first[first] && (p.began || first != byteOrderMark[0]) {
			p.skip, p.began = true, true
			return
		}
	}
	p.length += int64(len(piece))
	room := min(len(piece), maxLineKept-len(p.line))
	p.line = append(p.line, piece[:room]...)
	p.readTime() // is the time of its record if Close ends the line
}

// endPartial takes the collected line, of which the end has come.
func (p *Parser) endPartial() {
	p.takeLine(p.line, p.length-int64(len(p.line)))
	p.partialLine = partialLine{line: p.line[:0]}
}

// takeLine takes a line, of which the last over bytes were not kept.
func (p *Parser) takeLine(line []byte, over int64) {
	if !p.began {
		line, p.began = bytes.TrimPrefix(line, byteOrderMark), true
	}
	if over > 0 {
		whole := trimPartialRune(line)
		over += int64(len(line) - len(whole))
		line = whole
	} else {
		line = bytes.TrimSuffix(line, carriageReturn)
	}
	text := p.visible(line)
	if p.open && p.record.heredoc != "" {
		p.takeHeredocLine(text, over)
		return
	}
	if head, ok := p.header(text); ok {
		p.closeRecord()
		p.openRecord(head, line, over)
		return
	}
	if p.open && beginsBlank(text) {
		p.record.add(text, over)
		return
	}
	p.closeRecord()
}

func (p *Parser) takeHeredocLine(text []byte, over int64) {
	if over == 0 && string(text) == p.record.heredoc {
		p.closeRecord()
		return
	}
	p.record.add(text, over)
	if p.record.size > maxHeredoc {
		p.closeRecord()
	}
}

// readTime tells when the bytes at hand were read. The clock is asked only when
// something needs it.
func (p *Parser) readTime() time.Time {
	if p.read.IsZero() {
		p.read = p.now()
	}
	return p.read
}

func furtherPrefixes(levels map[string]Level) []prefix {
	var prefixes []prefix
	for text, level := range levels {
		if plain := stripCodes(nil, []byte(text)); len(plain) > 0 {
			word := bytes.TrimSuffix(bytes.TrimSuffix(plain, colon), wideColon)
			prefixes = append(prefixes, prefix{plain, word, level})
		}
	}
	slices.SortFunc(prefixes, func(a, b prefix) int {
		if len(a.text) != len(b.text) {
			return len(b.text) - len(a.text)
		}
		return bytes.Compare(a.text, b.text)
	})
	return prefixes
}
