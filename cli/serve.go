package cli

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/mvrun/mvrun/config"
	"github.com/mvrun/mvrun/record"
	"github.com/mvrun/mvrun/runner"
	"github.com/mvrun/mvrun/web"
)

// serveOptions are the flags of `mvrun serve`.
type serveOptions struct {
	*runOptions
	listen string
	hash   bool
}

func newServeFlags() (*serveOptions, *flagSet) {
	o := &serveOptions{runOptions: newRunOptions()}
	f := newFlagSet("serve")
	f.StringVar(&o.listen, "listen", "", "`HOST:PORT` to listen at (default: serve.listen of the config, 127.0.0.1:5000)")
	f.BoolVar(&o.hash, "hash", false, "read a password from stdin, print its hash for serve.users, and end")
	addDatabaseFlags(f, &o.config, &o.db)
	return o, f
}

func serveCommand() *command {
	return &command{
		name: "serve", synopsis: "[flags]", summary: "web dashboard, JSON API, /metrics, /healthz",
		details: "Shows the state of every item and the history in a browser, to programs as JSON under /api/v1 (described by /api/v1/openapi.json), and to Prometheus under /metrics. Without users and tokens in the config it listens on this host alone, everybody on it may read, and nobody may change anything. A changed config is taken over without a restart; one with faults is told of, and the one before stays in force. TERM and INT end it once what is being answered was answered.",
		examples: []string{
			"mvrun serve",
			"mvrun serve --listen 127.0.0.1:8080 --db /ic/mvrun/db",
			"printf %s \"$PASSWORD\" | mvrun serve --hash",
		},
		flags: func() *flagSet { _, f := newServeFlags(); return f },
		run:   runServe,
	}
}

func runServe(args []string) error {
	o, f := newServeFlags()
	if err := f.Parse(args); err != nil {
		return flagError("serve", f, err)
	}
	if f.NArg() > 0 {
		return usageError{errors.New("serve takes no arguments"), "mvrun serve --listen 127.0.0.1:8080"}
	}
	if o.hash {
		return printHash()
	}
	takeFileEnvironment(f)
	s := newSession(o.runOptions, f)
	known := s.readConfig(time.Now().Add(viewPatience))
	store, err := s.databaseToRead(known)
	if err != nil {
		return err
	}
	s.store = store
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	options, err := s.webOptions(s.config)
	if err != nil {
		return statusError{err, 1}
	}
	options.Listen = orElse(o.listen, s.config.Serve.Listen)
	h := &host{session: s, options: o, log: log, server: web.New(options, log, time.Now)}
	return h.run()
}

// printHash is for those who write a config.
func printHash() error {
	password, err := bufio.NewReader(os.Stdin).ReadString('\n')
	password = strings.TrimRight(password, "\r\n")
	if password == "" {
		return statusError{fmt.Errorf("read the password from stdin: %w", errors.Join(errors.New("there is none"), err)), 1}
	}
	hash, err := web.HashPassword(password)
	if err != nil {
		return statusError{err, 1}
	}
	fmt.Fprintln(os.Stdout, hash)
	return nil
}

// webOptions are what a config says of the server. A secret that cannot be read
// is an error: nobody is let in by half of the settings.
func (s *session) webOptions(c *config.Config) (web.Options, error) {
	masker, err := record.NewMasker(c.Mask)
	if err != nil {
		return web.Options{}, err
	}
	o := web.Options{
		Store: s.store, Rules: rules(c), Masker: masker, Levels: c.Levels, TrustedProxies: c.Serve.TrustedProxies, Secure: c.Serve.TLSCert != "",
		Version: version, Host: hostName(),
	}
	for _, user := range c.Serve.Users {
		hash, err := config.Secret(user.Hash)
		if err != nil {
			return o, fmt.Errorf("serve: user %s: %w", user.Name, err)
		}
		o.Users = append(o.Users, web.User{Name: user.Name, Hash: hash})
	}
	for i, token := range c.Serve.Tokens {
		value, err := config.Secret(token.Value)
		if err != nil {
			return o, fmt.Errorf("serve: token %d: %w", i+1, err)
		}
		o.Tokens = append(o.Tokens, web.Token{Value: value, Scopes: token.Scopes})
	}
	return o, nil
}

// host keeps a server running.
type host struct {
	*session
	options *serveOptions
	log     *slog.Logger
	server  *web.Server
}

// Bounds of a connection: who is slow does not hold one for ever.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	writeTimeout  = 10 * time.Minute // of a long export
	stopTimeout   = 20 * time.Second
)

func (h *host) run() error {
	address := orElse(h.options.listen, h.config.Serve.Listen)
	if err := mayListen(address, &h.config.Serve); err != nil {
		return statusError{err, 1}
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return statusError{err, 1}
	}
	server := &http.Server{
		Handler: h.server, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelWarn), TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	server.RegisterOnShutdown(h.server.EndStreams)
	bounded := limitConnections(listener, server)
	supervisor := runner.NewSupervisor()
	ctx, cancel := contextOf(supervisor)
	defer cancel()
	go h.watchConfig(ctx)
	ended := make(chan error, 1)
	go func() {
		if h.config.Serve.TLSCert != "" {
			ended <- server.ServeTLS(bounded, h.config.Serve.TLSCert, h.config.Serve.TLSKey)
			return
		}
		ended <- server.Serve(bounded)
	}()
	h.log.Info("listening", "address", listener.Addr().String(), "database", h.store.Path(), "config", h.configPath)
	select {
	case err := <-ended:
		return statusError{err, 1}
	case <-ctx.Done():
	}
	stopping, stop := context.WithTimeout(context.Background(), stopTimeout)
	defer stop()
	if err := server.Shutdown(stopping); err != nil {
		return statusError{fmt.Errorf("stopped while answering: %w", err), 1}
	}
	h.log.Info("stopped")
	return nil
}

// mayListen keeps everybody's history from the network where nobody has to say who
// he is.
func mayListen(address string, c *config.Serve) error {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen at %q: %w", address, err)
	}
	if len(c.Users) > 0 || len(c.Tokens) > 0 || name == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(name); err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("listen at %q: without users or tokens in the config (serve:), only this host may be let in, such as at 127.0.0.1:5000", address)
}

// settleTime is how long a config that changes may go on changing until it is read.
const settleTime = 200 * time.Millisecond

// watchConfig takes a changed config over. The folder is watched: an editor puts a
// new file in the place of the old one.
func (h *host) watchConfig(ctx context.Context) {
	if h.configPath == "" {
		return
	}
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer watcher.Close()
		err = watcher.Add(filepath.Dir(h.configPath))
	}
	if err != nil {
		h.log.Warn("the config is not watched", "problem", err.Error())
		return
	}
	settled := time.NewTimer(time.Hour)
	settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-watcher.Events:
			if filepath.Base(event.Name) == filepath.Base(h.configPath) && !event.Has(fsnotify.Chmod) {
				settled.Reset(settleTime)
			}
		case err := <-watcher.Errors:
			h.log.Warn("watching the config", "problem", err.Error())
		case <-settled.C:
			h.reload()
		}
	}
}

// reload takes the config over if it is without faults. Where it listens, and its
// certificate, stay as they were.
func (h *host) reload() {
	loaded, err := config.Load(h.configPath, configGrammar())
	if err == nil {
		for _, name := range h.unchangeable(loaded) {
			h.log.Warn("config", "problem", name+" changed; start mvrun serve anew")
		}
	}
	var options web.Options
	if err == nil {
		options, err = h.webOptions(loaded)
	}
	if err == nil && len(options.Users)+len(options.Tokens) == 0 {
		err = mayListen(orElse(h.options.listen, h.config.Serve.Listen), &loaded.Serve)
	}
	if err != nil {
		h.log.Error("config", "problem", err.Error(), "then", "the one before stays in force")
		return
	}
	options.Secure, options.Listen = h.config.Serve.TLSCert != "", orElse(h.options.listen, h.config.Serve.Listen)
	h.server.Replace(options)
	h.log.Info("config taken over", "config", h.configPath)
}

// unchangeable names the settings that a changed config has other than they are in
// force until the end.
func (h *host) unchangeable(loaded *config.Config) (names []string) {
	before := h.config
	for _, setting := range [...]struct {
		name    string
		changed bool
	}{
		{"db_path", loaded.DBPath != before.DBPath && h.session.options.db == ""},
		{"serve.listen", loaded.Serve.Listen != before.Serve.Listen && h.options.listen == ""},
		{"serve.tls_cert", loaded.Serve.TLSCert != before.Serve.TLSCert},
		{"serve.tls_key", loaded.Serve.TLSKey != before.Serve.TLSKey},
	} {
		if setting.changed {
			names = append(names, setting.name)
		}
	}
	return names
}
