package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// pythonFile reads what a config.py says without running it: assignments of
// literals are taken, and everything else is left, with the reason.
//
// A name has the value that Python would have given it, or none: an assignment
// that cannot be worked out makes void what the name was given before.
type pythonFile struct {
	name   string
	lines  []string
	names  map[string]*pythonVariable
	left   Faults
	budget int
	block  int // the line of code that indented lines belong to, or 0

	// refused holds lines of YAML that would be faults in a config of mvrun.
	refused []string
	grammar Grammar // of that config
}

// readPython reads the text of a config.py; name stands for the file. An error
// is a file of which nothing can be read.
func readPython(name string, data []byte) (*pythonFile, error) {
	src, fault := pythonSource(data)
	if fault != nil {
		fault.File = name
		return nil, Faults{*fault}
	}
	f := &pythonFile{name: name, lines: strings.Split(src, "\n"), names: make(map[string]*pythonVariable), budget: pythonBudget}
	scanner := &pythonScanner{src: src, line: 1}
	for {
		statement, ok := scanner.next()
		if !ok {
			return f, nil
		}
		f.statement(statement)
	}
}

// pythonSource makes plain UTF-8 text with \n as line end of a Python file.
func pythonSource(data []byte) (string, *Fault) {
	if fault, unfit := unreadableText(data); unfit {
		if declared := declaredEncoding(data); declared != "" && fault.Line > 0 {
			fault.Hint = "convert it first: iconv -f " + declared + " -t utf-8"
		} else {
			fault.Hint = strings.Replace(fault.Hint, "the config", "the file", 1)
		}
		return "", &fault
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if declared := declaredEncoding(data); declared != "" && slices.ContainsFunc(data, func(c byte) bool { return c >= utf8.RuneSelf }) {
		return "", &Fault{Line: 1, Problem: "says that it is written in " + printable(declared) + ", and only UTF-8 is read",
			Hint: "convert it first: iconv -f " + printable(declared) + " -t utf-8; or remove the declaration where it is wrong"}
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data)), nil
}

// declaredEncoding is the encoding that one of the first two lines declares, as
// in "# -*- coding: gbk -*-"; "" for UTF-8, which needs no declaration.
func declaredEncoding(data []byte) string {
	for _, line := range bytes.SplitN(data, []byte("\n"), 3)[:min(2, bytes.Count(data, []byte("\n"))+1)] {
		line = bytes.TrimLeft(bytes.TrimPrefix(line, []byte("\ufeff")), " \t\f")
		_, after, found := bytes.Cut(line, []byte("coding"))
		if !found || line[0] != '#' || len(after) == 0 || after[0] != ':' && after[0] != '=' {
			continue
		}
		after = bytes.TrimLeft(after[1:], " \t")
		end := 0
		for end < len(after) && (isNameByte(after[end]) && after[end] < utf8.RuneSelf || after[end] == '-' || after[end] == '.') {
			end++
		}
		encoding := strings.ToLower(string(after[:end]))
		if strings.HasPrefix(strings.ReplaceAll(encoding, "_", "-"), "utf-8") || encoding == "utf8" || encoding == "ascii" {
			return ""
		}
		return encoding
	}
	return ""
}

// leave notes a line that is not taken over.
func (f *pythonFile) leave(line int, text string, reason error, hint string) {
	f.left = append(f.left, Fault{File: f.name, Line: line, Key: text, Problem: "is not taken over: " + reason.Error(), Hint: hint})
}

// excerpt is the beginning of a line, safe to print.
func (f *pythonFile) excerpt(line int) string {
	text := strings.TrimSpace(f.lines[line-1])
	// A line may be the whole file, and be shown for each of its words.
	text = strings.ToValidUTF8(text[:min(len(text), utf8.UTFMax*(maxQuotedRunes+1))], "")
	if utf8.RuneCountInString(text) > maxQuotedRunes {
		text = string([]rune(text)[:maxQuotedRunes]) + "…"
	}
	return printable(text)
}

// assigned is how faults show an assignment. Its value is not repeated: it may
// be a password.
func assigned(name string) string { return printable(name) + " = …" }

func (f *pythonFile) statement(s pythonStatement) {
	switch {
	case s.fault != nil:
		f.forget(s.tokens)
		f.leave(s.line, f.excerpt(s.line), s.fault, "")
		return
	case s.indented:
		f.inBlock(s)
		return
	case len(s.tokens) == 0:
		return
	}
	f.block = 0
	if reason := codeReason(s.tokens[0]); reason != "" {
		f.block = s.line
		f.forget(s.tokens)
		f.leave(s.line, f.excerpt(s.line), errors.New(reason), "")
		return
	}
	start := 0
	for i, token := range s.tokens {
		if token.kind == pythonSign && token.text == ";" && token.depth == 0 {
			f.simple(s.tokens[start:i])
			start = i + 1
		}
	}
	f.simple(s.tokens[start:])
}

func (f *pythonFile) inBlock(s pythonStatement) {
	reason := errors.New("it is indented, and belongs to nothing")
	if f.block > 0 {
		reason = fmt.Errorf("it belongs to the code of line %d, and code is not run", f.block)
	}
	text := f.excerpt(s.line)
	if target, _ := assignment(s.tokens); target != "" {
		text = assigned(target)
	}
	f.leave(s.line, text, reason, "")
}

// codeReason says why a statement that begins with such a word is left; "" for a
// word that begins none.
func codeReason(first pythonToken) string {
	if first.kind == pythonSign && first.text == "@" {
		return "code is not run"
	}
	if first.kind != pythonName {
		return ""
	}
	switch first.text {
	case "import", "from":
		return "nothing is imported"
	case "def", "class", "async", "if", "elif", "else", "for", "while", "try", "except", "finally", "with",
		"del", "global", "nonlocal", "assert", "raise", "return", "yield", "await", "lambda", "break", "continue":
		return "code is not run"
	}
	return ""
}

// simple takes an assignment. A text that stands alone is a comment.
func (f *pythonFile) simple(tokens []pythonToken) {
	if len(tokens) == 0 || len(tokens) == 1 && (tokens[0].kind == pythonText || tokens[0].text == "pass") {
		return
	}
	line := tokens[0].line
	target, rest := assignment(tokens)
	if target == "" {
		f.forget(tokens)
		f.leave(line, f.excerpt(line), errors.New("it is no assignment of a value to a name, and code is not run"), "")
		return
	}
	before, whole := len(f.left), true
	parser := &pythonParser{tokens: rest, names: f.names, budget: &f.budget}
	if isMonitorViewerSetting(target) {
		parser.leave = func(line int, reason error) {
			whole = false
			f.leave(line, f.excerpt(line), reason, "")
		}
	}
	value, err := parser.whole()
	if err != nil {
		f.left = f.left[:before]
		f.forget(tokens)
		f.leave(line, assigned(target), err, "")
		return
	}
	f.names[target] = &pythonVariable{value: value, line: line, whole: whole}
}

// assignment takes NAME = value and NAME: type = value apart; the target is ""
// for any other statement.
func assignment(tokens []pythonToken) (target string, value []pythonToken) {
	if len(tokens) < 2 || tokens[0].kind != pythonName {
		return "", nil
	}
	equals := 1
	if tokens[1].kind == pythonSign && tokens[1].text == ":" {
		equals = slices.IndexFunc(tokens, func(t pythonToken) bool { return t.kind == pythonSign && t.text == "=" && t.depth == 0 })
	}
	if equals < 0 || tokens[equals].kind != pythonSign || tokens[equals].text != "=" {
		return "", nil
	}
	return tokens[0].text, tokens[equals+1:]
}

// forget makes void what a statement might give another value that nobody can
// tell: each name before its last sign of assignment.
func (f *pythonFile) forget(tokens []pythonToken) {
	last := -1
	for i, token := range tokens {
		if token.kind == pythonSign && token.depth == 0 && strings.HasSuffix(token.text, "=") &&
			!slices.Contains([]string{"==", "!=", "<=", ">="}, token.text) {
			last = i
		}
	}
	for i := range max(last, 0) {
		next := tokens[i+1]
		partOf := next.kind == pythonSign && slices.Contains([]string{"[", "(", "."}, next.text) || i > 0 && tokens[i-1].text == "."
		if tokens[i].kind == pythonName && !partOf {
			f.drop(tokens[i])
		}
	}
	if tokens != nil && tokens[0].kind == pythonName && tokens[0].text == "del" {
		for _, token := range tokens {
			f.drop(token)
		}
	}
}

// drop forgets the value of a name, and notes the line that gave it to a setting.
func (f *pythonFile) drop(name pythonToken) {
	if before := f.names[name.text]; before != nil && isMonitorViewerSetting(name.text) {
		f.leave(before.line, assigned(name.text), fmt.Errorf("line %d may give it another value", name.line), "")
	}
	delete(f.names, name.text)
}
