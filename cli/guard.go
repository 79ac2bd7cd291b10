package cli

import (
	"os"

	"github.com/mvrun/mvrun/runner"
)

// A guardian is a drainer that is started ahead of time and stands by while the
// command runs. Should mvrun be killed, nobody would read what the command
// prints, and it would die of that: the guardian goes on in mvrun's place, with
// the output and with the records of the same run. What mvrun had read and not
// passed on, or not recorded, is lost.
//
// The run itself is not the guardian's to end. It cannot wait for the command,
// whose parent it is not, and so the run is closed as lost by the next one. But it
// sees whether the command still lives, and says so to runs that must not overlap
// it (see overlap_lost.go).

// guardian says how a guardian is started for the command with this process id.
func (j *job) guardian(pid int) (args, env []string, state []byte) {
	state, _ = j.drainState([2][]byte{}) // without it the guardian does not look at the output
	return []string{"mvrun", internalGuard, j.placeName(), j.lostRun(pid)}, os.Environ(), state
}

// guard is the guardian's whole life. Nothing is done, and no more memory taken
// than every program has, before it is needed.
//
// Output that --quiet held back is shown then, and what follows it as well: the
// run will be recorded as lost, which is no success.
func guard(args []string) int {
	runner.AwaitMvrunsEnd()
	over := make(chan struct{})
	go func() {
		defer close(over)
		if len(args) == 2 {
			standForLost(args[0], args[1])
		}
	}()
	status := drain()
	<-over
	return status
}
