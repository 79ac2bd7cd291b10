package cli

import (
	"strings"
	"testing"
)

// Receivers are left out whole, and somebody is told of it.
func TestBoundReceivers(t *testing.T) {
	if got, problem := boundReceivers("alice bob"); got != "alice bob" || problem != "" {
		t.Errorf("got %q, %q", got, problem)
	}
	many := strings.TrimSpace(strings.Repeat("alice ", maxReceivers/6+9))
	got, problem := boundReceivers(many)
	if len(got) > maxReceivers || len(got) < maxReceivers-6 || !strings.HasSuffix(got, "alice") || !strings.Contains(problem, "only the first 2730 of 2739") {
		t.Errorf("%d bytes end with %q: %q", len(got), got[len(got)-9:], problem)
	}
}
