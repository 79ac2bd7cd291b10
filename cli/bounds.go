package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/words"
)

// Bounds of the texts in records that users give by flags, the environment or the
// config, in bytes: a record is never much larger than the message in it.
const (
	maxText      = 1 << 10 // a title, an author, the value of a label
	maxPath      = 4 << 10 // a path, a URL, the key of an alarm
	maxReceivers = 16 << 10
	maxArgv      = 16 << 10 // all words of a command
	maxLabels    = 32
)

// boundTexts cuts what is longer, and tells of it. Secrets are masked first: half of
// one would not be seen.
func (s *session) boundTexts() {
	o := s.options
	for _, text := range []struct {
		flag  string
		value *string
	}{{"title", &o.title}, {"author", &o.author}, {"schedule", &o.schedule}, {"frequency", &o.frequency}} {
		if len(*text.value) > maxText {
			s.warnOfSettings(tooLong(text.flag, len(*text.value), maxText))
			*text.value = record.CutTo(s.masker.Mask(*text.value), maxText)
		}
	}
	var problem string
	if o.receivers, problem = boundReceivers(o.receivers); problem != "" {
		s.warnOfSettings(problem)
	}
	for _, label := range o.labels[:min(len(o.labels), maxLabels)] {
		if len(label[1]) > maxText {
			s.warnOfSettings(tooLong("label "+label[0], len(label[1]), maxText))
		}
	}
	if len(o.labels) > maxLabels {
		s.warnOfSettings(fmt.Sprintf("label: only %d of %d labels are recorded", maxLabels, len(o.labels)))
	}
	o.labels = boundLabels(o.labels)
}

func tooLong(what string, length, most int) string {
	return fmt.Sprintf("%s: is %d bytes long and is cut; at most %d are recorded", what, length, most)
}

// boundLabels cuts what a record does not take.
func boundLabels(labels [][2]string) [][2]string {
	labels = slices.Clone(labels[:min(len(labels), maxLabels)])
	for i := range labels {
		labels[i][1] = record.CutTo(labels[i][1], maxText)
	}
	return labels
}

// boundReceivers leaves out the last of too many, and says so.
func boundReceivers(list string) (bounded, problem string) {
	if len(list) <= maxReceivers {
		return list, ""
	}
	names := words.Split(list)
	n, length := 0, -1
	for n < len(names) && length+1+len(names[n]) <= maxReceivers {
		length += 1 + len(names[n])
		n++
	}
	return strings.Join(names[:n], " "),
		fmt.Sprintf("receivers: only the first %d of %d are told; at most %d bytes of names are taken", n, len(names), maxReceivers)
}
