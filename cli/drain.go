package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
)

// A drainer is mvrun, started anew, for output that comes after the command's
// end from processes that it left behind. It passes the output on to where it
// would have gone and records its prefixed lines under the same run.

// drainState is what the drainer is told.
type drainState struct {
	Flags   []string // mvrun's own flags, as the run had them
	Item    record.Item
	Run     string
	Parent  string
	Script  string
	Startup string
	Parsers [2][]byte // the state of each stream's parser, nil where none is
	// Settings are the item's, for its alarms; nil where they were not known in time.
	Settings record.ItemSettings
}

// handOver leaves a drainer behind for what the command's children still write,
// and gives it what the parsers hold. With discard, nobody sees it: after a success,
// and before another attempt, which may be one, --quiet goes on for them.
func (j *job) handOver(result *runner.Result, parsers [2][]byte, discard bool) {
	leftover := result.Leftover
	result.Leftover = nil
	leftover.Discard = discard
	state, err := j.drainState(parsers)
	if err == nil {
		err = leftover.Handoff([]string{"mvrun", internalDrain}, os.Environ(), state)
	}
	if err != nil {
		j.closeParsers()
		j.warn(fmt.Sprintf("output after the end of the command is lost: %v", err))
	}
}

func (j *job) drainState(parsers [2][]byte) ([]byte, error) {
	state := drainState{
		Flags: j.flagArgs, Item: j.item, Run: j.run, Parent: j.parent,
		Script: j.origin.script, Startup: j.origin.startup, Parsers: parsers,
	}
	if j.awaitSettings(0) {
		state.Settings = j.itemSettings
	}
	return json.Marshal(state)
}

// takeSettings gives the drainer's alarms what the item remembers. Where the run did
// not know it, it is read beside the output, which is not to wait for a database.
func (j *job) takeSettings(settings record.ItemSettings) {
	if settings != nil || j.store == nil {
		j.alarms.remembered(settings)
		return
	}
	go func() {
		if before, err := j.store.ReadItem(j.item); err == nil {
			j.alarms.remembered(j.settings(before))
		}
		j.alarms.noMoreSettings()
	}()
}

// parserStates takes out what the parsers hold, for whoever goes on with the output
// after the command's end. They are not used any more. A record of whole lines closes,
// since it counts for the run; that of a run that has failed closes in any case: an
// alarm in it speaks for the failure.
func (j *job) parserStates(failed bool) (states [2][]byte) {
	for i, s := range j.streams {
		if s == nil || s.parser == nil {
			continue
		}
		if failed || s.parser.AtRest() {
			s.end()
			continue
		}
		data, err := s.parser.State()
		if err != nil {
			s.end()
			continue
		}
		states[i] = data
	}
	return states
}

// drain is the drainer's whole life.
func drain() int {
	drainer, err := runner.TakeOver()
	var state drainState
	if err == nil {
		err = json.Unmarshal(drainer.State, &state)
	}
	if err != nil {
		return runner.ExitFault
	}
	limitMemory()
	options := newRunOptions()
	flags := options.flags()
	if err := flags.Parse(state.Flags); err != nil {
		return runner.ExitFault
	}
	if options.trial != "" { // nobody reads the records, and their folder goes
		runner.NewSupervisor()
		drainer.Drain(nil, nil)
		return 0
	}
	j := &job{session: newSession(options, flags), start: time.Now(), upkeepDone: make(chan struct{})}
	close(j.upkeepDone)
	j.run, j.parent, j.told = state.Run, state.Parent, true
	j.readEnvironment()
	options.item, options.direction = state.Item.Name, state.Item.Direction
	options.told["item"], options.told["direction"] = true, true
	options.startup = state.Startup
	j.open(j.start.Add(time.Second))
	j.item = state.Item
	j.origin = findOrigin(options, state.Script)
	j.nested = record.NewNested(j.spoolFolders(), j.run, j.parent)
	j.supervisor = runner.NewSupervisor()
	j.alarms = newAlarmDesk(j.session, &j.counts, j.supervisor)
	j.takeSettings(state.Settings)
	j.streams = j.newStreams()
	for i, s := range j.streams {
		if s != nil && s.parser != nil && state.Parsers[i] != nil {
			_ = s.parser.Restore(state.Parsers[i])
		}
	}
	drainer.SinkFirst = j.nested.HasParent()
	drainer.Drain(asSink(j.streams[0]), asSink(j.streams[1]))
	j.closeParsers()
	j.alarms.settle()
	j.close(endBudget)
	return 0
}

// asSink keeps a stream that is not there from becoming a sink that is not nil.
func asSink(s *stream) runner.Sink {
	if s == nil {
		return nil
	}
	return s
}
