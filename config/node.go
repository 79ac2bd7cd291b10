package config

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/mvrun/mvrun/words"
)

// reader walks the tree of a YAML document and collects faults. The tree is read
// by hand, since decoding into structs loses lines, unknown keys and the second
// of two equal keys.
type reader struct {
	file    string
	grammar Grammar
	faults  Faults
	more    int // faults beyond maxFaults
}

// maxFaults bounds what every run of every job may print about one file. A file
// with more faults than that is not a config that somebody mistyped.
const maxFaults = 200

// entry is a key and its value, or an element of a list. Its path names it in
// faults, its value is never an alias.
type entry struct {
	name  string
	path  string
	key   *yaml.Node
	value *yaml.Node
}

func (r *reader) add(f Fault) {
	if len(r.faults) >= maxFaults {
		r.more++
		return
	}
	f.File = r.file
	r.faults = append(r.faults, f)
}

// found counts the faults, for who wants to know whether more came.
func (r *reader) found() int { return len(r.faults) + r.more }

// all is every fault in the order of the file, and how many were left out.
func (r *reader) all() Faults {
	if r.more > 0 {
		r.faults = append(r.faults, Fault{File: r.file,
			Problem: fmt.Sprintf("has %d more faults than the %d listed", r.more, maxFaults), Hint: "mend these first"})
	}
	return r.faults.sorted()
}

// fault reports a wrong value, at the value itself.
func (r *reader) fault(e entry, problem, hint string) {
	r.add(Fault{Line: e.value.Line, Column: e.value.Column, Key: e.path, Problem: problem, Hint: hint})
}

// faultAtKey reports a key that should not be there.
func (r *reader) faultAtKey(e entry, problem, hint string) {
	r.add(Fault{Line: e.key.Line, Column: e.key.Column, Key: e.path, Problem: problem, Hint: hint})
}

// unknownKey reports a key that is none of the known ones.
func (r *reader) unknownKey(e entry, what string, known []string) {
	hint := "known are " + strings.Join(known, ", ")
	if word := words.Nearest(e.name, known); word != "" {
		hint = "did you mean " + word + "?"
	} else if e.name == "<<" {
		hint = "write the keys out, they are not merged"
	}
	r.faultAtKey(e, "is no known "+what, hint)
}

// wrongType reports a value of the wrong shape.
func (r *reader) wrongType(e entry, want, hint string) {
	r.fault(e, "is "+typeName(e.value)+", "+want+" is wanted", hint)
}

func typeName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a group of keys"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "empty"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	}
	return "a text"
}

// isNull tells a key without a value, which counts as not given.
func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// resolved follows an alias (*name) to its anchor.
func resolved(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// entries lists the keys of a group in the order of the file. Of equal keys the
// first one stands, the others are faults; so is a key that is no single word.
// The whole is no fault where the value is null, and nil where it is no group.
func (r *reader) entries(group entry, example string) []entry {
	n := group.value
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		r.wrongType(group, "a group of keys", example)
		return nil
	}
	all := make([]entry, 0, len(n.Content)/2)
	lines := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolved(n.Content[i]), resolved(n.Content[i+1])
		if key.Kind != yaml.ScalarNode {
			r.add(Fault{Line: key.Line, Column: key.Column, Key: group.path,
				Problem: "has a key that is " + typeName(key), Hint: "put a key with brackets or braces into quotes"})
			continue
		}
		e := entry{name: key.Value, path: joinPath(group.path, key.Value), key: n.Content[i], value: value}
		if line, seen := lines[e.name]; seen {
			r.faultAtKey(e, fmt.Sprintf("is given twice, first on line %d", line), "remove one of them; the first one counts")
			continue
		}
		lines[e.name] = e.key.Line
		all = append(all, e)
	}
	return all
}

func joinPath(group, key string) string {
	if group == "" {
		return keyText(key)
	}
	return group + "." + keyText(key)
}

// elements lists the values of a list, or of a single value in the place of a
// list where one is admitted.
func (r *reader) elements(list entry, single bool, example string) []entry {
	n := list.value
	switch {
	case isNull(n):
		return nil
	case single && n.Kind == yaml.ScalarNode:
		return []entry{list}
	case n.Kind != yaml.SequenceNode:
		r.wrongType(list, "a list", example)
		return nil
	}
	all := make([]entry, 0, len(n.Content))
	for i, element := range n.Content {
		e := entry{path: list.path + "[" + strconv.Itoa(i+1) + "]", key: element, value: resolved(element)}
		if isNull(e.value) {
			r.faultAtKey(e, "is empty", example)
			continue
		}
		all = append(all, e)
	}
	return all
}

// text returns a value as it is written, false where it is null or no single
// value. Numbers and truth values are texts as well: a receiver may be called
// 1001.
func (r *reader) text(e entry, example string) (string, bool) {
	n := e.value
	switch {
	case isNull(n):
		return "", false
	case n.Kind != yaml.ScalarNode:
		r.wrongType(e, "a single value", example)
		return "", false
	case n.Style&yaml.TaggedStyle != 0 && !strings.HasPrefix(n.Tag, "!!"), n.Tag == "!!binary":
		r.fault(e, "has the tag "+printable(n.Tag)+", which means nothing here", "write the value without a tag")
		return "", false
	}
	return n.Value, true
}

// line is a text of one line that is not blank.
func (r *reader) line(e entry, example string) (string, bool) {
	text, ok := r.text(e, example)
	if !ok {
		return "", false
	}
	switch trimmed := strings.TrimSpace(text); {
	case trimmed == "":
		r.fault(e, "is blank", example)
	case hasControl(trimmed):
		r.fault(e, quoted(trimmed)+" holds a control character or a line end", "write it on one line")
	default:
		return trimmed, true
	}
	return "", false
}
