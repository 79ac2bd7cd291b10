package tests

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mvrun/mvrun"

// laws says what each package may import of ours, and what it must never reach,
// directly or through our other packages. A package that is not named here has
// no law yet: give it one together with its reason.
var laws = map[string]struct{ ours, never []string }{
	// zstd takes bytes and gives bytes. What it must not reach, fmt would bring along.
	"zstd":      {nil, []string{"os", "net", "syscall", "time"}},
	"words":     {nil, []string{"github.com/spf13/pflag", "gopkg.in/yaml.v3", "net", "os"}},
	"record":    {[]string{"zstd", "words"}, []string{"github.com/spf13/pflag", "gopkg.in/yaml.v3", "net/http", "os/exec"}},
	"ratelimit": {nil, []string{"github.com/spf13/pflag", "gopkg.in/yaml.v3", "net/http", "os/exec"}},
	"runner":    {nil, []string{"net", "github.com/fsnotify/fsnotify", "gopkg.in/yaml.v3", "github.com/spf13/pflag", "os/exec"}},
	"notify":    {[]string{"record", "ratelimit", "words"}, []string{"github.com/spf13/pflag", "github.com/fsnotify/fsnotify"}},
	"heartbeat": {[]string{"record"}, []string{"net", "os/exec"}},
	"viewer":    {[]string{"record", "heartbeat", "words"}, []string{"github.com/spf13/pflag"}},
	// web keeps who is logged in, and makes pages of what viewer finds.
	"web": {[]string{"record", "heartbeat", "notify", "viewer"}, []string{"github.com/spf13/pflag", "gopkg.in/yaml.v3"}},
	// screen is a program in itself over viewer's listings.
	"screen": {[]string{"record", "heartbeat", "viewer"}, []string{"github.com/spf13/pflag", "gopkg.in/yaml.v3", "net/http", "os/exec"}},
	"config": {[]string{"words"}, []string{"net/http", "os/exec", "github.com/spf13/pflag"}},
	"cli":    {[]string{"record", "ratelimit", "runner", "notify", "heartbeat", "viewer", "web", "screen", "config", "words"}, nil},
	"":       {[]string{"cli"}, nil},
	"tests":  {nil, nil},
}

// heavy costs every job at its start, called or not; see README, "DESIGN notes".
// net/http is paid for: alarms go out from the run itself. go-mail is not, since
// it brings the templates and half of x/text along.
var heavy = []string{
	"database/sql", "expvar", "net/http/pprof", "github.com/prometheus/client_golang/prometheus",
	"html/template", "text/template", "github.com/wneessen/go-mail", "golang.org/x/text/secure/precis", "github.com/klauspost/compress/zstd",
}

type listedPackage struct {
	ImportPath    string
	Imports, Deps []string
}

func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
	command.Dir = ".."
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listedPackage
	for decoder := json.NewDecoder(strings.NewReader(string(output))); decoder.More(); {
		var p listedPackage
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	return packages
}

func TestImportLaws(t *testing.T) {
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		law, ok := laws[name]
		if !ok {
			t.Errorf("package %s has no law", name)
			continue
		}
		for _, path := range p.Imports {
			ours, isOurs := strings.CutPrefix(path, module+"/")
			if isOurs && !slices.Contains(law.ours, ours) {
				t.Errorf("%s imports %s", name, ours)
			}
		}
		for _, path := range law.never {
			if slices.Contains(p.Deps, path) {
				t.Errorf("%s reaches %s", name, path)
			}
		}
	}
}

func TestTheRunPathStaysLight(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.ImportPath != module {
			continue
		}
		for _, path := range heavy {
			if slices.Contains(p.Deps, path) {
				t.Errorf("every job pays for the start of %s", path)
			}
		}
	}
}

// TestZstdCostsNoStart: the package is there because another one did.
func TestZstdCostsNoStart(t *testing.T) {
	command := exec.Command(binary, "--version")
	command.Env = append(command.Environ(), "GODEBUG=inittrace=1")
	trace := run(t, command).stderr
	if !strings.Contains(trace, "init "+module+"/record @") || strings.Contains(trace, "init "+module+"/zstd @") {
		t.Errorf("what is set up at the start:\n%s", trace)
	}
}
