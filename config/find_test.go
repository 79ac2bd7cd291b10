package config

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	at := func(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }
	installed := writeFile(t, at("tools", "config", "mvrun.yaml"), "")
	executable := writeFile(t, at("tools", "bin", "mvrun"), "")
	personal := writeFile(t, at("home", ".config", "mvrun", "mvrun.yaml"), "")
	system := writeFile(t, at("etc", "mvrun.yaml"), "")
	link := at("usr", "bin", "mvrun")
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../tools/bin/mvrun", link); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		options      FindOptions
		system, path string
	}{
		"named":           {FindOptions{"given", executable, at("home")}, system, "given"},
		"install tree":    {FindOptions{"", executable, at("home")}, system, installed},
		"linked binary":   {FindOptions{"", link, at("home")}, system, installed},
		"dangling binary": {FindOptions{"", at("gone", "mvrun"), at("home")}, system, personal},
		"home":            {FindOptions{"", at("other", "bin", "mvrun"), at("home")}, system, personal},
		"system":          {FindOptions{"", "", at("nobody")}, system, system},
		"nothing known":   {FindOptions{}, system, system},
		"nothing there":   {FindOptions{"", "", at("nobody")}, at("none"), ""},
	} {
		if path := find(test.options, test.system); path != test.path {
			t.Errorf("%s: %q, want %q", name, path, test.path)
		}
	}
}

func TestDefaultDB(t *testing.T) {
	for _, test := range []struct {
		uid        int
		home, data string
		want       string
	}{
		{0, "/root", "/root/data", "/var/lib/mvrun"},
		{1000, "/home/alice", "", "/home/alice/.local/share/mvrun"},
		{1000, "/home/alice", "/data/alice", "/data/alice/mvrun"},
		{1000, "/home/alice", "relative", "/home/alice/.local/share/mvrun"},
		{1000, "", "", ""},
	} {
		if got := DefaultDB(test.uid, test.home, test.data); got != test.want {
			t.Errorf("DefaultDB(%d, %q, %q) = %q, want %q", test.uid, test.home, test.data, got, test.want)
		}
	}
}
