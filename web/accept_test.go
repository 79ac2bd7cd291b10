package web

import (
	"net/http/httptest"
	"testing"
)

// The language is the one that the browser wants most, of equals the first.
func TestLanguageOfABrowser(t *testing.T) {
	for header, want := range map[string]string{
		"": "en", "zh": "zh", "ZH-cn": "zh", "zh-Hans-CN": "zh", "en-US,en;q=0.9,zh;q=0.8": "en", "en;q=0.1,zh-CN;q=0.9": "zh", "zh,en": "zh", "en,zh": "en",
		"fr,zh;q=0.5": "zh", "fr": "en", "*": "en", "zh;q=0": "en", "zh;q=0,en;q=0.1": "en", "zh;Q=0.9 , en; q=0.1": "zh", "zhx": "en", "zh;q=x": "zh",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", header)
		if got := language(r); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
