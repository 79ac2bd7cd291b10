package config

import (
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// DefaultListen is where `mvrun serve` listens: on this host alone.
const DefaultListen = "127.0.0.1:5000"

// The scopes of a token.
const (
	ScopeRead   = "read"   // everything that can be seen
	ScopeMute   = "mute"   // mutes and retirements
	ScopeIngest = "ingest" // records by POST
)

// Serve says how `mvrun serve` listens and whom it lets in.
type Serve struct {
	// Listen is HOST:PORT; never "".
	Listen string
	// Users have passwords, as bcrypt hashes. A user may read and mute.
	Users []User
	// Tokens are for programs.
	Tokens []Token
	// TLSCert and TLSKey are files in PEM; both or none.
	TLSCert, TLSKey string
	// TrustedProxies may say who a request comes from, in X-Forwarded-For.
	TrustedProxies []netip.Prefix
}

// User is somebody who may log in.
type User struct {
	Name string
	Hash string // bcrypt, or where it is kept; see [Secret]
}

// Token lets a program in that sends it as a bearer token.
type Token struct {
	Value  string // or where it is kept; see [Secret]
	Scopes []string
}

func (r *reader) serve(cfg *Config, e entry) {
	known := []string{"listen", "users", "tokens", "tls_cert", "tls_key", "trusted_proxies"}
	s := &cfg.Serve
	for _, setting := range r.entries(e, "write the settings of the server below it, such as   listen: 127.0.0.1:5000") {
		switch setting.name {
		case "listen":
			r.listen(s, setting)
		case "users":
			r.users(s, setting)
		case "tokens":
			r.tokens(s, setting)
		case "tls_cert":
			s.TLSCert = r.absoluteFile(setting)
		case "tls_key":
			s.TLSKey = r.absoluteFile(setting)
		case "trusted_proxies":
			r.proxies(s, setting)
		default:
			r.unknownKey(setting, "setting of the server", known)
		}
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		r.fault(e, "has one of tls_cert and tls_key", "give both, or none")
	}
}

func (r *reader) listen(s *Serve, e entry) {
	const example = "write HOST:PORT such as 127.0.0.1:5000 or :5000"
	text, ok := r.line(e, example)
	if !ok {
		return
	}
	if _, _, err := net.SplitHostPort(text); err != nil {
		r.fault(e, quoted(text)+" is no address to listen at", example)
		return
	}
	s.Listen = text
}

func (r *reader) users(s *Serve, e entry) {
	const example = "write each user and the bcrypt hash of the password, as mvrun serve --hash makes it"
	for _, user := range r.entries(e, example) {
		hash, ok := r.line(user, example)
		if !ok {
			continue
		}
		if !isElsewhere(hash) && !strings.HasPrefix(hash, "$2") {
			r.fault(user, "is no bcrypt hash", example) // it may be a password: it is not repeated
			continue
		}
		s.Users = append(s.Users, User{Name: user.name, Hash: hash})
	}
}

// isElsewhere reports whether a value is kept elsewhere; see [Secret].
func isElsewhere(text string) bool {
	return strings.HasPrefix(text, "env:") || strings.HasPrefix(text, "file:")
}

func (r *reader) tokens(s *Serve, e entry) {
	const example = "write each token as - {token: 'env:MVRUN_TOKEN', scopes: [read]}"
	for _, element := range r.elements(e, false, example) {
		if element.value.Kind != yaml.MappingNode {
			r.wrongType(element, "a group of keys", example)
			continue
		}
		if token, ok := r.token(element, example); ok {
			s.Tokens = append(s.Tokens, token)
		}
	}
}

// shortestToken is the length below which a token could be guessed.
const shortestToken = 16

func (r *reader) token(element entry, example string) (token Token, ok bool) {
	before := r.found()
	for _, e := range r.entries(element, example) {
		switch e.name {
		case "token":
			token.Value, _ = r.line(e, example)
			if !isElsewhere(token.Value) && len(token.Value) < shortestToken {
				r.fault(e, "is shorter than 16 characters", "make one by: openssl rand -hex 24")
			}
		case "scopes":
			for _, scope := range r.elements(e, true, example) {
				text, _ := r.text(scope, example)
				if text != ScopeRead && text != ScopeMute && text != ScopeIngest {
					r.fault(scope, quoted(text)+" is no scope", "use read, mute or ingest")
					continue
				}
				if !slices.Contains(token.Scopes, text) {
					token.Scopes = append(token.Scopes, text)
				}
			}
		default:
			r.unknownKey(e, "key of a token", []string{"token", "scopes"})
		}
	}
	if token.Value == "" && r.found() == before {
		r.fault(element, "has no token", example)
	}
	if len(token.Scopes) == 0 {
		token.Scopes = []string{ScopeRead}
	}
	return token, r.found() == before
}

func (r *reader) absoluteFile(e entry) string {
	const example = "write an absolute path"
	path, ok := r.line(e, example)
	if ok && !filepath.IsAbs(path) {
		r.fault(e, quoted(path)+" is a relative path", example)
		return ""
	}
	return path
}

func (r *reader) proxies(s *Serve, e entry) {
	const example = "write addresses or networks such as 10.0.0.5 or 10.0.0.0/8"
	for _, element := range r.elements(e, true, example) {
		text, ok := r.text(element, example)
		if !ok {
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if address, single := netip.ParseAddr(text); err != nil && single == nil {
			prefix, err = address.Prefix(address.BitLen())
		}
		if err != nil {
			r.fault(element, quoted(text)+" is no address and no network", example)
			continue
		}
		s.TrustedProxies = append(s.TrustedProxies, prefix)
	}
}
