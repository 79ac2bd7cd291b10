package web

import (
	"strconv"
	"strings"
)

// preference is one of the things that an Accept header names.
type preference struct {
	name   string  // in small letters, without its parameters
	weight float64 // from 0, which refuses it, to 1; see RFC 9110, 12.4.2
}

// preferences are those of a header, in its order.
func preferences(header string) (list []preference) {
	for part := range strings.SplitSeq(strings.ToLower(header), ",") {
		name, rest, _ := strings.Cut(part, ";")
		one := preference{strings.TrimSpace(name), 1}
		for parameter := range strings.SplitSeq(rest, ";") {
			if text, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
				if weight, err := strconv.ParseFloat(text, 64); err == nil && weight >= 0 && weight <= 1 {
					one.weight = weight
				}
			}
		}
		list = append(list, one)
	}
	return list
}

// weightOf is the greatest weight that a name has; 0 where it is not named.
func weightOf(list []preference, name string) (weight float64) {
	for _, one := range list {
		if one.name == name {
			weight = max(weight, one.weight)
		}
	}
	return weight
}
