package server_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"earshot/history"
	"earshot/internal/server"
	"earshot/internal/testkit"
)

func TestHandshake(t *testing.T) {
	b := startBridge(t)
	secret, err := b.tokens.Create("card", server.Listen)
	if err != nil {
		t.Fatal(err)
	}
	c := b.open()
	if diff := cmp.Diff(map[string]any{"type": "auth_required", "earshot_version": "test"}, c.read()); diff != "" {
		t.Error(diff)
	}
	// A command may be sent before the answer to auth has come.
	c.write(map[string]any{"type": "auth", "access_token": secret})
	c.write(map[string]any{"id": 1, "type": "ping"})
	want := map[string]any{"type": "auth_ok", "earshot_version": "test", "name": "card", "role": "listen", "time_zone": "Europe/Berlin"}
	if diff := cmp.Diff(want, c.read()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"id": 1.0, "type": "pong"}, c.read()); diff != "" {
		t.Error(diff)
	}
}

func TestWrongHandshake(t *testing.T) {
	b := startBridge(t)
	for _, tc := range []struct {
		name, send, message string
		code                int
	}{
		{"wrong token", `{"type":"auth","access_token":"earshot_wrong"}`, "Invalid access token", 1000},
		{"command first", `{"id":1,"type":"ping"}`, "Auth message incorrectly formatted: type: one of auth is needed", 1000},
		{"no token", `{"type":"auth"}`, "Auth message incorrectly formatted: access_token: is missing", 1000},
		{"empty token", `{"type":"auth","access_token":""}`, "Auth message incorrectly formatted: access_token: is empty; leave it out instead", 1000},
		{"more keys", `{"type":"auth","access_token":"x","id":1}`, `Auth message incorrectly formatted: "id": is not known; auth takes type, access_token`, 1000},
		{"token of another kind", `{"type":"auth","access_token":7}`, "Auth message incorrectly formatted: access_token: a string is needed", 1000},
		{"no JSON", `hello`, "", 1007},
		{"no object", `[1]`, "", 1007},
		{"too large", `{"type":"auth","access_token":"` + strings.Repeat("x", 5000) + `"}`, "", 1009},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := b.open()
			c.t = t
			c.read()
			c.writeText(tc.send)
			if tc.message != "" {
				if diff := cmp.Diff(map[string]any{"type": "auth_invalid", "message": tc.message}, c.read()); diff != "" {
					t.Error(diff)
				}
			}
			if code, _ := c.closed(); code != tc.code {
				t.Errorf("closed with %d, want %d", code, tc.code)
			}
		})
	}
	if strings.Contains(b.log.String(), "earshot_wrong") {
		t.Error("the log holds a token")
	}
	if !strings.Contains(b.log.String(), `"attempts":1,"message":"wrong access token"`) {
		t.Errorf("the wrong attempt was not logged: %s", b.log)
	}
}

func TestWrongTokensAreSlowed(t *testing.T) {
	b := startBridge(t)
	try := func() time.Duration {
		c := b.open()
		c.read()
		start := time.Now()
		c.write(map[string]any{"type": "auth", "access_token": "earshot_wrong"})
		if got := c.read()["type"]; got != "auth_invalid" {
			t.Fatalf("got %v", got)
		}
		return time.Since(start)
	}
	for i, atLeast := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second} {
		if took := try(); took < atLeast {
			t.Errorf("attempt %d was answered after %v, not %v", i+1, took, atLeast)
		}
	}
	start := time.Now()
	b.dial(server.Read) // who has a token is not made to wait
	if took := time.Since(start); took > 250*time.Millisecond {
		t.Errorf("a right token took %v", took)
	}
}

func TestProtocolErrors(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	for _, tc := range []struct {
		send string
		id   any
		want string
	}{
		{`{"type":"ping"}`, nil, "invalid_format: id: a whole number from 1 on is needed"},
		{`{"id":"1","type":"ping"}`, nil, "invalid_format: id: a whole number from 1 on is needed"},
		{`{"id":0,"type":"ping"}`, nil, "invalid_format: id: a whole number from 1 on is needed"},
		{`{"id":1.5,"type":"ping"}`, nil, "invalid_format: id: a whole number from 1 on is needed"},
		{`{"id":99999999999999999999,"type":"ping"}`, nil, "invalid_format: id: a whole number from 1 on is needed"},
		{`{}`, nil, "invalid_format: id: a whole number from 1 on is needed"},
		{`{"id":5}`, 5.0, "invalid_format: type: the name of a command is needed"},
		{`{"id":5,"type":"ping"}`, 5.0, "id_reuse: Identifier values have to increase."},
		{`{"id":4,"type":"ping"}`, 4.0, "id_reuse: Identifier values have to increase."},
		{`{"id":6,"type":7}`, 6.0, "invalid_format: type: the name of a command is needed"},
		{`{"id":7,"type":"get_states"}`, 7.0, "unknown_command: Unknown command."},
		{`{"id":8,"type":"ping","x":1}`, 8.0, `invalid_format: "x": is not known; ping takes nothing`},
		{`{"id":9,"type":"history/get"}`, 9.0, "invalid_format: entry_id: is missing"},
		{`{"id":10,"type":"history/get","entry_id":null}`, 10.0, "invalid_format: entry_id: a string is needed"},
		{`{"id":11,"type":"history/get","entry_id":"a","entryid":"b"}`, 11.0, `invalid_format: "entryid": is not known; history/get takes entry_id`},
		{`{"id":12,"type":"history/get","entry_id":"../../etc/passwd"}`, 12.0, "not_found: There is no such recording; it may have been deleted."},
		{`{"id":13,"type":"history/get","entry_id":"` + strings.Repeat("x", 2000) + `"}`, 13.0, "invalid_format: entry_id: at most 1000 bytes of text are taken"},
		{`{"id":14,"type":"history/list","limit":0}`, 14.0, "invalid_format: limit: a whole number from 1 to 500 is needed"},
		{`{"id":15,"type":"history/list","limit":1e2}`, 15.0, "invalid_format: limit: a whole number from 1 to 500 is needed"},
		{`{"id":16,"type":"history/list","kept":"yes"}`, 16.0, "invalid_format: kept: true or false is needed"},
		{`{"id":17,"type":"history/list","outcome":"good"}`, 17.0, "invalid_format: outcome: one of understood, not_understood, not_intended, failed, cancelled, elsewhere, recorded, near_miss, sample is needed"},
		{`{"id":18,"type":"history/list","from":"yesterday"}`, 18.0, "invalid_format: from: a time with its offset is needed, like 2026-03-01T08:00:00+01:00"},
		{`{"id":19,"type":"history/list","from":"2026-03-01T08:00:00"}`, 19.0, "invalid_format: from: a time with its offset is needed, like 2026-03-01T08:00:00+01:00"},
		{`{"id":20,"type":"history/list","period":"today","to":"2026-03-01T08:00:00Z"}`, 20.0, "invalid_format: period: goes without from and to"},
		{`{"id":21,"type":"history/list","from":"2026-03-01T08:00:00Z","to":"2026-03-01T08:00:00Z"}`, 21.0, "invalid_format: to: must be after from"},
		{`{"id":22,"type":"history/list","cursor":"nonsense"}`, 22.0, "invalid_format: cursor: is not one that history/list returned"},
		{`{"id":23,"type":"history/list","satellite":""}`, 23.0, "invalid_format: satellite: is empty; leave it out instead"},
		{`{"id":24,"type":"history/delete","ids":"all"}`, 24.0, "invalid_format: ids: a list of strings is needed"},
		{`{"id":25,"type":"history/delete","ids":[]}`, 25.0, "invalid_format: ids: at least one is needed"},
		{`{"id":26,"type":"history/delete","ids":["a",1]}`, 26.0, "invalid_format: ids: item 2: a string is needed"},
		{`{"id":27,"type":"unsubscribe_events","subscription":3}`, 27.0, "not_found: Subscription not found."},
		{`{"id":28,"type":"satellites/mute","satellite":"cellar","muted":true}`, 28.0, "not_found: There is no such satellite; satellites/list shows those there are."},
		{`{"id":29,"type":"satellites/mute","satellite":"kitchen"}`, 29.0, "invalid_format: muted: is missing"},
	} {
		c.writeText(tc.send)
		answer := c.read()
		if got := failure(t, answer); got != tc.want || answer["id"] != tc.id {
			t.Errorf("%s\ngot  %v %s\nwant %v %s", tc.send, answer["id"], got, tc.id, tc.want)
		}
	}
}

func TestUnknownPeriodListsThoseThereAre(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Read)
	got := c.fails("history/list", map[string]any{"period": "fortnight"})
	for _, part := range []string{"invalid_format: period: ", "fortnight", "last_7_days", "yesterday"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q does not say %q", got, part)
		}
	}
}

func TestHostileMessages(t *testing.T) {
	b := startBridge(t)
	for _, tc := range []struct {
		name string
		kind int
		data string
		code int
	}{
		{"no JSON", websocket.TextMessage, `{"id":1`, 1007},
		{"list", websocket.TextMessage, `[{"id":1,"type":"ping"}]`, 1007},
		{"two objects", websocket.TextMessage, `{"id":1,"type":"ping"}{"id":2,"type":"ping"}`, 1007},
		{"key twice", websocket.TextMessage, `{"id":1,"type":"history/list","type":"history/delete_range"}`, 1007},
		{"not UTF-8", websocket.TextMessage, "{\"id\":1,\"type\":\"\xff\"}", 1007},
		{"deep", websocket.TextMessage, `{"id":1,"type":"ping","x":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + `}`, 1007},
		{"empty", websocket.TextMessage, "", 1007},
		{"binary", websocket.BinaryMessage, "\x01abc", 1003},
		{"too large", websocket.TextMessage, `{"id":1,"type":"ping","x":"` + strings.Repeat("x", 64<<10) + `"}`, 1009},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := b.dial(server.Read)
			c.t = t
			if err := c.ws.WriteMessage(tc.kind, []byte(tc.data)); err != nil {
				t.Fatal(err)
			}
			if code, text := c.closed(); code != tc.code {
				t.Errorf("closed with %d %q, want %d", code, text, tc.code)
			}
		})
	}
}

func TestRoles(t *testing.T) {
	b := startBridge(t, func(_ *server.Config, d *server.Deps) { d.HomeAssistant.URL = "http://127.0.0.1:1" })
	e := b.add(tone(1, 440), nil)
	clients := []*client{b.dial(server.Read), b.dial(server.Listen), b.dial(server.Admin)}
	word := map[string]any{"enrolment": clients[2].must("wake_words/enroll", map[string]any{"satellite": "kitchen", "phrase": "x"})["enrolment"]}
	close(b.house.enrolment.said) // every recording is a good one
	commands := []struct {
		name   string
		fields map[string]any
		from   int // the first of the clients that may use it
	}{
		{"services/list", nil, 0},
		{"history/list", nil, 0},
		{"history/get", map[string]any{"entry_id": e.ID}, 0},
		{"history/subscribe", nil, 0},
		{"history/stats", nil, 0},
		{"satellites/list", nil, 0},
		{"satellites/subscribe", nil, 0},
		{"wake_words/list", nil, 0},
		{"settings/get", nil, 0},
		{"clips/sign", map[string]any{"entry_id": e.ID}, 1},
		{"history/export", nil, 1},
		{"history/update", map[string]any{"ids": []string{e.ID}, "label": "correct"}, 2},
		{"history/delete_preview", map[string]any{"period": "today"}, 2},
		{"history/verify", nil, 2},
		{"settings/update", map[string]any{"understood": "90d", "improve": true}, 2},
		{"retention/run", nil, 2},
		{"access_log/list", nil, 2},
		{"satellites/mute", map[string]any{"satellite": "kitchen", "muted": true}, 2},
		{"wake_words/tune", map[string]any{"satellite": "kitchen", "wake_word": "okay_nabu"}, 2},
		{"wake_words/verifier", map[string]any{"satellite": "kitchen", "wake_word": "okay_nabu", "active": false}, 2},
		{"wake_words/update", map[string]any{"satellite": "kitchen", "wake_word": "okay_nabu", "active": false}, 2},
		{"wake_words/enroll", map[string]any{"satellite": "kitchen", "phrase": "Computer"}, 2},
		{"wake_words/record", word, 2},
		{"wake_words/undo", word, 2},
		{"wake_words/finish", word, 2},
		{"satellites/test", map[string]any{"satellite": "kitchen"}, 2},
		{"satellites/announce", map[string]any{"satellite": "kitchen", "url": "/api/tts_proxy/a.mp3"}, 2},
		{"satellites/listen", map[string]any{"satellite": "kitchen", "url": "/api/tts_proxy/a.mp3"}, 2},
		{"pairing/subscribe", nil, 2},
		{"history/delete", map[string]any{"ids": []string{e.ID}}, 2},
		{"history/delete_range", map[string]any{"period": "all", "confirm": true}, 2},
	}
	listed := map[string]bool{"ping": true, "unsubscribe_events": true}
	for _, cmd := range commands {
		listed[cmd.name] = true
		for i, c := range clients {
			answer := c.call(cmd.name, cmd.fields)
			if i >= cmd.from {
				if answer["success"] != true {
					t.Errorf("%s as %d: %v", cmd.name, i, answer["error"])
				}
				b.checkKeys(cmd.name, answer["result"])
			} else if got := failure(t, answer); !strings.HasPrefix(got, "unauthorized: ") {
				t.Errorf("%s as %d: %s", cmd.name, i, got)
			}
		}
	}
	// The table above is complete, and the services describe themselves by the same roles.
	names := map[string]string{}
	for _, s := range clients[0].must("services/list", nil)["services"].([]any) {
		service := s.(map[string]any)
		names[service["name"].(string)] = service["role"].(string)
		if !listed[service["name"].(string)] {
			t.Errorf("%s is not in the table of roles", service["name"])
		}
	}
	for _, cmd := range commands {
		if want := []string{"read", "listen", "admin"}[cmd.from]; names[cmd.name] != want {
			t.Errorf("services/list says %s of %s, want %s", names[cmd.name], cmd.name, want)
		}
	}
}

// checkKeys holds a result against what the manual says of it.
func (b *bridge) checkKeys(command string, result any) {
	b.t.Helper()
	all, always := b.server.ResultKeys(command)
	keys, _ := result.(map[string]any)
	for key := range keys {
		if !slices.Contains(all, key) {
			b.t.Errorf("%s answers %q, which the manual does not know", command, key)
		}
	}
	for _, key := range always {
		if _, there := keys[key]; !there {
			b.t.Errorf("%s does not answer %q", command, key)
		}
	}
}

func TestServicesDescribeTheirFields(t *testing.T) {
	c := startBridge(t).dial(server.Read)
	for _, s := range c.must("services/list", nil)["services"].([]any) {
		service := s.(map[string]any)
		if service["name"] != "satellites/mute" {
			continue
		}
		want := map[string]any{
			"name": "satellites/mute", "description": "closes a microphone, or opens it again", "role": "admin",
			"fields": []any{
				map[string]any{"name": "satellite", "type": "string", "required": true, "description": "id of the satellite"},
				map[string]any{"name": "muted", "type": "boolean", "required": true, "description": "true closes the device, false opens it again"},
			},
		}
		if diff := cmp.Diff(want, service); diff != "" {
			t.Error(diff)
		}
		return
	}
	t.Fatal("satellites/mute is not listed")
}

func TestSatellites(t *testing.T) {
	c := startBridge(t).dial(server.Admin)
	kitchen := func() map[string]any {
		return c.must("satellites/list", nil)["satellites"].([]any)[0].(map[string]any)
	}
	want := map[string]any{
		"id": "kitchen", "name": "Kitchen", "area": "Kitchen", "state": "idle", "muted": false, "last_heard": nil,
		"microphone": map[string]any{"state": "listening", "device": "usb", "reason": "", "since": nil, "last_frame": nil, "dropped": 0.0, "level_dbfs": 0.0, "findings": []any{}},
		"wake_words": []any{map[string]any{"id": "okay_nabu", "phrase": "Okay Nabu", "threshold": 0.85, "active": true}},
	}
	if diff := cmp.Diff(want, kitchen()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"satellite": "kitchen", "muted": true}, c.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})); diff != "" {
		t.Error(diff)
	}
	if kitchen()["muted"] != true {
		t.Error("not muted")
	}
}

func TestRevokedTokenEndsItsConnections(t *testing.T) {
	b := startBridge(t)
	secret, err := b.tokens.Create("card", server.Read)
	if err != nil {
		t.Fatal(err)
	}
	c, other := b.open(), b.dial(server.Read)
	c.signIn(secret)
	if err := b.tokens.Revoke("card"); err != nil {
		t.Fatal(err)
	}
	if code, text := c.closed(); code != websocket.ClosePolicyViolation || text != "the token was revoked" {
		t.Errorf("closed with %d %q", code, text)
	}
	other.must("history/list", nil)
}

func TestTokenRevokedByAnotherProcess(t *testing.T) {
	b := startBridge(t)
	foreign, err := server.OpenTokens(filepath.Join(b.dir, "tokens.json"))
	if err != nil {
		t.Fatal(err)
	}
	secret, err := foreign.Create("card", server.Read)
	if err != nil {
		t.Fatal(err)
	}
	c := b.open()
	c.signIn(secret)
	if err := foreign.Revoke("card"); err != nil {
		t.Fatal(err)
	}
	if code, text := c.closed(); code != websocket.ClosePolicyViolation || text != "the token was revoked" {
		t.Errorf("closed with %d %q", code, text)
	}
}

func TestDamagedTokenFileIsSaid(t *testing.T) {
	b := startBridge(t)
	secret, err := b.tokens.Create("card", server.Read)
	if err != nil {
		t.Fatal(err)
	}
	c := b.open()
	c.signIn(secret)
	if err := os.WriteFile(filepath.Join(b.dir, "tokens.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _ := c.closed(); code != websocket.ClosePolicyViolation {
		t.Errorf("closed with %d", code)
	}
	testkit.Within(t, 5*time.Second, "a line in the log", func() bool {
		return strings.Contains(b.log.String(), "no token of the file is valid until it can be read again")
	})
}

// TestSlowClientIsDropped has one client stop reading, while another goes on undisturbed.
func TestSlowClientIsDropped(t *testing.T) {
	b := startBridge(t)
	secret, err := b.tokens.Session("slow", server.Read)
	if err != nil {
		t.Fatal(err)
	}
	ws, _, err := narrow.Dial("ws://"+b.server.Addr()+"/api/websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	slow, quick := &client{t: t, ws: ws}, b.dial(server.Read)
	slow.signIn(secret)
	slow.must("history/subscribe", nil)
	quick.must("history/subscribe", nil)
	text := strings.Repeat("word ", 10_000) // so that the buffers of the system are full soon
	for i := range 200 {
		b.add(nil, func(e *history.Entry) { e.Transcript = fmt.Sprint(i, text) })
		if got := quick.event()["action"]; got != "added" {
			t.Fatalf("event %d: %v", i, got)
		}
		if strings.Contains(b.log.String(), "WebSocket client dropped") {
			break
		}
	}
	testkit.Within(t, 5*time.Second, "the slow client is dropped", func() bool {
		return strings.Contains(b.log.String(), `"reason":"it does not keep up with the events"`)
	})
	for {
		_ = ws.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, _, err := ws.ReadMessage(); err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Error("the connection of the slow client is still there")
			}
			break
		}
	}
	quick.must("history/list", map[string]any{"limit": 1})
}

// TestTooManyCommands has one client send more than is taken; it is told so, and goes on after a moment, as others do all the time.
func TestTooManyCommands(t *testing.T) {
	b := startBridge(t)
	c, other := b.dial(server.Read), b.dial(server.Read)
	const sent = 1000
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range sent {
			_ = c.ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"id":%d,"type":"ping"}`, i+1))
		}
	})
	busy := 0
	for range sent {
		answer := c.read()
		if answer["type"] == "pong" {
			continue
		}
		busy++
		if got := failure(t, answer); got != "busy: too many commands at once; wait a moment" || answer["id"] == nil {
			t.Fatalf("%v", answer)
		}
	}
	writer.Wait()
	if busy == 0 || busy > sent-200 {
		t.Errorf("%d of %d were refused", busy, sent)
	}
	other.must("history/list", nil)
	c.id = sent
	testkit.Eventually(t, "the client goes on", func() bool { return c.call("history/list", nil)["success"] == true })
}

// TestAskingWithoutReading sends commands and takes no answer: the server must not pile the answers up.
func TestAskingWithoutReading(t *testing.T) {
	b := startBridge(t)
	b.add(nil, func(e *history.Entry) { e.Transcript = strings.Repeat("word ", 40_000) })
	c := b.dial(server.Read)
	for i := range 2000 { // 400 MB of answers
		_ = c.ws.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		if c.ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"id":%d,"type":"history/list"}`, 100+i)) != nil {
			break
		}
	}
	b.dial(server.Read).must("history/list", map[string]any{"limit": 1})
	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	if mem.HeapAlloc > 50<<20 {
		t.Errorf("%d MB are held", mem.HeapAlloc>>20)
	}
}
