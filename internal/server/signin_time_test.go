package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"
)

// asked sends a request straight to the handler.
func asked(s *Server, method, path, body string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost/"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = "192.168.1.5:4000"
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.handler(page{}).ServeHTTP(w, r)
	return w
}

// logged makes a server of a bubble write its log where the test can read it.
func logged(s *Server) *bytes.Buffer {
	var log bytes.Buffer
	s.deps.Log = zerolog.New(&log)
	return &log
}

var codeInLog = regexp.MustCompile(`"code":"(\d{8})"`)

// newCode asks for a code and finds it in the log.
func newCode(t *testing.T, s *Server, log *bytes.Buffer) string {
	t.Helper()
	log.Reset()
	if w := asked(s, "POST", "auth/code/request", "{}"); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Fatalf("ask for a code: %d %s", w.Code, w.Body)
	}
	found := codeInLog.FindStringSubmatch(log.String())
	if found == nil || !strings.Contains(log.String(), `"level":"warn"`) || strings.Count(log.String(), "\n") != 1 {
		t.Fatalf("the log holds no code: %s", log)
	}
	return found[1]
}

func tryCode(s *Server, code string) *httptest.ResponseRecorder {
	return asked(s, "POST", "auth/code", `{"code":"`+code+`"}`)
}

// otherCode is a wrong one.
func otherCode(code string) string {
	return string('0'+(code[0]-'0'+1)%10) + code[1:]
}

func TestCodeIsGoodForTenMinutes(t *testing.T) {
	for _, tc := range []struct {
		after time.Duration
		want  int
	}{{codeLifetime - time.Second, http.StatusNoContent}, {codeLifetime, http.StatusForbidden}} {
		serverInBubble(t, func(t *testing.T, s *Server, _ func(http.Header) *websocket.Conn) {
			code := newCode(t, s, logged(s))
			time.Sleep(tc.after)
			if w := tryCode(s, code); w.Code != tc.want {
				t.Errorf("after %v: %d %s", tc.after, w.Code, w.Body)
			}
		})
	}
}

func TestCodeIsGoodOnce(t *testing.T) {
	serverInBubble(t, func(t *testing.T, s *Server, _ func(http.Header) *websocket.Conn) {
		log := logged(s)
		code := newCode(t, s, log)
		if w := tryCode(s, code); w.Code != http.StatusNoContent {
			t.Fatalf("the right code: %d %s", w.Code, w.Body)
		}
		if w := tryCode(s, code); w.Code != http.StatusForbidden {
			t.Errorf("the same code again: %d %s", w.Code, w.Body)
		}
		first := newCode(t, s, log)
		second := newCode(t, s, log)
		if w := tryCode(s, first); w.Code != http.StatusForbidden {
			t.Errorf("a code that was replaced: %d %s", w.Code, w.Body)
		}
		if w := tryCode(s, second); w.Code != http.StatusNoContent {
			t.Errorf("the newest code: %d %s", w.Code, w.Body)
		}
	})
}

// TestGuessingCodes shows how long each wrong code takes to be refused, and that the right one is gone after five.
func TestGuessingCodes(t *testing.T) {
	serverInBubble(t, func(t *testing.T, s *Server, _ func(http.Header) *websocket.Conn) {
		failures := 0
		s.deps.SignInFailed = func() { failures++ }
		code := newCode(t, s, logged(s))
		for i, want := range []time.Duration{250e6, 500e6, 1e9, 2e9, 4e9} {
			start := time.Now()
			w := tryCode(s, otherCode(code))
			if took := time.Since(start); took != want || w.Code != http.StatusForbidden {
				t.Errorf("guess %d: %d after %v, want %v", i+1, w.Code, took, want)
			}
		}
		if w := tryCode(s, code); w.Code != http.StatusForbidden {
			t.Errorf("the right code after five wrong ones: %d", w.Code)
		}
		if failures != 6 {
			t.Errorf("%d failures were counted, not 6", failures)
		}
	})
}

// TestGuessingAtOnce has more wrong guesses under way than one remote may have.
func TestGuessingAtOnce(t *testing.T) {
	for path, body := range map[string]string{"auth/token": `{"access_token":"earshot_x"}`, "auth/code": `{"code":"12345678"}`, "auth/pair": `{"code":"12345678","name":"a"}`} {
		serverInBubble(t, func(t *testing.T, s *Server, _ func(http.Header) *websocket.Conn) {
			var mu sync.Mutex
			var guesses sync.WaitGroup
			counted := map[int]int{}
			for range 20 {
				guesses.Go(func() {
					w := asked(s, "POST", path, body)
					mu.Lock()
					defer mu.Unlock()
					counted[w.Code]++
				})
			}
			guesses.Wait()
			if counted[403] < attemptWaiting || counted[429] == 0 || counted[403]+counted[429] != 20 {
				t.Errorf("%s: the answers were %v", path, counted)
			}
		})
	}
}

func TestCodesAreLimited(t *testing.T) {
	serverInBubble(t, func(t *testing.T, s *Server, _ func(http.Header) *websocket.Conn) {
		asks := func() int { return asked(s, "POST", "auth/code/request", "{}").Code }
		var got []int
		for range 4 {
			got = append(got, asks())
		}
		time.Sleep(codeEvery)
		got = append(got, asks(), asks())
		if fmt.Sprint(got) != "[204 204 204 429 204 429]" {
			t.Errorf("the answers were %v", got)
		}
		day := 0
		for range 24 * 60 {
			time.Sleep(time.Minute)
			if asks() == http.StatusNoContent {
				day++
			}
		}
		if day != 240 {
			t.Errorf("%d codes in a day", day)
		}
	})
}

// TestSessionEndsInTime closes the connection too, within the second in which the session ends.
func TestSessionEndsInTime(t *testing.T) {
	serverInBubble(t, func(t *testing.T, s *Server, dial func(http.Header) *websocket.Conn) {
		ctx, cancel := context.WithCancel(t.Context())
		var watch sync.WaitGroup
		watch.Go(func() { s.endRevoked(ctx) })
		cookies := tryCode(s, newCode(t, s, logged(s))).Result().Cookies()
		report := func() (r sessionReport) {
			if err := json.Unmarshal(asked(s, "GET", "auth/session", "", cookies...).Body.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			return r
		}
		if r := report(); !r.SignedIn || r.Role != Admin || r.Expires != time.Now().Add(12*time.Hour).UTC().Format(time.RFC3339) {
			t.Errorf("signed in: %+v", r)
		}
		ws := dial(http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value}})
		if err := ws.WriteJSON(map[string]string{"type": "auth"}); err != nil {
			t.Fatal(err)
		}
		took, err := readUntilEnd(ws)
		if took < 12*time.Hour || took > 12*time.Hour+2*time.Second || !websocket.IsCloseError(err, websocket.ClosePolicyViolation) || !strings.Contains(err.Error(), sessionEnded) {
			t.Errorf("after %v: %v", took, err)
		}
		if r := report(); r.SignedIn || r.Name != "" || r.Role != "" || r.Expires != "" {
			t.Errorf("after the end: %+v", r)
		}
		late := dial(http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value}})
		if err := late.WriteJSON(map[string]string{"type": "auth"}); err != nil {
			t.Fatal(err)
		}
		var m authMessage
		if err := late.ReadJSON(&m); err != nil || m.Type != "auth_required" {
			t.Fatal(m, err)
		}
		if err := late.ReadJSON(&m); err != nil || m.Type != "auth_invalid" || m.Message != "The session has ended; sign in again" {
			t.Errorf("a cookie of a session that has ended: %+v, %v", m, err)
		}
		cancel()
		watch.Wait()
	})
}

func TestSessionsAreBounded(t *testing.T) {
	var x sessions
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	var ids []string
	for i := range maxSessions + 1 {
		id, _ := x.begin(Identity{Name: "a", Role: Read}, false, now.Add(time.Duration(i)*time.Second))
		ids = append(ids, id)
	}
	if x.find(ids[0]) != nil || x.find(ids[1]) == nil || len(x.open) != maxSessions {
		t.Errorf("%d sessions; the first: %v", len(x.open), x.find(ids[0]))
	}
	for hash := range x.open {
		if bytes.Contains(hash[:], []byte(ids[1])) {
			t.Error("an id is held")
		}
	}
	x.begin(Identity{Name: "a", Role: Read}, false, now.Add(13*time.Hour))
	if len(x.open) != 1 {
		t.Errorf("%d sessions are held after their end", len(x.open)-1)
	}
}

func TestSignInsAreBounded(t *testing.T) {
	var x signIns
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for i := range maxSignIns + 1 {
		at := now.Add(time.Duration(i) * time.Second)
		x.add(fmt.Sprint("state", i), signIn{expires: at.Add(signInLifetime)}, at)
	}
	if _, there := x.open["state0"]; there || len(x.open) != maxSignIns {
		t.Errorf("%d are under way; the first: %v", len(x.open), there)
	}
}
