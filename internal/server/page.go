package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// page serves files that are held in memory, as they are and compressed.
type page struct{ files map[string]pageFile }

type pageFile struct {
	plain, zipped pageData
	contentType   string
}

type pageData struct {
	data []byte
	etag string
}

// pageTypes are the kinds of files the page has. They are not left to the machine's own table, which a browser would then have to believe.
var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// newPage reads the page's files. nil stands for no page.
func newPage(files fs.FS) (page, error) {
	p := page{files: map[string]pageFile{}}
	if files == nil {
		return p, nil
	}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		contentType, known := pageTypes[path.Ext(name)]
		if !known {
			return fmt.Errorf("%s: no kind of file that the page has", name)
		}
		data, err := fs.ReadFile(files, name)
		p.files["/"+name] = pageFile{newPageData(data), newPageData(zip(data)), contentType}
		return err
	})
	if err != nil {
		return p, fmt.Errorf("read the page: %w", err)
	}
	if index, there := p.files["/index.html"]; there {
		p.files["/"] = index
	}
	return p, nil
}

func newPageData(data []byte) pageData {
	sum := sha256.Sum256(data)
	return pageData{data, `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// zip compresses once what is sent many times.
func zip(data []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, _ = w.Write(data) // into memory, which does not fail
		_ = w.Close()
	}
	return out.Bytes()
}

// ServeHTTP answers with a file. Browsers ask each time whether theirs is still the right one, so that an update is seen at once.
func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := p.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.contentType)
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	send := file.plain
	if acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		send = file.zipped
	}
	h.Set("ETag", send.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(send.data))
}

// acceptsGzip tells whether the client can unpack. One that wants a part of the file gets a part of the file itself.
func acceptsGzip(r *http.Request) bool {
	if r.Header.Get("Range") != "" {
		return false
	}
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if name == "gzip" {
			return strings.Trim(weight, "q=0.") != "" || weight == ""
		}
	}
	return false
}
