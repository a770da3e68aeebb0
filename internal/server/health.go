package server

import (
	"encoding/json"
	"net/http"
)

// healthReport is the body of /healthz.
type healthReport struct {
	Status   string   `json:"status"` // ok or problem
	Problems []string `json:"problems"`
	Notices  []string `json:"notices"` // what people should know, and what keeps the bridge from nothing
}

// serveHealth answers 503 as long as something keeps the bridge from hearing.
func (s *Server) serveHealth(w http.ResponseWriter, _ *http.Request) {
	report := healthReport{Status: "ok", Problems: []string{}, Notices: []string{}}
	if s.deps.Notices != nil {
		report.Notices = append(report.Notices, s.deps.Notices()...)
	}
	status := http.StatusOK
	if s.deps.Health != nil {
		if problems := s.deps.Health(); len(problems) > 0 {
			report.Status, report.Problems = "problem", problems
			status = http.StatusServiceUnavailable
		}
	}
	body, err := json.Marshal(report)
	if err != nil {
		http.Error(w, "the report could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that is gone needs no answer
}
