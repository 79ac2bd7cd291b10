// Command mvrun runs a command as a monitored job; see the README.
package main

import (
	"os"

	"github.com/mvrun/mvrun/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:]))
}
