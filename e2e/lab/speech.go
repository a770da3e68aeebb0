package lab

import (
	"bytes"
	"context"
	"net/http"
	"testing"
)

// Transcribe has the preferred pipeline's speech-to-text write down what is said in a WAV file of 16 kHz mono; only with Options.STT.
func (h *Home) Transcribe(t testing.TB, wav []byte) (words string) {
	t.Helper()
	h.must(t, func(ctx context.Context) error {
		var pipeline struct {
			STT string `json:"stt_engine"`
		}
		if err := h.api.command(ctx, "assist_pipeline/pipeline/get", map[string]any{"pipeline_id": h.pipeline}, &pipeline); err != nil {
			return err
		}
		token, err := h.api.token(ctx)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.api.url+"/api/stt/"+pipeline.STT, bytes.NewReader(wav))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("X-Speech-Content", "format=wav; codec=pcm; bit_rate=16; sample_rate=16000; channel=1; language=en")
		var said struct{ Text string }
		err = h.api.send(req, &said)
		words = said.Text
		return err
	})
	return words
}

// DeleteDevice deletes an MQTT device as the button on its page does.
func (h *Home) DeleteDevice(t testing.TB, deviceID string) {
	t.Helper()
	if h.options.Version != Oldest {
		h.Do(t, "config/device_registry/remove", map[string]any{"device_id": deviceID}, nil)
		return
	}
	var entries []struct {
		ID string `json:"entry_id"`
	}
	h.Do(t, "config_entries/get", map[string]any{"domain": "mqtt"}, &entries)
	if len(entries) != 1 {
		t.Fatalf("entries of MQTT: %v", entries)
	}
	h.Do(t, "config/device_registry/remove_config_entry", map[string]any{"config_entry_id": entries[0].ID, "device_id": deviceID}, nil)
}
