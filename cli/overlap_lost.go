package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// A run whose mvrun was killed has lost its place, and its mark is that of a dead
// process; its command goes on all the same. For as long as that lives, the guardian
// listens at one of the item's names for lost runs, and tells whoever connects which
// process it is. Nothing is on disk, and nothing is done before mvrun is killed.
//
// A run that is killed before it has a guardian, in its first tenth of a second, is
// not seen.

// maxLost bounds how many lost runs of an item are seen at once.
const maxLost = 16

// answerPatience is for a guardian that answers late.
const answerPatience = time.Second

func lostName(place string, number int) string { return place + "-lost-" + strconv.Itoa(number) }

// lostRun is what the guardian tells: the mark of the run, with the command in
// mvrun's place.
func (j *job) lostRun(pid int) string {
	text, _ := json.Marshal(record.Mark{Run: j.run, Parent: j.parent, User: j.origin.user, Process: record.ProcessOf(pid)})
	return string(text)
}

// standForLost tells of a lost run until its command has ended.
func standForLost(place, text string) {
	var mark record.Mark
	if json.Unmarshal([]byte(text), &mark) != nil {
		return
	}
	self := record.Self()
	listener := -1
	for mark.State(self) == record.StateAlive {
		if listener < 0 {
			listener = listenForLost(place)
		}
		if listener < 0 {
			time.Sleep(overlapPoll)
			continue
		}
		polls := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
		if n, _ := unix.Poll(polls, int(overlapPoll/time.Millisecond)); n > 0 {
			answer(listener, text)
		}
	}
	_ = unix.Close(listener)
}

// listenForLost takes the first name that is free, or returns -1.
func listenForLost(place string) int {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1
	}
	unix.CloseOnExec(fd)
	for number := range maxLost {
		if unix.Bind(fd, &unix.SockaddrUnix{Name: lostName(place, number)}) == nil && unix.Listen(fd, unix.SOMAXCONN) == nil {
			return fd
		}
	}
	_ = unix.Close(fd)
	return -1
}

func answer(listener int, text string) {
	fd, _, err := unix.Accept(listener)
	if err != nil {
		return
	}
	_, _ = unix.Write(fd, []byte(text)) // which has room for it, and so does not wait
	_ = unix.Close(fd)
}

// lostRuns asks for the item's lost runs whose commands are alive.
func lostRuns(place string) (list []other) {
	self := record.Self()
	for number := range maxLost {
		mark, user, ok := askForLost(lostName(place, number))
		if ok && mark.State(self) == record.StateAlive {
			list = append(list, other{Mark: mark, lost: true, teller: user})
		}
	}
	return list
}

// askForLost gives what the guardian with this name tells, and its user.
func askForLost(name string) (mark record.Mark, user int, ok bool) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return mark, 0, false
	}
	defer unix.Close(fd)
	unix.CloseOnExec(fd)
	_ = unix.SetNonblock(fd, true) // else it would wait where the queue is full
	if unix.Connect(fd, &unix.SockaddrUnix{Name: name}) != nil {
		return mark, 0, false
	}
	user, err = peerUser(fd)
	if err != nil {
		return mark, 0, false
	}
	polls := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if n, _ := unix.Poll(polls, int(answerPatience/time.Millisecond)); n <= 0 {
		return mark, 0, false
	}
	var text [4 << 10]byte
	n, err := unix.Read(fd, text[:])
	return mark, user, err == nil && json.Unmarshal(text[:n], &mark) == nil
}

// stopLost goes on to end the command of a lost run: TERM to its group, and once
// kill-after has passed KILL to its tree, until it is gone.
func (p *pursuit) stopLost(o other, killAfter time.Duration) error {
	if err := o.believed(); err != nil {
		return err
	}
	if p.steps == 0 {
		p.steps++
		err := runner.SignalOrphan(o.PID, unix.SIGTERM, false)
		_ = runner.SignalOrphan(o.PID, unix.SIGCONT, false) // what is stopped dies only when it goes on
		return err
	}
	if time.Since(p.since) >= killAfter {
		return runner.SignalOrphan(o.PID, unix.SIGKILL, true)
	}
	return nil
}

// believed says why a process is not stopped on somebody's word. The kernel lets
// users but root stop their own only; and root does not stop a process of one user
// because another one tells that it is a job.
func (o other) believed() error {
	var st unix.Stat_t
	if o.teller == 0 || os.Geteuid() != 0 || unix.Stat("/proc/"+strconv.Itoa(o.PID), &st) != nil || int(st.Uid) == o.teller {
		return nil
	}
	return fmt.Errorf("it is a process of user %d, and user %d tells of it", st.Uid, o.teller)
}
