package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A program that writes its arguments, each with a NUL behind it, and then its
// standard input where it is told to.
const argumentWriter = `#!/bin/sh
for word in "$#" "$@"; do printf '%s\0' "$word"; done >>"$MVRUN_TEST_OUT"
`

// bench is a folder with that program, named send, and the shells to try.
type bench struct {
	folder string
	shells []string
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{folder: t.TempDir()}
	if err := os.WriteFile(filepath.Join(b.folder, "send"), []byte(argumentWriter), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, shell := range []string{"dash", "bash"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s on this machine: not tried", shell)
			continue
		}
		// Under the name sh, bash is the POSIX shell that /bin/sh often is.
		name := filepath.Join(b.folder, shell, "sh")
		if err := errors.Join(os.Mkdir(filepath.Dir(name), 0o755), os.Symlink(path, name)); err != nil {
			t.Fatal(err)
		}
		b.shells = append(b.shells, name)
	}
	if len(b.shells) == 0 {
		b.shells = []string{"/bin/sh"}
	}
	return b
}

// Exec runs a command line with another shell in the place of /bin/sh.
type shellExecutor struct {
	shell, folder string
}

func (e shellExecutor) Exec(ctx context.Context, argv, env []string, stdin []byte, maxOutput int) (int, []byte, error) {
	cmd := exec.CommandContext(ctx, e.shell, argv[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdin = env, e.folder, bytes.NewReader(stdin)
	output, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), output, nil
	}
	return 0, output, err
}

// send sends an alarm through a template and gives the words that each call of
// the program send was given.
func (b *bench) send(t testing.TB, shell, template string, a *Alarm) [][]string {
	t.Helper()
	parsed, err := ParseTemplate(template)
	if err != nil {
		t.Fatalf("%s: %v", template, err)
	}
	out := filepath.Join(t.TempDir(), "out")
	path := b.folder + ":" + os.Getenv("PATH")
	work := t.TempDir()
	command := &Command{
		Template: parsed,
		Executor: shellExecutor{shell, work},
		Env:      []string{"PATH=" + path, "MVRUN_TEST_OUT=" + out, "MVRUN_ALARM_TITLE=of another alarm", "word=value"},
	}
	if err := command.Send(context.Background(), a); err != nil {
		t.Fatalf("%s: %v\nscript: %s", template, err, parsed.Script(len(a.Receivers)))
	}
	if _, err := os.Stat(filepath.Join(work, "planted")); err == nil {
		t.Fatalf("%s ran %q", template, a.Title)
	}
	written, err := os.ReadFile(out)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return calls(t, string(written))
}

func calls(t testing.TB, written string) [][]string {
	t.Helper()
	var list [][]string
	words := strings.Split(strings.TrimSuffix(written, "\x00"), "\x00")
	for written != "" && len(words) > 0 {
		var n int
		if _, err := fmt.Sscan(words[0], &n); err != nil || n > len(words)-1 {
			t.Fatalf("cannot read the words %q", written)
		}
		list = append(list, words[1:n+1])
		words = words[n+1:]
	}
	return list
}

func hostileTexts() []string {
	return []string{
		"ordinary", "", " ", "two  words", "-leading", "--", `'; touch planted; '`, `"; touch planted; "`,
		`$(touch planted)`, "`touch planted`", `${word}$word$1$@`, `\1 \\ \n \`, `<RECEIVERS><TITLE><MESSAGE>`,
		"*", "[a-z]* ? ~ {a,b}", "line\nend\n\n", "\ttab\r\n", "EOF\nEOF\n", "# no comment", "a&b|c;d>e<f(g)h",
		"!history !!", "%s%n%d", "汉字 \u202e \u00a0 \x01\x1b[31m", `a"b'c` + "`d", "MVRUN_ALARM_TITLE=x", "]]", "}", ")",
	}
}

func joined(a *Alarm) string { return strings.Join(a.Receivers, " ") }

// quotingStyles are templates, and what send must be given for an alarm.
var quotingStyles = []struct {
	template string
	want     func(a *Alarm) [][]string
}{
	{`send -T "<TITLE>" -c "<MESSAGE>" -r <RECEIVERS>`, func(a *Alarm) [][]string {
		return [][]string{append([]string{"-T", a.Title, "-c", a.Message, "-r"}, a.Receivers...)}
	}},
	{`send '<TITLE>' '<MESSAGE>' '<RECEIVERS>'`, func(a *Alarm) [][]string { return [][]string{{a.Title, a.Message, joined(a)}} }},
	{`send <TITLE> <MESSAGE> "<RECEIVERS>"`, func(a *Alarm) [][]string { return [][]string{{a.Title, a.Message, joined(a)}} }},
	{`send \<TITLE\> \<MESSAGE> x`, func(a *Alarm) [][]string { return [][]string{{a.Title, a.Message, "x"}} }},
	{`send --t=<TITLE>: "a 'b' <TITLE>c" 'd "e" <MESSAGE>f'`, func(a *Alarm) [][]string {
		return [][]string{{"--t=" + a.Title + ":", "a 'b' " + a.Title + "c", `d "e" ` + a.Message + "f"}}
	}},
	{`send "\<TITLE>" "\\<TITLE>" "$<TITLE>" "\$<TITLE>" "\"<TITLE>\""`, func(a *Alarm) [][]string {
		return [][]string{{`\` + a.Title, `\` + a.Title, "$" + a.Title, "$" + a.Title, `"` + a.Title + `"`}}
	}},
	{`send $<TITLE> x$word<TITLE> "$word<TITLE>" ${word}<TITLE> "$\<TITLE>" $\<TITLE>`, func(a *Alarm) [][]string {
		return [][]string{{"$" + a.Title, "xvalue" + a.Title, "value" + a.Title, "value" + a.Title, `$\` + a.Title, "$" + a.Title}}
	}},
	{`send <TITLE><MESSAGE>"<TITLE>"'<MESSAGE>'`, func(a *Alarm) [][]string {
		return [][]string{{a.Title + a.Message + a.Title + a.Message}}
	}},
	{`send "$(printf '%s.' "<TITLE>" '<MESSAGE>')"`, func(a *Alarm) [][]string { return [][]string{{a.Title + "." + a.Message + "."}} }},
	{`send "$(printf %s. <TITLE> "$(printf %s. <MESSAGE>)" )"`, func(a *Alarm) [][]string {
		return [][]string{{a.Title + "." + a.Message + ".."}}
	}},
	{"send \"`printf %s. \"<TITLE>\" '<MESSAGE>'`\"", func(a *Alarm) [][]string { return [][]string{{a.Title + "." + a.Message + "."}} }},
	{"send \"`printf %s. \\\"<TITLE>\\\" <RECEIVERS>`\"", func(a *Alarm) [][]string {
		return [][]string{{a.Title + "." + strings.Join(a.Receivers, ".") + "."}}
	}},
	{"send \"`printf %s. \\`printf x\\` <TITLE> \\`printf y\\``\"", func(a *Alarm) [][]string { return [][]string{{"x." + a.Title + ".y."}} }},
	{"send \"$(cat <<EOF\nto <RECEIVERS>: $word \\$ \\<TITLE> $<TITLE> \"<MESSAGE>\".\nEOF\n)\"", func(a *Alarm) [][]string {
		return [][]string{{"to " + joined(a) + `: value $ \` + a.Title + " $" + a.Title + ` "` + a.Message + `".`}}
	}},
	{"send \"$(cat <<'EOF'\n<TITLE> $word `word` \\ \\\\ \\<MESSAGE>.\nEOF\n)\" after", func(a *Alarm) [][]string {
		return [][]string{{a.Title + " $word `word` \\ \\\\ \\" + a.Message + ".", "after"}}
	}},
	{"send \"$(cat <<-\\end; printf %s. <TITLE>\n\t\t<MESSAGE>.\n\tend\n)\"", func(a *Alarm) [][]string {
		return [][]string{{a.Message + ".\n" + a.Title + "."}}
	}},
	{`for r in <RECEIVERS>; do send --to="$r" <TITLE>; done`, func(a *Alarm) [][]string {
		var list [][]string
		for _, r := range a.Receivers {
			list = append(list, []string{"--to=" + r, a.Title})
		}
		return list
	}},
	{`f() { send "$#" "$1" <RECEIVERS>; }; set -- p; f <TITLE> <RECEIVERS>`, func(a *Alarm) [][]string {
		return [][]string{append([]string{fmt.Sprint(len(a.Receivers) + 1), a.Title}, a.Receivers...)}
	}},
	{`send "$#" "$*" --to=<RECEIVERS>@x`, func(a *Alarm) [][]string {
		words := append([]string(nil), a.Receivers...)
		words[0] = "--to=" + words[0]
		words[len(words)-1] += "@x"
		return [][]string{append([]string{"0", ""}, words...)}
	}},
	{`to=<RECEIVERS>; IFS=,; send "$to" <RECEIVERS>`, func(a *Alarm) [][]string {
		return [][]string{append([]string{joined(a)}, a.Receivers...)}
	}},
	{`touch a1 a2; send a* <TITLE>*x`, func(a *Alarm) [][]string { return [][]string{{"a1", "a2", a.Title + "*x"}} }},
	{"send <TITLE> # it's \"a comment <MESSAGE>\nsend x#<TITLE> '#'", func(a *Alarm) [][]string {
		return [][]string{{a.Title}, {"x#" + a.Title, "#"}}
	}},
	{`printf '%s\n' '<MESSAGE>' | cat >file 2>&1 && send "$(cat <file; printf .)" 3</dev/null <TITLE>`, func(a *Alarm) [][]string {
		return [][]string{{a.Message + "\n.", a.Title}}
	}},
	{`if [ -n x<TITLE> ]; then send $((1<<2)) <TITLE>; fi`, func(a *Alarm) [][]string { return [][]string{{"4", a.Title}} }},
	{`case <TITLE> in nothing) ;; *) ( send <TITLE> ) ;; esac`, func(a *Alarm) [][]string { return [][]string{{a.Title}} }},
	{`FOO=<TITLE> BAR="<MESSAGE>" send "$MVRUN_ALARM_TITLE" '$MVRUN_ALARM_TITLE'`, func(a *Alarm) [][]string {
		return [][]string{{a.Title, "$MVRUN_ALARM_TITLE"}}
	}},
	{"sh -c 'send \"$1\"' sh <TITLE>", func(a *Alarm) [][]string { return [][]string{{a.Title}} }},
	{`send ${word} "${word:-x}" ${#word} 2>/dev/null <TITLE> 2>&1`, func(a *Alarm) [][]string {
		return [][]string{{"value", "value", "5", a.Title}}
	}},
	{"send \\\n<TITLE> \\\n  '<MESSAGE>'", func(a *Alarm) [][]string { return [][]string{{a.Title, a.Message}} }},
	{`send "<b>" '</b>' "1 < 2 > 0" "<RECEIVERS"`, func(a *Alarm) [][]string {
		return [][]string{{"<b>", "</b>", "1 < 2 > 0", "<RECEIVERS"}}
	}},
}

func TestValuesArriveLiterallyInEveryQuoting(t *testing.T) {
	b := newBench(t)
	texts := hostileTexts()
	for n, style := range quotingStyles {
		step := unlessRace(2, 8)
		for i := n % step; i < len(texts); i += step {
			// Each text is tried in each style, as a title or as a part of the
			// message and of a receiver.
			text, other := texts[i], texts[(i+1)%len(texts)]
			a := &Alarm{Title: text, Message: other + text, Receivers: []string{"alice w", "r" + other, "*"}}
			for _, shell := range b.shells {
				got := b.send(t, shell, style.template, a)
				if want := style.want(a); !equalCalls(got, want) {
					t.Errorf("%s under %s with %q:\n got %q\nwant %q", style.template, shell, text, got, want)
				}
			}
		}
	}
}

func equalCalls(a, b [][]string) bool { return fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b) }
