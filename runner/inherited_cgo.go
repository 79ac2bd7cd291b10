//go:build linux && cgo

package runner

/*
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>

unsigned char mvrun_closed[3];
unsigned char mvrun_ignored[65];

// Runs before the Go runtime, which changes both.
__attribute__((constructor)) static void mvrun_look_around(void)
{
	for (int fd = 0; fd < 3; fd++)
		mvrun_closed[fd] = fcntl(fd, F_GETFD) < 0;
	for (int sig = 1; sig < 65; sig++) {
		struct sigaction action;
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			mvrun_ignored[sig] = 1;
	}
}
*/
import "C"

// inheritedState tells what this process was started with, as a constructor in C has seen it before the runtime hid it.
// mvrun is shipped without cgo, see inherited_linux.go; this is for whoever builds it with.
func inheritedState() startState {
	state := visibleState()
	for fd := range state.closed {
		state.closed[fd] = C.mvrun_closed[fd] != 0
	}
	for sig := range state.ignored {
		state.ignored[sig] = C.mvrun_ignored[sig] != 0
	}
	return state
}
