package config

import (
	"os"
	"strings"
	"testing"
)

// TestExample keeps the example loadable and complete.
func TestExample(t *testing.T) {
	t.Setenv("HOME", "/home/alice")
	cfg, err := Load(examplePath, testGrammar)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Path != examplePath || len(cfg.Directions) != 5 || cfg.DBPath != "/home/alice/.local/share/mvrun" || len(cfg.Rules) != 2 {
		t.Errorf("unexpected config: %+v", cfg)
	}
	text, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range settingNames() {
		if !strings.Contains(string(text), "\n"+name+":") {
			t.Errorf("the example does not show %s", name)
		}
	}
	for _, name := range flagDefaultNames() {
		if !strings.Contains(string(text), "  "+name+":") && !strings.Contains(string(text), "  # "+name+":") {
			t.Errorf("the example does not show the default of %s", name)
		}
	}
}

// TestExampleComments loads what the example only shows behind a #.
func TestExampleComments(t *testing.T) {
	t.Setenv("HOME", "/home/alice")
	text, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	shown := strings.ReplaceAll(string(text), "\n  # ", "\n  ")
	cfg, faults := Parse("mvrun.yaml", []byte(shown), testGrammar)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if len(cfg.Defaults) != len(flagDefaultTable) {
		t.Errorf("%d defaults, want %d: %v", len(cfg.Defaults), len(flagDefaultTable), cfg.Defaults)
	}
}
