package server_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
	"earshot/internal/server"
)

// TestPreviewAndDelete shows what would go, deletes exactly that, and answers the same when it is asked again.
func TestPreviewAndDelete(t *testing.T) {
	b := startBridge(t)
	e, failed := b.add(tone(2, 440), nil), b.add(tone(1, 440), func(e *history.Entry) { e.Outcome = history.Failed })
	c := b.dial(server.Admin)
	p := c.must("history/delete_preview", map[string]any{"outcomes": []string{"understood", "not_understood"}, "period": "today"})
	if p["count"] != 1.0 || p["kept"] != 0.0 || p["seconds"] != 2.0 || p["bytes"] != float64(e.Clip.Stored) || !strings.Contains(p["statement"].(string), "1 recording (") {
		t.Errorf("preview: %v", p)
	}
	later := b.add(tone(1, 440), nil)
	receipt := c.must("history/delete", map[string]any{"token": p["token"]})
	if receipt["deleted"] != 1.0 || receipt["receipt"] != p["token"] || receipt["what"] != "all" {
		t.Errorf("receipt: %v", receipt)
	}
	if diff := cmp.Diff([]string{later.ID, failed.ID}, ids(c.must("history/list", nil))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(receipt, c.must("history/delete", map[string]any{"token": p["token"]})); diff != "" {
		t.Errorf("the second answer (-first +second): %s", diff)
	}
	dry := c.must("history/delete_range", map[string]any{"period": "all", "dry_run": true})
	if dry["count"] != 2.0 || len(ids(c.must("history/list", nil))) != 2 {
		t.Errorf("dry run: %v", dry)
	}
	for _, tc := range []struct {
		fields map[string]any
		want   string
	}{
		{nil, "invalid_format: token: send either token or ids"},
		{map[string]any{"token": "x", "ids": []string{"y"}}, "invalid_format: token: send either token or ids"},
		{map[string]any{"token": "x", "include_kept": true}, "invalid_format: include_kept: goes with ids; a token has it from its preview"},
		{map[string]any{"token": "x"}, "not_found: This preview is not valid any more; ask for a new one, nothing was deleted."},
		{map[string]any{"ids": []string{}}, "invalid_format: ids: at least one is needed"},
	} {
		if got := c.fails("history/delete", tc.fields); got != tc.want {
			t.Errorf("%v\ngot  %s\nwant %s", tc.fields, got, tc.want)
		}
	}
	if got := c.fails("history/delete_preview", nil); !strings.HasPrefix(got, "invalid_format: period: ") {
		t.Error(got)
	}
}

// TestAudioOnly deletes the audio and leaves the text; a link to it ends.
func TestAudioOnly(t *testing.T) {
	b := startBridge(t)
	e := b.add(tone(2, 440), nil)
	c := b.dial(server.Admin)
	link := b.url(c.must("clips/sign", map[string]any{"entry_id": e.ID})["url"].(string))
	if r := c.must("history/delete_range", map[string]any{"period": "today", "what": "audio", "confirm": true}); r["deleted"] != 1.0 {
		t.Errorf("receipt: %v", r)
	}
	got := c.must("history/get", map[string]any{"entry_id": e.ID})
	if got["clip"] != nil || got["transcript"] != "turn on the light" {
		t.Errorf("entry: %v", got)
	}
	resp, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("its audio: %s", resp.Status)
	}
}

// TestUpdate keeps and labels, tells of it, and a kept entry stays.
func TestUpdate(t *testing.T) {
	b := startBridge(t)
	e := b.add(tone(1, 440), nil)
	c := b.dial(server.Admin)
	c.must("history/subscribe", nil)
	if r := c.must("history/update", map[string]any{"ids": []string{e.ID}, "kept": true, "label": "mistake"}); r["updated"] != 1.0 {
		t.Errorf("%v", r)
	}
	told := c.event()
	entry := told["entries"].([]any)[0].(map[string]any)
	if told["action"] != "updated" || entry["kept"] != true || entry["label"] != "mistake" || entry["shared"] != false {
		t.Errorf("told: %v", told)
	}
	if r := c.must("history/delete_range", map[string]any{"period": "all", "confirm": true}); r["deleted"] != 0.0 || r["kept_skipped"] != 1.0 {
		t.Errorf("receipt: %v", r)
	}
	c.must("history/update", map[string]any{"ids": []string{e.ID}, "label": "none"})
	if got := c.must("history/get", map[string]any{"entry_id": e.ID}); got["label"] != "" || got["kept"] != true {
		t.Errorf("entry: %v", got)
	}
	if got := c.fails("history/update", map[string]any{"ids": []string{e.ID}}); got != "invalid_format: kept: say kept, label or shared" {
		t.Error(got)
	}
	if got := c.fails("history/update", map[string]any{"ids": []string{e.ID}, "shared": true}); got != "invalid_format: shared: helping to improve the wake words is off" {
		t.Error(got)
	}
	c.must("settings/update", map[string]any{"improve": true})
	c.must("history/update", map[string]any{"ids": []string{e.ID}, "label": "correct"})
	if n := len(ids(c.must("history/list", map[string]any{"shared": true}))); n != 1 {
		t.Errorf("%d examples", n)
	}
	c.must("settings/update", map[string]any{"improve": false})
	if n := len(ids(c.must("history/list", map[string]any{"shared": true}))); n != 0 {
		t.Errorf("%d examples when it is off", n)
	}
}

// TestUpdateMatching changes every entry that a filter matches, and none when the filter says nothing.
func TestUpdateMatching(t *testing.T) {
	b := startBridge(t)
	for _, outcome := range []history.Outcome{history.Understood, history.NotIntended, history.NotIntended} {
		b.add(nil, func(e *history.Entry) { e.Outcome = outcome })
	}
	c := b.dial(server.Admin)
	match := func(fields map[string]any) map[string]any { return map[string]any{"match": fields, "label": "mistake"} }
	if r := c.must("history/update", match(map[string]any{"period": "today", "outcome": "not_intended"})); r["updated"] != 2.0 {
		t.Errorf("false triggers: %v", r)
	}
	if n := len(ids(c.must("history/list", map[string]any{"label": "mistake"}))); n != 2 {
		t.Errorf("%d are labelled", n)
	}
	if r := c.must("history/update", map[string]any{"match": map[string]any{"period": "all"}, "kept": true}); r["updated"] != 3.0 {
		t.Errorf("all: %v", r)
	}
	for _, tc := range []struct {
		fields map[string]any
		want   string
	}{
		{map[string]any{"label": "mistake"}, "invalid_format: ids: send either ids or match"},
		{map[string]any{"ids": []string{"x"}, "match": map[string]any{"period": "all"}, "kept": true}, "invalid_format: ids: send either ids or match"},
		{match(nil), "invalid_format: match: an object without a key twice is needed"},
		{match(map[string]any{}), "invalid_format: match: say a period, from and to, or another filter; nothing was changed"},
		{match(map[string]any{"period": "someday"}), "invalid_format: match: period: "},
		{match(map[string]any{"outcomes": []string{}, "kept": true}), "invalid_format: match: outcomes: at least one is needed, or leave it out for all; nothing was changed"},
		{match(map[string]any{"limit": 5}), `invalid_format: match: "limit": is not known; match takes period, from, to,`},
		{map[string]any{"match": "all", "kept": true}, "invalid_format: match: an object without a key twice is needed"},
		{map[string]any{"match": map[string]any{"period": "all"}}, "invalid_format: kept: say kept, label or shared"},
	} {
		if got := c.fails("history/update", tc.fields); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%v\ngot  %s\nwant %s", tc.fields, got, tc.want)
		}
	}
}

func TestSettings(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	got := c.must("settings/get", nil)
	kitchen := got["satellites"].([]any)[0].(map[string]any)
	if kitchen["save"] != "audio+text" || kitchen["understood"] != "never" || got["improve"] != false || got["improve_disclaimer"] == "" {
		t.Errorf("at first: %v", got)
	}
	got = c.must("settings/update", map[string]any{"satellite": "kitchen", "save": "text", "not_intended": "7d", "max_entries": 500, "min_keep": 0})
	kitchen = got["satellites"].([]any)[0].(map[string]any)
	limits := got["limits"].(map[string]any)
	if kitchen["save"] != "text" || kitchen["understood"] != "never" || kitchen["not_intended"] != "7d" || limits["max_entries"] != 500.0 {
		t.Errorf("then: %v", got)
	}
	old := b.add(nil, func(e *history.Entry) { e.At, e.Outcome = time.Now().AddDate(0, 0, -8), history.NotIntended })
	if due := c.must("settings/get", nil)["retention"].(map[string]any)["due"].(map[string]any); due["entries"] != 1.0 {
		t.Errorf("due: %v", due)
	}
	if run := c.must("retention/run", nil); run["deleted"] != 1.0 || run["problem"] != "" {
		t.Errorf("run: %v", run)
	}
	if got := c.fails("history/get", map[string]any{"entry_id": old.ID}); !strings.HasPrefix(got, "not_found: ") {
		t.Error(got)
	}
	for _, tc := range []struct {
		fields map[string]any
		want   string
	}{
		{map[string]any{"satellite": "cellar", "save": "text"}, "not_found: There is no such satellite; satellites/list shows those there are."},
		{map[string]any{"save": "audio"}, "invalid_format: save: one of audio+text, text, nothing is needed"},
		{map[string]any{"failed": "soon"}, "invalid_format: failed: an age is needed, like 12h, 90d, 2w, 18m (months), 1y, or never"},
		{map[string]any{"max_entries": -1}, "invalid_format: max_entries: a whole number from 0 to 1000000000 is needed"},
	} {
		if got := c.fails("settings/update", tc.fields); got != tc.want {
			t.Errorf("%v\ngot  %s\nwant %s", tc.fields, got, tc.want)
		}
	}
}

// TestExport fetches an archive once.
func TestExport(t *testing.T) {
	b := startBridge(t)
	b.add(tone(1, 440), nil)
	b.add(tone(1, 440), func(e *history.Entry) { e.Satellite = "hall" })
	c := b.dial(server.Admin)
	link := b.url(c.must("history/export", map[string]any{"satellite": "hall"})["url"].(string))
	get := func(link string) (int, []byte) {
		resp, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, data
	}
	status, data := get(link)
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if status != http.StatusOK || err != nil || len(archive.File) != 2 {
		t.Fatalf("%d, %v, %+v", status, err, archive)
	}
	if status, _ := get(link); status != http.StatusGone {
		t.Errorf("a second time: %d", status)
	}
	if status, _ := get(strings.Replace(link, "api/export/", "api/clips/", 1)); status != http.StatusForbidden {
		t.Errorf("as the link to a clip: %d", status)
	}
	lines := c.must("access_log/list", nil)["lines"].([]any)
	if first := lines[0].(map[string]any); first["action"] != "exported" || first["entries"] != 1.0 {
		t.Errorf("access log: %v", lines)
	}
}

// TestPlaysAreWrittenDown once for each link, however many parts a player fetches.
func TestPlaysAreWrittenDown(t *testing.T) {
	b := startBridge(t)
	e := b.add(tone(1, 440), nil)
	c := b.dial(server.Admin)
	link := b.url(c.must("clips/sign", map[string]any{"entry_id": e.ID})["url"].(string))
	for range 3 {
		resp, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	lines := c.must("access_log/list", nil)["lines"].([]any)
	if len(lines) != 1 || lines[0].(map[string]any)["action"] != "played" || lines[0].(map[string]any)["who"] == "" {
		t.Errorf("access log: %v", lines)
	}
	if v := c.must("history/verify", nil); v["entries"] != 1.0 || v["clips"] != 1.0 || len(v["problems"].([]any)) != 0 {
		t.Errorf("verify: %v", v)
	}
	if s := c.must("history/stats", nil); s["entries"] != 1.0 || s["bytes"] != float64(e.Clip.Stored) || len(s["by"].([]any)) != 1 {
		t.Errorf("stats: %v", s)
	}
}
