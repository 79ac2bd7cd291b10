package record

// openRecord is a record to which further lines may belong.
type openRecord struct {
	message Message // all but text and cut
	text    []byte  // valid UTF-8, at most maxTextKept bytes
	lines   int64   // in text or left out
	left    int64   // bytes left out
	size    int64   // bytes of all lines
	heredoc string  // the line that ends it; empty: the first that is not indented
	muted   bool    // it is passed over
}

// maxHeredoc ends a record whose terminator never comes, so that it cannot
// swallow the output of a whole job.
const maxHeredoc = 1 << 20

// openRecord begins a record with what its first line says.
func (p *Parser) openRecord(head header, line []byte, over int64) {
	r := &p.record
	*r = openRecord{text: r.text[:0], heredoc: head.heredoc}
	p.open = true
	if p.accept != nil && !p.accept(line) {
		r.muted = true
		return
	}
	r.message = Message{
		Level:     head.level,
		Title:     p.mask.Mask(head.title),
		Receivers: p.mask.Mask(head.receivers),
		Frequency: p.mask.Mask(head.frequency),
		Key:       p.mask.Mask(head.key),
		Time:      p.readTime(),
	}
	if head.heredoc == "" {
		r.add(head.text, over)
	}
}

// add takes a further line, of which over bytes were not kept. What finds no
// room is counted, and so is all that comes after it.
func (r *openRecord) add(line []byte, over int64) {
	r.size += int64(len(line)) + over + 1
	if r.muted {
		return
	}
	if r.lines > 0 {
		r.addBreak()
	}
	r.lines++
	if r.left == 0 {
		var n int
		r.text, n = appendValid(r.text, line, maxTextKept)
		line = line[n:]
	}
	r.left += int64(len(line)) + over
}

func (r *openRecord) addBreak() {
	if r.left > 0 || len(r.text) == maxTextKept {
		r.left++
		return
	}
	r.text = append(r.text, '\n')
}

// closeRecord emits the open record, if there is one.
func (p *Parser) closeRecord() {
	if !p.open {
		return
	}
	p.open = false
	if p.record.muted {
		return
	}
	message := p.record.message
	message.Text, message.Cut = cutText(p.mask.Mask(string(p.record.text)), p.record.left, MaxMessageBytes)
	p.emit(message)
}
