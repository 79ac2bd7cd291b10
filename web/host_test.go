package web

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// Where nobody has to log in, a request must be for this host by a name of its own.
func TestHostThatARequestIsFor(t *testing.T) {
	open := serve(t, func(o *Options) { o.Listen = "Monitor.lan:5000" })
	closed := serve(t, protected)
	behind := serve(t, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	for host, own := range map[string]bool{
		"localhost:5000": true, "LOCALHOST": true, "localhost.": true, "127.0.0.1": true, "127.0.0.1:5000": true, "127.8.9.1:80": true, "[::1]:5000": true, "[::1]": true,
		"[::ffff:127.0.0.1]:5000": true, "monitor.lan:5000": true, "monitor.lan": true, "": true,
		"evil.example": false, "evil.example:5000": false, "localhost.evil.example:5000": false, "127.0.0.1.evil.example": false, "192.0.2.7:5000": false, "0.0.0.0:5000": false,
	} {
		asked := func(r *http.Request) { r.Host = host }
		for _, address := range []string{"/", "/api/v1/items", "/healthz", "/metrics", "/export/log"} {
			answer := open.get(address, asked)
			if own && answer.Code != http.StatusOK || !own && answer.Code != http.StatusMisdirectedRequest {
				t.Errorf("%s of %q: status %d", address, host, answer.Code)
			}
			if !own && strings.Contains(answer.Body.String(), "nodes") {
				t.Errorf("%s of %q tells of items", address, host)
			}
		}
		if answer := closed.get("/api/v1/items", asked, bearer("reader-0123456789")); answer.Code != http.StatusOK {
			t.Errorf("with a token, %q: status %d", host, answer.Code)
		}
		if answer := behind.get("/api/v1/items", asked, func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1234" }); answer.Code != http.StatusOK {
			t.Errorf("from a proxy, %q: status %d", host, answer.Code)
		}
	}
}
