package cli

import (
	"net"
	"net/http"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/mvrun/mvrun/web"
)

// connections keeps a server from running out of descriptors, without which it could
// neither answer nor read: it takes no more connections than leave enough for its
// files. Further ones wait in the system's queue; those that are open and idle are
// closed then.
type connections struct {
	net.Listener
	server *http.Server
	slots  chan struct{}
	scarce bool // each connection is for one request

	closed chan struct{}
	end    func()
}

// leastConnections are taken even where files may then be too many.
const leastConnections = 16

// limitConnections bounds the listener of a server by the soft limit of descriptors,
// which Go has raised to the hard one.
func limitConnections(l net.Listener, server *http.Server) *connections {
	most := 1 << 16
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil && limit.Cur < uint64(most) {
		most = max(int(limit.Cur)-web.Descriptors(), leastConnections)
	}
	closed := make(chan struct{})
	return &connections{Listener: l, server: server, slots: make(chan struct{}, most), closed: closed, end: sync.OnceFunc(func() { close(closed) })}
}

// Accept waits for a connection, and before that for a place. It is called by the
// server's one loop only.
func (c *connections) Accept() (net.Conn, error) {
	select {
	case c.slots <- struct{}{}:
		if c.scarce && len(c.slots) <= cap(c.slots)/2 {
			c.economize(false)
		}
	default:
		c.economize(true)
		select {
		case c.slots <- struct{}{}:
		case <-c.closed:
			return nil, net.ErrClosed
		}
	}
	conn, err := c.Listener.Accept()
	if err != nil {
		<-c.slots
		return nil, err
	}
	return &connection{Conn: conn, release: sync.OnceFunc(func() { <-c.slots })}, nil
}

// economize begins or ends that connections are closed once they are idle.
func (c *connections) economize(scarce bool) {
	c.scarce = scarce
	c.server.SetKeepAlivesEnabled(!scarce)
}

// Close ends a wait, too.
func (c *connections) Close() error {
	c.end()
	return c.Listener.Close()
}

// connection gives its place back once it is closed.
type connection struct {
	net.Conn
	release func()
}

func (c *connection) Close() error {
	defer c.release()
	return c.Conn.Close()
}
