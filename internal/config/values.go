package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"earshot/bridge/spoken"
)

// checkValues asks every section about its values, and looks at what only the whole file can tell.
func (r *report) checkValues(cfg Config) {
	r.section("mqtt", cfg.MQTT.Validate())
	r.section("history", cfg.History.Validate())
	r.section("server", cfg.Server.Validate())
	r.section("home_assistant", cfg.HomeAssistant.validate())
	r.section("stt", cfg.STT.validate())
	r.section("privacy", cfg.Privacy.validate())
	r.section("log", cfg.Log.validate())
	if cfg.Models.Dir == "" {
		r.add("models.dir", "is empty; name the folder the wake-word models are in, such as ./models")
	}
	if len(cfg.Satellites) == 0 {
		r.add("satellites", "there is none; add one with an id, such as `satellites: [{id: kitchen, wake_words: [okay_nabu]}]`")
	}
	first := map[string]int{}
	for i, sat := range cfg.Satellites {
		at := fmt.Sprintf("satellites[%d]", i)
		r.section(at, sat.Validate())
		if j, taken := first[sat.ID]; taken && sat.ID != "" {
			r.add(at+".id", fmt.Sprintf("%q is also the id of satellites[%d]; each needs its own", sat.ID, j))
		}
		if sat.ID == cfg.MQTT.BridgeID && sat.ID != "" {
			r.add(at+".id", fmt.Sprintf("%q is the bridge's own id on MQTT (mqtt.bridge_id); choose another", sat.ID))
		}
		first[sat.ID] = i
	}
}

// section adds the mistakes that a section found in itself.
func (r *report) section(path string, mistakes map[string]string) {
	for key, message := range mistakes {
		at := strings.TrimSuffix(path+"."+key, ".")
		if strings.HasPrefix(key, "[") {
			at = path + key
		}
		r.add(at, message)
	}
}

func (h HomeAssistant) validate() map[string]string {
	wrong := map[string]string{}
	if h.CommandWait < 0 || h.CommandWait > 60 {
		wrong["command_wait"] = fmt.Sprintf("%d is not a time to wait; use 0 to 60 seconds", h.CommandWait)
	}
	if h.URL != "" {
		if !isAddress(h.URL) {
			wrong["url"] = "is not an address; write it like http://homeassistant.local:8123"
		}
		if h.Token == "" {
			wrong["token"] = "is missing; make one in Home Assistant under your profile, Security, Long-lived access tokens"
		}
	}
	switch {
	case h.ExternalURL != "" && !isAddress(h.ExternalURL):
		wrong["external_url"] = "is not an address; write it like https://home.example.org"
	case h.ExternalURL != "" && h.URL == "":
		wrong["external_url"] = "needs url too: the bridge itself has to reach Home Assistant"
	}
	return wrong
}

func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// validate compiles the sentences, which is the only way to know that they are right.
func (p Privacy) validate() map[string]string {
	wrong := map[string]string{}
	if len(p.Sentences) > 0 {
		if _, err := spoken.Load(p.Sentences); err != nil {
			wrong["sentences"] = err.Error()
		}
	}
	return wrong
}

func (s STT) validate() map[string]string {
	wrong := map[string]string{}
	if s.Wyoming != "" {
		if u, err := url.Parse(s.Wyoming); err != nil || u.Scheme != "tcp" || u.Port() == "" {
			wrong["wyoming"] = "is not an address; write it like tcp://127.0.0.1:10300"
		}
	}
	return wrong
}

func (l Log) validate() map[string]string {
	wrong := map[string]string{}
	oneOf(wrong, "level", l.Level, []string{"trace", "debug", "info", "warn", "error"})
	oneOf(wrong, "format", l.Format, []string{"auto", "text", "json"})
	return wrong
}

// oneOf notes a value that is not among the allowed ones.
func oneOf(wrong map[string]string, key, value string, allowed []string) {
	if slices.Contains(allowed, value) {
		return
	}
	message := fmt.Sprintf("%q is not known; use %s or %s", value, strings.Join(allowed[:len(allowed)-1], ", "), allowed[len(allowed)-1])
	if near, ok := nearest(value, allowed); ok {
		message += fmt.Sprintf(" (did you mean %q?)", near)
	}
	wrong[key] = message
}
