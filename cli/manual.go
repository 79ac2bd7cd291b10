package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

// printManual writes the man page, in the man(7) macros, from the definitions
// of the commands and their flags.
func printManual(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH MVRUN 1 \"\" \"mvrun %s\" \"User Commands\"\n", version)
	b.WriteString(".SH NAME\nmvrun \\- run a command as a monitored job\n.SH SYNOPSIS\n")
	b.WriteString(".B mvrun\n[\\fIflags\\fR] \\-\\- \\fIcommand\\fR [\\fIargs\\fR...]\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, ".br\n.B mvrun %s\n%s\n", roff(c.name), roff(c.synopsis))
	}
	b.WriteString(".SH DESCRIPTION\n")
	writeManualText(&b, runDetails)
	b.WriteString(".SH FLAGS\n")
	writeManualFlags(&b, newRunOptions().flags())
	b.WriteString(".SH COMMANDS\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, ".SS %s\n%s.\n", roff(c.usage()), roff(c.summary))
		if c.details != "" {
			fmt.Fprintf(&b, ".PP\n%s\n", roff(c.details))
		}
		writeManualFlags(&b, c.flags())
		writeManualExamples(&b, c.examples)
	}
	b.WriteString(".SH EXAMPLES\n")
	writeManualExamples(&b, runExamples)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeManualText takes paragraphs; those that are indented or headed by a word
// in capitals keep their lines.
func writeManualText(b *strings.Builder, text string) {
	for _, paragraph := range strings.Split(text, "\n\n") {
		head, rest, _ := strings.Cut(paragraph, "\n")
		if head == strings.ToUpper(head) && rest != "" {
			fmt.Fprintf(b, ".SS %s\n.nf\n%s\n.fi\n", roff(head), roff(rest))
			continue
		}
		if strings.HasPrefix(paragraph, " ") {
			fmt.Fprintf(b, ".PP\n.nf\n%s\n.fi\n", roff(paragraph))
			continue
		}
		fmt.Fprintf(b, ".PP\n%s\n", roff(paragraph))
	}
}

func writeManualFlags(b *strings.Builder, f *pflag.FlagSet) {
	visitFlags(f, func(flag *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(flag)
		b.WriteString(".TP\n")
		if flag.Shorthand != "" {
			fmt.Fprintf(b, "\\fB\\-%s\\fR, ", flag.Shorthand)
		}
		fmt.Fprintf(b, "\\fB\\-\\-%s\\fR", roff(flag.Name))
		if value != "" {
			fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
		}
		fmt.Fprintf(b, "\n%s\n", roff(usage))
	})
}

func writeManualExamples(b *strings.Builder, examples []string) {
	for _, example := range examples {
		fmt.Fprintf(b, ".PP\n.nf\n    %s\n.fi\n", roff(example))
	}
}

// roff makes plain text of what troff would take for its own. It reads no UTF-8
// without a preprocessor; see groff_char(7).
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(text)
	text = unicodeEscapes(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

func unicodeEscapes(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\[u%04X]`, r)
		}
	}
	return b.String()
}
