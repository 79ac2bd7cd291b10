package notify

import (
	"fmt"
	"strings"
)

// place is where an expansion stands; it decides what has to be escaped.
type place int

const (
	inCode place = iota
	inDouble
	inDocument
)

// single reads '…'. A placeholder in it ends the quotes, and begins them again.
func (r *reader) single() error {
	r.take(1)
	for r.more() {
		switch r.in[r.pos] {
		case '\'':
			r.take(1)
			return nil
		case '<':
			if err := r.quoted(`'"$`, `"'`); err != nil {
				return err
			}
		default:
			r.take(1)
		}
	}
	return errNotClosed("'")
}

// double reads the rest of "…".
func (r *reader) double() error {
	for r.more() {
		if r.in[r.pos] == '"' {
			r.take(1)
			return nil
		}
		if err := r.expandingByte(inDouble); err != nil {
			return err
		}
	}
	return errNotClosed(`"`)
}

// expandingByte reads what begins with one byte where only $, ` and \ mean
// something: between double quotes and in a here-document.
func (r *reader) expandingByte(where place) error {
	switch r.in[r.pos] {
	case '\\':
		if _, ok := placeholderAt(r.rest()[1:]); ok {
			r.put(`\\`) // before < it stands for itself, before $ it would not
			r.pos++
			return nil
		}
		r.take(2)
	case '$':
		return r.dollar(where)
	case '`':
		return r.backquote(where)
	case '<':
		return r.quoted("${", "}")
	default:
		r.take(1)
	}
	return nil
}

// quoted reads a <; a placeholder becomes its variable between two texts.
func (r *reader) quoted(before, after string) error {
	name, ok := placeholderAt(r.rest())
	if !ok {
		err := checkTag(r.in, r.rest(), true)
		r.take(1)
		return err
	}
	if err := r.use(name); err != nil {
		return err
	}
	r.put(before + variablePrefix + name + after)
	r.pos += len(name) + 2
	return nil
}

// dollar reads an expansion.
func (r *reader) dollar(where place) error {
	rest := r.rest()[1:]
	_, placeholder := placeholderAt(strings.TrimPrefix(rest, `\`))
	switch {
	case placeholder:
		r.put(`\`) // a $ that stands for itself must not meet that of the variable
		r.take(1)
	case strings.HasPrefix(rest, "(("):
		return r.arithmeticExpansion()
	case strings.HasPrefix(rest, "("):
		return r.substitution()
	case strings.HasPrefix(rest, "{"):
		return r.parameter()
	case strings.HasPrefix(rest, "["):
		return beyond("$[…]")
	case strings.HasPrefix(rest, "'") && where == inCode:
		return beyond("$'…'") // an escape in bash, a $ before quotes in dash
	case rest != "" && strings.IndexByte("@*#?$!-0123456789", rest[0]) >= 0:
		r.take(2)
	default:
		r.take(1)
	}
	return nil
}

// substitution reads $(…).
func (r *reader) substitution() error {
	r.take(2)
	r.level++
	defer func() { r.level-- }()
	return r.code(true)
}

// arithmeticExpansion reads $((…)), or a substitution that begins with a
// subshell, which ends alike.
func (r *reader) arithmeticExpansion() error {
	r.take(3)
	r.arithmetic++
	r.level++
	defer func() { r.arithmetic--; r.level-- }()
	if err := r.code(true); err != nil {
		return err
	}
	return r.code(true)
}

// parameter reads ${…}. Quotes in it mean other things between double quotes
// than elsewhere, and other things in each shell.
func (r *reader) parameter() error {
	r.take(2)
	for depth := 1; r.more(); {
		switch c := r.in[r.pos]; {
		case strings.IndexByte("'\"\\`", c) >= 0, r.starts("$("), hasPrefixPlaceholder(r.rest()):
			return beyond("a quote, a command or a placeholder within ${…}")
		case r.starts("${"):
			depth++
			r.take(2)
			continue
		case c == '}':
			depth--
		}
		r.take(1)
		if depth == 0 {
			return nil
		}
	}
	return errNotClosed("${")
}

func hasPrefixPlaceholder(text string) bool {
	_, ok := placeholderAt(text)
	return ok
}

// backquote reads `…`, which is a script with backslashes of its own: they are
// taken off, the script is read, and they are put on again.
func (r *reader) backquote(where place) error {
	raw, ok := untilBackquote(r.rest()[1:])
	if !ok {
		return errNotClosed("`")
	}
	if where == inDouble && strings.Contains(raw, "<<") {
		return beyondError{"a here-document in `…` between double quotes", "write $(…)"} // bash reads it in two ways
	}
	inner := newReader(unescape(raw, where == inDouble))
	inner.arithmetic = r.arithmetic
	err := inner.code(false)
	if !hasPlaceholder(inner.in) {
		if _, exotic := err.(beyondError); err != nil && !exotic {
			return err
		}
		r.take(len(raw) + 2)
		return nil
	}
	switch {
	case err != nil:
		return err
	case where == inDocument:
		return beyondError{"`…` in a here-document", "write $(…)"}
	}
	r.put("`")
	r.graft(inner, where == inDouble)
	r.put("`")
	r.pos += len(raw) + 2
	return nil
}

// graft adds what another reader has made, escaped for backquotes.
func (r *reader) graft(inner *reader, double bool) {
	for _, p := range inner.pieces() {
		r.put(escape(p.text, double))
		if p.quote != "" {
			r.putReceivers()
			r.out[len(r.out)-1].quote = escape(p.quote, double)
		}
	}
	for name, n := range inner.uses {
		r.uses[name] += n
	}
}

// untilBackquote gives what stands before the next backquote that is not
// escaped.
func untilBackquote(text string) (string, bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '`':
			return text[:i], true
		}
	}
	return "", false
}

// escapable tells before which bytes a backslash in backquotes is taken off.
func escapable(c byte, double bool) bool {
	return c == '\\' || c == '`' || c == '$' || double && c == '"'
}

func unescape(text string, double bool) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && escapable(text[i+1], double) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// escape is the reverse of unescape.
func escape(text string, double bool) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if escapable(c, double) {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}

// noDocuments refuses a here-document whose body comes after the end of the
// substitution it was announced in.
func (r *reader) noDocuments() error {
	for _, d := range r.documents {
		if d.level == r.level && r.level > 0 {
			return fmt.Errorf("the here-document %s has no body", d.delimiter)
		}
	}
	return nil
}
