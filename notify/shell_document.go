package notify

import "strings"

// hereDoc is a here-document whose body begins after the next line end.
type hereDoc struct {
	delimiter string
	quoted    bool // its body is taken literally
	tabs      bool // <<-: leading tabs are dropped
	level     int
	piece     int    // the piece of the script that is its delimiter
	program   string // what would run the body as a program
}

// announce reads the operator and the delimiter of a here-document.
func (r *reader) announce() error {
	r.command.redirect(r.in[:r.pos])
	d := hereDoc{level: r.level, program: r.command.readsProgram()}
	r.take(2)
	if r.starts("-") {
		d.tabs = true
		r.take(1)
	}
	for r.starts(" ") || r.starts("\t") {
		r.take(1)
	}
	r.mark()
	start := r.pos
	for r.more() && strings.IndexByte(" \t\n;&|<>()", r.in[r.pos]) < 0 {
		if err := r.delimiterByte(&d); err != nil {
			return err
		}
	}
	d.piece = r.mark() - 1
	r.command.begin(start)
	r.documents = append(r.documents, d)
	return nil
}

// delimiterByte reads a byte of the delimiter, or a part of it between quotes.
func (r *reader) delimiterByte(d *hereDoc) error {
	c := r.in[r.pos]
	switch c {
	case '$', '`':
		return beyond("an expansion as the end of a here-document")
	case '\'', '"':
		d.quoted = true
		length := strings.IndexByte(r.rest()[1:], c)
		if length < 0 {
			return errNotClosed(string(c))
		}
		d.delimiter += r.in[r.pos+1 : r.pos+1+length]
		r.take(length + 2)
		return nil
	case '\\':
		d.quoted = true
		r.take(1)
		if !r.more() {
			return nil
		}
	}
	d.delimiter += r.in[r.pos : r.pos+1]
	r.take(1)
	return nil
}

// readDocuments reads the bodies that begin at this line.
func (r *reader) readDocuments() error {
	documents := r.documents
	r.documents = nil
	for _, d := range documents {
		if d.level != r.level {
			return beyond("a here-document around the lines of a $(…)")
		}
		body, end := r.body(d)
		if err := r.document(d, body); err != nil {
			return err
		}
		r.pos += len(body)
		r.take(end)
	}
	return nil
}

// body gives the lines of a here-document, and the length of its last line.
func (r *reader) body(d hereDoc) (body string, end int) {
	rest := r.rest()
	joined := false
	for at := 0; at < len(rest); {
		line, _, _ := strings.Cut(rest[at:], "\n")
		last := line
		if d.tabs {
			last = strings.TrimLeft(line, "\t")
		}
		if last == d.delimiter && !joined {
			return rest[:at], len(line)
		}
		joined = !d.quoted && oddBackslashes(line)
		at = min(at+len(line)+1, len(rest))
	}
	return rest, 0
}

// oddBackslashes reports whether the next line continues this one.
func oddBackslashes(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// document puts the body with its placeholders replaced. One that is taken
// literally is written anew as one that is not, since only there a variable is
// expanded.
func (r *reader) document(d hereDoc, body string) error {
	if !hasPlaceholder(body) {
		r.put(body)
		return r.checkTags(body)
	}
	if d.program != "" {
		name := firstPlaceholder(body)
		return partOfProgram(name, d.program)
	}
	inner := newReader(body)
	if d.quoted {
		if strings.Trim(d.delimiter, wordBytes) != "" || d.delimiter == "" {
			return beyond("a here-document with such an end")
		}
		r.out[d.piece].text = d.delimiter
		inner.in = literalDocument(body)
	}
	for inner.more() {
		if err := inner.expandingByte(inDocument); err != nil {
			return err
		}
	}
	for _, p := range inner.pieces() {
		r.put(p.text)
		if p.quote != "" {
			r.putReceivers()
		}
	}
	for name, n := range inner.uses {
		r.uses[name] += n
	}
	return nil
}

const wordBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

// literalDocument escapes what would be expanded.
func literalDocument(body string) string {
	return strings.NewReplacer(`\`, `\\`, `$`, `\$`, "`", "\\`").Replace(body)
}

// checkTags looks for misspelt placeholders in a text without any.
func (r *reader) checkTags(body string) error {
	for i := range len(body) {
		if body[i] == '<' {
			if err := checkTag(r.in, body[i:], true); err != nil {
				return err
			}
		}
	}
	return nil
}
