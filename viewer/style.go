package viewer

import "strings"

// style is a terminal's sequence, of those that every terminal knows (ECMA-48,
// select graphic rendition); "" is no style.
type style string

const (
	plain      style = ""
	bold       style = "\x1b[1m"
	faint      style = "\x1b[2m"
	red        style = "\x1b[31m"
	green      style = "\x1b[32m"
	yellow     style = "\x1b[33m"
	boldRed    style = "\x1b[1;31m"
	resetStyle       = "\x1b[0m"
)

func (s style) apply(text string) string {
	if s == plain || text == "" {
		return text
	}
	return string(s) + text + resetStyle
}

func levelStyle(level string) style {
	switch strings.ToLower(level) {
	case "debug":
		return faint
	case "warning":
		return yellow
	case "error":
		return red
	case "fatal":
		return boldRed
	}
	return plain
}

func resultStyle(result string) style {
	switch result {
	case "PASSED":
		return green
	case "FAILED":
		return red
	case "SUPPRESSED":
		return yellow
	}
	return plain
}

func statusStyle(status string) style {
	switch status {
	case "":
		return plain
	case "0":
		return green
	}
	return red
}
