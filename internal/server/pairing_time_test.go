package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

func askToPair(s *Server) int {
	return asked(s, "POST", "auth/pair/request", `{"name":"Home Assistant"}`).Code
}

func tryToPair(s *Server, code string) *httptest.ResponseRecorder {
	return asked(s, "POST", "auth/pair", `{"code":"`+code+`","name":"Home Assistant"}`)
}

// follow notes what a subscriber is told.
func followPairing(ctx context.Context, s *Server) *[]string {
	var told []string
	go func() {
		_ = pairingListener{s}.forward(ctx, func(event any) bool {
			e := event.(pairingEvent)
			told = append(told, fmt.Sprint(e.Name, " ", e.Code, " ", e.Expires))
			return true
		})
	}()
	return &told
}

func TestPairingCodeIsGoodForFiveMinutes(t *testing.T) {
	for _, tc := range []struct {
		after time.Duration
		want  int
	}{{5*time.Minute - time.Second, http.StatusOK}, {5 * time.Minute, http.StatusForbidden}} {
		serverInBubble(t, func(t *testing.T, s *Server, _ func(http.Header) *websocket.Conn) {
			askToPair(s)
			_, code, _, _ := s.pairing.pending(time.Now())
			time.Sleep(tc.after)
			if w := tryToPair(s, code); w.Code != tc.want {
				t.Errorf("after %v: %d %s", tc.after, w.Code, w.Body)
			}
		})
	}
}

// TestPairingIsTold: of a code, of its replacement, and of each way in which it ends, once.
func TestPairingIsTold(t *testing.T) {
	serverInBubble(t, func(t *testing.T, s *Server, _ func(http.Header) *websocket.Conn) {
		ctx, cancel := context.WithCancel(t.Context())
		told := followPairing(ctx, s)
		var want []string
		ask := func() (code string) {
			askToPair(s)
			_, code, expires, _ := s.pairing.pending(time.Now())
			want = append(want, "Home Assistant "+code+" "+formatTime(expires, time.UTC))
			synctest.Wait()
			return code
		}
		first := ask()
		time.Sleep(time.Minute)
		ask()
		if w := tryToPair(s, first); w.Code != http.StatusForbidden {
			t.Errorf("a code that was replaced: %d", w.Code)
		}
		time.Sleep(5 * time.Minute) // it expires
		want = append(want, "  ")
		code := ask()
		for range codeTries {
			tryToPair(s, otherCode(code))
		}
		want = append(want, "  ")
		if w := tryToPair(s, code); w.Code != http.StatusForbidden {
			t.Errorf("the right code after five wrong ones: %d", w.Code)
		}
		time.Sleep(time.Hour)
		if w := tryToPair(s, ask()); w.Code != http.StatusOK {
			t.Errorf("the right code: %d %s", w.Code, w.Body)
		}
		want = append(want, "  ")
		synctest.Wait()
		cancel()
		synctest.Wait()
		if !slices.Equal(*told, want) {
			t.Errorf("told:\n%s\nwant:\n%s", strings.Join(*told, "\n"), strings.Join(want, "\n"))
		}
	})
}

// TestGuessingPairingCodes shows how long each wrong code takes to be refused, that they are counted, and how many codes there are.
func TestGuessingPairingCodes(t *testing.T) {
	serverInBubble(t, func(t *testing.T, s *Server, _ func(http.Header) *websocket.Conn) {
		failures := 0
		s.deps.SignInFailed = func() { failures++ }
		askToPair(s)
		_, code, _, _ := s.pairing.pending(time.Now())
		for i, want := range []time.Duration{250e6, 500e6, 1e9, 2e9, 4e9, 8e9} {
			start := time.Now()
			w := tryToPair(s, otherCode(code))
			if took := time.Since(start); took != want || w.Code != http.StatusForbidden {
				t.Errorf("guess %d: %d after %v, want %v", i+1, w.Code, took, want)
			}
		}
		if failures != 6 || len(s.deps.Tokens.List()) != 0 {
			t.Errorf("%d failures were counted, not 6; tokens %v", failures, s.deps.Tokens.List())
		}
		time.Sleep(time.Hour)
		day := 0
		for range 24 * 60 {
			time.Sleep(time.Minute)
			if status := askToPair(s); status == http.StatusNoContent {
				day++
			} else if status != http.StatusTooManyRequests {
				t.Fatal(status)
			}
		}
		if day != 242 { // three in a row, and then ten an hour
			t.Errorf("%d codes in a day", day)
		}
		if w := asked(s, "POST", "auth/code/request", "{}"); w.Code != http.StatusNoContent {
			t.Errorf("a code to sign in with: %d", w.Code)
		}
	})
}
