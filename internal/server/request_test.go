package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
	"earshot/internal/server"
)

// do asks without a connection, and returns the answer as text and taken apart.
func (b *bridge) do(command, message string) (text string, answer map[string]any) {
	b.t.Helper()
	data := b.server.Do(b.t.Context(), "MQTT", command, []byte(message))
	if err := json.Unmarshal(data, &answer); err != nil {
		b.t.Fatalf("answer %q: %v", data, err)
	}
	return string(data), answer
}

const deleteRange = "history/delete_range"

// TestRequest deletes as an automation does, and finds the receipt in the answer and the sender in the access log.
func TestRequest(t *testing.T) {
	b := startBridge(t)
	kept, old := b.add(tone(2, 440), nil), b.add(tone(1, 440), func(e *history.Entry) { e.Outcome = history.NotIntended })
	text, preview := b.do(deleteRange, `{"request": "look", "period": "today", "dry_run": true}`)
	if preview["request"] != "look" || preview["count"] != 2.0 || strings.Contains(text, "token") {
		t.Errorf("dry run: %s", text)
	}
	text, receipt := b.do(deleteRange, `{"request": "nightly 🌙", "period": "today", "outcomes": ["not_intended"], "confirm": true}`)
	if receipt["request"] != "nightly 🌙" || receipt["deleted"] != 1.0 || receipt["failed_count"] != 0.0 || receipt["receipt"] == "" || receipt["error"] != nil {
		t.Errorf("receipt: %s", text)
	}
	for _, secret := range []string{old.ID, kept.ID, "light", `"failed"`} {
		if strings.Contains(text, secret) {
			t.Errorf("the receipt holds %q: %s", secret, text)
		}
	}
	c := b.dial(server.Admin)
	if diff := cmp.Diff([]string{kept.ID}, ids(c.must("history/list", nil))); diff != "" {
		t.Error(diff)
	}
	access := c.must("access_log/list", nil)["lines"].([]any)[0].(map[string]any)
	if access["who"] != "MQTT" || access["action"] != "deleted" || access["entries"] != 1.0 {
		t.Errorf("access log: %v", access)
	}
	_, nameless := b.do(deleteRange, `{"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z", "confirm": true}`)
	if _, there := nameless["request"]; there || nameless["deleted"] != 0.0 {
		t.Errorf("without a request's name: %v", nameless)
	}
}

// TestRequestIncomplete names no entry when one could not be deleted.
func TestRequestIncomplete(t *testing.T) {
	b := startBridge(t)
	e := b.add(tone(1, 440), nil)
	text, answer := b.do(deleteRange, fmt.Sprintf(`{"request": "r", "ids": [%q, "01ARZ3NDEKTSV4RRFFQ69G5FAV"], "confirm": true}`, e.ID))
	failed, _ := answer["error"].(map[string]any)
	receipt, _ := failed["receipt"].(map[string]any)
	if answer["request"] != "r" || failed["code"] != "delete_incomplete" || failed["message"] != "Deleted: 1, not deleted: 1." ||
		receipt["failed_count"] != 1.0 || strings.Contains(text, "01ARZ3") || strings.Contains(text, e.ID) {
		t.Error(text)
	}
}

func TestRequestRefused(t *testing.T) {
	b := startBridge(t)
	b.add(tone(1, 440), nil)
	for _, c := range []struct{ command, message, request, want string }{
		{deleteRange, ``, "", `invalid_format: The message has to be one JSON object without a key twice, such as {"period": "today", "confirm": true}; nothing was done.`},
		{deleteRange, `{'period': 'today'}`, "", "invalid_format: The message has to be one JSON object"},
		{deleteRange, `{"confirm": true} {"period": "all"}`, "", "invalid_format: The message has to be one JSON object"},
		{deleteRange, `{"period": "today", "period": "all", "confirm": true}`, "", "invalid_format: The message has to be one JSON object"},
		{deleteRange, `{"period": "all", "confirm": true, "satellites": ["` + strings.Repeat("x", 16<<10) + `"]}`, "", "invalid_format: The message is too long: at most 16 KiB are taken; nothing was done."},
		{deleteRange, `{"request": 17, "period": "all", "confirm": true}`, "", "invalid_format: request: a string is needed"},
		{deleteRange, `{"request": "", "period": "all", "confirm": true}`, "", "invalid_format: request: is empty; leave it out instead"},
		{deleteRange, `{"request": "` + strings.Repeat("é", 65) + `", "period": "all", "confirm": true}`, "", "invalid_format: request: at most 64 characters are taken"},
		{deleteRange, `{"request": "r", "period": "all"}`, "r", "invalid_format: confirm: must be true, as the recordings cannot be brought back; nothing was deleted"},
		{deleteRange, `{"request": "r", "confirm": true}`, "r", "invalid_format: period: say which, or from and to, or another filter; nothing was deleted"},
		{deleteRange, `{"request": "r", "period": "someday", "confirm": true}`, "r", "invalid_format: period: "},
		{deleteRange, `{"request": "r", "period": "all", "confirm": "true"}`, "r", "invalid_format: confirm: true or false is needed"},
		{deleteRange, `{"request": "r", "period": "all", "confirm": true, "satelites": ["kitchen"]}`, "r", `invalid_format: "satelites": is not known; history/delete_range takes period, from, to, satellite, satellites,`},
		{deleteRange, `{"request": "r", "text": "light", "confirm": true}`, "r",
			"invalid_format: text: is taken over the WebSocket only, as what was said must not be kept on the way; nothing was done"},
		{"history/list", `{"request": "r", "period": "all"}`, "r", "unauthorized: This command is taken over the WebSocket only."},
		{"history/subscribe", `{}`, "", "unauthorized: This command is taken over the WebSocket only."},
		{"history/burn", `{"request": "r"}`, "r", "unknown_command: Unknown command."},
	} {
		text, answer := b.do(c.command, c.message)
		request, _ := answer["request"].(string)
		failed, _ := answer["error"].(map[string]any)
		got := fmt.Sprintf("%v: %v", failed["code"], failed["message"])
		if request != c.request || !strings.HasPrefix(got, c.want) {
			t.Errorf("%.100s: %s", c.message, text)
		}
	}
	if left := ids(b.dial(server.Read).must("history/list", nil)); len(left) != 1 {
		t.Errorf("a request that was refused deleted something: %v are left", left)
	}
	if strings.Contains(b.log.String(), "recordings deleted") {
		t.Error("the log says that something was deleted")
	}
}

func TestRequestBusy(t *testing.T) {
	b := startBridge(t)
	for message, want := range map[string]string{
		`{"request": "r", "period": "all", "confirm": true}`: `{"request":"r","error":{"code":"busy","message":"Too many requests are waiting; nothing was done. Try again later."}}`,
		`{"period": "all"}`:         `{"error":{"code":"busy","message":"Too many requests are waiting; nothing was done. Try again later."}}`,
		`{"request": ["a"]}`:        `{"error":{"code":"invalid_format","message":"request: a string is needed"}}`,
		strings.Repeat("x", 17<<10): `{"error":{"code":"invalid_format","message":"The message is too long: at most 16 KiB are taken; nothing was done."}}`,
	} {
		if got := string(b.server.Busy([]byte(message))); got != want {
			t.Errorf("%.60s: %s", message, got)
		}
	}
}

// FuzzRequest asks anything: every answer is JSON, and nothing is deleted without "confirm": true among what was sent.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		`{"request":"r","period":"today","confirm":true}`, `{"from":"2026-03-01T08:00:00Z","confirm":true,"what":"audio"}`,
		`{"request":"` + "\\u0000" + `"}`, `{"ids":["x"],"dry_run":true}`, `{"text":"x"}`, `[]`, `null`, ``, `{"request":"é\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	spy := &deletions{}
	s := server.New(server.DefaultConfig(), server.Deps{History: spy})
	f.Fuzz(func(t *testing.T, message []byte) {
		spy.selected = nil
		answer := s.Do(t.Context(), "MQTT", deleteRange, message)
		if !json.Valid(answer) || !json.Valid(s.Busy(message)) {
			t.Fatalf("%q: %q", message, answer)
		}
		var sent struct {
			Confirm bool `json:"confirm"`
		}
		if spy.selected != nil && (json.Unmarshal(message, &sent) != nil || !sent.Confirm || spy.selected.Text != "") {
			t.Fatalf("%q deleted %+v", message, *spy.selected)
		}
	})
}

// deletions is a history that only notes what is to be deleted.
type deletions struct {
	server.Recordings
	selected *history.Selection
}

func (d *deletions) Calendar() history.Calendar { return history.Calendar{Zone: time.UTC} }

func (d *deletions) Preview(context.Context, history.Selection) (history.Preview, error) {
	return history.Preview{}, nil
}

func (d *deletions) Delete(_ context.Context, _ string, s history.Selection) (history.Receipt, error) {
	d.selected = &s
	return history.Receipt{}, nil
}
