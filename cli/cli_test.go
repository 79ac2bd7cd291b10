package cli

import (
	"slices"
	"testing"
)

// A word in one of the lists alone would be a command that is never run, or one
// without an end.
func TestEachSubcommandIsACommand(t *testing.T) {
	names, words := commandNames(), slices.Clone(subcommands)
	slices.Sort(names)
	slices.Sort(words)
	if !slices.Equal(names, words) {
		t.Errorf("the commands are %q, the words taken for commands %q", names, words)
	}
}
