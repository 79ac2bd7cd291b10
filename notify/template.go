package notify

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Template is a send_alarm_command: a line of sh in which <TITLE>, <MESSAGE> and
// <RECEIVERS> stand for the values of an alarm. It is immutable and may be used
// concurrently.
//
// No value is ever put into the text that the shell parses. The template is read
// once with sh's own quoting rules, and each placeholder becomes an expansion of
// an environment variable that fits the quoting around it:
//
//	send -t <TITLE>        send -t "$MVRUN_ALARM_TITLE"
//	send -t "a <TITLE>"    send -t "a ${MVRUN_ALARM_TITLE}"
//	send -t 'a <TITLE>'    send -t 'a '"$MVRUN_ALARM_TITLE"''
//	send <RECEIVERS>       send "$MVRUN_ALARM_RECEIVER_1" "$MVRUN_ALARM_RECEIVER_2"
//
// An expansion between double quotes is neither split nor globbed nor parsed
// again, in every shell. Numbered variables, not "$@", hold the single
// receivers, since a template may have functions and parameters of its own.
//
// What is said here holds for the words that the template's commands are given.
// A command that is itself an interpreter (eval, sh -c, ssh, python -c) would
// parse them again, so that a placeholder in its program is refused.
type Template struct {
	pieces []piece
	uses   map[string]int // how often each placeholder stands in it
	length int
}

// piece is a part of the script: text, or, with a quote, the single receivers.
type piece struct {
	text  string
	quote string // the double quote, escaped as the place demands
}

// maxTemplateBytes leaves most of the room for one argument to the message.
const maxTemplateBytes = 32 << 10

// ParseTemplate reads a send_alarm_command. The error says what is wrong and
// what would be right: a placeholder that is misspelt, a quote that is not
// closed, a placeholder where its value could not be kept from being parsed.
func ParseTemplate(text string) (*Template, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return nil, errors.New("the command is empty")
	case len(text) > maxTemplateBytes:
		return nil, fmt.Errorf("the command is %d bytes long, at most %d are allowed; put it into a script", len(text), maxTemplateBytes)
	case strings.IndexByte(text, 0) >= 0:
		return nil, errors.New("the command contains a NUL byte")
	}
	r := newReader(text)
	err := r.code(false)
	if errors.As(err, new(beyondError)) && !hasPlaceholder(text) {
		// Nothing has to be replaced, so nothing has to be understood.
		return &Template{pieces: []piece{{text: text}}, length: len(text)}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Template{pieces: r.pieces(), uses: r.uses, length: len(text)}, nil
}

// Script is the text for `sh -c` where the alarm has so many receivers.
func (t *Template) Script(receivers int) string {
	var b strings.Builder
	if c := t.pieces[0].text; strings.HasPrefix(c, "-") || strings.HasPrefix(c, "+") {
		b.WriteByte(' ') // sh would take it for an option
	}
	for _, p := range t.pieces {
		b.WriteString(p.text)
		if p.quote == "" {
			continue
		}
		for i := range receivers {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(p.quote + "$" + receiverVariable(i) + p.quote)
		}
	}
	return b.String()
}

// receiverVariable names the variable of one receiver, from 0 on.
func receiverVariable(i int) string { return variablePrefix + "RECEIVER_" + strconv.Itoa(i+1) }

// beyondError is given for a construct of the shell that cannot be followed with
// certainty, so that no placeholder can be replaced safely.
type beyondError struct{ construct, hint string }

func (e beyondError) Error() string {
	return fmt.Sprintf("%s cannot be followed with certainty beside a placeholder; %s", e.construct, e.hint)
}

// beyond refuses a construct.
func beyond(construct string) error {
	return beyondError{construct, `put the command into a script that uses "$MVRUN_ALARM_TITLE" and its like`}
}

// errNotClosed is a fault that sh would report as well, at each alarm.
func errNotClosed(quote string) error { return fmt.Errorf("%s is not closed", quote) }
