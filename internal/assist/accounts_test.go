package assist_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"earshot/internal/assist"
	at "earshot/internal/assist/assisttest"
	"earshot/internal/testkit"
)

// TestAccount knows people who may use Home Assistant, and which of them are administrators.
func TestAccount(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	h.Set(func(s *at.Settings) {
		s.Accounts = []at.Account{
			{ID: "a1", Name: "Anna", Admin: true}, {ID: "b2", Name: "Ben"}, {ID: "c3", Name: "Carl", Admin: true, Inactive: true},
			{ID: "d4", Name: "Supervisor", Admin: true, Generated: true}, {ID: "e5", Name: "Eva", Owner: true},
		}
	})
	for id, want := range map[string]assist.Account{"a1": {Name: "Anna", Admin: true}, "b2": {Name: "Ben"}, "e5": {Name: "Eva", Admin: true}} {
		if got, err := h.client.Account(t.Context(), id); err != nil || got != want {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
	for _, id := range []string{"c3", "d4", "z9", ""} {
		if got, err := h.client.Account(t.Context(), id); !errors.Is(err, assist.ErrNoAccount) {
			t.Errorf("%q: %+v, %v", id, got, err)
		}
	}
	h.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got, err := h.client.Account(ctx, "a1"); err == nil || errors.Is(err, assist.ErrNoAccount) {
		t.Errorf("while Home Assistant is away: %+v, %v", got, err)
	}
}

// TestTokenFor gives the token away to nobody but Home Assistant.
func TestTokenFor(t *testing.T) {
	h := ready(t)
	for address, want := range map[string]string{
		h.URL() + "/api/tts_proxy/x.mp3": at.Token, h.URL(): "", h.URL() + ".evil.example/x": "", "http://127.0.0.1:1/api/x": "", "": "",
	} {
		if got := h.client.TokenFor(address); got != want {
			t.Errorf("%s gets %q", address, got)
		}
	}
	if got := (*assist.Client)(nil).TokenFor(h.URL() + "/"); got != "" {
		t.Errorf("without Home Assistant: %q", got)
	}
}
