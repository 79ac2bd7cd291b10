package screen

import "strings"

// symbols are the characters of the screen that are no letters.
type symbols struct {
	up, down, left, right, dot, between, line, bar string
	ascii                                          bool
}

func symbolsFor(ascii bool) symbols {
	if ascii {
		return symbols{"^", "v", "<", ">", "* ", " | ", "-", "|", true}
	}
	return symbols{"▲", "▼", "◂", "▸", "● ", " · ", "─", "│", false}
}

// plain writes the names of keys with the symbols that the terminal has.
func (s symbols) plain(text string) string {
	if !s.ascii {
		return text
	}
	return strings.NewReplacer("↑ ↓", "Up Down", "← →", "Left Right", "…", "-").Replace(text)
}

// needsASCII reports whether a terminal may not show more than ASCII: it is one of
// hardware, or the locale names another encoding. Where no locale is set, as in
// containers, it is UTF-8 by now.
func needsASCII(getenv func(string) string) bool {
	if isPlainTerminal(getenv("TERM")) {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(getenv(name)); locale != "" {
			_, encoding, ok := strings.Cut(locale, ".")
			if !ok {
				return locale == "c" || locale == "posix"
			}
			return !strings.HasPrefix(encoding, "utf-8") && !strings.HasPrefix(encoding, "utf8")
		}
	}
	return false
}

// isPlainTerminal reports whether a terminal has neither colours nor more than
// ASCII, as those of DEC that others are named after.
func isPlainTerminal(term string) bool {
	for _, name := range []string{"vt100", "vt102", "vt220", "vt320", "vt420", "ansi-m", "dumb"} {
		if term == name || strings.HasPrefix(term, name+"-") {
			return true
		}
	}
	return strings.HasSuffix(term, "-m") || strings.HasSuffix(term, "-mono")
}

// hasColors reports whether colours are wanted and there.
func hasColors(getenv func(string) string) bool {
	return getenv("NO_COLOR") == "" && !isPlainTerminal(getenv("TERM"))
}
