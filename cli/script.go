package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Interpreters are programs whose first operand is the script that the job is
// known by, with those of their options that take the next word as a value.
// An option of "code" carries the program itself, so that there is no script.
var interpreters = [...]struct{ name, values, code string }{
	{"sh", "oO", "cs"}, {"bash", "oO", "cs"}, {"dash", "o", "cs"}, {"zsh", "o", "cs"}, {"ksh", "o", "cs"},
	{"csh", "", "cs"}, {"tcsh", "", "cs"}, {"fish", "dC", "c"},
	{"python", "WXQ", "cm"}, {"perl", "I", "eE"}, {"ruby", "IrEK", "e"}, {"node", "r", "ep"},
	{"php", "cdz", "rBRE"}, {"lua", "l", "e"}, {"tclsh", "", ""}, {"expect", "", "c"}, {"Rscript", "", "e"},
}

// prefixCommands run another command that follows their own options; the
// options that take the next word as a value are named, and the one of them that
// says in which folder to run it.
var prefixCommands = [...]struct{ name, values, folder string }{
	{"env", "uCS", "C"}, {"nice", "n", ""}, {"ionice", "cnp", ""}, {"nohup", "", ""}, {"setsid", "", ""},
	{"stdbuf", "ioe", ""}, {"time", "fo", ""}, {"timeout", "ks", ""}, {"sudo", "ugpCDhRTU", "D"}, {"exec", "a", ""},
	{"chrt", "", ""}, {"taskset", "", ""}, {"flock", "wE", ""},
}

// longFolder is the long form of that option, which is the same everywhere.
const longFolder = "--chdir"

// scriptOf finds the script that a command line runs, as an absolute path: x.sh
// for `bash x.sh`, x.py for `env A=1 python3 -u x.py`. A command that is no
// script stands for itself.
func scriptOf(args []string, workdir string) string {
	rest, isFile := args, false
	for range 8 { // `nice env timeout 5 bash x.sh` has four levels
		next, folder, file := operand(rest)
		if len(next) == 0 {
			break
		}
		rest, isFile = next, file
		if folder != "" && !filepath.IsAbs(folder) {
			folder = filepath.Join(workdir, folder)
		}
		workdir = orElse(folder, workdir)
	}
	if isFile && !filepath.IsAbs(rest[0]) {
		return filepath.Join(workdir, rest[0])
	}
	return absolute(rest[0], workdir)
}

// operand steps from a program to what it runs; empty where it runs nothing
// that has a name. The folder is the one in which it is run, where that is another.
// What an interpreter runs is a file, not a command.
func operand(args []string) (rest []string, folder string, isFile bool) {
	name := filepath.Base(args[0])
	if name == "mvrun" {
		return args[slices.Index(args, "--")+1:], "", false
	}
	for _, prefix := range prefixCommands {
		if prefix.name != name {
			continue
		}
		rest = skipOptions(args[1:], prefix.values, "")
		if prefix.folder != "" {
			folder = folderOption(args[1:len(args)-len(rest)], prefix.folder)
		}
		for len(rest) > 0 && name == "env" && strings.Contains(rest[0], "=") {
			rest = rest[1:]
		}
		switch name {
		case "timeout", "taskset", "chrt", "flock": // the duration, the mask, the priority, the lock file
			rest = rest[min(1, len(rest)):]
		}
		return rest, folder, false
	}
	name = strings.TrimRight(name, "0123456789.")
	for _, interpreter := range interpreters {
		if interpreter.name == name {
			return skipOptions(args[1:], interpreter.values, interpreter.code), "", true
		}
	}
	return nil, "", false
}

// folderOption finds the folder that options name, by this letter or by the long form.
func folderOption(options []string, letter string) (folder string) {
	for i, word := range options {
		value, joined := strings.CutPrefix(word, longFolder+"=")
		if !joined {
			value, joined = strings.CutPrefix(word, "-"+letter)
		}
		switch {
		case word == longFolder || word == "-"+letter:
			folder = options[min(i+1, len(options)-1)]
		case joined:
			folder = value
		}
	}
	return folder
}

// skipOptions leaves out leading options; it gives nothing where one of them
// carries code.
func skipOptions(args []string, values, code string) []string {
	for len(args) > 0 {
		word := args[0]
		switch {
		case word == "--":
			return args[1:]
		case len(word) < 2 || word[0] != '-' && word[0] != '+':
			return args
		case word == longFolder:
			args = args[min(2, len(args)):]
		case strings.HasPrefix(word, "--"):
			args = args[1:]
		case strings.ContainsAny(word[1:], code):
			return nil
		case strings.Contains(values, word[len(word)-1:]) && len(word) == 2:
			args = args[min(2, len(args)):]
		default:
			args = args[1:]
		}
	}
	return args
}

// absolute makes a command's path absolute. A name without a slash is looked
// for in PATH, as the start of the command will do.
func absolute(name, workdir string) string {
	if strings.Contains(name, "/") {
		if filepath.IsAbs(name) {
			return filepath.Clean(name)
		}
		return filepath.Join(workdir, name)
	}
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		if path := filepath.Join(folder, name); filepath.IsAbs(path) && isFile(path) {
			return path
		}
	}
	return name
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// itemName is the item of a job that is not told one: the base name of its
// script without its ending.
func itemName(script string) string {
	base := filepath.Base(script)
	if ending := filepath.Ext(base); ending != base {
		base = strings.TrimSuffix(base, ending)
	}
	return base
}
