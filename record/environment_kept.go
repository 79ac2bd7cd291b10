package record

import (
	"os"
	"strconv"
	"strings"
)

const environmentFolder = "environment"

func environmentElem(item Item) []string {
	return []string{metaFolder, environmentFolder, strconv.Itoa(os.Getuid()), item.Direction, item.Name}
}

// KeptEnvironment gives the sum of the environment that stands whole in a run record
// of the item of a day, written by this user; "" where there is none. It is written
// whole once a day, and whenever it is another one, so that it is found near each
// run that has its sum only, however old days are pruned.
func (s *Store) KeptEnvironment(item Item, day string) (sum string, err error) {
	data, err := s.readOf(item, environmentElem(item))
	if kept, sum, found := strings.Cut(strings.TrimSpace(string(data)), " "); found && kept == day {
		return sum, err
	}
	return "", err
}

// KeepEnvironment notes which environment stands whole in a run record of a day. It
// is for after that was written.
func (s *Store) KeepEnvironment(item Item, day, sum string) error {
	return s.tree.WriteFile([]byte(day+" "+sum+"\n"), 0o644, environmentElem(item)...)
}
