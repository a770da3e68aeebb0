package server

import (
	"bytes"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/rs/zerolog"
)

// guard decides by which names and from which pages the server may be used.
//
// A browser lets any page of the web open a WebSocket to a machine at home, so the Origin is checked. And a page can have its own name
// resolve to a machine at home (DNS rebinding), which makes it same-origin, so the Host is checked against the names this server really has.
type guard struct {
	hosts      []string // lower case, without port
	anyAddress bool     // listening on all addresses: each of them is a name of ours, and no page can rebind an address
	origins    []string // as parseOrigin returns them
}

func newGuard(cfg Config) guard {
	g := guard{hosts: []string{"localhost"}}
	host, _, err := net.SplitHostPort(cfg.Listen)
	if err == nil {
		ip, err := netip.ParseAddr(host)
		g.anyAddress = host == "" || (err == nil && ip.IsUnspecified())
		if host != "" && !g.anyAddress {
			g.hosts = append(g.hosts, canonicalHost(host))
		}
	}
	for _, h := range cfg.AllowedHosts {
		g.hosts = append(g.hosts, canonicalHost(h))
	}
	for _, o := range cfg.AllowedOrigins {
		if origin, ok := parseOrigin(o); ok {
			g.origins = append(g.origins, origin)
		}
	}
	return g
}

// canonicalHost is a host name or address in the form in which two of them can be compared.
func canonicalHost(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String()
	}
	return host
}

// splitHost takes the port off a Host header.
func splitHost(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return canonicalHost(host)
}

func (g guard) hostAllowed(hostport string) bool {
	host := splitHost(hostport)
	if slices.Contains(g.hosts, host) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.IsLoopback() || g.anyAddress)
}

// originAllowed tells whether the page a request comes from may use it. Programs that are no browsers send no Origin.
func (g guard) originAllowed(r *http.Request) bool {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return true
	}
	origin, ok := parseOrigin(values[0])
	if !ok || len(values) > 1 {
		return false
	}
	// The scheme of the page may differ from ours, when a proxy in front of this server speaks https.
	for _, scheme := range []string{"http://", "https://"} {
		if own, ok := parseOrigin(scheme + r.Host); ok && own == origin {
			return true
		}
	}
	return slices.Contains(g.origins, origin)
}

// The page has no inline script or style, and its scripts may not turn text into markup, but for the templates of lit, which hold no text of others.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types lit-html"

// wrap refuses foreign hosts and sets the headers every answer has.
func (g guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		// What comes through the ingress was asked of Home Assistant, by a name of its.
		if _, ingress := byIngress(r); !ingress && !g.hostAllowed(r.Host) {
			http.Error(w, fmt.Sprintf("This server is not known as %q. If it should be, add that name to server.allowed_hosts.", splitHost(r.Host)), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// newErrorLog passes on what net/http would print, at debug: any client can cause any number of these lines.
func newErrorLog(to zerolog.Logger) *log.Logger { return log.New(errorLog{to}, "", 0) }

type errorLog struct{ log zerolog.Logger }

// Write logs one line.
func (e errorLog) Write(line []byte) (int, error) {
	e.log.Debug().Str("detail", string(bytes.TrimSpace(line))).Msg("http")
	return len(line), nil
}
