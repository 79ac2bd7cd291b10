package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Parse reads the text of a config; name stands for the file in the faults. A
// Config comes back whenever anything could be understood, with or without
// faults, and never is neither of them returned. Where the YAML itself breaks
// off, the Config holds the settings before the one that is broken.
func Parse(name string, data []byte, grammar Grammar) (*Config, Faults) {
	r := &reader{file: name, grammar: grammar}
	if fault, ok := unreadableText(data); ok {
		r.add(fault)
		return nil, r.all()
	}
	root, ok := r.document(data)
	if !ok {
		return nil, r.all()
	}
	cfg := newConfig(name)
	r.settings(cfg, root)
	return cfg, r.all()
}

// unreadableText finds what makes a file no text at all, before the YAML reader
// sees it: its own messages for these name no line.
func unreadableText(data []byte) (Fault, bool) {
	if len(data) > MaxFileBytes {
		return Fault{Problem: fmt.Sprintf("is larger than %d KiB", MaxFileBytes>>10), Hint: "name a smaller file"}, true
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return Fault{Line: lineAt(data, at), Problem: "holds a NUL byte", Hint: "write the config as UTF-8 text"}, true
	}
	if !utf8.Valid(data) {
		return Fault{Line: lineAt(data, invalidAt(data)), Problem: "is not valid UTF-8", Hint: "save the file as UTF-8"}, true
	}
	return Fault{}, false
}

// lineAt is the line of an offset, counted from 1.
func lineAt(data []byte, offset int) int {
	return bytes.Count(data[:offset], []byte("\n")) + 1
}

func invalidAt(data []byte) int {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return len(data)
}

// document returns the value of the only document, nil for an empty file. It
// reports what is no YAML, and falls back to what can be read of it: first with
// the tabs of the indentation replaced, then the settings before the fault.
func (r *reader) document(data []byte) (root *yaml.Node, ok bool) {
	if len(data) == 0 {
		return nil, true // every run without a config comes here
	}
	root, err := decode(data)
	var tabs []int
	if !decoded(err) {
		tabs = tabbedLines(data)
		for _, line := range tabs {
			r.add(Fault{Line: line, Column: 1, Problem: "is indented with a tab", Hint: "indent with blanks"})
		}
		if len(tabs) > 0 {
			data = withoutTabs(data)
			root, err = decode(data)
		}
	}
	if !decoded(err) {
		line := faultyLine(data, err)
		if !slices.Contains(tabs, line) {
			r.add(syntaxFault(data, line, err))
		}
		if root, err = settingsBefore(data, line); root == nil {
			return nil, false
		}
	}
	if second := (*secondDocumentError)(nil); errors.As(err, &second) {
		r.add(Fault{Line: second.line, Column: 1, Problem: "a second document begins here, and only the first one counts",
			Hint: `remove the "---" or what follows it`})
	}
	return root, true
}

// secondDocumentError tells where a file begins anew.
type secondDocumentError struct{ line int }

func (e *secondDocumentError) Error() string {
	return fmt.Sprintf("second document on line %d", e.line)
}

// decoded reports whether a first document could be read.
func decoded(err error) bool {
	second := (*secondDocumentError)(nil)
	return err == nil || errors.As(err, &second)
}

// decode reads a file that should hold one document. The value of the first one
// is returned along with a secondDocumentError; yaml.Unmarshal would ignore the
// others in silence.
func decode(data []byte) (*yaml.Node, error) {
	return decodeFrom(bytes.NewReader(data))
}

func decodeFrom(source io.Reader) (root *yaml.Node, err error) {
	// The YAML reader panics on some malformed files. A config must never end
	// a job, so that is a fault like any other.
	defer func() {
		if recover() != nil {
			root, err = nil, errors.New("the text cannot be followed")
		}
	}()
	decoder := yaml.NewDecoder(source)
	var first, second yaml.Node
	if err := decoder.Decode(&first); err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if len(first.Content) > 0 {
		root = first.Content[0]
	}
	if err := decoder.Decode(&second); err == nil {
		return root, &secondDocumentError{second.Line}
	} else if err != io.EOF {
		return nil, err
	}
	return root, nil
}
