//go:build !race

package record

// unlessRace gives what is usual; see the other one.
func unlessRace[T any](usual, _ T) T { return usual }
