// The runtime would look every second whether it was given more or fewer
// processors, and prepare for that at each start.
//
//go:debug updatemaxprocs=0

// Command mvrun runs a command as a monitored job; see the README.
package main

import (
	"os"

	"github.com/mvrun/mvrun/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:]))
}
