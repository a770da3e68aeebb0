package server

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// front is how a browser has reached this server. A proxy in front of it knows that better.
type front struct {
	https bool
	base  string // path of the page, with a slash at both ends
}

// frontKey is where the context of a request holds its front.
type frontKey struct{}

func frontOf(r *http.Request) front {
	if f, ok := r.Context().Value(frontKey{}).(front); ok {
		return f
	}
	return front{https: r.TLS != nil, base: "/"}
}

// proxies are the addresses whose forwarded headers count. Anybody else could claim with them to be somebody else.
type proxies []netip.Prefix

func newProxies(cfg Config) proxies {
	var p proxies
	for _, text := range cfg.TrustedProxies {
		if prefix, ok := parseProxy(text); ok {
			p = append(p, prefix)
		}
	}
	return p
}

// parseProxy takes an address, or a network such as 172.30.32.0/23.
func parseProxy(text string) (netip.Prefix, bool) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Masked(), true
	}
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		return netip.Prefix{}, false
	}
	ip = ip.Unmap()
	return netip.PrefixFrom(ip, ip.BitLen()), true
}

func (p proxies) trust(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	for _, prefix := range p {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// wrap puts what a trusted proxy says of the browser into the request: its address, the Host it asked for, https, and the page's path.
func (p proxies) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := front{https: r.TLS != nil, base: "/"}
		remote, host := r.RemoteAddr, r.Host
		if from, err := netip.ParseAddrPort(remote); err == nil && p.trust(from.Addr()) {
			if client, ok := p.client(r.Header); ok {
				remote = net.JoinHostPort(client.String(), "0")
			}
			if named := lastValue(r.Header, "X-Forwarded-Host"); validHostport(named) {
				host = named
			}
			switch strings.ToLower(lastValue(r.Header, "X-Forwarded-Proto")) {
			case "https":
				f.https = true
			case "http":
				f.https = false
			}
			f.base = ingressPath(r.Header)
		}
		r = r.WithContext(context.WithValue(r.Context(), frontKey{}, f)) // a copy: its fields may be changed
		r.RemoteAddr, r.Host = remote, host
		next.ServeHTTP(w, r)
	})
}

// client is the last address of X-Forwarded-For that is no proxy of ours: what stands before it, the client may have written itself.
func (p proxies) client(h http.Header) (client netip.Addr, ok bool) {
	list := strings.Split(strings.Join(h.Values("X-Forwarded-For"), ","), ",")
	for i := len(list) - 1; i >= 0; i-- {
		ip, err := netip.ParseAddr(strings.TrimSpace(list[i]))
		if err != nil {
			return client, ok
		}
		client, ok = ip.Unmap().WithZone(""), true
		if !p.trust(client) {
			return client, true
		}
	}
	return client, ok
}

// lastValue is what the nearest proxy wrote, when several did.
func lastValue(h http.Header, name string) string {
	values := h.Values(name)
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}

// hostPattern is a name or an address, with or without a port. Names of other scripts come as xn--….
var hostPattern = regexp.MustCompile(`^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// validHostport takes what can stand in an address between the scheme and the path.
func validHostport(host string) bool {
	_, err := url.Parse("http://" + host + "/")
	return err == nil && hostPattern.MatchString(host)
}

// maxIngressPath is in bytes.
const maxIngressPath = 256

// ingressPattern has no character that would mean something in a cookie or in HTML.
var ingressPattern = regexp.MustCompile(`^(/[A-Za-z0-9_~.-]+)+/?$`)

// ingressPath is where the page is below the proxy's own address, with a slash at both ends; "/" when the header does not say or says nonsense.
func ingressPath(h http.Header) string {
	path := h.Get("X-Ingress-Path")
	if len(path) > maxIngressPath || strings.Contains(path, "..") || strings.Contains(path+"/", "/./") || !ingressPattern.MatchString(path) {
		return "/"
	}
	return strings.TrimSuffix(path, "/") + "/"
}
