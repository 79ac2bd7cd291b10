package notify

import (
	"path"
	"slices"
	"strings"
)

// command is what is known of the simple command that is being read: enough to
// see where a word would be parsed again.
type command struct {
	words  []string // that are complete, as they are written, without redirections
	start  int      // of the word that is being read, -1 for none
	target bool     // the word is the target of a redirection
	dup    bool     // of >& or <&
}

func newCommand() command { return command{start: -1} }

func (c *command) inWord() bool { return c.start >= 0 }

// begin notes where a word begins, unless it has begun before.
func (c *command) begin(at int) {
	if c.start < 0 {
		c.start = at
	}
}

// endWord ends the word that ends with the text read so far.
func (c *command) endWord(read string) {
	if c.start >= 0 {
		if !c.target {
			c.words = append(c.words, read[c.start:])
		}
		c.start, c.target, c.dup = -1, false, false
	}
}

// redirect begins the target of a redirection. Digits right before it are a
// descriptor's number.
func (c *command) redirect(read string) {
	if c.start >= 0 && strings.Trim(read[c.start:], "0123456789") == "" {
		c.start = -1
	}
	c.endWord(read)
	c.target = true
}

// is reports whether the command begins with this word.
func (c *command) is(word string) bool {
	words := c.afterReserved()
	return len(words) > 0 && words[0] == word
}

// afterReserved gives the words without reserved ones before the name.
func (c *command) afterReserved() []string {
	reserved := []string{"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"}
	words := c.words
	for len(words) > 0 && (slices.Contains(reserved, words[0]) || isAssignment(words[0])) {
		words = words[1:]
	}
	return words
}

// expectsName reports whether the word that is being read, or comes next, is
// the name of a command and nothing of it is known yet.
func (c *command) expectsName() bool {
	return !c.target && len(c.afterReserved()) == 0 && c.start < 0
}

// oneWord reports whether the receivers would have to be one word here: in an
// assignment and as the target of a redirection.
func (c *command) oneWord(read string) bool {
	return c.target || c.start >= 0 && len(c.afterReserved()) == 0 && isAssignment(read[c.start:])
}

// isAssignment reports whether a word begins like NAME=.
func isAssignment(word string) bool {
	name, _, found := strings.Cut(word, "=")
	return found && name != "" && strings.Trim(name, wordBytes) == "" && (name[0] < '0' || name[0] > '9')
}

// name gives the words from the command's name on: those before it are reserved,
// or start it in another way (sudo, timeout 10).
func (c *command) name() []string {
	wrappers := []string{"sudo", "env", "nohup", "timeout", "nice", "setsid", "exec", "command", "builtin", "stdbuf"}
	words := c.afterReserved()
	for len(words) > 0 && slices.Contains(wrappers, program(words[0])) {
		words = words[1:]
		for len(words) > 0 && (words[0][0] == '-' || isAssignment(words[0]) || words[0][0] >= '0' && words[0][0] <= '9') {
			words = words[1:]
		}
	}
	return words
}

// program is the name of a program without its folder and quotes.
func program(word string) string { return path.Base(strings.Trim(word, `'"\`)) }

// parsesAgain names the program that would parse the word that is being read as
// a program of its own, or "". It cannot know every interpreter.
func (c *command) parsesAgain() string {
	words := c.name()
	if len(words) == 0 {
		return ""
	}
	last := words[len(words)-1]
	switch name := program(words[0]); {
	case slices.Contains([]string{"eval", "trap", "let", "ssh", "rsh", "watch", "parallel"}, name):
		return name
	case takesProgram(name, words) && (last == "--command" || isProgramFlag(last) && strings.HasSuffix(last, "c")),
		isInterpreter(name) && isProgramFlag(last) && onlyFlags(words[1:]):
		return name + " " + last
	}
	return c.startsAnother()
}

// takesProgram reports whether -c as the last of these words comes before a program
// for a shell. With runuser -u, and behind the lock of flock, it is a flag of
// the command that is started.
func takesProgram(name string, words []string) bool {
	operands := slices.DeleteFunc(slices.Clone(words[1:]), func(word string) bool {
		return word[0] == '-' || word[0] >= '0' && word[0] <= '9'
	})
	switch name {
	case "su":
		return true
	case "runuser":
		return !slices.Contains(words, "-u") && !slices.Contains(words, "--user")
	case "flock":
		return len(operands) <= 1
	case "script":
		return len(operands) == 0
	}
	return false
}

// startsAnother names the interpreter that the command starts in its turn with a
// program. Its own words before that cannot be told from their flags here, as the
// name in `sudo -u alice sh -c`, so an interpreter is looked for in all places.
func (c *command) startsAnother() string {
	starters := []string{
		"sudo", "doas", "su", "runuser", "setpriv", "chroot", "nsenter", "unshare", "env", "timeout", "nice", "ionice", "chrt", "taskset", "numactl",
		"stdbuf", "flock", "xargs", "find", "busybox", "docker", "podman", "kubectl", "srun", "bsub", "lsrun",
	}
	words := c.afterReserved()
	if len(words) == 0 || !slices.Contains(starters, program(words[0])) {
		return ""
	}
	last := words[len(words)-1]
	for i, word := range words[:len(words)-1] {
		if name := program(word); isInterpreter(name) && isProgramFlag(last) && onlyFlags(words[i+1:]) {
			return name + " " + last
		}
	}
	return ""
}

// readsProgram names the program that would take its standard input for a
// program of its own, or "".
func (c *command) readsProgram() string {
	words := c.name()
	if len(words) == 0 {
		return ""
	}
	name := program(words[0])
	if isInterpreter(name) && onlyFlags(words[1:]) || name == "ssh" && len(words) <= 2 {
		return name
	}
	return ""
}

func isInterpreter(name string) bool {
	name = strings.TrimRight(name, "0123456789.")
	return slices.Contains([]string{"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "python", "perl", "ruby", "node", "php"}, name)
}

// onlyFlags reports whether no word is an operand, as a script's name would be.
func onlyFlags(words []string) bool {
	for i, word := range words {
		if word[0] != '-' && word[0] != '+' && (i == 0 || words[i-1] != "-o") {
			return false
		}
	}
	return true
}

// isProgramFlag reports whether the word after this flag is a program: -c, -ec,
// -e, -r.
func isProgramFlag(word string) bool {
	return len(word) >= 2 && word[0] == '-' && word[1] != '-' && strings.IndexByte("cer", word[len(word)-1]) >= 0
}
