package record

import (
	"bytes"
	"time"
)

// What silence closes a record. Between "<<END" and "END" stands the output of
// commands, which take their time.
const (
	lineSilence    = 250 * time.Millisecond
	heredocSilence = 10 * time.Second
)

// maxShown bounds how much of a partial line is looked at for a prefix, as that
// happens after every Write, which may bring a single byte.
const maxShown = 4 << 10

// Deadline tells when the silence ends that closes what is open; it is zero
// when nothing is. Tick is due then, unless Write comes first.
func (p *Parser) Deadline() time.Time { return p.deadline }

// Tick closes what is open if its silence has lasted.
func (p *Parser) Tick(now time.Time) {
	if p.deadline.IsZero() || now.Before(p.deadline) {
		return
	}
	p.deadline = time.Time{}
	line := trimPartialRune(p.line)
	if p.open {
		p.closeWithPart(line)
	}
	if !p.quiet && p.showsText() {
		p.recordPart(line)
	}
}

// closeWithPart closes the open record together with the line that has begun,
// if that belongs to it. The rest of such a line comes too late for it, as do
// the lines that follow.
func (p *Parser) closeWithPart(line []byte) {
	text := bytes.TrimSuffix(p.visible(line), carriageReturn)
	heredoc := p.record.heredoc
	if heredoc != "" && len(text) > 0 && string(text) != heredoc || heredoc == "" && beginsBlank(text) {
		p.record.add(text, p.length-int64(len(p.line)))
		p.quiet = true
	}
	p.closeRecord()
}

// recordPart makes a record of a line whose end has not come.
func (p *Parser) recordPart(line []byte) {
	whole := bytes.TrimSuffix(line, carriageReturn)
	if head, ok := p.header(p.visible(whole)); ok {
		p.openRecord(head, whole, p.length-int64(len(p.line)))
		p.closeRecord()
		p.quiet, p.told = true, len(line)
	}
}

// Close ends the output: a last line without its line end counts, and what is
// open closes.
func (p *Parser) Close() {
	if p.length > 0 {
		p.endPartial()
	}
	p.skip = false
	p.closeRecord()
	p.deadline = time.Time{}
}

// setDeadline starts the silence anew after some output. It begins now, and not
// when that output was read: who takes the records may have taken a while.
func (p *Parser) setDeadline() {
	silence := lineSilence
	switch {
	case p.open && p.record.heredoc != "":
		silence = heredocSilence
	case p.open, !p.quiet && p.showsText():
	default:
		p.deadline = time.Time{}
		return
	}
	p.readTime() // is the time of a record that is made when the silence ends
	p.deadline = p.now().Add(silence)
}

// showsText reports whether the line that has begun is certain to open a
// record, and has text for it.
func (p *Parser) showsText() bool {
	size := min(len(p.line), maxShown)
	if p.shown || p.looked == size {
		return p.shown
	}
	p.looked = size
	text := p.visible(p.line[:size])
	head, ok := p.prefixed(text)
	p.shown = ok && !head.malformed && head.heredoc == "" && len(bytes.TrimRight(head.text, " \t\r")) > 0
	return p.shown
}
