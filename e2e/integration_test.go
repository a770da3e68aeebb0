package e2e

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/internal/testkit"
)

// TestIntegration sets the bridge up in the real Home Assistant, the current one and the oldest that is supported, as a person does: found on
// MQTT, paired by the code in the log. Then it lists, plays and deletes through Home Assistant.
func TestIntegration(t *testing.T) {
	t.Parallel()
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			h := newIntegrated(t, version)
			h.checkDiscovery()
			h.checkFrontend()
			h.checkPermissions()
			h.checkAccounts()
			link := h.checkPlay()
			h.checkRestarts()
			h.checkDelete(link)
			h.checkLog()
		})
	}
}

// integrated is a household with the integration.
type integrated struct {
	t      *testing.T
	home   *lab.Home
	bridge *bridge
	admin  *client
}

func newIntegrated(t *testing.T, version string) *integrated {
	t.Helper()
	home := lab.Start(t, lab.Options{Version: version, Integration: absolute(t, "../custom_components/earshot")})
	b := startBridge(t, fmt.Sprintf(`
satellites: [{id: kitchen, wake_words: [alexa], microphone: {driver: file, device: %s}}]
models: {dir: MODELS}
mqtt: {url: "%s"}
history: {dir: DATA, time_zone: Europe/Berlin}
server: {listen: LISTEN}
`, absolute(t, "../testdata/audio/alexa_light_on.wav"), home.Broker()))
	testkit.Within(t, 30*time.Second, "the bridge answers", func() bool { return b.health() != 0 })
	h := &integrated{t, home, b, b.dial(t, "admin")}
	testkit.Within(t, patience, "there is a recording", func() bool { return len(h.admin.entries()) == 1 })
	return h
}

// flow is an answer of a config flow.
type flow struct {
	ID     string            `json:"flow_id"`
	Kind   string            `json:"type"`
	Step   string            `json:"step_id"`
	Errors map[string]string `json:"errors"`
	Result struct {
		Title string `json:"title"`
		State string `json:"state"`
	} `json:"result"`
}

func (h *integrated) answer(f flow, form map[string]any) (next flow) {
	h.t.Helper()
	h.home.Post(h.t, "/api/config/config_entries/flow/"+f.ID, form, &next)
	return next
}

func (h *integrated) checkDiscovery() {
	t := h.t
	t.Helper()
	var found flow
	testkit.Within(t, 30*time.Second, "Home Assistant has found the bridge", func() bool {
		var open []struct {
			flow
			Handler string `json:"handler"`
		}
		h.home.Do(t, "config_entries/flow/progress", nil, &open)
		for _, f := range open {
			if f.Handler == "earshot" {
				found = f.flow
			}
		}
		return found.ID != ""
	})
	if found.Step != "confirm" || strings.Contains(h.bridge.log.String(), "pairing code") {
		t.Fatalf("a code before a person wants one: %+v", found)
	}
	step := h.answer(found, map[string]any{})
	if step.Step != "code" {
		t.Fatalf("after confirming: %+v", step)
	}
	if step = h.answer(step, map[string]any{"code": "00000000"}); step.Errors["code"] != "wrong_code" {
		t.Fatalf("after a wrong code: %+v", step)
	}
	codes := regexp.MustCompile(`"code":"(\d{8})"|code=(\d{8})`).FindStringSubmatch(h.bridge.log.String())
	if codes == nil {
		t.Fatal("the log holds no code")
	}
	step = h.answer(step, map[string]any{"code": codes[1] + codes[2]})
	if step.Kind != "create_entry" || step.Result.Title != "Earshot" || step.Result.State != "loaded" {
		t.Fatalf("after the code: %+v", step)
	}
	h.awaitOnline()
}

// shown is a bridge as Home Assistant's users see it.
type shown struct {
	ID       string `json:"id"`
	Online   bool   `json:"online"`
	Role     string `json:"role"`
	Version  string `json:"version"`
	TimeZone string `json:"time_zone"`
}

// shown is the only bridge, the zero value when there is none.
func (h *integrated) shown() shown {
	h.t.Helper()
	var list struct {
		Bridges []shown `json:"bridges"`
	}
	h.home.Do(h.t, "earshot/bridges", nil, &list)
	if len(list.Bridges) != 1 {
		return shown{}
	}
	return list.Bridges[0]
}

func (h *integrated) awaitOnline() {
	h.t.Helper()
	testkit.Within(h.t, 90*time.Second, "Home Assistant is connected to the bridge", func() bool { return h.shown().Online })
	if b := h.shown(); b.ID != "bridge" || b.Role != "admin" || b.Version != "v0-test" || b.TimeZone != "Europe/Berlin" {
		h.t.Errorf("the bridge in Home Assistant: %+v", b)
	}
}

// checkFrontend looks for the card among the resources and for the panel.
func (h *integrated) checkFrontend() {
	t := h.t
	t.Helper()
	var resources []struct {
		URL string `json:"url"`
	}
	h.home.Do(t, "lovelace/resources", nil, &resources)
	if len(resources) != 1 {
		t.Fatalf("resources: %v", resources)
	}
	if status, _, body := h.get(resources[0].URL, ""); status != http.StatusOK || !strings.Contains(body, "earshot-panel") {
		t.Errorf("the card: status %d", status)
	}
	var panels map[string]struct {
		Title string `json:"title"`
	}
	h.home.Do(t, "get_panels", nil, &panels)
	if got := panels["earshot"].Title; got != "Voice history" {
		t.Errorf("panel: %q", got)
	}
}

// get fetches a path of Home Assistant as a browser that has no token.
func (h *integrated) get(path, ranges string) (status int, header http.Header, body string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.home.URL()+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if ranges != "" {
		req.Header.Set("Range", ranges)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(data)
}

// call gives the bridge a command through Home Assistant.
func (h *integrated) call(command string, fields map[string]any, into any) {
	h.t.Helper()
	h.home.Do(h.t, "earshot/call", map[string]any{"bridge": "bridge", "command": command, "fields": fields}, into)
}

func (h *integrated) checkPermissions() {
	h.t.Helper()
	ask := map[string]any{"bridge": "bridge", "command": "history/list"}
	if err := h.home.DoAs(h.t, h.home.PlainToken(), "earshot/call", ask, nil); err == nil || !strings.Contains(err.Error(), "unauthorized") {
		h.t.Errorf("another user: %v", err)
	}
}

func (h *integrated) checkPlay() (link string) {
	t := h.t
	t.Helper()
	var list struct {
		Entries []struct {
			ID string `json:"id"`
		} `json:"entries"`
	}
	h.call("history/list", map[string]any{"limit": 10}, &list)
	if len(list.Entries) != 1 {
		t.Fatalf("recordings through Home Assistant: %v", list)
	}
	var signed struct {
		URL string `json:"url"`
	}
	h.call("clips/sign", map[string]any{"entry_id": list.Entries[0].ID}, &signed)
	status, header, body := h.get(signed.URL, "")
	if status != http.StatusOK || !strings.HasPrefix(body, "fLaC") || header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("the clip: status %d, %v, %d bytes", status, header, len(body))
	}
	status, header, part := h.get(signed.URL, "bytes=4-99")
	if status != http.StatusPartialContent || part != body[4:100] {
		t.Errorf("a part of the clip: status %d, %v", status, header)
	}
	if status, _, _ := h.get(strings.SplitN(signed.URL, "?", 2)[0], ""); status != http.StatusUnauthorized {
		t.Errorf("without a signature: status %d", status)
	}
	owner, _ := h.home.Login()
	lines := h.admin.must("access_log/list", nil)["lines"].([]any)
	if line := lines[0].(map[string]any); len(lines) != 1 || line["action"] != "played" || line["who"] != owner+", by Home Assistant" {
		t.Errorf("access log: %v", lines)
	}
	return signed.URL
}

// checkRestarts ends each side, and waits until both have found each other again.
func (h *integrated) checkRestarts() {
	h.t.Helper()
	h.bridge.stop(h.t)
	h.bridge.restart(h.t)
	testkit.Within(h.t, 30*time.Second, "the bridge answers again", func() bool { return h.bridge.health() != 0 })
	h.awaitOnline()
	h.home.Restart(h.t)
	h.awaitOnline()
	h.checkFrontend()
}

func (h *integrated) checkDelete(link string) {
	t := h.t
	t.Helper()
	if status, _, _ := h.get(link, ""); status != http.StatusUnauthorized {
		t.Errorf("a signature from before Home Assistant's restart: status %d", status)
	}
	var list struct {
		Entries []struct {
			ID string `json:"id"`
		} `json:"entries"`
	}
	h.call("history/list", map[string]any{}, &list)
	var signed struct {
		URL string `json:"url"`
	}
	h.call("clips/sign", map[string]any{"entry_id": list.Entries[0].ID}, &signed)
	if status, _, _ := h.get(signed.URL, ""); status != http.StatusOK {
		t.Errorf("the clip after the restarts: status %d", status)
	}
	var done struct {
		Receipt struct {
			ID      string `json:"receipt"`
			Deleted int    `json:"deleted"`
		} `json:"service_response"`
	}
	h.home.Post(t, "/api/services/earshot/delete_range?return_response", map[string]any{"period": "all", "confirm": true}, &done)
	if done.Receipt.ID == "" || done.Receipt.Deleted != len(list.Entries) {
		t.Errorf("receipt of %d recordings: %+v", len(list.Entries), done)
	}
	if status, _, _ := h.get(signed.URL, ""); status != http.StatusGone {
		t.Errorf("after the deletion: status %d", status)
	}
}

// checkLog looks for what Home Assistant complains of.
func (h *integrated) checkLog() {
	h.t.Helper()
	for line := range strings.Lines(h.home.Log()) {
		complaint := strings.Contains(line, " ERROR ") || strings.Contains(line, " WARNING ")
		wanted := strings.Contains(line, "has not been tested by Home Assistant") || strings.Contains(line, "http.ban") ||
			strings.Contains(line, "No device components to cleanup") // MQTT, as often as a device that was deleted had entities
		if complaint && strings.Contains(line, "earshot") && !wanted {
			h.t.Error(line)
		}
	}
}
