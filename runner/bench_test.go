//go:build linux

package runner_test

import (
	"os/exec"
	"testing"
	"time"
)

// BenchmarkThroughput compares a pipeline in which the wrapper reads a job's 60-byte lines with one in which a cat does.
// The ratio of the two is reported as x/cat, the aim being at most 1.05.
func BenchmarkThroughput(b *testing.B) {
	const job = `"$PROGRAM" lines 512`
	measure(b, job+` | cat | cat >/dev/null`, `"$PROGRAM" -stdout - -- `+job+` | cat >/dev/null`, "x/cat")
	b.SetBytes(512 << 20)
}

// BenchmarkStart compares the start of a command through the wrapper with that of the command alone.
func BenchmarkStart(b *testing.B) {
	loop := `i=0; while [ $i -lt 100 ]; do `
	end := ` /bin/true; i=$((i+1)); done`
	measure(b, loop+end, loop+`"$PROGRAM" -stdout - --`+end, "x/plain")
}

// measure runs two shell scripts in turn and reports how much longer the second takes.
func measure(b *testing.B, base, wrapped, unit string) {
	var times [2]time.Duration
	for range b.N {
		for i, script := range []string{base, wrapped} {
			cmd := exec.Command("sh", "-c", script)
			cmd.Env = append(cmd.Environ(), "PROGRAM="+wrapProgram)
			start := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
			times[i] += time.Since(start)
		}
	}
	b.ReportMetric(float64(times[1])/float64(times[0]), unit)
}
