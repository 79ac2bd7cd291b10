//go:build linux

package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// shellResult runs a script in which $W stands before the job: mvrun with these
// flags, or nothing.
func (s *site) shellResult(t *testing.T, wrapper, script string) result {
	t.Helper()
	command := s.command("sh", "-c", script)
	command.Env = append(command.Env, "W="+wrapper, "PROBE="+probe(t), "F="+t.TempDir())
	return run(t, command)
}

// ownFolder is what differs between two runs of a script.
var ownFolder = regexp.MustCompile(`/[^ "]*/00[0-9]`)

// The job meets the same with mvrun in front of it and without.
func TestWrapperInherits(t *testing.T) {
	t.Parallel()
	open := `sh -c 'for f in 0 1 2 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$f && echo "$f open"; done >"$0"; cat "$0" >&9'`
	cases := []struct{ name, script string }{
		{"umask, nice, limits, folder, stdin", `cd "$F"; umask 027; ulimit -n 77; ulimit -c 0; ulimit -s 4096; exec nice -n 5 $W "$PROBE" identity </etc/passwd`},
		{"arguments", `$W "$PROBE" identity 'a b' '' '*' "$(printf 'n\nl')" "$(printf '\377')" --help -- '$(id)' "'"`},
		{"many arguments", `$W "$PROBE" identity $(seq 20000) | cksum`},
		{"session", `$W "$PROBE" identity`},
		{"descriptor 7", `exec 7<"$PROBE"; $W head -c 4 <&7; $W sh -c 'head -c 4 <&7'`},
		{"no descriptor of ours", `exec 9>&1; ` + strings.ReplaceAll("$W "+open, "$0", "$F/list")},
		{"descriptors 3 to 8", `exec 3</etc/passwd 4</etc/group 6</etc/hosts 8</etc/profile 9>&1; $W sh -c 'for f in 3 4 5 6 7 8; do readlink /proc/$$/fd/$f; done'`},
		{"three rounds", `printf 'a\nb\nc\n' | while read x; do $W true; echo "$x"; done`},
		{"stdin through", `echo hi | $W cat`},
		{"stdin unread", `yes | $W true; echo $?`},
		{"stdin is /dev/null opened to write", `exec 0<>/dev/null; $W sh -c 'readlink /proc/$$/fd/0; read x; echo $?; echo x >&0; echo $?'`},
		{"non-blocking stdout", `$W sh -c 'yes | head -c 3000000' | (sleep 0.1; cksum)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			want := s.shellResult(t, "", c.script)
			if want.status != 0 || want.stdout == "" {
				t.Fatalf("unwrapped: %+v", want)
			}
			for _, flags := range []string{"", "--scan both", "--keep-output never"} {
				got := s.shellResult(t, binary+" -i job "+flags+" --", c.script)
				got.stdout = ownFolder.ReplaceAllString(got.stdout, "")
				want.stdout = ownFolder.ReplaceAllString(want.stdout, "")
				if got != want {
					t.Errorf("with %q:\n%.2000s%s\nunwrapped:\n%.2000s%s", flags, got.stdout, got.stderr, want.stdout, want.stderr)
				}
			}
		})
	}
}

// The environment gains the documented variables and keeps its order.
func TestWrapperEnvironment(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	given := []string{"Z=last", "BUILD_ID=7", "EMPTY=", "JENKINS_NODE_COOKIE=c d", "A=first", "NEWLINE=a\nb", "HOME=" + s.folder}
	command := exec.Command(binary, "--db", s.db, "-i", wrapItem, "--", "env", "-0")
	command.Env = given
	got := strings.Split(strings.TrimSuffix(run(t, command).stdout, "\x00"), "\x00")
	if len(got) < len(given) || strings.Join(got[:len(given)], "|") != strings.Join(given, "|") {
		t.Fatalf("the environment is %q", got)
	}
	names := map[string]bool{}
	for _, entry := range got[len(given):] {
		name, value, _ := strings.Cut(entry, "=")
		names[name] = value != ""
	}
	for _, name := range []string{"MVRUN_RUN", "MVRUN_DIRECTION", "MVRUN_ITEM", "MVRUN_DB", "PYTHONUNBUFFERED"} {
		if !names[name] {
			t.Errorf("%s is missing in %q", name, got)
		}
		delete(names, name)
	}
	if delete(names, "MVRUN_CONFIG"); len(names) > 0 {
		t.Errorf("undocumented variables: %v", names)
	}
	if id := "MVRUN_RUN=" + s.theRun(t).text("run"); !slices.Contains(got, id) {
		t.Errorf("%s is not in %q", id, got)
	}
}

// Whichever of the three standard descriptors are closed, the job finds just
// those closed, no file of mvrun's takes their place, and its status stands.
func TestWrapperClosedDescriptors(t *testing.T) {
	t.Parallel()
	for combination := range 8 {
		for _, flags := range []string{"", "--scan both", "--quiet", "--pty", "--keep-output never"} {
			t.Run(fmt.Sprintf("%03b %s", combination, flags), func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				list := filepath.Join(s.folder, "list")
				job := `exec 8>"$LIST"; for f in 0 1 2 3 4 5 6; do test -e /proc/$$/fd/$f && echo "$f" >&8; done; echo out; echo err >&2; exit 5`
				script, want := `exec "$@"`, ""
				for fd, redirection := range []string{" <&-", " >&-", " 2>&-"} {
					if combination&(1<<fd) != 0 {
						script += redirection
					} else {
						want += fmt.Sprintln(fd)
					}
				}
				w := s.wrap(t, flags+" --on-failure none", "sh", "-c", job)
				w.cmd.Args = append([]string{"sh", "-c", script, "sh"}, w.cmd.Args...)
				w.cmd.Path = needProgram(t, "sh")
				w.cmd.Env = append(w.cmd.Env, "LIST="+list)
				w.start()
				out := w.rest()
				w.expectExit(5)
				if got := readFile(t, list); got != want {
					t.Errorf("open are %q, want %q", got, want)
				}
				if closed := combination&2 != 0; (out == "out\n") == closed {
					t.Errorf("stdout has %q", out)
				}
				s.expectRun(t, "exit_code", "5")
				expectRecordsOnly(t, s.db)
			})
		}
	}
}

// expectRecordsOnly holds that nothing that was meant for a standard stream has
// gone into a file of the database.
func expectRecordsOnly(t *testing.T, db string) {
	t.Helper()
	days, err := filepath.Glob(filepath.Join(db, "*", "*", "*", "2*"))
	if err != nil || len(days) == 0 {
		t.Fatalf("no records in %s: %v", db, err)
	}
	for _, day := range days {
		for line := range strings.Lines(readFile(t, day)) {
			if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}\n") {
				t.Errorf("%s has the line %q", day, line)
			}
		}
	}
}

// With 1 MiB for the database and the spool together, all 5 MB of output pass.
func TestWrapperNoSpace(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, flags := range []string{"", "--keep-output always", "--quiet"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			small := filepath.Join(s.folder, "small")
			if err := os.Mkdir(small, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=1m"); err != nil {
				lacks(t, "the right to mount a tmpfs")
			}
			t.Cleanup(func() { _ = unix.Unmount(small, unix.MNT_DETACH) })
			removeSpools(t, filepath.Join(small, "db"))
			const count = 50_000
			w := s.wrap(t, flags+" --on-failure none --db "+filepath.Join(small, "db"), "sh", "-c",
				fmt.Sprintf(`seq -f "INFO: record %%.0f $(printf %%080d 0)" %d; exit 6`, count))
			w.cmd.Env = append(w.cmd.Env, "XDG_STATE_HOME="+small, "TMPDIR="+small)
			w.start()
			if got, want := w.rest(), fullOutput(count); got != want {
				t.Errorf("%d bytes came, want %d", len(got), len(want))
			}
			w.expectExit(6)
			stderr := readFile(t, w.stderr)
			if !strings.Contains(stderr, "mvrun: warning: ") || strings.Count(stderr, "\n") > 6 {
				t.Errorf("stderr is %q", stderr)
			}
		})
	}
}

func fullOutput(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "INFO: record %d %080d\n", i+1, 0)
	}
	return b.String()
}
