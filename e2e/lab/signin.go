package lab

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

// PlainLogin returns the name and the password of the user who is no administrator, for a browser.
func (h *Home) PlainLogin() (user, secret string) { return plain, password }

// Authorize opens the sign-in page of Home Assistant at an address that another program made, signs a user in as the page does, and returns
// where the page then sends the browser.
func (h *Home) Authorize(t testing.TB, address, user, secret string) (back string) {
	t.Helper()
	h.must(t, func(ctx context.Context) (err error) {
		back, err = h.authorize(ctx, address, user, secret)
		return err
	})
	return back
}

func (h *Home) authorize(ctx context.Context, address, user, secret string) (string, error) {
	at, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	if err := h.api.send(req, nil); err != nil {
		return "", err
	}
	asked := at.Query()
	form := map[string]any{
		"client_id": asked.Get("client_id"), "redirect_uri": asked.Get("redirect_uri"), "handler": []any{"homeassistant", nil},
	}
	if h.options.Version != Oldest { // whose page does not know these
		for _, name := range []string{"response_type", "code_challenge", "code_challenge_method"} {
			form[name] = asked.Get(name)
		}
	}
	anybody := api{url: h.api.url}
	var flow struct {
		ID string `json:"flow_id"`
	}
	if err := anybody.rest(ctx, "/auth/login_flow", form, &flow); err != nil {
		return "", err
	}
	var done struct {
		Type   string            `json:"type"`
		Result string            `json:"result"`
		Errors map[string]string `json:"errors"`
	}
	login := map[string]any{"client_id": asked.Get("client_id"), "username": user, "password": secret}
	if err := anybody.rest(ctx, "/auth/login_flow/"+flow.ID, login, &done); err != nil {
		return "", err
	}
	if done.Type != "create_entry" {
		return "", fmt.Errorf("sign %q in: %s %v", user, done.Type, done.Errors)
	}
	back, err := url.Parse(asked.Get("redirect_uri"))
	if err != nil {
		return "", err
	}
	back.RawQuery = url.Values{"code": {done.Result}, "state": {asked.Get("state")}}.Encode()
	return back.String(), nil
}
