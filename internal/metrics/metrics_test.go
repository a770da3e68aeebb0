package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"earshot/history"
	"earshot/internal/metrics"
)

// ledger is a history of which only the totals are asked.
type ledger struct {
	totals history.Totals
	err    error
	counts int
}

func (l *ledger) Totals(ctx context.Context, _ history.Filter) (history.Totals, error) {
	l.counts++
	if err := ctx.Err(); err != nil {
		return history.Totals{}, err
	}
	return l.totals, l.err
}

func yes() *bool { b := true; return &b }

// kitchen is a house of one satellite.
func kitchen(t *testing.T, l *ledger, change func(*metrics.State)) *metrics.Metrics {
	t.Helper()
	m, err := metrics.New(metrics.Config{
		Version:    "v1.2.3",
		Satellites: []metrics.Satellite{{ID: "kitchen", WakeWords: []string{"okay_nabu", "alexa"}}},
		History:    l,
		State: func() metrics.State {
			s := metrics.State{
				Satellites: []metrics.SatelliteState{{
					ID: "kitchen", MicrophoneUp: true, Dropped: 7, LevelDBFS: -41.5, Findings: map[string]bool{"narrow": true, "quiet": false},
					Looks: []metrics.Looks{{WakeWord: "alexa", Taken: 5, Agreed: 3}}, Opinions: []metrics.Looks{{WakeWord: "alexa", Taken: 3, Agreed: 2}},
				}},
				MQTT: yes(),
			}
			if change != nil {
				change(&s)
			}
			return s
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// report returns the samples of our own by name and labels.
func report(t *testing.T, m *metrics.Metrics) map[string]string {
	t.Helper()
	var b bytes.Buffer
	if err := m.Write(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return samples(b.String())
}

func samples(text string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(text) {
		if at := strings.LastIndex(line, " "); strings.HasPrefix(line, "earshot_") && at > 0 {
			found[line[:at]] = strings.TrimSpace(line[at:])
		}
	}
	return found
}

// without removes what cannot be known in a test, and the buckets.
func without(all map[string]string) map[string]string {
	kept := map[string]string{}
	for name, value := range all {
		if !strings.Contains(name, "_bucket{") && !strings.HasPrefix(name, "earshot_build_info") && !strings.HasPrefix(name, "earshot_config_") {
			kept[name] = value
		}
	}
	return kept
}

// TestReport holds every value of a house after two wakes and two recordings.
func TestReport(t *testing.T) {
	m := kitchen(t, &ledger{totals: history.Totals{Sum: history.Sum{Entries: 12, Stored: 3456}}}, nil)
	m.Woke("kitchen", "okay_nabu")
	m.Woke("kitchen", "okay_nabu")
	m.Decided("kitchen", 125*time.Millisecond)
	m.Recorded(history.Entry{Satellite: "kitchen", Outcome: history.Understood, Timings: history.Timings{
		SpeechEnd: 1500 * time.Millisecond, Transcript: 2 * time.Second, Reply: 2250 * time.Millisecond,
	}})
	m.Recorded(history.Entry{Satellite: "kitchen", Outcome: history.NotIntended})
	m.SignInFailed()
	want := map[string]string{
		`earshot_wakes_total{satellite="kitchen",wake_word="alexa"}`:                 "0",
		`earshot_wakes_total{satellite="kitchen",wake_word="okay_nabu"}`:             "2",
		`earshot_recordings_total{outcome="understood",satellite="kitchen"}`:         "1",
		`earshot_recordings_total{outcome="not_understood",satellite="kitchen"}`:     "0",
		`earshot_recordings_total{outcome="not_intended",satellite="kitchen"}`:       "1",
		`earshot_recordings_total{outcome="failed",satellite="kitchen"}`:             "0",
		`earshot_recordings_total{outcome="cancelled",satellite="kitchen"}`:          "0",
		`earshot_recordings_total{outcome="elsewhere",satellite="kitchen"}`:          "0",
		`earshot_recordings_total{outcome="recorded",satellite="kitchen"}`:           "0",
		`earshot_recordings_total{outcome="near_miss",satellite="kitchen"}`:          "0",
		`earshot_recordings_total{outcome="sample",satellite="kitchen"}`:             "0",
		`earshot_second_looks_total{satellite="kitchen",wake_word="alexa"}`:          "5",
		`earshot_second_looks_agreed_total{satellite="kitchen",wake_word="alexa"}`:   "3",
		`earshot_third_opinions_total{satellite="kitchen",wake_word="alexa"}`:        "3",
		`earshot_third_opinions_agreed_total{satellite="kitchen",wake_word="alexa"}`: "2",
		`earshot_second_look_seconds_sum{satellite="kitchen"}`:                       "0.125",
		`earshot_second_look_seconds_count{satellite="kitchen"}`:                     "1",
		`earshot_wake_to_speech_end_seconds_sum{satellite="kitchen"}`:                "1.5",
		`earshot_wake_to_speech_end_seconds_count{satellite="kitchen"}`:              "1",
		`earshot_speech_end_to_transcript_seconds_sum{satellite="kitchen"}`:          "0.5",
		`earshot_speech_end_to_transcript_seconds_count{satellite="kitchen"}`:        "1",
		`earshot_transcript_to_reply_seconds_sum{satellite="kitchen"}`:               "0.25",
		`earshot_transcript_to_reply_seconds_count{satellite="kitchen"}`:             "1",
		`earshot_microphone_frames_dropped_total{satellite="kitchen"}`:               "7",
		`earshot_microphone_level_dbfs{satellite="kitchen"}`:                         "-41.5",
		`earshot_microphone_up{satellite="kitchen"}`:                                 "1",
		`earshot_microphone_muted{satellite="kitchen"}`:                              "0",
		`earshot_storage_problem{satellite="kitchen"}`:                               "0",
		`earshot_sign_in_failures_total`:                                             "1",
		`earshot_mqtt_connected`:                                                     "1",
		`earshot_history_entries`:                                                    "12",
		`earshot_history_clip_bytes`:                                                 "3456",
		`earshot_microphone_finding{code="narrow",satellite="kitchen"}`:              "1",
		`earshot_microphone_finding{code="quiet",satellite="kitchen"}`:               "0",
	}
	if diff := cmp.Diff(want, without(report(t, m))); diff != "" {
		t.Error(diff)
	}
}

// TestSteps counts a step only where both of its ends were reached, and none of less than nothing.
func TestSteps(t *testing.T) {
	m := kitchen(t, &ledger{}, nil)
	for _, steps := range []history.Timings{
		{SpeechEnd: time.Second},
		{SpeechEnd: 2 * time.Second, Transcript: 1900 * time.Millisecond},
	} {
		m.Recorded(history.Entry{Satellite: "kitchen", Outcome: history.Failed, Timings: steps})
	}
	got := report(t, m)
	for name, want := range map[string]string{
		`earshot_wake_to_speech_end_seconds_count{satellite="kitchen"}`:       "2",
		`earshot_wake_to_speech_end_seconds_sum{satellite="kitchen"}`:         "3",
		`earshot_speech_end_to_transcript_seconds_count{satellite="kitchen"}`: "1",
		`earshot_speech_end_to_transcript_seconds_sum{satellite="kitchen"}`:   "0",
		`earshot_transcript_to_reply_seconds_count{satellite="kitchen"}`:      "0",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %s", name, got[name], want)
		}
	}
}

// TestStates shows each state as the number an alert would look for.
func TestStates(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*metrics.State)
		sample string
		want   string
	}{
		{"microphone away", func(s *metrics.State) { s.Satellites[0].MicrophoneUp = false }, `earshot_microphone_up{satellite="kitchen"}`, "0"},
		{"muted", func(s *metrics.State) { s.Satellites[0].Muted = true }, `earshot_microphone_muted{satellite="kitchen"}`, "1"},
		{"storage", func(s *metrics.State) { s.Satellites[0].StorageProblem = true }, `earshot_storage_problem{satellite="kitchen"}`, "1"},
		{"broker away", func(s *metrics.State) { *s.MQTT = false }, "earshot_mqtt_connected", "0"},
		{"no broker", func(s *metrics.State) { s.MQTT = nil }, "earshot_mqtt_connected", ""},
		{"assistant", func(s *metrics.State) { s.HomeAssistant = yes() }, "earshot_home_assistant_connected", "1"},
		{"no assistant", nil, "earshot_home_assistant_connected", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := report(t, kitchen(t, &ledger{}, c.change))[c.sample]; got != c.want {
				t.Errorf("%s is %q, want %q", c.sample, got, c.want)
			}
		})
	}
}

// TestLint has the report read by what promtool uses.
func TestLint(t *testing.T) {
	m := kitchen(t, &ledger{}, func(s *metrics.State) { s.HomeAssistant = yes() })
	var b bytes.Buffer
	if err := m.Write(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(&b).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "earshot_") { // the others are not named by us
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// TestCounting counts the history at most once in 10 s, however often it is asked.
func TestCounting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{totals: history.Totals{Sum: history.Sum{Entries: 1}}}
		m := kitchen(t, l, nil)
		for range 20 {
			report(t, m)
			time.Sleep(time.Second)
		}
		if l.counts != 2 {
			t.Errorf("counted %d times within 20 s", l.counts)
		}
	})
}

// TestHistoryUnreadable leaves out what is not known, says so, and shows everything else.
func TestHistoryUnreadable(t *testing.T) {
	broken := errors.New("disk I/O error")
	m := kitchen(t, &ledger{err: broken}, nil)
	var b bytes.Buffer
	if err := m.Write(t.Context(), &b); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	got := samples(b.String())
	if _, there := got["earshot_history_entries"]; there {
		t.Error("entries are told that were not counted")
	}
	if got["earshot_mqtt_connected"] != "1" {
		t.Errorf("the rest is missing: %v", got)
	}
}

// TestGivenUp does not take a client that hung up for a history that cannot be counted.
func TestGivenUp(t *testing.T) {
	m := kitchen(t, &ledger{totals: history.Totals{Sum: history.Sum{Entries: 3}}}, nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Write(gone, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := report(t, m)["earshot_history_entries"]; got != "3" {
		t.Errorf("entries are %q afterwards", got)
	}
}

// TestBadLabel fails the setting up, not the program.
func TestBadLabel(t *testing.T) {
	_, err := metrics.New(metrics.Config{Version: "\xff", History: &ledger{}, State: func() metrics.State { return metrics.State{} }})
	if err == nil {
		t.Error("a version that is not text was taken")
	}
}

// TestSatellitesComeAndGo shows the counters of a new satellite at zero, and none of one that is no more.
func TestSatellitesComeAndGo(t *testing.T) {
	m := kitchen(t, &ledger{}, nil)
	m.Woke("kitchen", "alexa")
	m.Begin(metrics.Satellite{ID: "hall", WakeWords: []string{"alexa"}})
	m.Begin(metrics.Satellite{ID: "kitchen", WakeWords: []string{"alexa", "hey_jarvis"}})
	now := report(t, m)
	for name, want := range map[string]string{
		`earshot_wakes_total{satellite="hall",wake_word="alexa"}`: "0", `earshot_wakes_total{satellite="kitchen",wake_word="alexa"}`: "1",
		`earshot_wakes_total{satellite="kitchen",wake_word="hey_jarvis"}`: "0", `earshot_recordings_total{outcome="failed",satellite="hall"}`: "0",
	} {
		if now[name] != want {
			t.Errorf("%s is %q, want %s", name, now[name], want)
		}
	}
	m.End("hall")
	for name := range report(t, m) {
		if strings.Contains(name, "hall") {
			t.Errorf("%s is still there", name)
		}
	}
}

// TestConfigurationReadAgain counts readings, and knows when the configuration that runs was read.
func TestConfigurationReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := kitchen(t, &ledger{}, nil)
		const at = "earshot_config_last_reload_success_timestamp_seconds"
		start := report(t, m)[at]
		time.Sleep(time.Minute)
		m.ReadAgain(metrics.Rejected)
		if now := report(t, m); now[at] != start || now[`earshot_config_reloads_total{result="rejected"}`] != "1" || now[`earshot_config_reloads_total{result="ok"}`] != "0" {
			t.Errorf("after a wrong one: %v", now)
		}
		m.ReadAgain(metrics.Reloaded)
		if now := report(t, m); now[at] == start || now[`earshot_config_reloads_total{result="ok"}`] != "1" {
			t.Errorf("after a good one: %v", now)
		}
	})
}
