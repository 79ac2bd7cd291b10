package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"sync"
)

// What the pages need beside themselves: a stylesheet, pictures and scripts. htmx
// (0BSD) and uPlot (MIT) lie there as they were released, with their licences.
//
//go:embed static/*
var files embed.FS

// asset is a file that pages refer to.
type asset struct {
	name, mediaType, hash string
	data                  []byte
}

// assets are made when the first of them is asked for.
var assets = sync.OnceValue(func() map[string]asset {
	made := map[string]asset{}
	entries, _ := files.ReadDir("static") // is embedded
	for _, entry := range entries {
		data, _ := files.ReadFile("static/" + entry.Name())
		sum := sha256.Sum256(data)
		made[entry.Name()] = asset{entry.Name(), mediaType(entry.Name()), hex.EncodeToString(sum[:8]), data}
	}
	return made
})

// mediaType is not asked of the mime package, which reads the host's own tables.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "text/plain; charset=utf-8"
}

// assetAddress is where a file is, with its content's hash, so that a browser may
// keep it for ever. A file that is not there has an address that is not either.
func assetAddress(name string) string {
	return "/static/" + name + "?v=" + assets()[name].hash
}

func (s *Server) static(w http.ResponseWriter, r *http.Request) {
	found, ok := assets()[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	tag := `"` + found.hash + `"`
	w.Header().Set("Content-Type", found.mediaType)
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == found.hash {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if hasAlready(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(found.data)
}
