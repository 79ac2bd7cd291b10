package tests

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// finding is what a benchmark reports.
type finding struct {
	benchmark, unit string
	value           float64
}

// findings are those of this run, in their order, for one table at its end.
var findings []finding

// report is b.ReportMetric, and notes the number for the table.
func report(b *testing.B, value float64, unit string) {
	b.ReportMetric(value, unit)
	found := finding{strings.TrimPrefix(b.Name(), "Benchmark"), unit, value}
	same := func(f finding) bool { return f.benchmark == found.benchmark && f.unit == found.unit }
	if i := slices.IndexFunc(findings, same); i >= 0 {
		findings[i] = found
		return
	}
	findings = append(findings, found)
}

// printFindings writes a line for each benchmark, its numbers beside each other.
func printFindings(out io.Writer) {
	line := ""
	for i, f := range findings {
		if i == 0 || f.benchmark != findings[i-1].benchmark {
			line = fmt.Sprintf("%-32s", f.benchmark)
		}
		line += fmt.Sprintf("%10.4g %-18s", f.value, f.unit)
		if i == len(findings)-1 || f.benchmark != findings[i+1].benchmark {
			fmt.Fprintln(out, strings.TrimRight(line, " "))
		}
	}
}
