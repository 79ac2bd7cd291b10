package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// gained are the variables that a command gets of mvrun. Nothing else in its
// environment changes.
var gained = []string{"MVRUN_RUN", "MVRUN_DIRECTION", "MVRUN_ITEM", "MVRUN_CONFIG", "MVRUN_DB"}

// gainedUnlessSet comes with a value only where there was none.
const gainedUnlessSet = "PYTHONUNBUFFERED"

// compareObservations compares what the first probe tells.
func compareObservations(bare, wrapped observation) []part {
	if bare.Folder == "" {
		wrapped = observation{} // there is nothing to compare it with
	}
	return []part{
		compareEnvironments(bare.Environment, wrapped.Environment),
		compareMaps("descriptors", "descriptor", bare.Descriptors, wrapped.Descriptors),
		compareMaps("arguments", "argument", numbered(bare.Arguments), numbered(wrapped.Arguments)),
		compareMaps("folder", "folder", single(bare.Folder), single(wrapped.Folder)),
	}
}

func numbered(list []string) map[string]string {
	values := map[string]string{}
	for i, text := range list {
		values[strconv.Itoa(i)] = text
	}
	return values
}

func single(value string) map[string]string {
	if value == "" {
		return nil
	}
	return map[string]string{"value": value}
}

// compareEnvironments shows names only: a value may be a secret.
func compareEnvironments(bare, wrapped []string) part {
	p := part{Part: "environment", Result: same, ProvenBy: byProbe, Bare: countText(int64(len(bare)), "variable"), Wrapped: countText(int64(len(wrapped)), "variable")}
	if len(bare)+len(wrapped) == 0 {
		return unseen(p)
	}
	had := slices.ContainsFunc(bare, func(entry string) bool { return variableName(entry) == gainedUnlessSet })
	expected := func(entry string) bool {
		name := variableName(entry)
		return slices.Contains(gained, name) || name == gainedUnlessSet && !had
	}
	var added []string
	for _, name := range append(slices.Clone(gained), gainedUnlessSet) {
		is := func(entry string) bool { return variableName(entry) == name && expected(entry) }
		if slices.ContainsFunc(wrapped, is) {
			added = append(added, name)
		}
	}
	p.Note = "expected, of mvrun: " + strings.Join(added, " ")
	rest, restWrapped := slices.DeleteFunc(slices.Clone(bare), expected), slices.DeleteFunc(slices.Clone(wrapped), expected)
	if !slices.Equal(rest, restWrapped) {
		p.Result, p.Note = differs, changedVariables(rest, restWrapped)
	}
	return p
}

// changedVariables names what is not in both, or is it only in another order.
func changedVariables(bare, wrapped []string) string {
	var names []string
	for _, lists := range [][2][]string{{bare, wrapped}, {wrapped, bare}} {
		for _, entry := range lists[0] {
			if name := variableName(entry); !slices.Contains(lists[1], entry) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return "in another order, or not as often"
	}
	return "not the same: " + strings.Join(names, " ")
}

// variableName is the name in an entry that is quoted.
func variableName(entry string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(entry, `"`), "=")
	return name
}

// compareKernelViews compares what the second probe tells.
func compareKernelViews(bare, wrapped kernelView) []part {
	return []part{
		compareMaps("limits", "limit", bare["limits"], wrapped["limits"]),
		compareMaps("signals", "mask", bare["signals"], wrapped["signals"]),
		compareMaps("umask", "", bare["umask"], wrapped["umask"]),
		compareMaps("user", "value", bare["user"], wrapped["user"]),
		compareMaps("priority", "value", bare["priority"], wrapped["priority"]),
		compareMaps("cgroup", "path", bare["cgroup"], wrapped["cgroup"]),
		compareSessions(bare["session"], wrapped["session"]),
	}
}

// compareSessions lets the command have a process group of its own.
func compareSessions(bare, wrapped map[string]string) part {
	own := bare[ownGroup] != wrapped[ownGroup] && wrapped[ownGroup] == "true"
	if own {
		wrapped = maps.Clone(wrapped)
		wrapped[ownGroup] = bare[ownGroup]
	}
	p := compareMaps("session", "value", bare, wrapped)
	if own && p.Result == same {
		p.Note = "expected: a process group of its own"
	}
	return p
}

// compareMaps compares values by their names. What is the unit of the values,
// "" where there is one that may be shown.
func compareMaps(name, what string, bare, wrapped map[string]string) part {
	show := func(values map[string]string) string {
		if what != "" {
			return countText(int64(len(values)), what)
		}
		for _, value := range values {
			return value
		}
		return "none"
	}
	p := part{Part: name, Result: same, ProvenBy: byProbe, Bare: show(bare), Wrapped: show(wrapped)}
	if len(bare) == 0 {
		return unseen(p)
	}
	all := maps.Clone(bare)
	maps.Copy(all, wrapped)
	var notes []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		before, after := valueOrNone(bare, key), valueOrNone(wrapped, key)
		if before != after {
			notes = append(notes, fmt.Sprintf("%s: bare %s, wrapped %s", key, before, after))
		}
	}
	if len(notes) > 0 {
		p.Result, p.Note = differs, strings.Join(notes, "; ")
	}
	return p
}

func valueOrNone(values map[string]string, key string) string {
	if value, ok := values[key]; ok {
		return value
	}
	return "none"
}

// unseen marks a part that the probe could not tell of.
func unseen(p part) part {
	p.Result, p.Bare, p.Wrapped, p.Note = unproven, "none", "none", "could not be observed"
	return p
}
