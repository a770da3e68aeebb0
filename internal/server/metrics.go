package server

import (
	"bytes"
	"net/http"
	"strings"
)

// textFormat is the media type of Prometheus' text format.
// ref: Prometheus, "Exposition formats"
const textFormat = "text/plain; version=0.0.4; charset=utf-8"

// serveMetrics answers Prometheus, which sends its token with every request.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if !s.admit(w, r) {
		return
	}
	var body bytes.Buffer
	if err := s.deps.Metrics(r.Context(), &body); err != nil && r.Context().Err() == nil {
		s.deps.Log.Warn().Err(err).Msg("some metrics are missing") // the others are wanted all the more then
	}
	w.Header().Set("Content-Type", textFormat)
	_, _ = w.Write(body.Bytes()) // a client that is gone needs no answer
}

// admit lets in who sends a valid token as `Authorization: Bearer`, and answers everybody else. It asks for no more than the role Read.
// ref: RFC 6750, section 2.1
func (s *Server) admit(w http.ResponseWriter, r *http.Request) bool {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	problem := "Send an access token of this bridge, as `Authorization: Bearer earshot_…`."
	if strings.EqualFold(scheme, "Bearer") && secret != "" {
		if s.attempts.crowded(r.RemoteAddr) {
			http.Error(w, "Too many wrong access tokens; try again later.", http.StatusTooManyRequests)
			return false
		}
		if who, ok := s.deps.Tokens.Verify(secret); ok && who.Role.allows(Read) {
			return true
		}
		problem = "The access token is not valid, or no longer."
		s.holdBack(r.RemoteAddr, wrongToken, r.Context().Done())
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	http.Error(w, problem, http.StatusUnauthorized)
	return false
}
