package config

import (
	"bytes"
	"errors"
	"io"
	"regexp/syntax"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// tabbedLines lists the lines that are indented with a tab, which YAML forbids;
// empty lines and comments may be.
func tabbedLines(data []byte) (lines []int) {
	for number, line := range bytes.Split(data, []byte("\n")) {
		text := bytes.TrimLeft(line, " \t")
		indent := line[:len(line)-len(text)]
		if bytes.IndexByte(indent, '\t') >= 0 && len(bytes.TrimSpace(text)) > 0 && text[0] != '#' {
			lines = append(lines, number+1)
		}
	}
	return lines
}

// withoutTabs makes each tab of an indentation one level of two blanks, which is
// what was most likely meant.
func withoutTabs(data []byte) []byte {
	lines := bytes.Split(data, []byte("\n"))
	for i, line := range lines {
		text := bytes.TrimLeft(line, " \t")
		indent := line[:len(line)-len(text)]
		if bytes.IndexByte(indent, '\t') >= 0 {
			lines[i] = append(bytes.ReplaceAll(indent, []byte("\t"), []byte("  ")), text...)
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

// searchBytes bounds how much text is read again to find a faulty line: a broken
// config must not delay a job noticeably.
const searchBytes = 2 << 20

// faultyLine finds the line that breaks the YAML: the one before which the file
// could end and from which on it can not. The lines in the YAML reader's own
// messages are off by one for half of its errors, name the start of the block
// instead of the fault, or are missing for the first line.
func faultyLine(data []byte, err error) int {
	starts := lineStarts(data)
	budget := searchBytes
	for line := linesRead(data); line > 1; line-- {
		before := data[:starts[line-1]]
		if budget -= len(before); budget < 0 {
			return min(max(reportedLine(err), 1), len(starts))
		}
		if root, err := decode(before); decoded(err) && isSettings(root) {
			return line
		}
	}
	return 1
}

// isSettings reports whether a document is what a config begins with. A word
// without its colon is good YAML as long as nothing follows.
func isSettings(root *yaml.Node) bool {
	return root == nil || root.Kind == yaml.MappingNode || isNull(root)
}

// lineStarts is the offset of each line.
func lineStarts(data []byte) []int {
	starts := []int{0}
	for at, c := range data {
		if c == '\n' && at+1 < len(data) {
			starts = append(starts, at+1)
		}
	}
	return starts
}

// linesRead tells how many lines the YAML reader takes before it gives up: the
// faulty line is none of the later ones.
func linesRead(data []byte) int {
	source := &lineSource{rest: data}
	// Only how far it came is of interest.
	_, _ = decodeFrom(source)
	return source.lines
}

// lineSource hands out a text line by line.
type lineSource struct {
	rest  []byte
	lines int
}

func (s *lineSource) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	end := bytes.IndexByte(s.rest, '\n') + 1
	if end == 0 {
		end = len(s.rest)
	}
	n := copy(p, s.rest[:end])
	if s.rest = s.rest[n:]; n == end {
		s.lines++
	}
	return n, nil
}

// reportedLine takes the line out of a message such as "yaml: line 3: did not
// find expected key", 0 where there is none. The library offers it nowhere else.
func reportedLine(err error) int {
	rest, ok := strings.CutPrefix(err.Error(), "yaml: line ")
	if !ok {
		return 0
	}
	number, _, _ := strings.Cut(rest, ":")
	line, _ := strconv.Atoi(number)
	return line
}

// syntaxFault explains a YAML error without the library's prefix and line, with
// advice for the mistakes that are made most.
func syntaxFault(data []byte, line int, err error) Fault {
	problem := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(problem, "line "); ok {
		if _, text, ok := strings.Cut(rest, ": "); ok {
			problem = text
		}
	}
	problem = printable(problem)
	text, _, _ := strings.Cut(string(data[lineStarts(data)[line-1]:]), "\n")
	return Fault{Line: line, Problem: "is no valid YAML: " + problem, Hint: syntaxHint(problem, text)}
}

func syntaxHint(problem, line string) string {
	has := func(text string) bool { return strings.Contains(problem, text) }
	switch {
	case has("expected ':'"), has("mapping values are not allowed") && !strings.Contains(line, ":"):
		return `write "key: value", with a blank after the colon`
	case has("mapping values are not allowed"):
		return `put a value that holds ": " into quotes, and indent all keys of a group alike`
	case has("cannot start any token"):
		return "put a value that begins with %, @ or a back quote into quotes"
	case has("unknown anchor"), has("alphabetic or numeric character"):
		return "put a value that begins with * or & into quotes"
	case has("found unexpected end of stream"), has("unexpected document indicator"):
		return "close the quotes"
	case has("expected ',' or"):
		return "close the bracket, and separate the values by commas"
	case has("unknown escape character"):
		return "use single quotes where a text holds backslashes"
	case has("did not find expected"):
		return "check the indentation and the quotes of this line"
	}
	return ""
}

// settingsBefore reads the settings that end before the faulty line, up to the
// last one that begins at the left margin: that one may be incomplete. The root
// is nil where there are none.
func settingsBefore(data []byte, faulty int) (root *yaml.Node, err error) {
	starts := lineStarts(data)
	for line := min(faulty, len(starts)); line > 1; line-- {
		start := starts[line-1]
		if bytes.IndexByte([]byte(" \t#\r\n-"), data[start]) >= 0 {
			continue
		}
		root, err = decode(data[:start])
		if root == nil || !decoded(err) || root.Kind != yaml.MappingNode {
			return nil, err
		}
		return root, err
	}
	return nil, nil
}

// patternProblem says what is wrong with an RE2 pattern, "" if nothing is. It
// only parses: compiling is left to who uses the pattern. The faulty part is
// repeated unless the pattern may hold a secret.
func patternProblem(pattern string, secret bool) string {
	_, err := syntax.Parse(pattern, syntax.Perl)
	if err == nil {
		return ""
	}
	fault := (*syntax.Error)(nil)
	switch {
	case !errors.As(err, &fault):
		return printable(err.Error())
	case secret || fault.Expr == "":
		return fault.Code.String()
	}
	return fault.Code.String() + " in " + quoted(fault.Expr)
}
