// Package words reads what people type: lists of names, patterns of names, and words
// that are nearly right. It is a package of its own since the config, the records and the
// command line have to agree on both, and know nothing of one another.
package words

import (
	"path"
	"strings"
	"unicode"
)

// Split takes a list of names apart, such as receivers: between them stand
// blanks, commas or semicolons.
func Split(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ';' || unicode.IsSpace(c) })
}

// maxWord is longer than any word that is known; the distance is quadratic.
const maxWord = 64

// Nearest returns the known word that a misspelt one most likely means, in any
// case, or "" where none is near: at most every third letter may be wrong.
func Nearest(word string, known []string) string {
	if len(word) > maxWord {
		return ""
	}
	best, bestDistance := "", max(1, len(word)/3)+1
	for _, candidate := range known {
		if d := Distance(strings.ToLower(word), strings.ToLower(candidate)); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// Distance counts the bytes to insert, drop, change, or swap with their
// neighbour, that turn a into b (optimal string alignment).
func Distance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := above[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, above[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}

// Match reports whether a name fits a pattern of a shell: path.Match, where [!…] means
// not as [^…] does. The error says that it is no pattern.
func Match(pattern, name string) (bool, error) { return path.Match(negations(pattern), name) }

// negations writes the [!…] of a pattern as path.Match wants it.
func negations(pattern string) string {
	if !strings.Contains(pattern, "[!") {
		return pattern
	}
	text, within := []byte(pattern), false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case within:
			within = text[i] != ']'
		case text[i] == '[':
			within = true
			if i+1 < len(text) && text[i+1] == '!' {
				i++
				text[i] = '^'
			}
		}
	}
	return string(text)
}
