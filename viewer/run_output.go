package viewer

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"github.com/mvrun/mvrun/record"
)

// KeptOutput is the last output of a run, as far as it was kept: at most 64 KiB. Its
// zero value is none.
type KeptOutput struct {
	Path    string // of its file; "" where none was kept
	Text    string // valid UTF-8, secrets masked; control characters are as they came
	Printed int64  // bytes that the run had printed, as far as mvrun has seen them
	Problem string // why the file could not be read
}

// maxKept is how much of a run's output mvrun keeps, in bytes.
const maxKept = 64 << 10

// Cut reports whether the run has printed more than was kept.
func (o *KeptOutput) Cut() bool { return o.Printed > maxKept }

// Lines gives the lines of the text, without their ends.
func (o *KeptOutput) Lines() []string {
	text := strings.TrimSuffix(unixLines(o.Text), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// Ends gives the first and the last lines, and how many are left out between them.
func (o *KeptOutput) Ends(first, last int) (head, tail []string, left int) {
	lines := o.Lines()
	if len(lines) <= first+last {
		return lines, nil, 0
	}
	return lines[:first], lines[len(lines)-last:], len(lines) - first - last
}

// OutputMatch is a place where a text was found.
type OutputMatch struct {
	Line       int // counted from 1
	Begin, End int // bytes within KeptOutput.Text
}

// Search finds a text, at most so many times. Small and capital letters of ASCII are
// the same; what it finds does not overlap.
func (o *KeptOutput) Search(text string, most int) []OutputMatch {
	if text == "" {
		return nil
	}
	inside, sought := lowerASCII(o.Text), lowerASCII(text)
	var found []OutputMatch
	line, counted := 1, 0
	for at := 0; len(found) < most; {
		i := strings.Index(inside[at:], sought)
		if i < 0 {
			break
		}
		begin := at + i
		line += strings.Count(inside[counted:begin], "\n")
		counted, at = begin, begin+len(sought)
		found = append(found, OutputMatch{line, begin, at})
	}
	return found
}

// lowerASCII keeps the length of a text, and so the places in it.
func lowerASCII(text string) string {
	lower := []byte(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + ('a' - 'A')
		}
	}
	return string(lower)
}

// output reads what was kept of a run's output. Where its record says it is, is not
// believed: the place follows from the names.
func (r *runReader) output(run *Run) KeptOutput {
	if run.Get("output") == "" {
		return KeptOutput{}
	}
	elem := []string{record.MetaFolder, "output", run.Item.Direction, run.Item.Name, run.ID}
	kept := KeptOutput{Path: r.store.Meta().Path(elem...)}
	for _, key := range []string{"stdout_bytes", "stderr_bytes"} {
		count, _ := strconv.ParseInt(run.Get(key), 10, 64)
		kept.Printed += max(0, count)
	}
	data, err := r.store.Meta().ReadFile(elem...)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		kept.Problem = "it is not there any more; see retention in the config"
	case err != nil:
		kept.Problem = err.Error()
	}
	kept.Text = r.masker.Mask(strings.ToValidUTF8(string(data), "\uFFFD"))
	return kept
}
