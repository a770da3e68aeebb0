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
	t.Parallel()
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
		`earshot_history_database_bytes [1-9]\S+`,
		`earshot_history_disk_free_bytes \S+`,
		`earshot_history_disk_size_bytes \S+`,
		`earshot_build_info\{go_version="go\S+",version="v0-test"\} 1`,
		`process_resident_memory_bytes \S+`,
		`process_start_time_seconds \S+`,
		`process_open_fds \S+`,
		`process_max_fds \S+`,
		`process_cpu_seconds_total \S+`,
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
	checkConventions(t, body)
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatalf("the metrics cannot be read: %v", err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// checkConventions wants what promlint does not look at: each family is described once and has its samples in one piece, its labels are few and
// have the names that are written down, and no value of one is longer than an id or a version.
func checkConventions(t *testing.T, body string) {
	t.Helper()
	labels := map[string]bool{"satellite": true, "wake_word": true, "outcome": true, "code": true, "le": true, "version": true, "go_version": true, "quantile": true, "result": true}
	label := regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)
	id := regexp.MustCompile(`^[A-Za-z0-9_.+-]{1,40}( X:\S+)?$`)
	described, family := map[string]bool{}, ""
	samples := map[string]int{}
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
			family, _, _ = strings.Cut(rest, " ")
			if described[family] {
				t.Errorf("%s is there twice", family)
			}
			described[family] = true
			continue
		}
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			if !strings.HasPrefix(rest, family+" ") {
				t.Errorf("a type without its description: %s", line)
			}
			continue
		}
		name := line[:strings.IndexAny(line, "{ ")]
		if !strings.HasPrefix(name, family) {
			t.Errorf("%s is not beside its family", name)
		}
		if samples[family]++; samples[family] > 100 {
			t.Fatalf("%s has more samples than one satellite can have", family)
		}
		for _, l := range label.FindAllStringSubmatch(line, -1) {
			if !labels[l[1]] || !id.MatchString(l[2]) {
				t.Errorf("label %s of %s is none that is written down, or %q is no id", l[1], name, l[2])
			}
		}
	}
	if len(described) < 30 {
		t.Errorf("only %d families: this test saw little", len(described))
	}
}
