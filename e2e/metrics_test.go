package e2e

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"earshot/internal/testkit"
	"earshot/internal/wyoming/wyomingtest"
)

// scrape asks for the metrics as Prometheus does; without a token when that is empty.
func (b *bridge) scrape(t *testing.T, token string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+b.listen+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("scrape: %v", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("scrape: %v", err)
	}
	return resp.StatusCode, string(data)
}

// TestMetrics scrapes after a command: everything is counted, and none of its words is there.
func TestMetrics(t *testing.T) {
	stt := wyomingtest.New(t)
	stt.Script(wyomingtest.Reply{Text: "switch on the aardvark lamp"})
	b := speechToText(t, "okay_nabu_light_on.wav", startBroker(t), stt)
	testkit.Within(t, 20*time.Second, "the bridge answers", func() bool { return b.health() == 200 })
	if status, body := b.scrape(t, ""); status != 401 || strings.Contains(body, "earshot_build_info") {
		t.Errorf("without a token: status %d, %d bytes", status, len(body))
	}
	token := b.token(t, "read")
	counted := regexp.MustCompile(`(?m)^earshot_recordings_total\{outcome="understood",satellite="kitchen"\} 1$`)
	var body string
	testkit.Within(t, 20*time.Second, "the recording is counted", func() bool {
		var status int
		if status, body = b.scrape(t, token); status != 200 {
			t.Fatalf("status %d", status)
		}
		return counted.MatchString(body)
	})
	for _, sample := range []string{
		`earshot_wakes_total\{satellite="kitchen",wake_word="okay_nabu"\} 1`,
		`earshot_wake_to_speech_end_seconds_count\{satellite="kitchen"\} 1`,
		`earshot_speech_end_to_transcript_seconds_count\{satellite="kitchen"\} 1`,
		`earshot_microphone_up\{satellite="kitchen"\} [01]`,
		`earshot_mqtt_connected 1`,
		`earshot_history_entries \d+`,
		`earshot_history_clip_bytes \d+`,
		`process_resident_memory_bytes \S+`,
	} {
		if !regexp.MustCompile(`(?m)^` + sample + `$`).MatchString(body) {
			t.Errorf("no sample is %s", sample)
		}
	}
	for _, secret := range []string{"aardvark", "lamp", token} {
		if strings.Contains(body, secret) {
			t.Error("words or the token are in the metrics")
		}
	}
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatalf("the metrics cannot be read: %v", err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
