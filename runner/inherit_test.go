//go:build linux

package runner_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// underShell runs the wrap program below a shell script that sets something up first; $W stands for the program with
// its flags and $F for a folder. It returns what the script has printed.
func underShell(t *testing.T, flags, script string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	dir := t.TempDir()
	cmd.Env = append(os.Environ(), "F="+dir, "W="+wrapProgram+" -result "+filepath.Join(dir, "result")+" "+flags+" --",
		"PROGRAM="+wrapProgram)
	cmd.WaitDelay = patience
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestSameAsUnwrapped runs each script with the wrapper in front of the command and without, and compares.
func TestSameAsUnwrapped(t *testing.T) {
	signals := `grep -E 'Sig(Ign|Blk)' /proc/self/status`
	files := `sh -c 'for f in /proc/self/fd/*; do case ${f##*/} in 0|1|2) ;; *) readlink $f || :; esac; done | grep -v /fd$ | sort'`
	cases := []struct{ name, script string }{
		{"stdin in a loop", `printf 'a\nb\nc\n' | while read x; do $W echo "$x"; done`},
		{"stdin through", `echo hi | $W cat`},
		{"stdin unread", `yes | $W true`},
		{"arguments", `$W printf '[%s]' 'a b' '' '*' "$(printf 'n\nl')" "$(printf '\377')" --help`},
		{"umask", `umask 027; $W sh -c umask`},
		{"working directory", `cd "$F"; $W pwd`},
		{"nice", `nice -n 5 $W nice`},
		{"limits", `ulimit -n 77; ulimit -c 0; $W sh -c 'ulimit -n; ulimit -a'`},
		{"environment", `env -i A=1 B= "C=a b" PATH="$PATH" $W env`},
		{"empty environment", `env -i $W /usr/bin/env`},
		{"signals", `$W ` + signals},
		{"ignored signals", `trap '' HUP INT QUIT TERM USR1 USR2 PIPE ALRM CONT TSTP TTIN TTOU WINCH; $W ` + signals},
		{"ignored real-time signals", `trap '' 40 63; $W ` + signals},
		{"descriptors", `exec 7</etc/passwd; $W ` + files},
		{"descriptor 7", `exec 7</etc/passwd; $W head -c 4 <&7`},
		{"many descriptors", `exec 3</etc/passwd 4</etc/group 6</etc/hosts 8</etc/fstab 9</etc/profile; $W ` + files},
		{"stdin closed", `$W readlink /proc/self/fd/0 <&- || echo closed`},
		{"stdout closed", `$W sh -c 'test -e /proc/$$/fd/1 || echo closed >&2' >&-`},
		{"stderr closed", `$W sh -c 'readlink /proc/$$/fd/2 || echo closed' 2>&-`},
		{"all closed", `$W sh -c 'exec 8>"$F/o"; for f in 0 1 2; do test -e /proc/$$/fd/$f || echo $f >&8; done' <&- >&- 2>&-; cat "$F/o"`},
		{"file size limit", `ulimit -f 1; $W sh -c 'trap "echo XFSZ >&2" XFSZ; head -c 5000 /dev/zero; sleep 0.2' >"$F/big" 2>"$F/e"; wc -c <"$F/big"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := underShell(t, "", strings.ReplaceAll(c.script, "$W ", ""))
			for _, flags := range []string{"-stdout -", "-stdout - -stderr -"} {
				if got := underShell(t, flags, c.script); normal(got) != normal(want) {
					t.Errorf("with %s:\n%s\nunwrapped:\n%s", flags, got, want)
				}
			}
		})
	}
}

var folder = regexp.MustCompile(`/[^ ]*/00[0-9]`)

// normal takes out what differs between two runs of a test: the temporary folders.
func normal(out string) string { return folder.ReplaceAllString(out, "F") }

func TestBlockedSignalReachesTheJob(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3 to block a signal with")
	}
	job := `
import os, signal
print([int(s) for s in signal.pthread_sigmask(signal.SIG_BLOCK, [])], flush=True)
print(int(signal.sigwait([signal.SIGTERM])), flush=True)
`
	w := prepare(t, "")
	w.cmd = exec.Command("python3", "-c", `
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
os.execv(sys.argv[1], sys.argv[1:-2] + [sys.executable] + sys.argv[-2:]) # no wrapper script of python in between
`, wrapProgram, "-result", w.result, "-stdout", "-", "--", "-c", job)
	w.start()
	w.expect("[15]")
	w.signal(syscall.SIGTERM)
	w.expect("15")
	if status, r := w.wait(); status.ExitStatus() != 0 || r.StoppedBy != 15 {
		t.Errorf("status %#x, stopped by %d", status, r.StoppedBy)
	}
}

func TestOrderOfCommonPipe(t *testing.T) {
	const script = `i=0; while [ $i -lt 2000 ]; do echo "out $i"; echo "err $i" >&2; i=$((i+1)); done`
	for _, flags := range []string{"-stdout -", "-stdout - -stderr -", "-stderr -", "-hold -replay -stdout -"} {
		got := underShell(t, flags, `$W sh -c '`+script+`' >"$F/both" 2>&1; cat "$F/both"`)
		var want strings.Builder
		for i := range 2000 {
			fmt.Fprintf(&want, "out %d\nerr %d\n", i, i)
		}
		if got != want.String() {
			t.Errorf("with %s the order of stdout and stderr has changed", flags)
		}
	}
}

func TestStreamsAreKeptApart(t *testing.T) {
	for _, flags := range []string{"-stdout -", "-stdout - -stderr -", "-hold -replay", "-stderr -"} {
		got := underShell(t, flags, `$W sh -c 'echo O; echo E >&2' >"$F/o" 2>"$F/e"; cat "$F/e"; cat "$F/o"`)
		if got != "E\nO\n" {
			t.Errorf("with %s: %q", flags, got)
		}
	}
}
