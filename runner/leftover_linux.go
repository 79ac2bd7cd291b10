package runner

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Leftover is the reading side of pipes that other processes still hold after the command's end. It is either handed
// to a drainer or closed; a process that writes to a closed one gets SIGPIPE.
type Leftover struct {
	// Discard makes the drainer throw the output away instead of passing it on: what --quiet does after a success.
	Discard bool

	supervisor *Supervisor
	guardian   *guardian // stands by until somebody else has the pipes
	handed     []handed
}

// leftover is nil, and the guardian dismissed, where nothing is left.
func (s *Supervisor) leftover(st *streams, g *guardian, stuck []*pump) *Leftover {
	left := &Leftover{supervisor: s, guardian: g}
	for _, p := range st.pumps {
		if p.in >= 0 && !slices.Contains(stuck, p) {
			left.handed = append(left.handed, handed{handedPipe + byte(p.stream), p.in})
		}
	}
	if len(left.handed) == 0 {
		g.dismiss()
		return nil
	}
	return left
}

// Close gives the pipes up.
func (l *Leftover) Close() {
	l.guardian.dismiss()
	for _, h := range l.handed {
		closeAll(h.fd)
	}
	l.handed = nil
}

// Handoff starts this program again with args (args[0] included) in a session of its own, to pass on what still comes,
// and gives the pipes and the state up to it. The new process calls TakeOver. It is not waited for.
func (l *Leftover) Handoff(args, env []string, state []byte) error {
	defer l.Close()
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("hand over to a drainer: %w", err)
	}
	defer closeAll(null)
	files := l.supervisor.standardFiles()
	files[0] = uintptr(null)
	if l.Discard {
		files[1], files[2] = uintptr(null), uintptr(null)
	}
	drainer := successor{args: args, env: env, state: state, files: files, handed: l.handed}
	if _, err := l.supervisor.startSuccessor(drainer); err != nil {
		return fmt.Errorf("start a drainer: %w", err)
	}
	return nil
}
