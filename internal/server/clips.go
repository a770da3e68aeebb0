package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"earshot/history"
)

// The media types clips are served in.
const (
	typeFLAC = "audio/flac"
	typeWAV  = "audio/wav"
)

// serveClip plays the recording of an entry under a signed link, in the stored form or as WAV.
func (s *Server) serveClip(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "private, no-store")
	s.allowClipOrigin(w, r)
	id, wav := clipName(r)
	if !s.links.check(clipLink, id, r.URL.Query()) {
		http.Error(w, "This link is not valid, or no longer; ask for a new one with clips/sign.", http.StatusForbidden)
		return
	}
	// From here on a deletion ends this stream; what was deleted before is not found below.
	ctx, end := s.playing.begin(r.Context(), id)
	defer end()
	e, err := s.deps.History.Get(ctx, id)
	if err == nil && e.Clip == nil {
		http.Error(w, "No audio is kept of this recording.", http.StatusNotFound)
		return
	}
	var clip io.ReadSeekCloser
	if err == nil {
		clip, _, err = s.deps.History.OpenClip(ctx, id)
	}
	if err == nil {
		defer clip.Close()
		s.notePlayed(ctx, r, e)
		err = s.playClip(ctx, clipRequest{w, r, e, wav}, clip)
	}
	switch {
	case errors.Is(err, history.ErrNotFound):
		http.Error(w, "This recording has been deleted.", http.StatusGone)
	case err != nil:
		s.deps.Log.Error().Err(err).Str("entry", id).Msg("a recording could not be played")
		http.Error(w, "The recording could not be read; the log of the bridge says why.", http.StatusInternalServerError)
	}
}

// allowClipOrigin lets the pages that may use the services play recordings too.
func (s *Server) allowClipOrigin(w http.ResponseWriter, r *http.Request) {
	if len(s.guard.origins) == 0 {
		return
	}
	h := w.Header()
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // the link is secret, and an audio element sends no Origin
	h.Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" && s.guard.originAllowed(r) {
		h.Set("Access-Control-Allow-Origin", origin)
	}
}

// clipName takes the entry's id out of the path, and finds out whether WAV is wanted.
func clipName(r *http.Request) (id string, wav bool) {
	name := r.PathValue("name")
	if id, ok := strings.CutSuffix(name, ".wav"); ok {
		return id, true
	}
	if id, ok := strings.CutSuffix(name, ".flac"); ok {
		return id, false
	}
	switch r.URL.Query().Get("format") {
	case "wav":
		return name, true
	case "flac":
		return name, false
	}
	return name, prefersWAV(strings.Join(r.Header.Values("Accept"), ","))
}

// prefersWAV tells whether an Accept header names WAV and ranks it above FLAC.
// ref: RFC 9110, section 12.5.1
func prefersWAV(accept string) bool {
	var wav, flac, other float64
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		q := 1.0
		for param := range strings.SplitSeq(params, ";") {
			if v, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
				q, _ = strconv.ParseFloat(v, 64) // nonsense counts as not wanted
			}
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave":
			wav = max(wav, q)
		case "audio/flac", "audio/x-flac":
			flac = max(flac, q)
		case "audio/*", "*/*":
			other = max(other, q)
		}
	}
	return wav > max(flac, other) || (wav > flac && flac > 0)
}

// clipRequest is one request for the clip of an entry.
type clipRequest struct {
	w     http.ResponseWriter
	r     *http.Request
	entry history.Entry
	wav   bool
}

// playClip sends the clip, or the part of it that was asked for. An error means that nothing has been sent.
func (s *Server) playClip(ctx context.Context, req clipRequest, clip io.ReadSeeker) error {
	mediaType, extension := typeFLAC, "flac"
	if req.wav {
		mediaType, extension = typeWAV, "wav"
		pcm, err := history.DecodeFLAC(clip)
		if err != nil {
			return fmt.Errorf("decode the clip of %s: %w", req.entry.ID, err)
		}
		clip = bytes.NewReader(history.WAV(pcm))
	}
	disposition := "inline"
	if req.r.URL.Query().Has("download") {
		disposition = "attachment"
	}
	// The name holds no words of the recording: it stays in lists of downloads.
	name := "earshot-" + req.entry.At.In(s.entryZone(req.entry.Zone)).Format("20060102-150405") + "." + extension
	h := req.w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Disposition", fmt.Sprintf(`%s; filename="%s"`, disposition, name))
	h.Set("ETag", `"`+req.entry.ID+"-"+extension+`"`)
	h.Add("Vary", "Accept")
	guarded := &guardedClip{ctx: ctx, from: clip, id: req.entry.ID, history: s.deps.History}
	conn := connOf(req.r.Context())
	stop := context.AfterFunc(ctx, func() { cut(conn) })
	defer stop()
	http.ServeContent(patientWriter{req.w, http.NewResponseController(req.w)}, req.r, "", time.Time{}, guarded)
	if guarded.gone {
		cut(conn)
	}
	return nil
}

// guardedClip stops being readable when the entry is deleted.
type guardedClip struct {
	ctx     context.Context
	from    io.ReadSeeker
	id      string
	history Recordings
	gone    bool
}

// Read asks the history each time: after a deletion has been answered, not one more byte is read.
func (g *guardedClip) Read(p []byte) (int, error) {
	e, err := g.history.Get(g.ctx, g.id)
	if err == nil && e.Clip == nil {
		err = history.ErrNotFound
	}
	if err != nil {
		g.gone = true
		return 0, err
	}
	return g.from.Read(p)
}

// Seek moves within the clip.
func (g *guardedClip) Seek(offset int64, whence int) (int64, error) {
	return g.from.Seek(offset, whence)
}

// clipStall is how long a player may take nothing before its connection is given up; it asks again for the rest.
const clipStall = time.Minute

// patientWriter gives each part of a clip its own time, as a player takes the parts when it needs them.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

// Write sends one part.
func (p patientWriter) Write(data []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(clipStall)) // where it cannot be set, the server's own limit holds
	return p.ResponseWriter.Write(data)
}
