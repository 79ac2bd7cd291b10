//go:build !linux

package cli

import "net"

// routeAddress leaves the answer to the addresses of the interfaces.
func routeAddress() net.IP { return nil }
