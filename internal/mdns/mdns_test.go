package mdns_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"

	"earshot/internal/mdns"
	"earshot/internal/testkit"
)

const (
	service  = "_earshot._tcp.local."
	instance = "earshot-one._earshot._tcp.local."
	host     = "earshot-one.local."
)

// start announces a service on this machine's own network until the test ends, or stop is called.
func start(t *testing.T, cfg mdns.Config) (log *testkit.Log, stop func()) {
	t.Helper()
	log = &testkit.Log{}
	cfg.Type = "_earshot._tcp"
	if !cfg.Listen.IsValid() {
		cfg.Listen = netip.MustParseAddrPort("127.0.0.1:8127")
	}
	r, err := mdns.New(cfg, zerolog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return log, stop
}

// listener hears everything that is said on this machine's own network.
type listener struct {
	*ipv4.PacketConn
	t *testing.T
}

var everybody = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}

func listen(t *testing.T) listener {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		_ = c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) })
		return err
	}}
	conn, err := config.ListenPacket(t.Context(), "udp4", ":5353")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	lo := loopback(t)
	l := listener{ipv4.NewPacketConn(conn), t}
	for _, err := range []error{l.JoinGroup(lo, everybody), l.SetMulticastInterface(lo), l.SetMulticastLoopback(true)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func loopback(t *testing.T) *net.Interface {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(d net.Interface) bool { return d.Flags&net.FlagLoopback != 0 })
	return &all[i]
}

// hear waits for an answer that holds such a record, and returns all that was in it.
func (l listener) hear(what string, is func(r dnsmessage.Resource) bool) dnsmessage.Message {
	l.t.Helper()
	buffer := make([]byte, 9000)
	if err := l.SetReadDeadline(time.Now().Add(testkit.Patience)); err != nil {
		l.t.Fatal(err)
	}
	for {
		n, _, _, err := l.ReadFrom(buffer)
		if err != nil {
			l.t.Fatalf("waiting for %s: %v", what, err)
		}
		var m dnsmessage.Message
		if m.Unpack(buffer[:n]) == nil && m.Response && slices.ContainsFunc(m.Answers, is) {
			return m
		}
	}
}

func (l listener) ask(to net.Addr, m dnsmessage.Message) {
	l.t.Helper()
	data, err := m.Pack()
	if err == nil {
		_, err = l.WriteTo(data, nil, to)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func question(name string, kind dnsmessage.Type) dnsmessage.Message {
	return dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}}}
}

func named(name string) func(dnsmessage.Resource) bool {
	return func(r dnsmessage.Resource) bool { return r.Header.Name.String() == name && r.Header.TTL > 0 }
}

// lines are the records of an answer, as this test writes them.
func lines(m dnsmessage.Message) (list []string) {
	for _, r := range m.Answers {
		class := "shared"
		if r.Header.Class&(1<<15) != 0 {
			class = "unique"
		}
		value := ""
		switch b := r.Body.(type) {
		case *dnsmessage.PTRResource:
			value = b.PTR.String()
		case *dnsmessage.SRVResource:
			value = net.JoinHostPort(b.Target.String(), time.Duration(b.Port).String())
		case *dnsmessage.TXTResource:
			value = strings.Join(b.TXT, " ")
		case *dnsmessage.AResource:
			value = netip.AddrFrom4(b.A).String()
		}
		list = append(list, strings.Join([]string{r.Header.Name.String(), class, (time.Duration(r.Header.TTL) * time.Second).String(), value}, " "))
	}
	return list
}

var all = []string{
	service + " shared 1h15m0s " + instance,
	"_services._dns-sd._udp.local. shared 1h15m0s " + service,
	instance + " unique 2m0s " + host + ":8.127µs",
	instance + " unique 1h15m0s id=one scheme=https",
	host + " unique 2m0s 127.0.0.1",
}

var one = mdns.Config{Name: "earshot-one", Text: []string{"id=one", "scheme=https"}}

// TestAnnounce hears the service come, be asked for, and go.
func TestAnnounce(t *testing.T) {
	testkit.NoLeaks(t)
	l := listen(t)
	log, stop := start(t, one)
	for range 2 {
		if diff := cmp.Diff(all, lines(l.hear("an announcement", named(instance)))); diff != "" {
			t.Error(diff)
		}
	}
	for name, kind := range map[string]dnsmessage.Type{
		service: dnsmessage.TypePTR, "_services._dns-sd._udp.local.": dnsmessage.TypePTR, strings.ToUpper(instance): dnsmessage.TypeSRV,
		instance: dnsmessage.TypeALL, host: dnsmessage.TypeA,
	} {
		l.ask(everybody, question(name, kind))
		if diff := cmp.Diff(all, lines(l.hear("an answer about "+name, named(instance)))); diff != "" {
			t.Error(diff)
		}
	}
	stop()
	gone := l.hear("the farewell", func(r dnsmessage.Resource) bool { return r.Header.TTL == 0 && r.Header.Name.String() == service })
	if len(gone.Answers) != len(all)-1 || slices.ContainsFunc(gone.Answers, func(r dnsmessage.Resource) bool { return r.Header.TTL != 0 }) {
		t.Errorf("the farewell: %v", lines(gone))
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "can be found in the network (mDNS): lo [127.0.0.1]") {
		t.Errorf("the log:\n%s", log)
	}
}

// TestSilence has the responder say nothing to what is not its matter: the next answer is to the question that is asked last.
func TestSilence(t *testing.T) {
	testkit.NoLeaks(t)
	l := listen(t)
	start(t, one)
	for range 2 {
		l.hear("an announcement", named(instance))
	}
	known := question(service, dnsmessage.TypePTR)
	known.Answers = []dnsmessage.Resource{{
		Header: dnsmessage.ResourceHeader{Name: known.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 4000},
		Body:   &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(instance)},
	}}
	asker := legacy(t)
	for _, m := range []dnsmessage.Message{
		known, question("_other._tcp.local.", dnsmessage.TypePTR), question(host, dnsmessage.TypeSRV),
		{Questions: []dnsmessage.Question{{Name: known.Questions[0].Name, Type: dnsmessage.TypePTR, Class: dnsmessage.ClassCHAOS}}},
	} {
		asker.ask(everybody, m)
	}
	if _, err := asker.WriteTo([]byte("no message"), nil, everybody); err != nil {
		t.Fatal(err)
	}
	last := question(host, dnsmessage.TypeA)
	last.ID = 77
	asker.ask(everybody, last)
	if m := asker.hear("an answer", func(dnsmessage.Resource) bool { return true }); m.ID != 77 || len(m.Questions) != 1 {
		t.Errorf("something else is answered: %+v", m.Header)
	}
}

// legacy is a simple resolver: it asks from a port of its own, and hears nothing but what is sent there.
func legacy(t *testing.T) listener {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	l := listener{ipv4.NewPacketConn(conn), t}
	if err := l.SetMulticastInterface(loopback(t)); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestSimpleResolver asks as a program does that knows plain DNS only.
func TestSimpleResolver(t *testing.T) {
	testkit.NoLeaks(t)
	l := listen(t)
	start(t, one)
	l.hear("an announcement", named(instance))
	asker := legacy(t)
	m := question(service, dnsmessage.TypePTR)
	m.ID, m.Questions[0].Class = 4711, dnsmessage.ClassINET|1<<15
	asker.ask(everybody, m)
	m = asker.hear("an answer", named(instance))
	if m.ID != 4711 || m.Questions[0].Class != dnsmessage.ClassINET {
		t.Errorf("the answer: %+v", m)
	}
	for _, r := range m.Answers {
		if r.Header.TTL > 10 || r.Header.Class != dnsmessage.ClassINET {
			t.Errorf("%v may be believed for %d s, class %v", r.Header.Name, r.Header.TTL, r.Header.Class)
		}
	}
}

// TestRival has two services with the same id in one network, and a third with another.
func TestRival(t *testing.T) {
	testkit.NoLeaks(t)
	rivals := make(chan string, 10)
	tell := func(instance string) { rivals <- instance }
	start(t, mdns.Config{Name: "earshot-one", Text: []string{"id=one"}, Rival: tell})
	start(t, mdns.Config{Name: "earshot-two", Text: []string{"id=two"}, Rival: func(string) { t.Error("a rival of the other one") }})
	start(t, mdns.Config{Name: "earshot-three", Text: []string{"id=one"}})
	select {
	case name := <-rivals:
		if name != "earshot-three" {
			t.Errorf("the rival is %q", name)
		}
	case <-time.After(testkit.Patience):
		t.Error("no rival was noticed")
	}
}

// TestNoNetwork has a service at an address that this machine does not have: that is told once, and is no end.
func TestNoNetwork(t *testing.T) {
	testkit.NoLeaks(t)
	cfg := one
	cfg.Listen, cfg.Poll = netip.MustParseAddrPort("127.9.9.9:8127"), time.Millisecond
	log, _ := start(t, cfg)
	testkit.Eventually(t, "the log tells", func() bool { return strings.Contains(log.String(), "this machine has none yet") })
	l := listen(t)
	start(t, mdns.Config{Name: "earshot-two", Text: []string{"id=two"}})
	for range 2 { // a second apart
		l.hear("an announcement", named("earshot-two._earshot._tcp.local."))
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("the log:\n%s", log)
	}
}

// TestNames refuses what cannot be said.
func TestNames(t *testing.T) {
	for name, cfg := range map[string]mdns.Config{
		"a point":     {Name: "a.b"},
		"a long name": {Name: strings.Repeat("a", 64)},
		"a long text": {Name: "a", Text: []string{strings.Repeat("a", 256)}},
	} {
		if _, err := mdns.New(cfg, zerolog.Nop()); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
