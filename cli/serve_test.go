package cli

import (
	"slices"
	"testing"

	"github.com/mvrun/mvrun/config"
)

// What a running server cannot take over is named, and not where a flag says it.
func TestSettingsThatServeCannotTakeOver(t *testing.T) {
	serveAt := func(listen, cert, key string) *config.Config {
		return &config.Config{DBPath: "/db", Serve: config.Serve{Listen: listen, TLSCert: cert, TLSKey: key}}
	}
	moved := serveAt("127.0.0.1:5000", "a.pem", "a.key")
	moved.DBPath = "/other"
	for _, test := range []struct {
		loaded     *config.Config
		listen, db string // flags
		want       []string
	}{
		{serveAt("127.0.0.1:5000", "a.pem", "a.key"), "", "", nil},
		{serveAt("127.0.0.1:5001", "b.pem", "b.key"), "", "", []string{"serve.listen", "serve.tls_cert", "serve.tls_key"}},
		{serveAt("127.0.0.1:5001", "a.pem", "b.key"), "127.0.0.1:0", "", []string{"serve.tls_key"}},
		{serveAt("127.0.0.1:5000", "", ""), "", "", []string{"serve.tls_cert", "serve.tls_key"}},
		{moved, "", "", []string{"db_path"}}, {moved, "", "/db", nil},
	} {
		o, _ := newServeFlags()
		o.listen, o.db = test.listen, test.db
		h := &host{session: &session{options: o.runOptions, config: serveAt("127.0.0.1:5000", "a.pem", "a.key")}, options: o}
		if got := h.unchangeable(test.loaded); !slices.Equal(got, test.want) {
			t.Errorf("%+v with --listen %q --db %q: %q, want %q", test.loaded.Serve, test.listen, test.db, got, test.want)
		}
	}
}
