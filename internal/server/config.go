package server

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Config is the server section of the configuration file.
type Config struct {
	Listen         string   `yaml:"listen"`          // where the page and the services are served, host:port
	AllowedHosts   []string `yaml:"allowed_hosts"`   // further names this server is reached by
	AllowedOrigins []string `yaml:"allowed_origins"` // further pages that may open its WebSocket
	CertFile       string   `yaml:"cert_file"`       // certificate for https, PEM; read again when it changes; empty: no encryption
	KeyFile        string   `yaml:"key_file"`        // goes with CertFile
	Members        string   `yaml:"members"`         // what users of Home Assistant who are no administrators may do: read, listen or none
	TrustedProxies []string `yaml:"trusted_proxies"` // addresses and networks whose X-Forwarded-… and X-Ingress-Path count
	MDNS           bool     `yaml:"mdns"`            // the network is told where this server is, unless it listens on this machine only
}

// DefaultConfig listens on this machine only.
func DefaultConfig() Config {
	return Config{
		Listen: "127.0.0.1:8127", AllowedHosts: []string{}, AllowedOrigins: []string{}, Members: string(Listen), TrustedProxies: []string{}, MDNS: true,
	}
}

// Scheme is what the address of the page begins with: http or https.
func (c Config) Scheme() string {
	if c.CertFile != "" {
		return "https"
	}
	return "http"
}

// Validate names every key that is wrong, and says what is allowed; it is empty when all is well.
func (c Config) Validate() map[string]string {
	wrong := map[string]string{}
	if !validListen(c.Listen) {
		wrong["listen"] = "is not an address; write it like 127.0.0.1:8127"
	}
	for _, h := range c.AllowedHosts {
		if !validHost(h) {
			wrong["allowed_hosts"] = fmt.Sprintf("%q is not a name; write it like earshot.local, without http:// and without a port", h)
		}
	}
	for _, o := range c.AllowedOrigins {
		if _, ok := parseOrigin(o); !ok {
			wrong["allowed_origins"] = fmt.Sprintf("%q is not the start of an address; write it like http://homeassistant.local:8123", o)
		}
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		wrong["key_file"] = "and cert_file belong together; set both, or neither"
	} else if c.CertFile != "" {
		if _, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile); err != nil {
			wrong["cert_file"] = fmt.Sprintf("and key_file cannot be used: %v", err)
		}
	}
	if c.Members != string(Read) && c.Members != string(Listen) && c.Members != membersNone {
		wrong["members"] = fmt.Sprintf("%q is not known; use read, listen or none", c.Members)
	}
	for _, p := range c.TrustedProxies {
		if _, ok := parseProxy(p); !ok {
			wrong["trusted_proxies"] = fmt.Sprintf("%q is not an address; write it like 192.168.1.2, or 172.30.32.0/23 for a network", p)
		}
	}
	return wrong
}

// membersNone keeps everybody out who is no administrator.
const membersNone = "none"

func validListen(listen string) bool {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return false
	}
	return host == "" || validHost(host)
}

// validHost takes a host name or an IP address, without a port.
func validHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && !strings.ContainsAny(host, ":/\\@?#*[] \t\r\n")
}

// parseOrigin brings the origin of a page into the one form in which two of them can be compared.
// ref: RFC 6454, section 6.2
func parseOrigin(raw string) (origin string, ok bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	defaultPort, known := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if !known {
		return "", false
	}
	port := u.Port()
	if port == "" {
		port = defaultPort
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port), true
}
