package config

import "testing"

// examplePath is the example that the README shows.
const examplePath = "../examples/mvrun.yaml"

// BenchmarkLoadExample is what each job pays for its config.
func BenchmarkLoadExample(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(examplePath, testGrammar); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFindNothing is what a job without any config pays.
func BenchmarkFindNothing(b *testing.B) {
	home := b.TempDir()
	b.ReportAllocs()
	for b.Loop() {
		find(FindOptions{Executable: home + "/bin/mvrun", Home: home}, home+"/etc/mvrun.yaml")
	}
}
