//go:build linux && !cgo && !amd64 && !arm64

package runner

// inheritedState tells what this process was started with, as far as the runtime has left it to be seen.
func inheritedState() startState { return visibleState() }
