package lab

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	owner = "owner"
	plain = "plain"
	// password is the one of both users; they live on loopback, as long as a test.
	password = "lab-password"
)

// setUp makes the users, the tokens, the area, the integrations and the pipeline of a fresh Home Assistant.
func (h *Home) setUp(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"make the owner", h.makeOwner},
		{"make the plain user", h.makePlain},
		{"wait until it runs", h.running},
		{"keep its address", h.keepAddress},
		{"set up MQTT", h.addMQTT},
		{"fill the kitchen", h.fillKitchen},
		{"make the pipeline", h.makePipeline},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("set up Home Assistant: %s: %w", step.what, err)
		}
	}
	h.settled = time.Now().Add(storeDelay)
	return nil
}

// makeOwner does what the first page of a new Home Assistant does.
func (h *Home) makeOwner(ctx context.Context) error {
	var user struct {
		Code string `json:"auth_code"`
	}
	err := h.api.rest(ctx, "/api/onboarding/users", map[string]any{
		"name": owner, "username": owner, "password": password, "client_id": h.api.url + "/", "language": "en",
	}, &user)
	if err != nil {
		return err
	}
	_, h.api.refresh, err = h.api.grant(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {user.Code}})
	if err != nil {
		return err
	}
	h.token, err = h.newToken(ctx)
	return err
}

// makePlain adds a user without administrator's rights and logs in as that user.
func (h *Home) makePlain(ctx context.Context) error {
	var created struct {
		User struct{ ID string }
	}
	err := h.api.command(ctx, "config/auth/create", map[string]any{"name": plain, "group_ids": []string{"system-users"}}, &created)
	if err != nil {
		return err
	}
	err = h.api.command(ctx, "config/auth_provider/homeassistant/create",
		map[string]any{"user_id": created.User.ID, "username": plain, "password": password}, nil)
	if err != nil {
		return err
	}
	client := h.api.url + "/"
	var flow struct {
		ID string `json:"flow_id"`
	}
	err = h.api.rest(ctx, "/auth/login_flow",
		map[string]any{"client_id": client, "redirect_uri": client, "handler": []any{"homeassistant", nil}}, &flow)
	if err != nil {
		return err
	}
	var login struct{ Result string }
	err = h.api.rest(ctx, "/auth/login_flow/"+flow.ID, map[string]any{"client_id": client, "username": plain, "password": password}, &login)
	if err != nil {
		return err
	}
	access, _, err := h.api.grant(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {login.Result}})
	if err != nil {
		return err
	}
	h.plainToken, err = h.longLived(ctx, access)
	return err
}

// keepAddress says that Home Assistant can be reached where it listens: the newer one would start again without that after five minutes.
func (h *Home) keepAddress(ctx context.Context) error {
	if h.options.Version == Oldest {
		return nil
	}
	return h.api.command(ctx, "http/config/promote", nil, nil)
}

// newToken makes a long-lived token of the owner.
func (h *Home) newToken(ctx context.Context) (string, error) {
	access, err := h.api.token(ctx)
	if err != nil {
		return "", err
	}
	return h.longLived(ctx, access)
}

// longLived makes a token as a user makes one for a bridge; Home Assistant wants every name once.
func (h *Home) longLived(ctx context.Context, access string) (token string, err error) {
	err = h.api.commandAs(ctx, access, message{kind: "auth/long_lived_access_token",
		fields: map[string]any{"client_name": fmt.Sprintf("bridge %d", h.tokens.Add(1)), "lifespan": 365}}, &token)
	return token, err
}

// step is an answer of a config flow.
type step struct {
	ID     string `json:"flow_id"`
	Type   string `json:"type"`
	Schema []struct {
		Name string `json:"name"`
	} `json:"data_schema"`
	Errors map[string]string `json:"errors"`
	Result struct {
		Entry string `json:"entry_id"`
	} `json:"result"`
}

// addIntegration runs the config flow of an integration; answer gives what its form wants to know.
func (h *Home) addIntegration(ctx context.Context, domain string, answer func(form step) map[string]any) (entry string, err error) {
	const flows = "/api/config/config_entries/flow"
	var s step
	if err := h.api.rest(ctx, flows, map[string]any{"handler": domain, "show_advanced_options": false}, &s); err != nil {
		return "", err
	}
	form := s
	s = step{}
	if err := h.api.rest(ctx, flows+"/"+form.ID, answer(form), &s); err != nil {
		return "", err
	}
	if s.Type != "create_entry" {
		return "", fmt.Errorf("config flow of %s: %s %v", domain, s.Type, s.Errors)
	}
	return s.Result.Entry, nil
}

func (h *Home) addMQTT(ctx context.Context) error {
	entry, err := h.addIntegration(ctx, "mqtt", func(form step) map[string]any {
		broker := map[string]any{"broker": "127.0.0.1", "port": h.broker.port}
		if user := h.options.Broker.User; user != "" {
			broker["username"], broker["password"] = user, h.options.Broker.Password
		}
		for _, field := range form.Schema {
			if field.Name == "other_settings" { // a required part of the form since 2026
				broker[field.Name] = map[string]any{"set_client_cert": false, "set_ca_cert": "off", "transport": "tcp"}
			}
		}
		return broker
	})
	if prefix := h.options.Broker.DiscoveryPrefix; err == nil && prefix != "" {
		err = h.setOptions(ctx, entry, map[string]any{"discovery_prefix": prefix})
	}
	return err
}

// setOptions answers the only form of an integration's options.
func (h *Home) setOptions(ctx context.Context, entry string, answer map[string]any) error {
	const flows = "/api/config/config_entries/options/flow"
	var s step
	if err := h.api.rest(ctx, flows, map[string]any{"handler": entry}, &s); err != nil {
		return err
	}
	form := s.ID
	s = step{}
	if err := h.api.rest(ctx, flows+"/"+form, answer, &s); err != nil {
		return err
	}
	if s.Type != "create_entry" {
		return fmt.Errorf("options of %s: %s %v", entry, s.Type, s.Errors)
	}
	return nil
}

// fillKitchen puts the light and the loudspeaker into an area, and lets Assist use them.
func (h *Home) fillKitchen(ctx context.Context) error {
	entities := []string{Light, Speaker}
	for _, id := range entities {
		err := h.api.command(ctx, "config/entity_registry/update", map[string]any{"entity_id": id, "area_id": Kitchen}, nil)
		if err != nil {
			return err
		}
	}
	return h.api.command(ctx, "homeassistant/expose_entity",
		map[string]any{"assistants": []string{"conversation"}, "entity_ids": entities, "should_expose": true}, nil)
}

// makePipeline makes the preferred pipeline: with speech when the lab has its servers, else for text only.
func (h *Home) makePipeline(ctx context.Context) error {
	p := Pipeline{Name: "Lab"}
	if h.stt != nil {
		if err := h.stt.listening(ctx); err != nil {
			return err
		}
		if err := h.tts.listening(ctx); err != nil {
			return err
		}
		var err error
		if p.STT, err = h.addWyoming(ctx, address(h.stt.port), "stt."); err != nil {
			return err
		}
		if p.TTS, err = h.addWyoming(ctx, address(h.tts.port), "tts."); err != nil {
			return err
		}
	}
	var err error
	if h.pipeline, err = h.addPipeline(ctx, p); err != nil {
		return err
	}
	return h.api.command(ctx, "assist_pipeline/pipeline/set_preferred", map[string]any{"pipeline_id": h.pipeline}, nil)
}

// addWyoming adds a Wyoming server and returns its entity of the kind that the prefix names.
func (h *Home) addWyoming(ctx context.Context, server, prefix string) (entity string, err error) {
	host, port, _ := strings.Cut(server, ":")
	number, err := strconv.Atoi(port)
	if err != nil {
		return "", fmt.Errorf("address of a Wyoming server %q: want host:port", server)
	}
	entry, err := h.addIntegration(ctx, "wyoming", func(step) map[string]any {
		return map[string]any{"host": host, "port": number}
	})
	if err != nil {
		return "", err
	}
	return entity, poll(ctx, func() (bool, error) {
		entities, err := h.registry(ctx)
		for _, e := range entities {
			if e.Entry == entry && strings.HasPrefix(e.ID, prefix) {
				entity = e.ID
			}
		}
		return entity != "", err
	})
}

func (h *Home) addPipeline(ctx context.Context, p Pipeline) (id string, err error) {
	orNull := func(engine, value string) any {
		if engine == "" {
			return nil
		}
		return value
	}
	var made struct{ ID string }
	err = h.api.command(ctx, "assist_pipeline/pipeline/create", map[string]any{
		"name": p.Name, "language": "en", "conversation_engine": "conversation.home_assistant", "conversation_language": "en",
		"stt_engine": orNull(p.STT, p.STT), "stt_language": orNull(p.STT, "en"),
		"tts_engine": orNull(p.TTS, p.TTS), "tts_language": orNull(p.TTS, "en_US"), "tts_voice": nil,
		"wake_word_entity": nil, "wake_word_id": nil,
	}, &made)
	return made.ID, err
}
