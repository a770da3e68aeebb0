// Package mqtt keeps one session with an MQTT broker, and serves as that broker where a household has none.
package mqtt

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// Config is the mqtt section of the configuration file.
// With a URL that broker is used; without one the embedded broker is, and when that is off too there is no MQTT.
type Config struct {
	URL             string `yaml:"url"`              // mqtt://, tcp://, mqtts://, ws:// or wss://
	Username        string `yaml:"username"`         // of the broker at URL, or asked for by the embedded one
	Password        string `yaml:"password"`         // goes with Username
	PasswordFile    string `yaml:"password_file"`    // a file that holds the password instead
	CAFile          string `yaml:"ca_file"`          // certificates that the broker's is signed by, PEM; empty: those this machine trusts
	CertFile        string `yaml:"cert_file"`        // our own certificate, for brokers that ask for one, PEM
	KeyFile         string `yaml:"key_file"`         // goes with CertFile
	Embedded        bool   `yaml:"embedded"`         // be the broker when URL is empty
	Listen          string `yaml:"listen"`           // where the embedded broker listens, host:port
	DiscoveryPrefix string `yaml:"discovery_prefix"` // Home Assistant's discovery prefix
	BridgeID        string `yaml:"bridge_id"`        // names this bridge among others on the same broker
	DeleteTopic     bool   `yaml:"delete_topic"`     // let whoever may publish on the broker delete recordings
}

// DefaultConfig is the embedded broker on loopback.
func DefaultConfig() Config {
	return Config{
		Embedded:        true,
		Listen:          "127.0.0.1:1883",
		DiscoveryPrefix: "homeassistant",
		BridgeID:        "bridge",
		DeleteTopic:     true,
	}
}

// idPattern is what Home Assistant takes as an id in a discovery topic.
var idPattern = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// Validate names every key that is wrong, and says what is allowed; it is empty when all is well.
func (c Config) Validate() map[string]string {
	wrong := map[string]string{}
	if c.URL != "" {
		if _, problem := parseURL(c.URL); problem != "" {
			wrong["url"] = problem
		}
	}
	hasPassword := c.Password != "" || c.PasswordFile != ""
	if hasPassword && c.Username == "" {
		wrong["username"] = "is missing; MQTT knows no password without a user name"
	}
	if _, err := c.TLS(); err != nil {
		wrong[err.key] = err.problem
	}
	if c.URL == "" && c.Embedded {
		if problem := checkListen(c.Listen, c.Username != "" && hasPassword); problem != "" {
			wrong["listen"] = problem
		}
	}
	if problem := checkPrefix(c.DiscoveryPrefix); problem != "" {
		wrong["discovery_prefix"] = problem
	}
	if !idPattern.MatchString(c.BridgeID) {
		wrong["bridge_id"] = "is not an id; use letters, digits, _ and -"
	}
	return wrong
}

func checkListen(listen string, guarded bool) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "" {
		return "is not an address; write it like 127.0.0.1:1883"
	}
	if host != "" && host != "localhost" && net.ParseIP(host) == nil {
		return "has a name where an IP address is needed; write it like 127.0.0.1:1883"
	}
	if !isLoopback(host) && !guarded {
		return "can be reached by other machines; set username and password, or listen on 127.0.0.1"
	}
	return ""
}

func checkPrefix(prefix string) string {
	if prefix == "" {
		return "is empty; Home Assistant's own default is homeassistant"
	}
	if strings.ContainsAny(prefix, "#+\x00") || strings.HasPrefix(prefix, "/") || strings.HasSuffix(prefix, "/") || strings.HasPrefix(prefix, "$") {
		return "is not a topic; write it like homeassistant, without +, #, $ and without a / at either end"
	}
	return ""
}

// isLoopback tells whether only this machine can reach a listener on host.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// defaultPorts of the schemes a broker's address may have.
// ref: IANA mqtt 1883, secure-mqtt 8883; WebSocket as RFC 6455, section 3.
var defaultPorts = map[string]string{"mqtt": "1883", "tcp": "1883", "mqtts": "8883", "ws": "80", "wss": "443"}

// parseURL reads a broker's address; the port is always set in what it returns.
// The problem never repeats the address, which may hold a password.
func parseURL(raw string) (u *url.URL, problem string) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return nil, "is not an address; write it like mqtt://192.168.1.5:1883"
	}
	port, known := defaultPorts[u.Scheme]
	if !known {
		return nil, fmt.Sprintf("has the unknown scheme %q; use mqtt, mqtts, tcp, ws or wss", u.Scheme)
	}
	if u.User != nil {
		return nil, "holds a user name; write that as username and password"
	}
	if u.RawQuery != "" || u.Fragment != "" || (!strings.HasPrefix(u.Scheme, "ws") && strings.Trim(u.Path, "/") != "") {
		return nil, "has something after the port; write it like mqtt://192.168.1.5:1883"
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, ""
}
