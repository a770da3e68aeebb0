package server_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
	"earshot/internal/server"
	"earshot/internal/testkit"
)

// TestListen tells what was said in the mode that asks for it, and says nothing of it in the log.
func TestListen(t *testing.T) {
	b := startBridge(t, withAddresses)
	c := b.dial(server.Admin)
	sound := server.Announcement{URL: "http://ha.lan:8123/base/a.wav"}
	var want []server.Prompt
	for _, tc := range []struct {
		fields map[string]any
		prompt server.Prompt
		said   server.Said
		want   map[string]any
	}{
		{
			kitchenAnd("url", "/a.wav", "conversation_id", "c1"), server.Prompt{Announcement: sound, Conversation: "c1"},
			server.Said{Played: true, Spoken: true, Entry: history.Entry{ID: "A", Outcome: history.NotUnderstood, Transcript: "secret"}},
			map[string]any{"played": true, "heard": true, "outcome": "not_understood", "entry_id": "A"},
		},
		{
			kitchenAnd("url", "/a.wav", "mode", "words"), server.Prompt{Announcement: sound, WordsOnly: true},
			server.Said{Played: true, Spoken: true, Words: "secret", Entry: history.Entry{Outcome: history.Understood, Transcript: "secret"}},
			map[string]any{"played": true, "heard": true, "outcome": "understood", "transcript": "secret"},
		},
		{
			kitchenAnd("media", "media-source://a", "mode", "words", "preannounce", true),
			server.Prompt{Announcement: server.Announcement{Media: "media-source://a", Preannounce: true}, WordsOnly: true},
			server.Said{Played: true, Spoken: true, Privacy: true, Entry: history.Entry{Outcome: history.Understood, Transcript: "secret"}},
			map[string]any{"played": true, "heard": true, "outcome": "understood", "privacy": true},
		},
		{
			kitchenAnd("url", "/a.wav", "mode", "carry_out"), server.Prompt{Announcement: sound},
			server.Said{Played: true}, map[string]any{"played": true, "heard": false},
		},
		{kitchenAnd("url", "/a.wav"), server.Prompt{Announcement: sound}, server.Said{}, map[string]any{"played": false, "heard": false}},
	} {
		b.house.said = tc.said
		if diff := cmp.Diff(tc.want, c.must("satellites/listen", tc.fields)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tc.fields, diff)
		}
		want = append(want, tc.prompt)
	}
	if diff := cmp.Diff(want, b.house.prompts); diff != "" {
		t.Error(diff)
	}
	for _, tc := range []struct {
		fields map[string]any
		want   string
	}{
		{kitchenAnd("url", "/a", "mode", "words", "conversation_id", "c"), "invalid_format: conversation_id: is for mode carry_out only"},
		{kitchenAnd("url", "/a", "mode", "both"), "invalid_format: mode: one of carry_out, words is needed"},
		{kitchenAnd("mode", "words"), "invalid_format: url: send either url or media"},
		{map[string]any{"satellite": "cellar", "url": "/a"}, "not_found: There is no such satellite; satellites/list shows those there are."},
		{kitchenAnd("url", "/broken"), "not_allowed: The announcement was not played to its end."},
	} {
		if got := c.fails("satellites/listen", tc.fields); got != tc.want {
			t.Errorf("%v\ngot  %s\nwant %s", tc.fields, got, tc.want)
		}
	}
	if got := b.dial(server.Listen).fails("satellites/listen", kitchenAnd("url", "/a")); got != "unauthorized: The role admin is needed." {
		t.Error(got)
	}
	log := b.log.String()
	if strings.Contains(log, "secret") || strings.Contains(log, "a.wav") {
		t.Errorf("the log says what was played or said: %s", log)
	}
	if !strings.Contains(log, `"satellite":"kitchen","by":"test admin","message":"the satellite is to listen without a wake word"`) {
		t.Errorf("the log does not say who had it listen: %s", log)
	}
}

// TestListenAside answers other commands meanwhile, and ends with the connection.
func TestListenAside(t *testing.T) {
	b := startBridge(t, withAddresses)
	b.house.announcing = make(chan bool)
	c := b.dial(server.Admin)
	c.write(map[string]any{"id": 1, "type": "satellites/listen", "satellite": "kitchen", "url": "/a"})
	c.id = 1
	c.must("satellites/list", nil)
	testkit.Eventually(t, "it is played", func() bool {
		b.house.mu.Lock()
		defer b.house.mu.Unlock()
		return len(b.house.announced) == 1
	})
	c.ws.Close()
	if _, more := <-b.house.announcing; more {
		t.Error("it was not ended")
	}
}
