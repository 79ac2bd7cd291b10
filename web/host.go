package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// meansThisHost reports whether a request is for this server by a name that is its own.
// Where nobody has to log in, a page of another site could else read everything through
// the browser of somebody on this host: its name need only lead to 127.0.0.1 the second
// time that it is looked up. A browser always says a name.
func (s *Server) meansThisHost(r *http.Request) bool {
	o := s.options.Load()
	if len(o.Users) > 0 || len(o.Tokens) > 0 || r.Host == "" {
		return true
	}
	name := hostOf(r.Host)
	if name == "localhost" || name == hostOf(o.Listen) {
		return true
	}
	if address, err := netip.ParseAddr(name); err == nil && address.Unmap().IsLoopback() {
		return true
	}
	return s.isTrusted(hostOf(r.RemoteAddr)) // which answers for the names that it passes on
}

// hostOf is the host of HOST:PORT or HOST, in small letters.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
