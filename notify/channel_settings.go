package notify

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func required(key string) setting { return setting{key, true, checkText} }
func optional(key string) setting { return setting{key, false, checkText} }
func format() setting             { return setting{"format", false, checkFormat} }

// overHTTP adds the settings that all channels have which speak HTTP.
func overHTTP(own ...setting) []setting {
	return append(own,
		setting{"base_url", false, checkURL}, setting{"proxy", false, checkProxy}, setting{"ca_file", false, checkPath},
		setting{"timeout", false, checkTimeout}, setting{"rate", false, checkRate}, setting{"max_bytes", false, checkSize},
	)
}

func checkText(v SettingValue) (problem, hint string) {
	if v.List != nil || v.Pairs != nil || strings.TrimSpace(v.Text) == "" {
		return "is no text", "write one text; a secret as env:NAME or file:/path"
	}
	return "", ""
}

// checkNumber is for a whole number such as WeChat Work gives to applications.
func checkNumber(v SettingValue) (problem, hint string) {
	if _, err := strconv.ParseUint(v.Text, 10, 63); err != nil && !kept(v.Text) {
		return "is no number", "write one such as 1000002"
	}
	return "", ""
}

func checkFormat(v SettingValue) (problem, hint string) {
	if v.Text != "text" && v.Text != "markdown" {
		return "is no format", "use text (default) or markdown"
	}
	return "", ""
}

// kept reports whether a value is kept elsewhere, so that it cannot be checked
// here.
func kept(text string) bool {
	return strings.HasPrefix(text, "env:") || strings.HasPrefix(text, "file:")
}

func checkURL(v SettingValue) (problem, hint string) {
	const example = "write one such as https://chat.example.com/hook"
	if problem, _ := checkText(v); problem != "" {
		return problem, example
	}
	if kept(v.Text) {
		return "", ""
	}
	if problem := urlProblem(v.Text); problem != "" {
		return problem, example
	}
	return "", ""
}

// urlProblem never repeats the URL, which may hold a key.
func urlProblem(text string) string {
	parsed, err := url.Parse(text)
	switch {
	case err != nil:
		return "is no URL"
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return "is a URL without http:// or https:// before it"
	case parsed.Hostname() == "":
		return "is a URL without a host"
	}
	return ""
}

func checkProxy(v SettingValue) (problem, hint string) {
	if v.Text == "none" {
		return "", ""
	}
	if problem, _ := checkURL(v); problem != "" {
		return problem, "write the proxy's URL, or none; without it, HTTPS_PROXY and its like count"
	}
	return "", ""
}

func checkPath(v SettingValue) (problem, hint string) {
	if !strings.HasPrefix(v.Text, "/") {
		return "is no absolute path", "write one such as /etc/ssl/site-ca.pem"
	}
	return "", ""
}

func checkTimeout(v SettingValue) (problem, hint string) {
	if d, err := time.ParseDuration(v.Text); err != nil || d <= 0 {
		return "is no time", "write one such as 10s"
	}
	return "", ""
}

func checkSize(v SettingValue) (problem, hint string) {
	if n, err := strconv.Atoi(v.Text); err != nil || n < minMessage/4 {
		return fmt.Sprintf("is no number of bytes from %d on", minMessage/4), "write one such as 2000"
	}
	return "", ""
}

func checkRate(v SettingValue) (problem, hint string) {
	if _, err := parseRate(v.Text); err != nil {
		return "is no rate", "write one such as 20/m, 1/s or 100/h"
	}
	return "", ""
}

// text gives a setting's text, or what stands for it where it is not given.
func (s *ChannelSpec) text(key, otherwise string) string {
	if v, ok := s.Settings[key]; ok && v.Text != "" {
		return v.Text
	}
	return otherwise
}
