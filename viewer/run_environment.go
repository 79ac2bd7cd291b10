package viewer

import (
	"encoding/json"
	"slices"

	"github.com/mvrun/mvrun/record"
)

// Environment says which names of environment variables differ between two runs.
// Values are nowhere recorded; see record.EnvironmentDigest.
type Environment struct {
	Added, Removed, Changed []string // names, sorted
	// Problem says why there is nothing, or not all, to compare; "" where there is.
	Problem string
}

// Differs reports whether there is a difference.
func (e *Environment) Differs() bool { return len(e.Added)+len(e.Removed)+len(e.Changed) > 0 }

// environment is what a run record says of an environment.
type environment struct {
	sum     string            // the same for runs of the item with the same environment; "" where nothing is recorded
	digests map[string]string // by name; nil where they stand in another run's record only
	key     string            // names the key of the digests; "" where there are none
	cut     bool
}

func readEnvironment(row record.Row) environment {
	var e environment
	if json.Unmarshal([]byte(row.Get(record.KeyEnvironment)), &e.digests) != nil {
		e.digests = nil
	}
	e.sum = row.Get(record.KeyEnvironmentSum)
	e.key = row.Get(record.KeyEnvironmentKey)
	e.cut = row.Get(record.KeyEnvironmentCut) != ""
	return e
}

// compareEnvironment says how the environments of two runs of an item differ.
func (r *runReader) compareEnvironment(run, good *Run) Environment {
	if run.environment.sum != "" && run.environment.sum == good.environment.sum {
		return Environment{}
	}
	return r.wholeEnvironment(run).differenceFrom(r.wholeEnvironment(good))
}

// wholeEnvironment finds the record of a run that has the environment whole, not more
// than a day before it.
func (r *runReader) wholeEnvironment(run *Run) environment {
	found := run.environment
	if found.digests != nil || found.sum == "" {
		return found
	}
	q := ofItem(run.Item, record.Run)
	q.Begin, q.End, q.Keywords = run.End.AddDate(0, 0, -2), run.End.AddDate(0, 0, 1), []string{found.sum}
	r.problem(r.rows(q, func(row record.Row) bool {
		if other := readEnvironment(row); other.sum == found.sum && other.digests != nil {
			found = other
		}
		return found.digests == nil
	}))
	return found
}

// last is the name up to which a cut list of names is whole.
func (e environment) last() string {
	last := ""
	for name := range e.digests {
		last = max(last, name)
	}
	return last
}

// differenceFrom compares the environment with that of a good run.
func (e environment) differenceFrom(good environment) Environment {
	var difference Environment
	if e.digests == nil || good.digests == nil {
		difference.Problem = "the environment was not recorded"
		return difference
	}
	valued := e.key != "" && e.key == good.key
	if !valued {
		difference.Problem = "only the names could be compared: the two runs were of different users or kept no key"
	}
	covers := func(environment, string) bool { return true }
	if e.cut || good.cut {
		covers = func(side environment, name string) bool { return !side.cut || name <= side.last() }
		difference.Problem = "the names were too many to record; those at the end of the alphabet are left out"
	}
	for name, digest := range e.digests {
		before, there := good.digests[name]
		switch {
		case !there && covers(good, name):
			difference.Added = append(difference.Added, name)
		case there && valued && before != digest:
			difference.Changed = append(difference.Changed, name)
		}
	}
	for name := range good.digests {
		if _, there := e.digests[name]; !there && covers(e, name) {
			difference.Removed = append(difference.Removed, name)
		}
	}
	slices.Sort(difference.Added)
	slices.Sort(difference.Removed)
	slices.Sort(difference.Changed)
	return difference
}
