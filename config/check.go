package config

import (
	"net/url"
	"strings"
	"time"
)

// The languages of what mvrun tells people by itself.
const (
	LangEnglish = "en"
	LangChinese = "zh"
)

// DefaultFailingAfter is the default of check.failing_after.
const DefaultFailingAfter = 24 * time.Hour

// Check says how `mvrun check` judges, and whom it tells that it did.
type Check struct {
	// FailingAfter is how long an item may fail before the check tells of it.
	FailingAfter time.Duration
	// Grace is how late a heartbeat may be at least.
	Grace time.Duration
	// PingURL is asked after each check that could do its work: a dead man's
	// switch, elsewhere, of which it keeps the check itself watched. It may be a
	// secret, see [Secret]; "" for none.
	PingURL string
}

func (r *reader) lang(cfg *Config, e entry) {
	cfg.Lang = r.choice(e, "language", []string{LangEnglish, LangChinese}, cfg.Lang)
}

func (r *reader) check(cfg *Config, e entry) {
	known := []string{"failing_after", "grace", "ping_url"}
	for _, setting := range r.entries(e, "write the settings of the check below it, such as   ping_url: https://hc-ping.com/…") {
		switch setting.name {
		case "failing_after":
			cfg.Check.FailingAfter = r.duration(setting, cfg.Check.FailingAfter)
		case "grace":
			cfg.Check.Grace = r.duration(setting, cfg.Check.Grace)
		case "ping_url":
			cfg.Check.PingURL = r.pingURL(setting)
		default:
			r.unknownKey(setting, "setting of the check", known)
		}
	}
}

func (r *reader) pingURL(e entry) string {
	const example = "write a URL such as https://hc-ping.com/<uuid>, or env:NAME or file:/path for one that is secret"
	text, ok := r.line(e, example)
	if !ok || strings.HasPrefix(text, "env:") || strings.HasPrefix(text, "file:") {
		return text
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		r.fault(e, "is no URL of http or https", example) // it is not repeated: there may be a key in it
		return ""
	}
	return text
}
