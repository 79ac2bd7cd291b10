package tests

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// fencedBlocks gives the blocks of a Markdown file whose fence has this word
// after it, such as "crontab" or "sh test".
func fencedBlocks(t testing.TB, name, word string) []string {
	t.Helper()
	var blocks []string
	var block *strings.Builder
	for line := range strings.Lines(readFile(t, filepath.Join(repository(t), name))) {
		switch fence := strings.TrimRight(line, "\n"); {
		case block == nil && fence == "```"+word:
			block = &strings.Builder{}
		case block != nil && fence == "```":
			blocks = append(blocks, block.String())
			block = nil
		case block != nil:
			block.WriteString(line)
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no block ```%s", name, word)
	}
	return blocks
}

// The README begins with two commands: the demonstration, and the tests, which
// are what CI runs.
func TestReadmeCommands(t *testing.T) {
	var commands []string
	for line := range strings.Lines(readFile(t, filepath.Join(repository(t), "README.md"))) {
		if command, ok := strings.CutPrefix(line, "    "); ok && len(commands) < 2 {
			commands = append(commands, strings.TrimSuffix(command, "\n"))
		}
	}
	if len(commands) < 2 || !strings.HasSuffix(commands[0], " && sh examples/demo.sh") || commands[1] != "sh tests/run.sh" {
		t.Fatalf("the README begins with %q", commands)
	}
	if ci := readFile(t, filepath.Join(repository(t), ".ci", "run")); !strings.Contains(ci, "\n"+commands[1]+"\n") {
		t.Errorf(".ci/run does not call %q:\n%s", commands[1], ci)
	}
}

// Each block of the README that is marked `sh test` is run as it stands. Lines
// that begin with `$ ` are commands; those after them, up to the next, are what
// they print.
func TestReadmeExamples(t *testing.T) {
	for i, block := range fencedBlocks(t, "README.md", "sh test") {
		// The name becomes that of a folder, which stands in a shell command.
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			s := newSite(t)
			for _, step := range strings.Split("\n"+block, "\n$ ")[1:] {
				command, want, _ := strings.Cut(step, "\n")
				got := run(t, s.command("sh", "-c", "exec 2>&1\n"+command))
				want = strings.TrimSuffix(want, "\n")
				if strings.TrimSuffix(got.stdout, "\n") != want {
					t.Errorf("$ %s\n%s\nwant:\n%s", command, got.stdout, want)
				}
			}
		})
	}
}
