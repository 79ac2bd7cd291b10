//go:build race

package notify

// unlessRace gives less: under the race detector all of this takes many times as long,
// and what is not about goroutines is tried in full without it.
func unlessRace[T any](_, less T) T { return less }
