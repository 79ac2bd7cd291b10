package cli

import (
	"strings"
	"testing"
)

func TestScriptOf(t *testing.T) {
	t.Setenv("PATH", "/nowhere")
	for command, want := range map[string]string{
		"/ic/check.sh --flag":                 "/ic/check.sh",
		"./check.sh":                          "/work/dir/check.sh",
		"bash x.sh arg":                       "/work/dir/x.sh",
		"bash -eu -o pipefail /a/x.sh":        "/a/x.sh",
		"/bin/sh -x -- /a/x.sh":               "/a/x.sh",
		"python3 -u /a/x.py -c":               "/a/x.py",
		"python3.11 -W ignore x.py":           "/work/dir/x.py",
		"env A=1 B=2 /a/x.sh":                 "/a/x.sh",
		"env -i -u HOME bash x.sh":            "/work/dir/x.sh",
		"nice -n 5 ionice -c 3 /a/x.sh":       "/a/x.sh",
		"timeout -k 5 60 perl -w /a/x.pl":     "/a/x.pl",
		"flock -n /tmp/lock /a/x.sh":          "/a/x.sh",
		"mvrun -d LSF -i n -- bash /a/x.sh":   "/a/x.sh",
		"/bin/sh -c exit":                     "/bin/sh",
		"/usr/bin/python3 -m http.server":     "/usr/bin/python3",
		"/bin/bash":                           "/bin/bash",
		"/usr/bin/env":                        "/usr/bin/env",
		"nohup setsid stdbuf -oL /a/x":        "/a/x",
		"sudo -u ic -g cad /a/x.sh":           "/a/x.sh",
		"not-to-be-found":                     "not-to-be-found",
		"ruby /a/b/x.rb":                      "/a/b/x.rb",
		"env -- time -p /a/x.sh":              "/a/x.sh",
		"/a/../b/x.sh":                        "/b/x.sh",
		"timeout 5":                           "timeout",
		"env -C sd sh x.sh":                   "/work/dir/sd/x.sh",
		"env -i --chdir sd A=1 ./x.sh":        "/work/dir/sd/x.sh",
		"env --chdir=/sd nice -n 5 sh x.sh":   "/sd/x.sh",
		"env -Ca env -C b ./x.sh":             "/work/dir/a/b/x.sh",
		"sudo -u ic -D sd ./x.sh":             "/work/dir/sd/x.sh",
		"sudo -C 5 ./x.sh":                    "/work/dir/x.sh",
		"env -C sd /a/x.sh -C y":              "/a/x.sh",
		"env env env env env env env /a/x.sh": "/a/x.sh",
	} {
		if got := scriptOf(strings.Fields(command), "/work/dir"); got != want {
			t.Errorf("%s: got %s, want %s", command, got, want)
		}
	}
}

func TestItemName(t *testing.T) {
	for script, want := range map[string]string{
		"/a/check_disk.sh": "check_disk", "/a/x.tar.gz": "x.tar", "/a/.hidden": ".hidden", "true": "true", "/a/检查.py": "检查",
	} {
		if got := itemName(script); got != want {
			t.Errorf("%s: got %s, want %s", script, got, want)
		}
	}
}
