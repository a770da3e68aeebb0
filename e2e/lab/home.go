package lab

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// callLimit bounds every call of a test to Home Assistant.
const callLimit = 30 * time.Second

// Start opens a lab that ends with the test. When a part is missing the test fails if the variable CI is "true", and is skipped else.
// To share a lab, start it in a parent test and use it in the subtests.
func Start(t testing.TB, options Options) *Home {
	t.Helper()
	h, err := Open(t.Context(), options)
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		t.Skipf("NOT TESTED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Home Assistant %s said:\n%s", h.options.Version, complaints(h.Log()))
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// complaints returns the lines of a log that are warnings or errors.
func complaints(log string) string {
	var out strings.Builder
	for line := range strings.Lines(log) {
		if strings.Contains(line, " ERROR ") || strings.Contains(line, " WARNING ") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// bounded returns a context that, unlike the test's own, is still good in the test's cleanup.
func bounded(t testing.TB, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(t.Context()), limit)
}

// URL returns where Home Assistant is, as http://host:port.
func (h *Home) URL() string { return h.api.url }

// Broker returns the broker's address, as mqtt://host:port.
func (h *Home) Broker() string { return "mqtt://" + address(h.broker.port) }

// Token returns a long-lived token of an administrator, made for the bridge.
func (h *Home) Token() string { return h.token }

// PlainToken returns a long-lived token of a user who is no administrator.
func (h *Home) PlainToken() string { return h.plainToken }

// Pipeline returns the id of the preferred pipeline.
func (h *Home) Pipeline() string { return h.pipeline }

// Login returns the name and the password of the administrator, for a browser.
func (h *Home) Login() (user, secret string) { return owner, password }

// Folder returns the folder that holds the configuration of Home Assistant and the logs of all parts, as long as the lab is open.
func (h *Home) Folder() string { return h.dir }

// Log returns what Home Assistant has printed since the lab was opened, over all its restarts.
func (h *Home) Log() string {
	data, _ := os.ReadFile(filepath.Join(h.dir, "home-assistant.log"))
	return string(data)
}

// State is the state of an entity.
type State struct {
	ID         string         `json:"entity_id"`
	State      string         `json:"state"`
	Attributes map[string]any `json:"attributes"`
	Changed    time.Time      `json:"last_changed"`
}

// State returns the state of an entity, "" when there is no such entity.
func (h *Home) State(t testing.TB, entityID string) string {
	t.Helper()
	return h.States(t)[entityID].State
}

// States returns all states by entity id.
func (h *Home) States(t testing.TB) map[string]State {
	t.Helper()
	var list []State
	h.rest(t, "/api/states", nil, &list)
	states := map[string]State{}
	for _, s := range list {
		states[s.ID] = s
	}
	return states
}

// WaitState waits until an entity has a state, and fails the test when that takes longer than the limit.
func (h *Home) WaitState(t testing.TB, entityID, want string, limit time.Duration) {
	t.Helper()
	ctx, cancel := bounded(t, limit)
	defer cancel()
	got := ""
	err := poll(ctx, func() (bool, error) {
		got = h.State(t, entityID)
		return got == want, nil
	})
	if err != nil {
		t.Fatalf("state of %s after %v: %q, want %q", entityID, limit, got, want)
	}
}

// Call calls an action of Home Assistant, as in Call(t, "light", "turn_off", map[string]any{"entity_id": lab.Light}).
func (h *Home) Call(t testing.TB, domain, service string, data map[string]any) {
	t.Helper()
	if data == nil {
		data = map[string]any{}
	}
	h.rest(t, "/api/services/"+domain+"/"+service, data, nil)
}

// Automate replaces the automations by a list in YAML, as a person writes it.
func (h *Home) Automate(t testing.TB, automations string) {
	t.Helper()
	if err := h.automate(automations); err != nil {
		t.Fatal(err)
	}
	h.Call(t, "automation", "reload", nil)
}

func (h *Home) rest(t testing.TB, path string, body, into any) {
	t.Helper()
	ctx, cancel := bounded(t, callLimit)
	defer cancel()
	if err := h.api.rest(ctx, path, body, into); err != nil {
		t.Fatal(err)
	}
}

// Do sends a WebSocket command as an administrator and decodes its result into the value that into points to, unless that is nil.
func (h *Home) Do(t testing.TB, kind string, fields map[string]any, into any) {
	t.Helper()
	h.must(t, func(ctx context.Context) error { return h.api.command(ctx, kind, fields, into) })
}

// Post posts JSON to a path of Home Assistant's REST API as an administrator, and decodes the answer into the value that into points to, unless
// that is nil.
func (h *Home) Post(t testing.TB, path string, body, into any) {
	t.Helper()
	h.rest(t, path, body, into)
}

// Say has a sentence carried out as if it had been said to a device, and returns when that is over.
func (h *Home) Say(t testing.TB, sentence, deviceID string) {
	t.Helper()
	run := map[string]any{"start_stage": "intent", "end_stage": "intent", "input": map[string]any{"text": sentence}, "device_id": deviceID}
	h.must(t, func(ctx context.Context) error {
		return h.api.commandAs(ctx, h.token, message{"assist_pipeline/run", run, "run-end"}, nil)
	})
}

// Begin calls an action that takes long, and returns what waits for its end: that decodes its response into the value that into points to, unless nil.
func (h *Home) Begin(t testing.TB, domain, service string, data map[string]any) (wait func(into any)) {
	t.Helper()
	ctx, cancel := bounded(t, startLimit)
	var result struct{ Response json.RawMessage }
	ended := make(chan error, 1)
	responds := service == "ask_question"
	go func() {
		defer cancel()
		ended <- h.api.commandAs(ctx, h.token, message{kind: "call_service", fields: map[string]any{
			"domain": domain, "service": service, "service_data": data, "return_response": responds,
		}}, &result)
	}()
	return func(into any) {
		t.Helper()
		err := <-ended
		if err == nil && into != nil {
			err = json.Unmarshal(result.Response, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Converse has the preferred pipeline use another conversation agent; local: what the built-in agent understands is carried out by that.
func (h *Home) Converse(t testing.TB, agent string, local bool) {
	t.Helper()
	p := map[string]any{}
	h.Do(t, "assist_pipeline/pipeline/get", map[string]any{"pipeline_id": h.pipeline}, &p)
	delete(p, "id")
	p["pipeline_id"], p["conversation_engine"], p["prefer_local_intents"] = h.pipeline, agent, local
	h.Do(t, "assist_pipeline/pipeline/update", p, nil)
}

// DoAs is Do for the user whose token is given, and returns what Home Assistant refuses.
func (h *Home) DoAs(t testing.TB, token, kind string, fields map[string]any, into any) error {
	t.Helper()
	ctx, cancel := bounded(t, callLimit)
	defer cancel()
	return h.api.commandAs(ctx, token, message{kind: kind, fields: fields}, into)
}

func (h *Home) must(t testing.TB, do func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := bounded(t, startLimit)
	defer cancel()
	if err := do(ctx); err != nil {
		t.Fatal(err)
	}
}

// entity is an entry of the entity registry.
type entity struct {
	ID       string `json:"entity_id"`
	UniqueID string `json:"unique_id"`
	Platform string `json:"platform"`
	Entry    string `json:"config_entry_id"`
	Device   string `json:"device_id"`
}

func (h *Home) registry(ctx context.Context) ([]entity, error) {
	var list []entity
	err := h.api.command(ctx, "config/entity_registry/list", nil, &list)
	return list, err
}

// EntityByUniqueID returns the ids of an entity and of its device, "" when there is none; platform is the integration, as "mqtt".
func (h *Home) EntityByUniqueID(t testing.TB, platform, uniqueID string) (entityID, deviceID string) {
	t.Helper()
	h.must(t, func(ctx context.Context) error {
		list, err := h.registry(ctx)
		for _, e := range list {
			if e.Platform == platform && e.UniqueID == uniqueID {
				entityID, deviceID = e.ID, e.Device
			}
		}
		return err
	})
	return entityID, deviceID
}

// Pipeline describes an Assist pipeline in English with the built-in agent; STT and TTS are entity ids, "" for none.
type Pipeline struct{ Name, STT, TTS string }

// AddPipeline makes a pipeline and returns its id.
func (h *Home) AddPipeline(t testing.TB, p Pipeline) (id string) {
	t.Helper()
	h.must(t, func(ctx context.Context) (err error) {
		id, err = h.addPipeline(ctx, p)
		return err
	})
	return id
}

// AddSTT makes a Wyoming speech-to-text server known, as host:port, and returns its entity; it must answer already.
func (h *Home) AddSTT(t testing.TB, server string) (entityID string) {
	t.Helper()
	h.must(t, func(ctx context.Context) (err error) {
		entityID, err = h.addWyoming(ctx, server, "stt.")
		return err
	})
	return entityID
}

// PipelineRuns returns the ids of the newest runs of a pipeline, oldest first; Home Assistant keeps ten and forgets them when it ends.
func (h *Home) PipelineRuns(t testing.TB, pipeline string) (ids []string) {
	t.Helper()
	var list struct {
		Runs []struct {
			ID string `json:"pipeline_run_id"`
		} `json:"pipeline_runs"`
	}
	h.Do(t, "assist_pipeline/pipeline_debug/list", map[string]any{"pipeline_id": pipeline}, &list)
	for _, run := range list.Runs {
		ids = append(ids, run.ID)
	}
	return ids
}

// NewToken makes one more long-lived token of the administrator.
func (h *Home) NewToken(t testing.TB) (token string) {
	t.Helper()
	h.must(t, func(ctx context.Context) (err error) {
		token, err = h.newToken(ctx)
		return err
	})
	return token
}

// RevokeToken makes a long-lived token worthless at once, as its user can in Home Assistant.
func (h *Home) RevokeToken(t testing.TB, token string) {
	t.Helper()
	// A token is a JWT whose issuer is the id that the command wants.
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatal("revoke token: it is not a long-lived token")
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claim struct {
		Issuer string `json:"iss"`
	}
	if err := json.Unmarshal(claims, &claim); err != nil {
		t.Fatal(err)
	}
	h.must(t, func(ctx context.Context) error {
		err := h.api.commandAs(ctx, token, message{kind: "auth/delete_refresh_token", fields: map[string]any{"refresh_token_id": claim.Issuer}}, nil)
		if closed := (*websocket.CloseError)(nil); errors.As(err, &closed) {
			return nil // the connection was this token's, so it may be closed before the answer
		}
		return err
	})
}

// Restart stops Home Assistant in order, starts it with the same configuration and waits until it runs.
func (h *Home) Restart(t testing.TB) {
	t.Helper()
	h.Shutdown(t)
	h.Boot(t)
}

// Shutdown stops Home Assistant in order; Boot starts it again.
func (h *Home) Shutdown(t testing.TB) {
	t.Helper()
	if err := h.hass.stop(stopLimit); err != nil {
		t.Fatal(err)
	}
	h.hass = nil
}

// Kill ends Home Assistant as a power cut does; Boot starts it again. Within 11 s of the lab's start it waits until Home Assistant
// has written its configuration; later changes by the test may be lost, which is what a kill is for.
func (h *Home) Kill(t testing.TB) {
	t.Helper()
	<-time.After(time.Until(h.settled))
	if err := h.hass.kill(); err != nil {
		t.Fatal(err)
	}
	h.hass = nil
}

// RestartBroker ends the broker as a power cut does and starts it again; it has forgotten everything.
func (h *Home) RestartBroker(t testing.TB) {
	t.Helper()
	port := h.broker.port
	if err := h.broker.kill(); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.broker, err = startProcess("mosquitto", h.dir, port, mosquitto(), "-c", filepath.Join(h.dir, "mosquitto.conf")); err != nil {
		t.Fatal(err)
	}
	h.must(t, h.broker.listening)
}

// Boot starts Home Assistant again after Shutdown or Kill, and waits until it runs.
func (h *Home) Boot(t testing.TB) {
	t.Helper()
	if err := h.boot(); err != nil {
		t.Fatal(err)
	}
	h.must(t, h.running)
}
