package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/mvrun/mvrun/words"
)

// flagError explains what pflag refused.
func flagError(command string, flags *pflag.FlagSet, err error) error {
	help := "see mvrun --help"
	if command != "" {
		help = "see mvrun " + command + " --help"
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		name := unknown.GetSpecifiedName()
		if near := words.Nearest(name, flagNames(flags)); near != "" {
			help = "did you mean --" + near + "? " + help
		}
	}
	return usageError{err, help}
}

func flagNames(flags *pflag.FlagSet) []string {
	var names []string
	visitFlags(flags, func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// didYouMean is the end of a message about a word that is not known.
func didYouMean(word string, known []string) string {
	if near := words.Nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return ""
}
