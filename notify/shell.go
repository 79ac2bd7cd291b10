package notify

import (
	"fmt"
	"strings"
)

// reader goes through a line of sh as the shell's own lexer does, so far as is
// needed to know the quoting at each place (POSIX.1-2017, Shell Command
// Language, sections 2.2, 2.3, 2.6 and 2.7.4), and builds the script from it.
type reader struct {
	in  string
	pos int

	out  []piece
	text strings.Builder // the end of out, still growing

	uses       map[string]int
	command    command   // the simple command that is being read
	documents  []hereDoc // announced, their bodies still to come
	level      int       // of command substitutions
	arithmetic int       // of ((
}

func newReader(in string) *reader { return &reader{in: in, uses: map[string]int{}} }

func (r *reader) rest() string { return r.in[r.pos:] }

func (r *reader) more() bool { return r.pos < len(r.in) }

// starts reports whether what is still to be read begins with a text.
func (r *reader) starts(text string) bool { return strings.HasPrefix(r.rest(), text) }

// take copies n bytes as they are.
func (r *reader) take(n int) {
	n = min(n, len(r.in)-r.pos)
	r.text.WriteString(r.in[r.pos : r.pos+n])
	r.pos += n
}

func (r *reader) put(text string) { r.text.WriteString(text) }

// mark ends the current piece, and returns the place where the next one begins.
func (r *reader) mark() int {
	r.out = append(r.out, piece{text: r.text.String()})
	r.text.Reset()
	return len(r.out)
}

// putReceivers adds the place of the single receivers.
func (r *reader) putReceivers() {
	r.out = append(r.out, piece{text: r.text.String(), quote: `"`})
	r.text.Reset()
}

func (r *reader) pieces() []piece {
	r.mark()
	return r.out
}

// code reads commands: to the end of the text or, nested, past the parenthesis
// that ends a substitution.
func (r *reader) code(nested bool) error {
	outer := r.command
	r.command = newCommand()
	defer func() { r.command = outer }()
	parens := 0
	for r.more() {
		var err error
		switch c := r.in[r.pos]; c {
		case '(':
			if r.starts("((") {
				err = r.doubleParen()
				break
			}
			parens++
			r.endCommand()
			r.take(1)
		case ')':
			r.endCommand()
			r.take(1)
			if parens--; nested && parens < 0 {
				return r.noDocuments()
			}
		default:
			err = r.codeByte(c)
		}
		if err != nil {
			return err
		}
		if nested && r.command.is("case") {
			return beyond("case within $(…)") // the ) of its patterns
		}
	}
	if nested {
		return errNotClosed("$(")
	}
	return nil
}

// doubleParen reads arithmetic, or a subshell within a subshell, which ends
// alike.
func (r *reader) doubleParen() error {
	r.endCommand()
	r.take(2)
	r.arithmetic++
	defer func() { r.arithmetic-- }()
	if err := r.code(true); err != nil {
		return err
	}
	return r.code(true)
}

// codeByte reads what begins with one byte of a command.
func (r *reader) codeByte(c byte) error {
	switch c {
	case '<':
		return r.less()
	case '>':
		return r.redirectOrProcess()
	case '\n':
		r.endCommand()
		r.take(1)
		return r.readDocuments()
	case ' ', '\t':
		r.endWord()
		r.take(1)
		return nil
	case '&', ';', '|':
		r.separator()
		return nil
	case '#':
		if !r.command.inWord() {
			r.comment()
			return nil
		}
	}
	r.command.begin(r.pos)
	return r.wordByte(c)
}

// wordByte reads what begins with one byte of a word.
func (r *reader) wordByte(c byte) error {
	switch c {
	case '\\':
		return r.backslash()
	case '\'':
		return r.single()
	case '"':
		r.take(1)
		return r.double()
	case '$':
		return r.dollar(inCode)
	case '`':
		return r.backquote(inCode)
	}
	r.take(1)
	return nil
}

// backslash reads an escaped byte. A placeholder that is escaped so that it does
// not look like a redirection, in whole (\<TITLE\>) or in part (\<TITLE>), is one.
func (r *reader) backslash() error {
	rest := r.rest()[1:]
	if name, ok := placeholderAt(rest); ok {
		r.pos++
		return r.bare(name, len(name)+2)
	}
	if end := strings.Index(rest, `\>`); end > 0 {
		if name, ok := placeholderAt(rest[:end] + ">"); ok && len(name)+1 == end {
			r.pos++
			return r.bare(name, end+2)
		}
	}
	r.take(2)
	return nil
}

// bare puts a word, or a part of one, in the place of a placeholder without
// quotes, which is length bytes long.
func (r *reader) bare(name string, length int) error {
	if err := r.use(name); err != nil {
		return err
	}
	switch {
	case name == receiversPlaceholder && !r.command.oneWord(r.in[:r.pos]):
		r.putReceivers()
	default:
		r.put(`"$` + variablePrefix + name + `"`)
	}
	r.command.begin(r.pos)
	r.pos += length
	return nil
}

// use counts a placeholder and refuses one whose value would be parsed.
func (r *reader) use(name string) error {
	switch {
	case r.arithmetic > 0:
		return fmt.Errorf("<%s> stands within ((…)), where a shell would evaluate it", name)
	case r.command.dup:
		return fmt.Errorf("<%s> stands after >& or <&, where bash would expand it twice", name)
	case r.command.expectsName():
		return fmt.Errorf("<%s> stands where the name of a command is expected", name)
	}
	if program := r.command.parsesAgain(); program != "" {
		return partOfProgram(name, program)
	}
	r.uses[name]++
	return nil
}

func partOfProgram(name, program string) error {
	return fmt.Errorf(`<%s> is part of a program for %s, which would run what an alarm contains; let that program read "$%s", or put the command into a script`,
		name, program, variablePrefix+name)
}

// less reads a placeholder, a redirection or the beginning of a here-document.
func (r *reader) less() error {
	if name, ok := placeholderAt(r.rest()); ok {
		return r.bare(name, len(name)+2)
	}
	if err := checkTag(r.in, r.rest(), false); err != nil {
		return err
	}
	for _, operator := range []string{"<", "<<"} {
		if name, ok := placeholderAt(r.rest()[min(len(operator), len(r.rest())):]); ok && r.starts(operator) {
			return fmt.Errorf("%s<%s> can be read in two ways; put a blank before the placeholder", operator, name)
		}
	}
	switch {
	case r.starts("<<<"):
		r.redirect(3)
	case r.starts("<<") && r.arithmetic == 0:
		return r.announce()
	default:
		return r.redirectOrProcess()
	}
	return nil
}

// redirectOrProcess reads < or >, or the process substitution of bash that
// begins with it.
func (r *reader) redirectOrProcess() error {
	if r.starts("<(") || r.starts(">(") {
		r.command.begin(r.pos)
		return r.substitution()
	}
	r.redirect(1)
	return nil
}

// redirect reads an operator of n bytes and what belongs to it.
func (r *reader) redirect(n int) {
	r.command.redirect(r.in[:r.pos])
	r.take(n)
	if r.starts(">") || r.starts("&") || r.starts("|") {
		r.command.dup = r.starts("&")
		r.take(1)
	}
}

// separator reads what ends a command, or the bash operator &>.
func (r *reader) separator() {
	if r.starts("&>") {
		r.redirect(2)
		return
	}
	r.endCommand()
	r.take(1)
}

func (r *reader) comment() {
	end := strings.IndexByte(r.rest(), '\n')
	if end < 0 {
		end = len(r.rest())
	}
	r.take(end)
}

func (r *reader) endWord() { r.command.endWord(r.in[:r.pos]) }

func (r *reader) endCommand() { r.command = newCommand() }
