package server

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seen is what a handler sees of a request.
type seen struct {
	Remote, Host, Base string
	HTTPS              bool
}

// through sends a request from an address through proxies.
func through(trusted []string, from, host string, header http.Header) seen {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr, r.Host, r.Header = from, host, header
	var got seen
	newProxies(Config{TrustedProxies: trusted}).wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		f := frontOf(r)
		got = seen{r.RemoteAddr, r.Host, f.base, f.https}
	})).ServeHTTP(httptest.NewRecorder(), r)
	return got
}

func TestForwarded(t *testing.T) {
	all := http.Header{
		"X-Forwarded-For": {"203.0.113.7"}, "X-Forwarded-Host": {"ha.example:8123"}, "X-Forwarded-Proto": {"https"},
		"X-Ingress-Path": {"/api/hassio_ingress/a-B_9"},
	}
	with := func(name string, values ...string) http.Header {
		h := all.Clone()
		h[name] = values
		return h
	}
	trusted := []string{"172.30.32.2", "10.0.0.0/8", "fd00::/8"}
	plain := seen{"172.30.32.9:1", "here:8127", "/", false}
	good := seen{"203.0.113.7:0", "ha.example:8123", "/api/hassio_ingress/a-B_9/", true}
	edit := func(change func(*seen)) seen {
		s := good
		change(&s)
		return s
	}
	for _, tc := range []struct {
		name    string
		trusted []string
		from    string
		header  http.Header
		want    seen
	}{
		{"nobody is trusted", nil, "172.30.32.9:1", all, plain},
		{"another is trusted", trusted, "172.30.32.9:1", all, plain},
		{"no headers", trusted, "172.30.32.2:1", http.Header{}, seen{"172.30.32.2:1", "here:8127", "/", false}},
		{"an address", trusted, "172.30.32.2:1", all, good},
		{"a network", trusted, "10.1.2.3:1", all, good},
		{"IPv4 within IPv6", trusted, "[::ffff:10.1.2.3]:1", all, good},
		{"IPv6", trusted, "[fd12::1]:1", all, good},
		{"the client wrote one itself", trusted, "10.1.2.3:1", with("X-Forwarded-For", "127.0.0.1, 203.0.113.7"), good},
		{"two lines", trusted, "10.1.2.3:1", with("X-Forwarded-For", "127.0.0.1", "203.0.113.7"), good},
		{"two proxies of ours", trusted, "10.1.2.3:1", with("X-Forwarded-For", "127.0.0.1, 203.0.113.7, 10.9.9.9"), good},
		{"all are ours", trusted, "10.1.2.3:1", with("X-Forwarded-For", "10.0.0.7, 10.9.9.9"), edit(func(s *seen) { s.Remote = "10.0.0.7:0" })},
		{"no address", trusted, "10.1.2.3:1", with("X-Forwarded-For", "127.0.0.1, unknown"), edit(func(s *seen) { s.Remote = "10.1.2.3:1" })},
		{"no address behind one of ours", trusted, "10.1.2.3:1", with("X-Forwarded-For", "x, 10.9.9.9"), edit(func(s *seen) { s.Remote = "10.9.9.9:0" })},
		{"IPv6 client", trusted, "10.1.2.3:1", with("X-Forwarded-For", "2001:db8::1"), edit(func(s *seen) { s.Remote = "[2001:db8::1]:0" })},
		{"two hosts", trusted, "10.1.2.3:1", with("X-Forwarded-Host", "evil.example, ha.example:8123"), good},
		{"no host", trusted, "10.1.2.3:1", with("X-Forwarded-Host", "a@evil.example"), edit(func(s *seen) { s.Host = "here:8127" })},
		{"a host with a path", trusted, "10.1.2.3:1", with("X-Forwarded-Host", "ha.example/x"), edit(func(s *seen) { s.Host = "here:8127" })},
		{"http", trusted, "10.1.2.3:1", with("X-Forwarded-Proto", "https, http"), edit(func(s *seen) { s.HTTPS = false })},
		{"a slash at the end", trusted, "10.1.2.3:1", with("X-Ingress-Path", "/api/hassio_ingress/a-B_9/"), good},
		{"another site", trusted, "10.1.2.3:1", with("X-Ingress-Path", "//evil.example"), edit(func(s *seen) { s.Base = "/" })},
		{"two slashes", trusted, "10.1.2.3:1", with("X-Ingress-Path", "/a//b"), edit(func(s *seen) { s.Base = "/" })},
		{"no slash", trusted, "10.1.2.3:1", with("X-Ingress-Path", "a"), edit(func(s *seen) { s.Base = "/" })},
		{"upwards", trusted, "10.1.2.3:1", with("X-Ingress-Path", "/a/../b"), edit(func(s *seen) { s.Base = "/" })},
		{"here", trusted, "10.1.2.3:1", with("X-Ingress-Path", "/a/./b"), edit(func(s *seen) { s.Base = "/" })},
		{"a semicolon", trusted, "10.1.2.3:1", with("X-Ingress-Path", "/a; Domain=evil"), edit(func(s *seen) { s.Base = "/" })},
		{"a long path", trusted, "10.1.2.3:1", with("X-Ingress-Path", "/"+strings.Repeat("a", 300)), edit(func(s *seen) { s.Base = "/" })},
	} {
		if diff := cmp.Diff(tc.want, through(tc.trusted, tc.from, "here:8127", tc.header)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tc.name, diff)
		}
	}
}

func TestHostport(t *testing.T) {
	for host, want := range map[string]bool{
		"ha.example": true, "HA_1.local:8123": true, "192.168.1.5:80": true, "[fd00::1]:80": true, "[::1]": true,
		"": false, "a:": false, "a:x": false, "127.0.0.1:1@evil.example": false, "a/b": false, "a?b": false, "a b": false, "\"": false, "::1": false, "[a": false,
	} {
		if got := validHostport(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

// FuzzForwarded sends headers as anybody may write them: what comes out of them is an address, a host and a path that are fit for use, and
// nothing comes out of them when they are not from a proxy of ours.
func FuzzForwarded(f *testing.F) {
	f.Add("203.0.113.7", "ha.example:8123", "https", "/api/hassio_ingress/a-B_9")
	f.Add("a, 10.0.0.1,,::1%eth0", "a, [::1]:80", "http,https", "//evil/..")
	f.Add("0", "\"", "0", "0")
	f.Add("::ffff:1.2.3.4", "user@x:1#?", "", "/a;b\r\n")
	f.Fuzz(func(t *testing.T, client, host, proto, path string) {
		header := http.Header{"X-Forwarded-For": {client}, "X-Forwarded-Host": {host}, "X-Forwarded-Proto": {proto}, "X-Ingress-Path": {path}}
		if got := through([]string{"10.0.0.0/8"}, "192.168.1.1:9", "here", header); got != (seen{"192.168.1.1:9", "here", "/", false}) {
			t.Fatalf("not from a proxy: %+v", got)
		}
		got := through([]string{"10.0.0.0/8"}, "10.0.0.1:9", "here", header)
		if _, err := netip.ParseAddrPort(got.Remote); err != nil {
			t.Errorf("the address is %q", got.Remote)
		}
		if _, err := url.Parse("http://" + got.Host + "/"); err != nil || got.Host == "" || strings.ContainsAny(got.Host, "@/\\?# \t\r\n,;\"'<>&") {
			t.Errorf("the host is %q", got.Host)
		}
		if !strings.HasPrefix(got.Base, "/") || !strings.HasSuffix(got.Base, "/") || strings.Contains(got.Base, "//") || strings.Contains(got.Base, "..") ||
			strings.ContainsAny(got.Base, ";,\"\\<> \t\r\n?#%") {
			t.Errorf("the path is %q", got.Base)
		}
	})
}
