package audio

import (
	"os"
	"path/filepath"
	"strings"
)

// pulseConf is what the client configuration of PulseAudio says, by its keys; the environment says it louder. An add-on of Home Assistant is told in
// this way where the sound server is, and which microphone its household has chosen. ref: pulse-client.conf(5)
func pulseConf() map[string]string {
	conf := map[string]string{}
	paths := []string{os.Getenv("PULSE_CLIENTCONFIG")}
	if dir, err := os.UserConfigDir(); err == nil {
		paths = append(paths, filepath.Join(dir, "pulse", "client.conf"))
	}
	paths = append(paths, "/etc/pulse/client.conf")
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			key, value, found := strings.Cut(line, "=")
			key = strings.TrimSpace(key)
			if found && key != "" && key[0] != ';' && key[0] != '#' {
				conf[key] = strings.Trim(strings.TrimSpace(value), `"`)
			}
		}
		break // the first that is there counts alone
	}
	for key, name := range map[string]string{"default-server": "PULSE_SERVER", "default-source": "PULSE_SOURCE", "cookie-file": "PULSE_COOKIE"} {
		if value := os.Getenv(name); value != "" {
			conf[key] = value
		}
	}
	return conf
}
