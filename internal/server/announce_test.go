package server_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/server"
	"earshot/internal/testkit"
)

// withAddresses says where Home Assistant is.
func withAddresses(_ *server.Config, d *server.Deps) {
	d.HomeAssistant = server.HomeAssistant{URL: "http://ha.lan:8123/base", ExternalURL: "https://Home.example"}
}

// kitchenAnd are the fields of a command to the kitchen.
func kitchenAnd(more ...any) map[string]any {
	fields := map[string]any{"satellite": "kitchen"}
	for i := 0; i < len(more); i += 2 {
		fields[more[i].(string)] = more[i+1]
	}
	return fields
}

// TestAnnounce has what is Home Assistant's played, and nothing else fetched.
func TestAnnounce(t *testing.T) {
	b := startBridge(t, withAddresses)
	c := b.dial(server.Admin)
	var want []server.Announcement
	for _, tc := range []struct{ sent, url string }{
		{"/api/tts_proxy/a%20b.mp3?x=1", "http://ha.lan:8123/base/api/tts_proxy/a%20b.mp3?x=1"},
		{"/../../a", "http://ha.lan:8123/a"},
		{"http://ha.lan:8123/x.wav", "http://ha.lan:8123/x.wav"},
		{"https://home.example:443/x.wav?authSig=y", "https://home.example:443/x.wav?authSig=y"},
	} {
		want = append(want, server.Announcement{URL: tc.url})
		if got := c.must("satellites/announce", kitchenAnd("url", tc.sent)); got["played"] != true || len(got) != 1 {
			t.Errorf("%s: %v", tc.sent, got)
		}
	}
	want = append(want, server.Announcement{Media: "media-source://tts/x", Preannounce: true})
	c.must("satellites/announce", kitchenAnd("media", "media-source://tts/x", "preannounce", true))
	if diff := cmp.Diff(want, b.house.announced); diff != "" {
		t.Error(diff)
	}
	const foreign = "invalid_format: url: is not of home_assistant.url or home_assistant.external_url; nothing else is fetched. A path alone, as /api/…, is taken too"
	for _, tc := range []struct {
		fields map[string]any
		want   string
	}{
		{kitchenAnd(), "invalid_format: url: send either url or media"},
		{kitchenAnd("url", "/a", "media", "media-source://b"), "invalid_format: url: send either url or media"},
		{kitchenAnd("media", "/a"), "invalid_format: media: begins with media-source://"},
		{kitchenAnd("url", "http://ha.lan/x.wav"), foreign},
		{kitchenAnd("url", "http://ha.lan:8123.evil.example/x.wav"), "invalid_format: url: is not an address of http or https"},
		{kitchenAnd("url", "http://evil.example/x.wav"), foreign},
		{kitchenAnd("url", "http://home.example/x.wav"), foreign},
		{kitchenAnd("url", "//evil.example/x.wav"), foreign},
		{kitchenAnd("url", "file:///etc/passwd"), foreign},
		{kitchenAnd("url", "file:/etc/passwd"), foreign},
		{kitchenAnd("url", "x.wav"), foreign},
		{kitchenAnd("url", "http://ha.lan:8123@evil.example/"), "invalid_format: url: is not an address of http or https"},
		{map[string]any{"satellite": "cellar", "url": "/a"}, "not_found: There is no such satellite; satellites/list shows those there are."},
		{kitchenAnd("url", "/broken"), "not_allowed: The announcement was not played to its end."},
	} {
		if got := c.fails("satellites/announce", tc.fields); got != tc.want {
			t.Errorf("%v\ngot  %s\nwant %s", tc.fields, got, tc.want)
		}
	}
	if log := b.log.String(); strings.Contains(log, "tts_proxy") || strings.Contains(log, "authSig") {
		t.Errorf("the log says what was played: %s", log)
	}
	without := startBridge(t).dial(server.Admin)
	if got := without.fails("satellites/announce", kitchenAnd("url", "/a")); got != "not_allowed: No Home Assistant is set up; set home_assistant.url." {
		t.Error(got)
	}
}

// TestAnnounceAside answers other commands meanwhile, takes no end of announcements, and ends them with the connection.
func TestAnnounceAside(t *testing.T) {
	b := startBridge(t, withAddresses)
	b.house.announcing = make(chan bool)
	c := b.dial(server.Admin)
	for i := range 33 {
		c.write(map[string]any{"id": i + 1, "type": "satellites/announce", "satellite": "kitchen", "url": "/a"})
	}
	c.id = 33
	if got := failure(t, c.answer()); got != "busy: too many commands that take long at once; wait for one of them" {
		t.Errorf("the last: %s", got)
	}
	c.must("satellites/list", nil)
	testkit.Eventually(t, "all others are played", func() bool {
		b.house.mu.Lock()
		defer b.house.mu.Unlock()
		return len(b.house.announced) == 32
	})
	for range 31 {
		b.house.announcing <- false
		if m := c.answer(); m["success"] != true || m["result"].(map[string]any)["played"] != false || m["id"].(float64) > 32 {
			t.Errorf("answer: %v", m)
		}
	}
	c.ws.Close()
	if _, more := <-b.house.announcing; more {
		t.Error("it was not ended")
	}
}
