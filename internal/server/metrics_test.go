package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"earshot/internal/server"
)

// measuring lets a server have metrics; err is what it cannot measure.
func measuring(err error) func(*server.Config, *server.Deps) {
	return func(_ *server.Config, d *server.Deps) {
		d.Metrics = func(_ context.Context, w io.Writer) error {
			fmt.Fprintln(w, "earshot_mqtt_connected 1")
			return err
		}
	}
}

func TestMetricsNeedToken(t *testing.T) {
	b := startBridge(t, measuring(nil))
	good, err := b.tokens.Session("prometheus", server.Read)
	if err != nil {
		t.Fatal(err)
	}
	revoked, err := b.tokens.Session("gone", server.Admin)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.tokens.Revoke("gone"); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		header []string
		want   int
	}{
		{nil, 401},
		{[]string{"Authorization", good}, 401},
		{[]string{"Authorization", "Basic " + good}, 401},
		{[]string{"Authorization", "Bearer "}, 401},
		{[]string{"Authorization", "Bearer " + revoked}, 401},
		{[]string{"Authorization", "Bearer " + good}, 200},
		{[]string{"Authorization", "bearer " + good}, 200},
		{[]string{"Authorization", "Bearer " + good, "Host", "evil.example"}, 403},
	} {
		resp, body := b.get("metrics", tc.header...)
		if resp.StatusCode != tc.want {
			t.Errorf("case with status %d: got %d", tc.want, resp.StatusCode)
		}
		if (string(body) == "earshot_mqtt_connected 1\n") != (tc.want == 200) {
			t.Errorf("case with status %d: the body is %q", tc.want, body)
		}
		if (resp.Header.Get("WWW-Authenticate") == "Bearer") != (tc.want == 401) {
			t.Errorf("case with status %d: WWW-Authenticate is %q", tc.want, resp.Header.Get("WWW-Authenticate"))
		}
		if got := resp.Header.Get("Content-Type"); tc.want == 200 && got != "text/plain; version=0.0.4; charset=utf-8" {
			t.Errorf("Content-Type is %q", got)
		}
	}
	if resp, _ := b.get("metrics?token=" + good); resp.StatusCode != 401 {
		t.Errorf("a token in the address is answered with %d", resp.StatusCode)
	}
	if log := b.log.String(); strings.Contains(log, good) || !strings.Contains(log, `"attempts":1,"message":"wrong access token"`) {
		t.Error("the log has the token, or lacks the wrong attempt")
	}
}

// TestMetricsMissing serves what can be measured, and says in the log what cannot.
func TestMetricsMissing(t *testing.T) {
	b := startBridge(t, measuring(errors.New("count the history: disk I/O error")))
	secret, err := b.tokens.Session("prometheus", server.Read)
	if err != nil {
		t.Fatal(err)
	}
	resp, body := b.get("metrics", "Authorization", "Bearer "+secret)
	if resp.StatusCode != 200 || len(body) == 0 {
		t.Errorf("got %d %q", resp.StatusCode, body)
	}
	if !strings.Contains(b.log.String(), "disk I/O error") {
		t.Error("the log does not say what is missing")
	}
}
