package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// A document is not sent again to who has it, however its tag comes back.
func TestIfNoneMatch(t *testing.T) {
	s := serve(t, nil)
	for _, address := range []string{"/api/v1/records/log?end=2026-11-26+12:00", "/static/mvrun.css"} {
		tag := s.get(address).Header().Get("ETag")
		for _, test := range []struct {
			values []string
			want   int
		}{
			{[]string{tag}, 304}, {[]string{"W/" + tag}, 304}, {[]string{"*"}, 304}, {[]string{" * "}, 304}, {[]string{`"a", W/` + tag + ` , "b"`}, 304}, {[]string{`"a"`, tag}, 304},
			{[]string{`"a,` + tag[1:]}, 200}, {[]string{`"a"`}, 200}, {[]string{"w/" + tag}, 200}, {[]string{tag[1:]}, 200}, {[]string{tag[:len(tag)-1]}, 200}, {[]string{`"*"`}, 200},
			{[]string{""}, 200}, {nil, 200},
		} {
			answer := s.get(address, func(r *http.Request) { r.Header["If-None-Match"] = test.values })
			if answer.Code != test.want || test.want == 304 && answer.Body.Len() > 0 {
				t.Errorf("%s, %q: status %d, %d bytes", address, test.values, answer.Code, answer.Body.Len())
			}
		}
	}
}

func FuzzIfNoneMatch(f *testing.F) {
	for _, seed := range []string{`"a"`, `W/"a", "b"`, "*", `"`, `W/`, `,, ,"a`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("If-None-Match", `"first", `+value)
		if !hasAlready(r, `"first"`) {
			t.Errorf("%q hides the tag before it", value)
		}
	})
}
