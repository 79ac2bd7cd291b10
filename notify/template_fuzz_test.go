package notify

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// templateTokens are what the fuzzed templates are made of: whatever decides on
// the quoting, and no command that could do harm.
var templateTokens = []string{
	"<TITLE>", "<RECEIVERS>", "<MESSAGE>", "send ", "\nsend ", " ", "'", `"`, `\`, "$", "`", "$(send ", "$((", "(", ")", "((",
	"))", "{", "}", "${x}", "$x", "$$", "#", " #", ";", "||", "&&", "<", ">", "<<", "<<E\n", "<<'E'\n", "<<-E\n", "\nE\n", "\tE\n",
	"\n", "\t", "x", "x=", "case x in ", "esac", "if x; then ", "fi", "*", "~", "!", "2>&1", "\\\n", "\\<", "\\>", "=", "%",
}

func assemble(data []byte) string {
	var b strings.Builder
	for _, c := range data[:min(len(data), 40)] {
		b.WriteString(templateTokens[int(c)%len(templateTokens)])
	}
	return b.String()
}

// disassemble gives seeds; what is no token is left out.
func disassemble(template string) []byte {
	var data []byte
	for template != "" {
		best := -1
		for i, token := range templateTokens {
			if strings.HasPrefix(template, token) && (best < 0 || len(token) > len(templateTokens[best])) {
				best = i
			}
		}
		if best < 0 {
			template = template[1:]
			continue
		}
		data = append(data, byte(best))
		template = template[len(templateTokens[best]):]
	}
	return data
}

// FuzzTemplate makes templates and runs them twice: as they would be with a
// harmless value written into their text, and as they are. Both must call send
// with the same words. Then it runs them with a value that would run a command
// wherever a shell parsed it.
func FuzzTemplate(f *testing.F) {
	for _, style := range quotingStyles {
		f.Add(disassemble(style.template))
	}
	b := newBench(f)
	tools := filepath.Join(b.folder, "tools")
	for name, text := range map[string]string{
		"send":   argumentWriter,
		"intrud": "#!/bin/sh\n: >\"$MVRUN_TEST_OUT.intruded\"\n",
	} {
		if err := os.MkdirAll(tools, 0o755); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tools, name), []byte(text), 0o755); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkTemplate(t, b.shells, tools, assemble(data)) })
}

func checkTemplate(t *testing.T, shells []string, tools, template string) {
	parsed, err := ParseTemplate(template)
	if err != nil {
		return
	}
	if !hasPlaceholder(template) && strings.TrimLeft(parsed.Script(2), " ") != strings.TrimLeft(template, " ") {
		t.Fatalf("%q became %q", template, parsed.Script(2))
	}
	harmless := &Alarm{Title: "%", Message: "%%", Receivers: []string{"%1"}}
	naive := strings.NewReplacer("<TITLE>", "%", "<MESSAGE>", "%%", "<RECEIVERS>", "%1",
		`\<TITLE\>`, `\%`, `\<MESSAGE\>`, `\%%`, `\<RECEIVERS\>`, `\%1`)
	hostile := &Alarm{Title: attack, Message: attack, Receivers: []string{attack, attack}}
	for _, shell := range shells {
		want := runScript(t, shell, tools, naive.Replace(template), nil)
		got := runScript(t, shell, tools, parsed.Script(1), environmentOf(parsed, harmless))
		if want != got {
			t.Fatalf("%q under %s\nscript %q\nwant %q\n got %q", template, shell, parsed.Script(2), want, got)
		}
		runScript(t, shell, tools, parsed.Script(2), environmentOf(parsed, hostile))
	}
}

const attack = "x;intrud;'intrud;\"intrud;$(intrud)`intrud`\nintrud\n)intrud\n}intrud #\\"

func environmentOf(template *Template, a *Alarm) []string {
	return (&Command{Template: template}).environment(a, 0)
}

// runScript gives what send was called with, and fails if a value was run.
func runScript(t *testing.T, shell, tools, script string, env []string) string {
	folder := t.TempDir()
	out := filepath.Join(folder, "out")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell, "-c", script)
	cmd.Env = append(env, "PATH="+tools, "MVRUN_TEST_OUT="+out)
	cmd.Dir = t.TempDir()
	cmd.WaitDelay = time.Second
	_ = cmd.Run()
	if _, err := os.Stat(out + ".intruded"); err == nil {
		t.Fatalf("a value was run: %q", script)
	}
	written, _ := os.ReadFile(out)
	return string(written)
}
