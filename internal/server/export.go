package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"earshot/history"
)

// maxExports bounds how many exports may wait to be fetched.
const maxExports = 100

// exports are the exports that were asked for and not fetched yet. The zero value is ready for use.
type exports struct {
	mu   sync.Mutex
	open map[string]export
}

type export struct {
	who     string
	filter  history.Filter
	expires time.Time
}

// add makes an export known by an id; false when too many wait already.
func (x *exports) add(id string, e export) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.open == nil {
		x.open = map[string]export{}
	}
	now := time.Now()
	for other, old := range x.open {
		if now.After(old.expires) {
			delete(x.open, other)
		}
	}
	if len(x.open) >= maxExports {
		return false
	}
	x.open[id] = e
	return true
}

// take returns an export, once.
func (x *exports) take(id string) (export, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, ok := x.open[id]
	delete(x.open, id)
	return e, ok
}

func (s *Server) exportHistory(f *fields) action {
	fields := declareFilter(f)
	return func(_ context.Context, by call) (any, error) {
		filter, err := fields.filter(time.Now(), s.deps.History.Calendar())
		if err != nil {
			return nil, err
		}
		id := ulid.Make().String()
		query, expires := s.links.sign(exportLink, id)
		if !s.exports.add(id, export{by.who.Name, filter, expires}) {
			return nil, invalidFormat("too many exports wait to be fetched; fetch one, or wait ten minutes")
		}
		return s.linkResult("api/export/"+url.PathEscape(id)+".zip?"+query.Encode(), expires), nil
	}
}

// serveExport streams an archive under a signed link, which is good for one time.
func (s *Server) serveExport(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	id := strings.TrimSuffix(r.PathValue("name"), ".zip")
	if !s.links.check(exportLink, id, r.URL.Query()) {
		http.Error(w, "This link is not valid, or no longer; ask for a new one with history/export.", http.StatusForbidden)
		return
	}
	e, ok := s.exports.take(id)
	if !ok {
		http.Error(w, "This export was fetched already; ask for a new one with history/export.", http.StatusGone)
		return
	}
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="earshot-`+time.Now().In(s.zone()).Format("20060102-150405")+`.zip"`)
	conn := connOf(r.Context())
	done, err := s.deps.History.Export(r.Context(), e.who, e.filter, patientWriter{w, http.NewResponseController(w)})
	if err != nil {
		if r.Context().Err() == nil {
			s.deps.Log.Error().Err(err).Msg("an export ended early")
		}
		cut(conn) // an archive that ends early must not look like a whole one
		return
	}
	s.deps.Log.Info().Str("by", e.who).Int64("entries", done.Entries).Msg("recordings exported")
}
