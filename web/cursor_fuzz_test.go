package web

import (
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/mvrun/mvrun/record"
)

// FuzzCursor takes places from anywhere, with the key of the listing that is asked
// for: each is a page of it, or is refused.
func FuzzCursor(f *testing.F) {
	f.Add("", `{"b":"2024-10-01T00:00:00Z","e":"2024-11-01T00:00:00Z","p":{"Day":"20241025","Time":"2024-10-25T08:00:00Z","Skip":3}}`)
	f.Add("Message", `{"b":"0001-01-01T00:00:00Z","e":"9999-12-31T23:59:59Z","r":{"c":1,"t":"x","a":-1,"i":"y"},"s":100000}`)
	f.Add("-Item", `{"m":"LSF/nodes","s":-1}`)
	f.Add("", `{"p":{"Day":"../..","Time":"0000-01-01T00:00:00+23:59","Skip":9223372036854775807}}`)
	f.Add("", `{"p":{"Day":"20241025","Time":"2024-10-25T08:00:00Z","Skip":9223372036854775807,"Item":{"Direction":"LSF","Name":"nodes"},"Sum":1,"Equal":9223372036854775807},"e":"2024-11-01T00:00:00Z"}`)
	store, err := record.OpenStore(f.TempDir(), record.StoreOptions{Host: "h1"})
	if err != nil {
		f.Fatal(err)
	}
	item := record.Item{Direction: "LSF", Name: "nodes"}
	for _, line := range []string{
		`{"time": "2024-10-25 08:00:00", "message_level": "Error", "message": "x"}`, `{"message": "no time"}`, `{"ts": "9999-12-31T23:59:59-23:00", "message": "far"}`,
	} {
		if err := store.Append(item, record.Log, "20241025", []byte(line+"\n")); err != nil {
			f.Fatal(err)
		}
	}
	s := New(Options{Listen: "example.com:80", Store: store}, slog.New(slog.NewTextHandler(io.Discard, nil)), time.Now)
	f.Fuzz(func(t *testing.T, sort, place string) {
		values := url.Values{"begin": {"2024-10-01"}, "limit": {"1"}, "sort": {sort}}
		for _, kind := range []string{"log", "monitor"} {
			text := `{"k":"` + listingKey(kind, values) + `","n":2,"p":` + place + `}`
			values.Set("cursor", base64.RawURLEncoding.EncodeToString([]byte(text)))
			answer := httptest.NewRecorder()
			s.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/records/"+kind+"?"+values.Encode(), nil))
			if answer.Code != http.StatusOK && answer.Code != http.StatusBadRequest {
				t.Errorf("%s %q %s: %d %s", kind, sort, place, answer.Code, answer.Body)
			}
			values.Del("cursor")
		}
	})
}
