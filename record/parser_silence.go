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

// Deadline tells when the silence ends that closes the open record; it is zero
// when none is open, even if a line has begun. Tick is due then, unless Write
// comes first.
func (p *Parser) Deadline() time.Time { return p.deadline }

// Tick closes the open record if its silence has lasted. A line that has begun
// waits for its end.
func (p *Parser) Tick(now time.Time) {
	if p.deadline.IsZero() || now.Before(p.deadline) {
		return
	}
	p.deadline = time.Time{}
	if p.open {
		p.closeWithPart()
	}
}

// closeWithPart closes the open record together with the line that has begun,
// if that belongs to it. The rest of such a line comes too late for it, as do
// the lines that follow.
func (p *Parser) closeWithPart() {
	text := bytes.TrimSuffix(p.visible(trimPartialRune(p.line)), carriageReturn)
	heredoc := p.record.heredoc
	if heredoc != "" && len(text) > 0 && string(text) != heredoc || heredoc == "" && beginsBlank(text) {
		p.record.add(text, p.length-int64(len(p.line)))
	}
	p.closeRecord()
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

// AtRest reports whether nothing is open but a record of whole lines: what comes next
// is most likely another's output, for which that record need not be kept open.
func (p *Parser) AtRest() bool {
	return p.length == 0 && !p.skip && (!p.open || p.record.heredoc == "")
}

// setDeadline starts the silence anew after some output. It begins now, and not
// when that output was read: who takes the records may have taken a while.
func (p *Parser) setDeadline() {
	switch {
	case !p.open:
		p.deadline = time.Time{}
	case p.record.heredoc != "":
		p.deadline = p.now().Add(heredocSilence)
	default:
		p.deadline = p.now().Add(lineSilence)
	}
}
