package server_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
	"earshot/internal/server"
)

// ids takes the ids out of a list.
func ids(result map[string]any) []string {
	list := []string{}
	for _, e := range result["entries"].([]any) {
		list = append(list, e.(map[string]any)["id"].(string))
	}
	return list
}

func TestEntryShape(t *testing.T) {
	b := startBridge(t)
	at := time.Date(2026, 3, 1, 7, 30, 15, 250e6, time.UTC)
	pcm := tone(2, 440)
	e := b.add(pcm, func(e *history.Entry) {
		*e = history.Entry{
			Satellite: "kitchen", Area: "Kitchen", At: at, Zone: "Europe/Berlin", Duration: 2 * time.Second, WakeWord: "okay_nabu", Score: 0.97, Threshold: 0.85,
			Outcome: history.Failed, Transcript: "turn on the light", Language: "en", Reply: "Turned on", Intent: "HassTurnOn",
			Error: &history.EntryError{Code: "timeout", Message: "Home Assistant did not answer"}, Timings: history.Timings{SpeechEnd: 1500 * time.Millisecond},
		}
	})
	c := b.dial(server.Read)
	got := c.must("history/get", map[string]any{"entry_id": e.ID})
	peaks, err := base64.StdEncoding.DecodeString(got["peaks"].(string))
	if err != nil || len(peaks) != history.PeakCount {
		t.Errorf("peaks: %d bytes, %v", len(peaks), err)
	}
	clip := got["clip"].(map[string]any)
	if clip["bytes"].(float64) < 1000 {
		t.Errorf("clip: %v", clip)
	}
	delete(clip, "bytes")
	delete(got, "peaks")
	want := map[string]any{
		"id": e.ID, "satellite": "kitchen", "area": "Kitchen", "at": "2026-03-01T08:30:15.250+01:00", "zone": "Europe/Berlin", "duration_ms": 2000.0,
		"wake_word": "okay_nabu", "score": 0.97, "threshold": 0.85, "outcome": "failed", "transcript": "turn on the light", "language": "en",
		"reply": "Turned on", "intent": "HassTurnOn", "error": map[string]any{"code": "timeout", "message": "Home Assistant did not answer"},
		"clip": map[string]any{"media_type": "audio/flac", "sample_rate": 16000.0}, "kept": false, "label": "", "shared": false,
		"timings": map[string]any{"speech_end_ms": 1500.0, "transcript_ms": nil, "reply_ms": nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatHasNoWordsIsSaid(t *testing.T) {
	b := startBridge(t)
	for outcome, note := range map[history.Outcome]any{
		history.NotIntended: "Text not available — audio not intended for the assistant", history.NearMiss: "The wake word was nearly heard",
		history.Sample: "A sample of a wake word", history.Recorded: nil,
	} {
		b.add(nil, func(e *history.Entry) { e.Outcome, e.Transcript = outcome, "" })
		got := b.dial(server.Read).must("history/list", map[string]any{"outcome": outcome})["entries"].([]any)[0].(map[string]any)
		if got["text_note"] != note || got["clip"] != nil || got["peaks"] != nil || got["error"] != nil {
			t.Errorf("%s: %v", outcome, got)
		}
	}
}

func TestListFiltersAndPages(t *testing.T) {
	b := startBridge(t)
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var all []string // newest first
	for i := range 5 {
		e := b.add(nil, func(e *history.Entry) {
			e.At = start.Add(time.Duration(i) * time.Hour)
			if i == 2 {
				e.Satellite, e.Outcome, e.WakeWord, e.Transcript = "bedroom", history.NotUnderstood, "alexa", "What is the Weather"
			}
		})
		all = append([]string{e.ID}, all...)
	}
	c := b.dial(server.Read)
	for _, tc := range []struct {
		fields map[string]any
		want   []string
	}{
		{nil, all},
		{map[string]any{"period": "all"}, all},
		{map[string]any{"from": "2026-03-01T14:00:00+01:00", "to": "2026-03-01T14:00:00Z"}, all[3:4]}, // half-open
		{map[string]any{"from": "2026-03-01T15:00:00.000Z"}, all[:2]},
		{map[string]any{"to": "2026-03-01T13:00:00Z"}, all[4:]},
		{map[string]any{"satellite": "bedroom"}, all[2:3]},
		{map[string]any{"satellite": "cellar"}, []string{}},
		{map[string]any{"outcome": "not_understood"}, all[2:3]},
		{map[string]any{"wake_word": "alexa"}, all[2:3]},
		{map[string]any{"text": "the weather"}, all[2:3]},
		{map[string]any{"label": "mistake"}, []string{}},
		{map[string]any{"kept": true}, []string{}},
		{map[string]any{"kept": false, "limit": 2}, all[:2]},
	} {
		if diff := cmp.Diff(tc.want, ids(c.must("history/list", tc.fields))); diff != "" {
			t.Errorf("%v: %s", tc.fields, diff)
		}
	}
	page := c.must("history/list", map[string]any{"limit": 3, "from": "2026-03-01T00:00:00+01:00"})
	if page["from"] != "2026-03-01T00:00:00.000+01:00" || page["to"] != nil {
		t.Errorf("boundaries: %v %v", page["from"], page["to"])
	}
	rest := c.must("history/list", map[string]any{"limit": 3, "from": "2026-03-01T00:00:00+01:00", "cursor": page["next_cursor"]})
	if diff := cmp.Diff(all, append(ids(page), ids(rest)...)); diff != "" || rest["next_cursor"] != nil {
		t.Errorf("pages: %s, then cursor %v", diff, rest["next_cursor"])
	}
}

func TestPeriodsAreOfTheHousehold(t *testing.T) {
	b := startBridge(t)
	result := b.dial(server.Read).must("history/list", map[string]any{"period": "yesterday"})
	from, err := time.Parse(time.RFC3339, result["from"].(string))
	if err != nil {
		t.Fatal(err)
	}
	to, err := time.Parse(time.RFC3339, result["to"].(string))
	if err != nil {
		t.Fatal(err)
	}
	loc := b.history.Calendar().Zone
	now := time.Now().In(loc)
	if loc.String() != "Europe/Berlin" || from.In(loc).Hour() != 0 || to.In(loc).Hour() != 0 || to.In(loc).Day() != now.Day() {
		t.Errorf("yesterday in %s is %v to %v", loc, from, to)
	}
}

func TestSubscribe(t *testing.T) {
	b := startBridge(t)
	c, admin := b.dial(server.Read), b.dial(server.Admin)
	c.must("history/subscribe", nil)
	e := b.add(tone(1, 500), nil)
	added := c.event()
	if added["action"] != "added" || len(added["entries"].([]any)) != 1 || added["entries"].([]any)[0].(map[string]any)["id"] != e.ID {
		t.Fatalf("added: %v", added)
	}
	admin.must("history/delete", map[string]any{"ids": []string{e.ID}})
	if diff := cmp.Diff(map[string]any{"action": "deleted", "ids": []any{e.ID}}, c.event()); diff != "" {
		t.Error(diff)
	}
	c.must("unsubscribe_events", map[string]any{"subscription": 1})
	b.add(nil, nil)
	c.must("history/list", nil)
	if len(c.events) != 0 {
		t.Errorf("events after the end: %v", c.events)
	}
	for range 16 {
		c.must("history/subscribe", nil)
	}
	if got := c.fails("history/subscribe", nil); got != "invalid_format: a connection may have 16 subscriptions; end one first" {
		t.Error(got)
	}
}

func TestDelete(t *testing.T) {
	b := startBridge(t)
	e, other := b.add(tone(2, 440), nil), b.add(tone(1, 440), nil)
	c := b.dial(server.Admin)
	receipt := c.must("history/delete", map[string]any{"ids": []string{e.ID}})
	if receipt["deleted"] != 1.0 || receipt["kept_skipped"] != 0.0 || receipt["seconds"] != 2.0 || receipt["bytes"].(float64) != float64(e.Clip.Stored) ||
		len(receipt["failed"].([]any)) != 0 {
		t.Errorf("receipt: %v", receipt)
	}
	if _, there := receipt["remains"].([]any); !there {
		t.Errorf("remains: %v", receipt["remains"])
	}
	if got := c.fails("history/get", map[string]any{"entry_id": e.ID}); !strings.HasPrefix(got, "not_found: ") {
		t.Error(got)
	}
	if diff := cmp.Diff([]string{other.ID}, ids(c.must("history/list", nil))); diff != "" {
		t.Error(diff)
	}
	again := c.call("history/delete", map[string]any{"ids": []string{e.ID, other.ID}})
	if got, want := failure(t, again), "delete_incomplete: Deleted: 1, not deleted: 1 ("+e.ID+": not found)."; got != want {
		t.Errorf("again: got %s, want %s", got, want)
	}
	receipt = again["error"].(map[string]any)["receipt"].(map[string]any)
	if diff := cmp.Diff([]any{map[string]any{"id": e.ID, "why": "not found"}}, receipt["failed"]); diff != "" || receipt["deleted"] != 1.0 {
		t.Errorf("again: %v %s", receipt, diff)
	}
	if strings.Contains(b.log.String(), "turn on the light") {
		t.Error("the log holds a transcript")
	}
}

func TestDeleteRange(t *testing.T) {
	b := startBridge(t)
	old := b.add(nil, func(e *history.Entry) { e.At = time.Now().AddDate(0, 0, -40) })
	bedroom := b.add(nil, func(e *history.Entry) { e.Satellite = "bedroom" })
	b.add(nil, nil)
	c := b.dial(server.Admin)
	for _, tc := range []struct {
		fields map[string]any
		want   string
	}{
		{nil, "invalid_format: confirm: must be true, as the recordings cannot be brought back; nothing was deleted"},
		{map[string]any{"period": "all"}, "invalid_format: confirm: must be true, as the recordings cannot be brought back; nothing was deleted"},
		{map[string]any{"period": "all", "confirm": false}, "invalid_format: confirm: must be true, as the recordings cannot be brought back; nothing was deleted"},
		{map[string]any{"period": "all", "confirm": "true"}, "invalid_format: confirm: true or false is needed"},
		{map[string]any{"confirm": true}, "invalid_format: period: say which, or from and to, or another filter; nothing was deleted"},
		{map[string]any{"period": "", "confirm": true}, "invalid_format: period: is empty; leave it out instead"},
		{map[string]any{"period": "all", "satellite": "", "confirm": true}, "invalid_format: satellite: is empty; leave it out instead"},
		{map[string]any{"period": "all", "satellites": []string{}, "confirm": true}, "invalid_format: satellites: at least one is needed, or leave it out for all; nothing was deleted"},
		{map[string]any{"period": "all", "outcomes": []string{"failure"}, "confirm": true},
			"invalid_format: outcomes: each has to be one of understood, not_understood, not_intended, failed, cancelled, elsewhere, recorded, near_miss, sample"},
		{map[string]any{"period": "all", "what": "pictures", "confirm": true}, "invalid_format: what: one of all, audio, text is needed"},
		{map[string]any{"period": "tomorrow", "confirm": true}, "invalid_format: period: \"tomorrow\" is not known; use one of " + strings.Join(history.Periods(), ", ") + "; nothing was deleted"},
		{map[string]any{"period": "all", "colour": "red", "confirm": true},
			`invalid_format: "colour": is not known; history/delete_range takes period, from, to, satellite, satellites, outcome, outcomes, wake_word, wake_words, text, label, labels, kept, shared, ids, what, include_kept, confirm, dry_run`},
	} {
		if got := c.fails("history/delete_range", tc.fields); got != tc.want {
			t.Errorf("%v\ngot  %s\nwant %s", tc.fields, got, tc.want)
		}
	}
	if n := len(ids(c.must("history/list", nil))); n != 3 {
		t.Fatalf("%d entries are left of 3", n)
	}
	receipt := c.must("history/delete_range", map[string]any{"period": "last_24_hours", "satellite": "kitchen", "confirm": true})
	if receipt["deleted"] != 1.0 || receipt["from"] == nil || receipt["to"] == nil {
		t.Errorf("receipt: %v", receipt)
	}
	if diff := cmp.Diff([]string{bedroom.ID, old.ID}, ids(c.must("history/list", nil))); diff != "" {
		t.Error(diff)
	}
	receipt = c.must("history/delete_range", map[string]any{"to": time.Now().AddDate(0, 0, -30).Format(time.RFC3339), "satellites": []string{"kitchen", "hall"}, "confirm": true})
	if receipt["deleted"] != 1.0 || receipt["from"] != nil {
		t.Errorf("receipt: %v", receipt)
	}
	receipt = c.must("history/delete_range", map[string]any{"period": "all", "confirm": true})
	if receipt["deleted"] != 1.0 || receipt["to"] != nil {
		t.Errorf("receipt: %v", receipt)
	}
}
