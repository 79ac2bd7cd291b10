package web

import (
	"net/http"
	"net/url"
	"testing"
)

// A login leads to this site alone, however browsers read the address.
func TestLoginLeadsToThisSite(t *testing.T) {
	s := serve(t, protected)
	for to, want := range map[string]string{
		"/records/log?keyword=a&item=%5C%09": "/records/log?keyword=a&item=%5C%09", "/items/LSF/a%23b?year=2024": "/items/LSF/a%23b?year=2024", "/?search=中": "/?search=%e4%b8%ad",
		"": "/", "/": "/", "//evil.example": "/", "///evil.example": "/", `/\evil.example`: "/", `\\evil.example`: "/", `/a\..\\evil.example`: "/", "/.//evil.example": "/evil.example",
		"/\t/evil.example/x": "/", "/\n/evil.example": "/", "/\r/evil.example": "/", "\t//evil.example": "/", "/\x00/evil.example": "/", "/\u0085/evil.example": "/",
		"https://evil.example/": "/", "https:/evil.example": "/", "javascript:alert(1)": "/", "records/log": "/", "/%zz": "/",
	} {
		answer := s.do("POST", "/login", url.Values{"user": {"alice"}, "password": {"open sesame"}, "to": {to}}.Encode(), form)
		if location := answer.Header().Get("Location"); answer.Code != http.StatusSeeOther || location != want {
			t.Errorf("%q: status %d to %q", to, answer.Code, location)
		}
	}
}

func TestSchemeOfAToken(t *testing.T) {
	s := serve(t, protected)
	for head, want := range map[string]int{
		"Bearer reader-0123456789": 200, "bearer reader-0123456789": 200, "BEARER  reader-0123456789 ": 200,
		"Bearerreader-0123456789": 401, "Basic reader-0123456789": 401, "Bearer": 401, "bearer ": 401, "reader-0123456789": 401,
	} {
		if answer := s.get("/api/v1/items", func(r *http.Request) { r.Header.Set("Authorization", head) }); answer.Code != want {
			t.Errorf("%q: status %d", head, answer.Code)
		}
	}
}
