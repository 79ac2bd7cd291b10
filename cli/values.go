package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/viewer"
	"github.com/mvrun/mvrun/words"
)

// The values below are pflag.Values: what a flag accepts, the environment and
// the config accept as well, with the same words where it is wrong.

// nameValue is a direction or an item.
type nameValue struct{ name *string }

func (v nameValue) String() string { return deref(v.name) }
func (v nameValue) Type() string   { return "name" }
func (v nameValue) Set(text string) error {
	if err := record.CheckName(text); err != nil {
		return fmt.Errorf("%w; a name has no white space, no slash and no leading dot", err)
	}
	*v.name = text
	return nil
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// durationValue is a time; see viewer.ParseDuration.
type durationValue struct{ duration *time.Duration }

func (v durationValue) Type() string { return "duration" }

func (v durationValue) String() string {
	if v.duration == nil {
		return "0s"
	}
	return v.duration.String()
}

func (v durationValue) Set(text string) error {
	d, err := viewer.ParseDuration(text)
	if err != nil {
		return err
	}
	*v.duration = d
	return nil
}

// countValue is a whole number from a least value on.
type countValue struct {
	count *int
	least int
}

func (v countValue) Type() string { return "number" }

func (v countValue) String() string {
	if v.count == nil {
		return "0"
	}
	return strconv.Itoa(*v.count)
}

func (v countValue) Set(text string) error {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < v.least {
		return fmt.Errorf("is no whole number from %d on", v.least)
	}
	*v.count = n
	return nil
}

// choiceValue is one of a few words.
type choiceValue struct {
	choice  *string
	choices []string
}

func (v choiceValue) Type() string   { return strings.Join(v.choices, "|") }
func (v choiceValue) String() string { return deref(v.choice) }

func (v choiceValue) Set(text string) error {
	if !slices.Contains(v.choices, text) {
		return fmt.Errorf("is not one of %s%s", strings.Join(v.choices, ", "), didYouMean(text, v.choices))
	}
	*v.choice = text
	return nil
}

// patternsValue is a list of RE2 expressions, one each time it is given.
type patternsValue struct{ patterns *[]*regexp.Regexp }

func (v patternsValue) Type() string { return "regexp" }

func (v patternsValue) String() string {
	if v.patterns == nil {
		return ""
	}
	var texts []string
	for _, p := range *v.patterns {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, " ")
}

func (v patternsValue) Set(text string) error {
	pattern, err := regexp.Compile(text)
	if err != nil {
		return fmt.Errorf("is no RE2 expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	*v.patterns = append(*v.patterns, pattern)
	return nil
}

// labelsValue is a list of k=v pairs; as a text, one a line, with blanks for the line
// ends in values.
type labelsValue struct{ labels *[][2]string }

func (v labelsValue) Type() string { return "k=v" }

func (v labelsValue) String() string {
	if v.labels == nil {
		return ""
	}
	var texts []string
	for _, l := range *v.labels {
		texts = append(texts, l[0]+"="+onOneLine(l[1]))
	}
	return strings.Join(texts, "\n")
}

func (v labelsValue) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || record.CheckName(key) != nil || strings.Contains(value, "\x00") {
		return errors.New("is not of the form key=value")
	}
	*v.labels = append(*v.labels, [2]string{key, value})
	return nil
}

// receiversValue is a list of names, with single blanks between them as
// monitorViewer writes it.
type receiversValue struct{ receivers *string }

func (v receiversValue) Type() string   { return "names" }
func (v receiversValue) String() string { return deref(v.receivers) }
func (v receiversValue) Set(text string) error {
	*v.receivers = strings.Join(words.Split(text), " ")
	return nil
}
