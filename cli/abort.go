package cli

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/runner"
)

// abortLag is how long after a job's death Jenkins may take to end mvrun as
// well: hudson.util.ProcessTree ends the deepest process first, and looks in
// steps of up to a second whether it is gone before it goes on to the parent.
const abortLag = 1100 * time.Millisecond

// awaitAbort finds out whether a job that died of TERM in a Jenkins step was
// aborted together with mvrun, which is no failure of the job.
func (j *job) awaitAbort(result *runner.Result) {
	terminated := result.Signal == unix.SIGTERM || result.ExitCode == 128+int(unix.SIGTERM)
	if !terminated || result.StoppedBy != 0 || os.Getenv("JENKINS_NODE_COOKIE") == "" {
		return
	}
	if !j.pause(abortLag) {
		result.StoppedBy = j.supervisor.StopSignal()
	}
}
