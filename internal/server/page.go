package server

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed page
var pageFiles embed.FS

// page serves the embedded files.
type page struct{ files map[string]pageFile }

type pageFile struct {
	data        []byte
	etag        string
	contentType string
}

// pageTypes are the kinds of files the page has. They are not left to the machine's own table, which a browser would then have to believe.
var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

func newPage() page {
	p := page{files: map[string]pageFile{}}
	// The files are inside the program: reading them cannot fail.
	_ = fs.WalkDir(pageFiles, "page", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := pageFiles.ReadFile(name)
		sum := sha256.Sum256(data)
		p.files[name[len("page"):]] = pageFile{
			data:        data,
			etag:        `"` + hex.EncodeToString(sum[:12]) + `"`,
			contentType: pageTypes[path.Ext(name)],
		}
		return err
	})
	p.files["/"] = p.files["/index.html"]
	return p
}

// ServeHTTP answers with a file. Browsers ask each time whether theirs is still the right one, so that an update is seen at once.
func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := p.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", file.contentType)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", file.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.data))
}
