package server

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// The ways to sign in.
const (
	methodHomeAssistant = "home_assistant"
	methodCode          = "code"
	methodToken         = "token"
)

// sessionEnded is what a connection is told when its session is over.
const sessionEnded = "the session has ended"

// maxSignIn bounds what is sent to sign in, in bytes.
const maxSignIn = 4 << 10

// addSignIn makes the mux answer what people sign in and out with, and what programs pair with.
func (s *Server) addSignIn(mux *http.ServeMux) {
	mux.HandleFunc("GET /auth/session", s.serveSession)
	mux.HandleFunc("GET /auth/home_assistant", s.serveHomeAssistant)
	mux.HandleFunc("GET /auth/callback", s.serveCallback)
	mux.HandleFunc("POST /auth/code/request", s.post("auth/code/request", s.declareCodeRequest))
	mux.HandleFunc("POST /auth/code", s.post("auth/code", s.declareCode))
	mux.HandleFunc("POST /auth/token", s.post("auth/token", s.declareToken))
	mux.HandleFunc("POST /auth/sign_out", s.post("auth/sign_out", s.declareSignOut))
	mux.HandleFunc("POST /auth/pair/request", s.post("auth/pair/request", s.declarePairRequest))
	mux.HandleFunc("POST /auth/pair", s.post("auth/pair", s.declarePair))
}

// sessionReport is the body of auth/session.
type sessionReport struct {
	SignedIn bool     `json:"signed_in"`
	Name     string   `json:"name"`
	Role     Role     `json:"role"`
	Expires  string   `json:"expires"` // RFC 3339; "" when nobody is signed in
	Methods  []string `json:"methods"`
}

// serveSession tells a page who uses it, and how one can sign in.
func (s *Server) serveSession(w http.ResponseWriter, r *http.Request) {
	var report sessionReport
	if s.home != nil {
		report.Methods = append(report.Methods, methodHomeAssistant)
	}
	report.Methods = append(report.Methods, methodCode, methodToken)
	if signed, _ := s.sessionOf(r); signed != nil {
		report.SignedIn, report.Name, report.Role = true, signed.who.Name, signed.who.Role
		report.Expires = signed.expires.UTC().Format(time.RFC3339)
	}
	s.writeJSON(w, http.StatusOK, report)
}

// signInAction carries out a request whose fields have been filled in; its answer is nil for none.
type signInAction func(w http.ResponseWriter, r *http.Request) (answer any, err error)

// post checks what every request of a page has to be, and answers it. No page of another site can send application/json without being asked
// for its origin first, and this server allows none.
func (s *Server) post(name string, declare func(f *fields) signInAction) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.guard.originAllowed(r) {
			s.refuseRequest(w, http.StatusForbidden, codeUnauthorized, "This page may not be used to sign in; open the bridge's own.")
			return
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			s.refuseRequest(w, http.StatusUnsupportedMediaType, codeInvalidFormat, "The request has to be of type application/json.")
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSignIn))
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			s.refuseRequest(w, http.StatusRequestEntityTooLarge, codeInvalidFormat, "The request is too long.")
			return
		}
		if err != nil {
			return // the browser has gone
		}
		sent, err := decodeObject(body)
		if err != nil {
			s.refuseRequest(w, http.StatusBadRequest, codeInvalidFormat, "The request has to be one JSON object without a key twice.")
			return
		}
		var f fields
		var answer any
		act := declare(&f)
		if err = f.decode(name, sent); err == nil {
			answer, err = act(w, r)
		}
		if failure := s.explain(err); failure != nil {
			s.refuseRequest(w, statusOf(failure.Code), failure.Code, failure.Message)
			return
		}
		if answer != nil {
			s.writeJSON(w, http.StatusOK, answer)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
	}
}

func statusOf(code string) int {
	switch code {
	case codeInvalidFormat:
		return http.StatusBadRequest
	case codeUnauthorized:
		return http.StatusForbidden
	case codeBusy:
		return http.StatusTooManyRequests
	default:
		return http.StatusInternalServerError
	}
}

func (s *Server) refuseRequest(w http.ResponseWriter, status int, code, message string) {
	s.writeJSON(w, status, commandError{Code: code, Message: message})
}

func (s *Server) writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		s.deps.Log.Error().Err(err).Msg("encode an answer")
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a browser that is gone needs no answer
}

// What is said of codes.
var (
	errTooManyCodes = &commandError{Code: codeBusy, Message: "Too many codes were asked for; try again in some minutes."}
	errWrongCode    = &commandError{Code: codeUnauthorized, Message: "That is not the code, or no longer; ask for a new one."}
)

// checkCode refuses what no code looks like.
func checkCode(code string) error {
	if len(code) != codeDigits || strings.Trim(code, "0123456789") != "" {
		return invalidFormat("code: eight digits are needed")
	}
	return nil
}

// declareCodeRequest makes a one-time code. Who can read the log may do everything with the history anyway.
func (s *Server) declareCodeRequest(*fields) signInAction {
	return func(_ http.ResponseWriter, r *http.Request) (any, error) {
		code, ok := s.code.draw(time.Now(), codeLifetime)
		if !ok {
			return nil, errTooManyCodes
		}
		s.deps.Log.Warn().Str("code", code).Str("remote", r.RemoteAddr).
			Msg("sign-in code, good once and for ten minutes; if nobody in your household asked for it, do not give it to anybody")
		return nil, nil
	}
}

func (s *Server) declareCode(f *fields) signInAction {
	code := f.text("code", "")
	f.require("code")
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		if err := checkCode(*code); err != nil {
			return nil, err
		}
		if err := s.checkCrowd(r); err != nil {
			return nil, err
		}
		if !s.code.use(*code, time.Now()) {
			s.holdBack(r.RemoteAddr, "wrong sign-in code", r.Context().Done())
			return nil, errWrongCode
		}
		s.beginSession(w, r, Identity{Name: "one-time code", Role: Admin}, methodCode)
		return nil, nil
	}
}

func (s *Server) declareToken(f *fields) signInAction {
	secret := f.text("access_token", "")
	f.require("access_token")
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		if err := s.checkCrowd(r); err != nil {
			return nil, err
		}
		who, ok := s.deps.Tokens.Verify(*secret)
		if !ok {
			s.holdBack(r.RemoteAddr, wrongToken, r.Context().Done())
			return nil, &commandError{Code: codeUnauthorized, Message: "The access token is not valid, or no longer."}
		}
		s.beginSession(w, r, who, methodToken)
		return nil, nil
	}
}

// checkCrowd refuses whoever has too many wrong attempts under way already.
func (s *Server) checkCrowd(r *http.Request) error {
	if s.attempts.crowded(r.RemoteAddr) {
		return &commandError{Code: codeBusy, Message: "Too many wrong attempts; try again later."}
	}
	return nil
}

// declareSignOut ends the session, if there is one.
func (s *Server) declareSignOut(*fields) signInAction {
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		if signed, _ := s.sessionOf(r); signed != nil {
			s.endSession(signed)
		}
		http.SetCookie(w, sessionCookieOf(r, "", -1))
		return nil, nil
	}
}
