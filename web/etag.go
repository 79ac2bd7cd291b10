package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// entityTag is the tag of a document, by its content.
func entityTag(data []byte) string {
	sum := sha256.Sum256(data)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// hasAlready reports whether who asks has the document of a tag. Proxies make tags
// weak, and gather several of them; see RFC 9110, 13.1.2.
func hasAlready(r *http.Request, tag string) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	rest := strings.Join(r.Header.Values("If-None-Match"), ",")
	if strings.Trim(rest, " \t") == "*" {
		return true
	}
	for {
		rest = strings.TrimPrefix(strings.TrimLeft(rest, " \t,"), "W/")
		inner, quoted := strings.CutPrefix(rest, `"`)
		end := strings.IndexByte(inner, '"')
		if !quoted || end < 0 {
			return false
		}
		if `"`+inner[:end]+`"` == tag {
			return true
		}
		rest = inner[end+1:]
	}
}
