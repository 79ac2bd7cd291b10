package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// FuzzParse holds what callers rely on for any bytes: no panic, a config or a
// fault, faults that point into the file and print as one line, and values that
// can be used as they are.
func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(seeds, examplePath) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, faults := Parse("mvrun.yaml", data, testGrammar)
		if cfg == nil && len(faults) == 0 {
			t.Fatal("neither config nor fault")
		}
		checkFaults(t, faults)
		if cfg != nil {
			checkConfig(t, cfg)
		}
	})
}

func checkFaults(t *testing.T, faults Faults) {
	for i, fault := range faults {
		text := fault.Error()
		switch {
		case fault.Line < 0 || fault.Line == 0 && fault.Column != 0:
			t.Errorf("line %d, column %d: %s", fault.Line, fault.Column, text)
		case fault.Problem == "":
			t.Errorf("no problem: %s", text)
		case strings.ContainsFunc(text, unicode.IsControl):
			t.Errorf("control characters: %q", text)
		case i > 0 && fault.Line < faults[i-1].Line:
			t.Errorf("out of order: %s", text)
		}
	}
}

func checkConfig(t *testing.T, cfg *Config) {
	for _, d := range cfg.Directions {
		if problem := nameProblem(d.Name); problem != "" {
			t.Errorf("direction %q %s", d.Name, problem)
		}
	}
	if cfg.DBPath != "" && !filepath.IsAbs(cfg.DBPath) || strings.ContainsRune(cfg.DBPath, 0) {
		t.Errorf("db path %q", cfg.DBPath)
	}
	if len(cfg.Levels) == 0 || cfg.SendWait < 0 || cfg.SendTimeout <= 0 {
		t.Errorf("levels %q, wait %s, timeout %s", cfg.Levels, cfg.SendWait, cfg.SendTimeout)
	}
	for _, rule := range cfg.Rules {
		if rule.Pattern == "" || rule.Line < 1 || patternProblem(rule.Pattern, false) != "" {
			t.Errorf("rule %+v", rule)
		}
	}
	for flag, value := range cfg.Defaults {
		if value == "" || strings.ContainsFunc(strings.ReplaceAll(value, "\n", ""), unicode.IsControl) {
			t.Errorf("default of %s: %q", flag, value)
		}
	}
}
