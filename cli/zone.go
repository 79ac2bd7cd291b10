package cli

import (
	"os"
	"strings"
	"time"

	"github.com/mvrun/mvrun/heartbeat"
)

// useZone gives this process the time zone of its command where TZ has that in the
// form of POSIX, such as CST-8, in place of which Go takes UTC. It is called before
// anything else runs. Only such a TZ costs anything; what is neither a zone's name
// nor rules is UTC to Go as to the C library.
func useZone() {
	rules := strings.TrimPrefix(os.Getenv("TZ"), ":")
	if !strings.ContainsAny(rules, "0123456789") || strings.HasPrefix(rules, "/") || time.Local.String() == rules {
		return
	}
	if zone, err := heartbeat.LoadZone(rules); err == nil {
		time.Local = zone
	}
}
