package config

import (
	"errors"
	"math/big"
	"path"
	"regexp"
	"strings"
	"sync"
)

type pythonType int

const (
	pythonNone pythonType = iota
	pythonBool
	pythonNum
	pythonStr
	pythonByteStr
	pythonList // or a tuple
	pythonDict
)

// pythonValue is what a literal stands for.
type pythonValue struct {
	kind  pythonType
	text  string // of a single value
	items []pythonItem
	size  int // bytes and elements in all
}

// pythonItem is an element of a list, or a key and its value.
type pythonItem struct {
	key, value pythonValue
	line       int
}

// pythonVariable is a name that has been given a value.
type pythonVariable struct {
	value pythonValue
	line  int
	used  bool // by another statement
	whole bool // nothing of the value was left out
}

// pythonBudget bounds the bytes and elements of all values of a file together:
// a = a + a, written twenty times, would be a million times the text.
const pythonBudget = 4 << 20

var (
	errComputed = errors.New("it would have to be worked out by Python, which is not run")
	errTooLarge = errors.New("the values of this file are too large together")
)

// pythonParser works out one expression. Literals, names of literals, sums of
// texts, str() and os.path.join() are all it knows; there is no way from here to
// anything outside of the file.
type pythonParser struct {
	tokens []pythonToken
	at     int
	names  map[string]*pythonVariable
	budget *int

	// leave is told of the elements of the outermost list or dict that cannot be
	// worked out; without it they are the fault of the whole.
	leave func(line int, reason error)
	open  int // brackets that are open
}

func (p *pythonParser) is(sign string) bool {
	return p.at < len(p.tokens) && p.tokens[p.at].kind == pythonSign && p.tokens[p.at].text == sign
}

func (p *pythonParser) take(sign string) bool {
	if p.is(sign) {
		p.at++
		return true
	}
	return false
}

// spend makes a value that takes up so much.
func (p *pythonParser) spend(v pythonValue, size int) (pythonValue, error) {
	v.size = size + 1
	if *p.budget -= v.size; *p.budget < 0 {
		return pythonValue{}, errTooLarge
	}
	return v, nil
}

// whole is an expression behind which nothing follows.
func (p *pythonParser) whole() (pythonValue, error) {
	value, err := p.expression()
	if err == nil && p.at < len(p.tokens) {
		err = errComputed
	}
	return value, err
}

// expression is an operand, or a sum of texts.
func (p *pythonParser) expression() (pythonValue, error) {
	sum, err := p.operand()
	for err == nil && p.take("+") {
		var next pythonValue
		if next, err = p.operand(); err != nil {
			break
		}
		if sum.kind != next.kind || sum.kind != pythonStr && sum.kind != pythonByteStr {
			return pythonValue{}, errComputed
		}
		// Counted before it is made.
		if _, err = p.spend(sum, sum.size+next.size); err == nil {
			sum.text, sum.size = sum.text+next.text, sum.size+next.size
		}
	}
	return sum, err
}

func (p *pythonParser) operand() (pythonValue, error) {
	if p.at == len(p.tokens) {
		return pythonValue{}, errors.New("a value is missing")
	}
	token := p.tokens[p.at]
	switch token.kind {
	case pythonText, pythonBytes:
		return p.texts()
	case pythonNumber:
		p.at++
		return p.number("", token.text)
	case pythonName:
		return p.name()
	}
	p.at++
	switch token.text {
	case "-", "+":
		if p.at < len(p.tokens) && p.tokens[p.at].kind == pythonNumber {
			p.at++
			return p.number(strings.TrimPrefix(token.text, "+"), p.tokens[p.at-1].text)
		}
	case "(":
		return p.parentheses()
	case "[":
		return p.display("]", pythonList)
	case "{":
		return p.display("}", pythonDict)
	}
	return pythonValue{}, errComputed
}

// texts are joined where they stand beside one another.
func (p *pythonParser) texts() (pythonValue, error) {
	first := p.tokens[p.at]
	var parts []string
	length := 0
	for ; p.at < len(p.tokens); p.at++ {
		token := p.tokens[p.at]
		if token.kind != pythonText && token.kind != pythonBytes {
			break
		}
		if token.fault != nil {
			return pythonValue{}, token.fault
		}
		if token.kind != first.kind {
			return pythonValue{}, errors.New("text and bytes cannot be joined")
		}
		parts, length = append(parts, token.text), length+len(token.text)
	}
	kind := pythonStr
	if first.kind == pythonBytes {
		kind = pythonByteStr
	}
	return p.spend(pythonValue{kind: kind, text: strings.Join(parts, "")}, length)
}

// The forms of numbers, of section 2.4.5 of the language reference. They are
// compiled at their first use: a job never needs them.
var (
	pythonInteger = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:0(?:_?0)*|[1-9](?:_?[0-9])*|0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)$`)
	})
	pythonFloat = sync.OnceValue(func() *regexp.Regexp {
		const digits = `[0-9](?:_?[0-9])*`
		return regexp.MustCompile(`^(?:` + digits + `(?:\.(?:` + digits + `)?)?|\.` + digits + `)(?:[eE][+-]?` + digits + `)?$`)
	})
)

// maxPythonDigits bounds what turning a number into its decimal form may cost;
// Python itself refuses more than 4300 digits.
const maxPythonDigits = 1000

func (p *pythonParser) number(sign, text string) (pythonValue, error) {
	value := pythonValue{kind: pythonNum, text: sign + strings.ReplaceAll(text, "_", "")}
	switch {
	case len(text) > maxPythonDigits:
		return pythonValue{}, errors.New("the number is too long")
	case pythonInteger().MatchString(text):
		n, ok := new(big.Int).SetString(strings.ReplaceAll(text, "_", ""), 0)
		if !ok {
			return pythonValue{}, errComputed
		}
		if value.text = n.String(); sign != "" && n.Sign() != 0 {
			value.text = sign + value.text
		}
	case !pythonFloat().MatchString(text) || strings.Trim(text, "0123456789_") == "":
		return pythonValue{}, errors.New("it is no number that mvrun knows")
	}
	return p.spend(value, len(value.text))
}

// name is a constant, a name that was given a value before, or a call of one of
// the functions that only join texts.
func (p *pythonParser) name() (pythonValue, error) {
	start := p.at
	name := p.tokens[p.at].text
	for p.at++; p.is(".") && p.at+1 < len(p.tokens) && p.tokens[p.at+1].kind == pythonName; p.at += 2 {
		name += "." + p.tokens[p.at+1].text
	}
	if root := p.names[p.tokens[start].text]; root != nil {
		if name != p.tokens[start].text || p.is("(") || !root.whole {
			return pythonValue{}, errComputed
		}
		root.used = true
		return p.spend(root.value, root.value.size)
	}
	switch {
	case name == "None":
		return p.spend(pythonValue{kind: pythonNone}, 0)
	case name == "True" || name == "False":
		return p.spend(pythonValue{kind: pythonBool, text: name}, 0)
	case name == "os.path.join" && p.take("("):
		return p.call(joinedPython)
	case name == "str" && p.take("("):
		return p.call(func(parts []string) (string, bool) { return strings.Join(parts, ""), len(parts) == 1 })
	}
	return pythonValue{}, errComputed
}

// call works out a function of texts.
func (p *pythonParser) call(function func([]string) (string, bool)) (pythonValue, error) {
	list, err := p.display(")", pythonList)
	if err != nil {
		return pythonValue{}, err
	}
	var parts []string
	for _, item := range list.items {
		if item.value.kind != pythonStr {
			return pythonValue{}, errComputed
		}
		parts = append(parts, item.value.text)
	}
	text, ok := function(parts)
	if !ok {
		return pythonValue{}, errComputed
	}
	return p.spend(pythonValue{kind: pythonStr, text: text}, len(text))
}

// joinedPython is os.path.join: an absolute part makes those before it void, and
// nothing is cleaned.
func joinedPython(parts []string) (joined string, ok bool) {
	if len(parts) == 0 {
		return "", false
	}
	joined = parts[0]
	for _, part := range parts[1:] {
		switch {
		case path.IsAbs(part):
			joined = part
		case joined == "" || strings.HasSuffix(joined, "/"):
			joined += part
		default:
			joined += "/" + part
		}
	}
	return joined, true
}

// parentheses hold a value, or a tuple where there is a comma.
func (p *pythonParser) parentheses() (pythonValue, error) {
	start := p.at
	list, err := p.display(")", pythonList)
	if err != nil {
		return pythonValue{}, err
	}
	comma := p.tokens[p.at-2] // before the closing one
	if len(list.items) == 1 && p.at-2 >= start && (comma.kind != pythonSign || comma.text != ",") {
		return list.items[0].value, nil
	}
	return list, nil
}

// display reads what follows an opening bracket, up to the closing one.
func (p *pythonParser) display(closer string, kind pythonType) (pythonValue, error) {
	list := pythonValue{kind: kind}
	outermost := p.open == 0 && p.leave != nil && closer != ")"
	p.open++
	defer func() { p.open-- }()
	left := false
	for !p.take(closer) {
		start := p.at
		item, err := p.element(closer, kind)
		switch {
		case err == nil:
			list.items = append(list.items, item)
		case !outermost || err == errTooLarge:
			return pythonValue{}, err
		default:
			left = true
			p.leave(p.tokens[start].line, err)
			p.at = start
			p.skipElement()
		}
		p.take(",")
	}
	if left && len(list.items) == 0 {
		return pythonValue{}, errComputed
	}
	size := 0
	for _, item := range list.items {
		size += item.key.size + item.value.size
	}
	return p.spend(list, size)
}

// element reads one element and looks for what ends it.
func (p *pythonParser) element(closer string, kind pythonType) (item pythonItem, err error) {
	item.line = p.tokens[p.at].line
	if item.value, err = p.expression(); err == nil && kind == pythonDict {
		if !p.take(":") {
			return item, errComputed
		}
		item.key = item.value
		item.value, err = p.expression()
	}
	if err == nil && !p.is(",") && !p.is(closer) {
		err = errComputed
	}
	return item, err
}

// skipElement goes to the comma or bracket that ends an element. The scanner has
// seen that every bracket is closed.
func (p *pythonParser) skipElement() {
	for depth := 0; p.at < len(p.tokens); p.at++ {
		if p.tokens[p.at].kind != pythonSign {
			continue
		}
		switch p.tokens[p.at].text {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			if depth--; depth < 0 {
				return
			}
		case ",":
			if depth == 0 {
				return
			}
		}
	}
}
