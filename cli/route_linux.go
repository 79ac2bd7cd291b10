package cli

import (
	"net"

	"golang.org/x/sys/unix"
)

// routeAddress is the address from which this host would reach 192.0.2.1 or
// 2001:db8::1. Both are set aside for documentation (RFC 5737 and 3849), so
// that the default route is taken; net.Dial would do the same at the price of
// the runtime's poller, which every job would pay.
func routeAddress() net.IP {
	v4 := localAddress(unix.AF_INET, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{192, 0, 2, 1}})
	if usable(v4) {
		return v4
	}
	return localAddress(unix.AF_INET6, &unix.SockaddrInet6{Port: 9, Addr: [16]byte{0x20, 0x01, 0x0d, 0xb8, 15: 1}})
}

func localAddress(family int, to unix.Sockaddr) net.IP {
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	if unix.Connect(fd, to) != nil {
		return nil
	}
	local, err := unix.Getsockname(fd)
	if err != nil {
		return nil
	}
	switch address := local.(type) {
	case *unix.SockaddrInet4:
		return net.IP(address.Addr[:])
	case *unix.SockaddrInet6:
		return net.IP(address.Addr[:])
	}
	return nil
}
