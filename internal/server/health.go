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

// Reason is something that a bridge lacks to serve its household. It names satellites and parts of the program, and nothing that was said.
type Reason struct {
	Code      string `json:"code"`                // for programs
	Satellite string `json:"satellite,omitempty"` // id of the one that it is about
	Text      string `json:"text"`                // a sentence for people
	Do        string `json:"do"`                  // what to do about it
}

// readyReport is the body of /readyz.
type readyReport struct {
	Status  string   `json:"status"` // ready or not_ready
	Reasons []Reason `json:"reasons"`
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
	serveReport(w, status, report)
}

// serveReady answers 503 as long as the bridge cannot do all that it was set up for.
func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	report := readyReport{Status: "ready", Reasons: []Reason{}}
	status := http.StatusOK
	if s.deps.Ready != nil {
		if reasons := s.deps.Ready(r.Context()); len(reasons) > 0 {
			report = readyReport{Status: "not_ready", Reasons: reasons}
			status = http.StatusServiceUnavailable
		}
	}
	serveReport(w, status, report)
}

func serveReport(w http.ResponseWriter, status int, report any) {
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
